"""Several processes, one of which fails or is killed: all end, what is committed stays, and the next run finishes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.archive_runs import check_clean, check_whole
from support.parallel import archive_with, mbox_of, message, state_of

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.jobs.coordinator_run import CoordinatorSink
from mailstrata.archive.jobs.fleet import Fleet
from mailstrata.archive.jobs.parallel import ParallelPipeline
from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import MailstrataError, TargetError, WorkerLostError
from mailstrata.message.origin import Failure, Source
from mailstrata.sources.discover import find_sources

_SEED = 20261130


@pytest.fixture
def boxes(tmp_path: Path) -> list[Path]:
    """Four mboxes."""
    paths = []
    for name in "abcd":
        path = tmp_path / f"{name}.mbox"
        path.write_bytes(mbox_of([message(number, number % 4) for number in range(40)]))
        paths.append(path)
    return paths


def run_until(archive: Path, boxes: list[Path], what: Callable[[Fleet], None]) -> None:
    """Archive mboxes, with a commit after each; before the last two, something happens."""

    def sources(fleet: Fleet) -> Iterator[Source | Failure]:
        yield from find_sources(boxes[:2])
        what(fleet)
        yield from find_sources(boxes[2:])

    with Fleet(2) as fleet:
        ParallelPipeline(CoordinatorSink(archive), fleet, checkpoint_bytes=1).run(sources(fleet))


def pids_of(fleet: Fleet) -> list[int]:
    """The process ids of its workers."""
    return [worker.process.pid for worker in fleet._workers]


def are_gone(pids: list[int]) -> bool:
    """Whether none of these processes is there any more; they get some seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() and _state(pid) != "Z" for pid in pids):
            return True
    return False


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def finish_and_compare(archive: Path, boxes: list[Path]) -> None:
    """Two commits are there and whole; the same again finishes the job."""
    check_whole(archive)
    with Archive.open(archive) as opened:
        assert opened.info().commits == 2
    check_clean(archive, is_erased=False)
    archive_with(2, archive, boxes)
    undisturbed = archive.parent / "undisturbed"
    archive_with(1, undisturbed, boxes)
    assert state_of(archive) == state_of(undisturbed)
    check_whole(archive)


def test_a_worker_that_is_killed_is_noticed(tmp_path: Path, boxes: list[Path]) -> None:
    """As the system does it where memory runs out."""
    pids: list[int] = []

    def kill(fleet: Fleet) -> None:
        pids.extend(pids_of(fleet))
        os.kill(pids[0], signal.SIGKILL)

    with pytest.raises(WorkerLostError, match=r"worker process \d+ was killed by signal 9, as the system does"):
        run_until(tmp_path / "archive", boxes, kill)
    assert are_gone(pids)
    finish_and_compare(tmp_path / "archive", boxes)


def test_what_a_worker_raises_ends_the_run(tmp_path: Path, boxes: list[Path]) -> None:
    """Its folder is gone, say; what it says is what the run says."""
    archive = tmp_path / "archive"
    pids: list[int] = []

    def take_away(fleet: Fleet) -> None:
        pids.extend(pids_of(fleet))
        (archive / "packs").rename(archive / "elsewhere")
        (archive / "packs").write_bytes(b"")

    with pytest.raises(TargetError, match="packs"):
        run_until(archive, boxes, take_away)
    assert are_gone(pids)
    (archive / "packs").unlink()
    (archive / "elsewhere").rename(archive / "packs")
    finish_and_compare(archive, boxes)


def test_an_error_of_ours_is_told_whatever_it_is(tmp_path: Path, boxes: list[Path]) -> None:
    """A worker that gets an order which is none."""

    def order(fleet: Fleet) -> None:
        fleet.send(fleet._workers[0], ("nonsense",), (0,))

    with pytest.raises(AssertionError, match="nonsense"):
        run_until(tmp_path / "archive", boxes, order)
    finish_and_compare(tmp_path / "archive", boxes)


def test_an_interrupt_ends_all(tmp_path: Path, boxes: list[Path]) -> None:
    """Ctrl-C reaches every process of a terminal; only the coordinator acts on it."""
    pids: list[int] = []

    def interrupt(fleet: Fleet) -> None:
        pids.extend(pids_of(fleet))
        for pid in pids:
            os.kill(pid, signal.SIGINT)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_until(tmp_path / "archive", boxes, interrupt)
    assert are_gone(pids)
    finish_and_compare(tmp_path / "archive", boxes)


def test_workers_are_deaf_to_interrupts_from_the_beginning(tmp_path: Path) -> None:
    with Fleet(3) as fleet:
        fleet.start()
        for pid in pids_of(fleet):
            os.kill(pid, signal.SIGINT)
        mbox = tmp_path / "a.mbox"
        mbox.write_bytes(mbox_of([message(number) for number in range(20)]))
        report = ParallelPipeline(CoordinatorSink(tmp_path / "archive"), fleet).run(find_sources([mbox]))
        assert report.messages == 20


def start(archive: Path, boxes: list[Path]) -> subprocess.Popen[bytes]:
    """The command, which commits often."""
    words = [sys.executable, "-m", "mailstrata", "archive", *boxes, "--to", archive, "--commit-every", "100k", "-q"]
    return subprocess.Popen([*map(str, words), "--jobs", "2"], stderr=subprocess.PIPE)


def children(pid: int) -> list[int]:
    """The process ids of its children."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found by Linux's /proc")
@pytest.mark.parametrize("who", ["coordinator", "worker"])
def test_kill_at_any_moment(tmp_path: Path, boxes: list[Path], who: str) -> None:
    """Kill one of the processes, look, run again, kill again: in the end nothing is missing."""
    undisturbed = tmp_path / "undisturbed"
    archive_with(1, undisturbed, boxes)
    archive = tmp_path / "archive"
    dice = random.Random(_SEED)
    for _ in range(3):
        with start(archive, boxes) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(dice.uniform(0, 3))
            workers = children(process.pid)
            victims = [process.pid] if who == "coordinator" else workers[:1]
            for pid in victims:
                if process.poll() is None:
                    os.kill(pid, signal.SIGKILL)
            _, said = process.communicate()
            assert said.count(b"\n") <= 1, said
        assert are_gone(workers)
        if Layout(archive).exists():
            check_whole(archive)
    with start(archive, boxes) as process:
        assert process.wait() == 0
    assert state_of(archive) == state_of(undisturbed)
    check_clean(archive, is_erased=False)


def test_errors_arrive_as_they_were_raised() -> None:
    from mailstrata.archive.jobs.worker import _portable  # noqa: PLC0415

    assert type(_portable(TargetError("full"))) is TargetError

    class OddError(Exception):
        def __init__(self, first: str, second: str) -> None:
            super().__init__(first)

    told = _portable(OddError("a", "b"))
    assert isinstance(told, MailstrataError)
    assert "OddError: a" in str(told)
