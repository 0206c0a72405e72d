"""mailstrata.cli.progress: a bar on a terminal, after a second, and nothing anywhere else."""

from __future__ import annotations

import io
import sys

import pytest

from mailstrata.cli import progress as module
from mailstrata.cli.progress import ProgressBar, describe, wanted
from mailstrata.sinks.pipeline import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_says_bytes_messages_rate_and_time_left() -> None:
    """Everything the user waits for."""
    line = describe(Progress(bytes_read=50_000_000, bytes_total=200_000_000, messages=1234), seconds=10)
    assert line == "50.0 MB of 200 MB  1,234 messages  5.0 MB/s  30 s left"


@pytest.mark.parametrize("total", [None, 10])
def test_an_unknown_total_has_no_time_left(total: int | None) -> None:
    """Standard input has no size, and a compressed source holds more than its size on disk."""
    assert describe(Progress(bytes_read=1000, bytes_total=total), 1) == "1.0 kB  0 messages  1.0 kB/s"


def test_nothing_is_drawn_in_the_first_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short work shows no bar; longer work does, and leaves the line empty behind it."""
    screen = _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    state = Progress(bytes_read=500, bytes_total=1000, messages=7, source="in\x1b[2Jbox")
    with ProgressBar() as bar:
        now[0] += 0.9
        bar.update(state)
        assert screen.getvalue() == ""
        now[0] += 0.2
        bar.update(state)
        drawn = screen.getvalue()
        bar.update(state)
    assert "500 B of 1.0 kB" in drawn
    assert r"in\x1b[2Jbox" in drawn


def test_no_bar_in_a_pipe_nor_among_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar is for a person who sees nothing else happen."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not wanted(quiet=False)
    monkeypatch.setattr(sys, "stderr", _Terminal())
    assert wanted(quiet=False)
    assert not wanted(quiet=True)
    monkeypatch.setattr(sys, "stdout", _Terminal())
    assert not wanted(quiet=False, writes_results=True)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert wanted(quiet=False, writes_results=True)
