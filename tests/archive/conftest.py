from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncing is most of the time these tests would take; what it is for cannot be tested without pulling the plug.

    That it is done, and in which order, test_session.py proves.
    """
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
