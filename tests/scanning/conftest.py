"""clamd, for the tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.clamd import PROGRAM, RunningClamd, running_clamd


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClamd]:
    """A clamd of this session's own."""
    if PROGRAM is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    # The path of a socket has at most 107 bytes.
    with running_clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running
