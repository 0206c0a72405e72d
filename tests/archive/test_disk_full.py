"""Disks that take no more: one line that says what and where, and nothing half-written that looks whole."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.archives import files_of

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import TargetError
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing.memory import MemorySource, memory_mbox

_NOISE = random.Random(3).randbytes(6 << 20)


def source() -> MemorySource:
    fields = b"From a@example.org Mon Nov 10 10:00:00 2025\nSubject: %d\nContent-Type: image/png\n\n"
    sizes = [*[5000] * 40, len(_NOISE), *[5000] * 40]
    return memory_mbox(
        "inbox.mbox",
        b"".join(fields % n + _NOISE[n : n + size].hex().encode() + b"\n\n" for n, size in enumerate(sizes)),
    )


def run(root: Path) -> None:
    Pipeline([ArchiveSink(root)], checkpoint_bytes=300_000).run([source()])


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond that size: writing fails with EFBIG, much as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def check_after_failure(root: Path, error: BaseException) -> None:
    """The message is one line with the path; what is committed is whole; nothing else is left; it can be finished."""
    assert str(root) in str(error)
    assert "\n" not in str(error)
    assert not getattr(error, "__notes__", [])
    if Layout(root).exists():
        with Archive.open(root) as archive:
            live = set(archive._log.state.files)
            for snapshot in archive.snapshots():
                assert source().contents[0].contents[0][1].startswith(files_of(archive, snapshot)[b""])  # type: ignore[union-attr]
        assert live
        left = [
            path for path in root.rglob("*") if path.is_file() and path.parent != root and path.parent.name != "commits"
        ]
        assert {path.relative_to(root).as_posix() for path in left} == live
    else:
        assert not root.exists()
    run(root)
    with Archive.open(root) as archive:
        assert files_of(archive, archive.snapshots()[-1])[b""] == source().contents[0].contents[0][1]  # type: ignore[union-attr]
        assert archive.totals().messages_new == 81


@pytest.mark.parametrize("size", [0, 1000, 3000, 20_000, 30_000, 60_000, 400_000, 3 << 20, 5 << 20])
def test_a_disk_that_takes_no_more(tmp_path: Path, size: int) -> None:
    """From the first byte of the lock to the pack of the largest message, wherever it stops."""
    root = tmp_path / "archive"
    with pytest.raises(TargetError, match="cannot write") as raised, largest_file(size):
        run(root)
    check_after_failure(root, raised.value)


@pytest.mark.parametrize("call", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 30])
def test_a_disk_that_is_full_when_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """File systems that find out late (NFS, quotas): whichever sync it is, it is a full disk, with what to do."""
    calls = iter(range(1_000_000))

    def fsync(descriptor: int) -> None:
        if next(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    root = tmp_path / "archive"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(TargetError, match=r"No space left on device; .* run the same command again") as raised:
            run(root)
    check_after_failure(root, raised.value)


def test_a_target_that_is_read_only(tmp_path: Path) -> None:
    """Says so, and what to choose."""
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(TargetError, match=r"Permission denied.*choose"):
            run(tmp_path / "archive")
    finally:
        tmp_path.chmod(0o700)
