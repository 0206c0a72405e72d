"""Folders in the snapshots of a source: which of their changes make a new one, and what it takes over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.archives import segment_lines
from support.folders import write_tree

from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording import previous
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.snapshots.snapshot_lines import FolderLine, SnapshotLines
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sources.discover import find_sources

MESSAGE = b"From: a@example.org\nSubject: one\n\ntext\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    path = tmp_path / "Maildir"
    write_tree(
        path,
        {
            b"": (0o700, None),
            b".Caf\xe9": (0o700, None),
            b".Caf\xe9/cur": (0o700, None),
            b"cur": (0o700, None),
            b"cur/1.host:2,S": (0o600, MESSAGE),
            b"new": (0o755, None),
            b"tmp": (0o755, None),
        },
    )
    return path


def keep(archive: Path, *sources: Path, checkpoint_bytes: int = 1 << 30) -> int:
    """Archive, and return the number of commits that this took."""
    sink = ArchiveSink(archive)
    Pipeline([sink], known=sink, checkpoint_bytes=checkpoint_bytes).run(find_sources(list(sources)))
    return len(sink.commits)


def folders(archive: Path) -> dict[bytes, tuple[int | None, int | None]]:
    """Mode and time of the folders of the latest snapshot; its ledger counts them."""
    with Archive.open(archive) as opened:
        [snapshot] = opened.sources()
        lines = [line for line in SnapshotLines(opened, snapshot) if isinstance(line, FolderLine)]
        assert snapshot.totals.folders == len(lines)
        return {line.name: (line.mode, line.mtime_ns) for line in lines}


def on_disk(maildir: Path) -> dict[bytes, tuple[int | None, int | None]]:
    found: dict[bytes, tuple[int | None, int | None]] = {}
    for above, _, _ in os.walk(os.fsencode(maildir)):
        status = os.stat(above)  # noqa: PTH116
        found[above[len(os.fsencode(maildir)) + 1 :]] = status.st_mode & 0o7777, status.st_mtime_ns
    return found


def test_every_folder_is_noted(tmp_path: Path, maildir: Path) -> None:
    """The source's own and all below it, with the mode, setgid included, and the time that they have."""
    (maildir / "tmp").chmod(0o2770)
    assert keep(tmp_path / "archive", maildir) == 1
    assert folders(tmp_path / "archive") == on_disk(maildir)


def test_what_is_unchanged_takes_no_commit(tmp_path: Path, maildir: Path) -> None:
    """Neither does the time of a folder alone, which changes whenever something was in it for a moment."""
    keep(tmp_path / "archive", maildir)
    assert keep(tmp_path / "archive", maildir) == 0
    (maildir / "tmp/passing").touch()
    (maildir / "tmp/passing").unlink()
    os.utime(maildir, ns=(1, 1))
    assert keep(tmp_path / "archive", maildir) == 0


def chmod(maildir: Path) -> None:
    (maildir / "new").chmod(0o700)


def make(maildir: Path) -> None:
    (maildir / ".Caf\udce9/tmp").mkdir()


def remove(maildir: Path) -> None:
    (maildir / "tmp").rmdir()


def rename(maildir: Path) -> None:
    (maildir / ".Caf\udce9").rename(maildir / ".Work")


@pytest.mark.parametrize("change", [chmod, make, remove, rename])
@pytest.mark.parametrize("most_copies", [16, 0])
def test_what_changes_makes_a_snapshot(
    tmp_path: Path, maildir: Path, change: Callable[[Path], None], most_copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says exactly what the folders are now, their times included, whether lines are copied or written again."""
    monkeypatch.setattr(previous, "MOST_COPIES", most_copies)
    keep(tmp_path / "archive", maildir)
    change(maildir)
    assert keep(tmp_path / "archive", maildir) == 1
    assert folders(tmp_path / "archive") == on_disk(maildir)
    assert keep(tmp_path / "archive", maildir) == 0


def test_folders_are_taken_over(tmp_path: Path, maildir: Path) -> None:
    """A second snapshot repeats no line of a folder that is as it was."""
    keep(tmp_path / "archive", maildir)
    (maildir / "new").chmod(0o700)
    keep(tmp_path / "archive", maildir)
    with Archive.open(tmp_path / "archive") as archive:
        [snapshot] = archive.sources()
        lines = [line for line in segment_lines(archive, snapshot) if line["type"] == "folder"]
    assert [line["name"] for line in lines] == ["new"]


def test_a_commit_between_folders(tmp_path: Path, maildir: Path) -> None:
    """Folders before and after a commit within the source are all there, once."""
    (maildir / "new/2.host").write_bytes(MESSAGE)
    assert keep(tmp_path / "archive", maildir, checkpoint_bytes=1) > 1
    assert folders(tmp_path / "archive") == on_disk(maildir)
