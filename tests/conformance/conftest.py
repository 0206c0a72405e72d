"""Third-party mail to test with. It is no part of the project: without it these tests are skipped, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.corpora import find_corpora


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with the unpacked corpora."""
    try:
        return find_corpora()
    except FileNotFoundError as error:
        pytest.skip(str(error))
