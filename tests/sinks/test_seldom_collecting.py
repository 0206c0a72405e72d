"""How a command that reads sources runs."""

from __future__ import annotations

import gc

import pytest

from mailstrata.sinks.seldom_collecting import collecting_seldom


def test_collecting_seldom_ends_with_the_run():
    """Whatever the run comes to, the interpreter then works as before."""
    before = gc.get_threshold()
    with pytest.raises(OSError, match="full"), collecting_seldom():
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_freeze_count() > 0
        raise OSError("full")
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
