"""The peak memory of several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import memory
from benchmarks.memory import TreePeak, peak_of, process_tree

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")

# Prints its child's number, and both end with standard input.
PARENT = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import sys; data = bytes(80_000_000); print(1, flush=True);"
    " sys.stdin.read()'], stdout=subprocess.PIPE)\n"
    "child.stdout.readline()\nprint(child.pid, flush=True)\nsys.exit(child.wait())"
)


def test_a_child_counts_as_well() -> None:
    """The tree has both, and its peak is the sum of theirs."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        tree = TreePeak(process.pid)
        tree.look()
        assert sorted(process_tree(process.pid)) == sorted([process.pid, child])
        assert tree.end() == peak_of(process.pid) + peak_of(child)
    assert tree.end() > 5_000_000


def test_a_process_alone_is_left_to_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own figure is exact."""
    monkeypatch.setattr(memory, "process_tree", lambda pid: [pid])
    tree = TreePeak(os.getpid())
    tree.look()
    assert tree.end() == 0


def test_a_process_that_has_ended() -> None:
    """Has no memory and no children."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    assert process_tree(process.pid) == []
    assert peak_of(process.pid) == 0
