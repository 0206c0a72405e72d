from __future__ import annotations

from pathlib import Path

import pytest

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.reading.history import last_whole, latest, of_sources, snapshots_at
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import UsageError
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing import memory_mbox

_MESSAGE = b"From a@example.org Mon Nov 10 10:00:00 2025\nSubject: %d\n\ntext\n\n"


def keep(archive: Path, name: str, count: int, checkpoint_bytes: int = 1 << 30) -> None:
    source = memory_mbox(name, b"".join(_MESSAGE % n for n in range(count))).in_chunks(60)
    Pipeline([ArchiveSink(archive)], checkpoint_bytes=checkpoint_bytes).run([source])


def test_snapshots_as_they_were(tmp_path: Path) -> None:
    """After each commit: those that had begun, with the segments there were, open until the last one."""
    keep(tmp_path, "a", 2)
    keep(tmp_path, "b", 12, checkpoint_bytes=200)
    keep(tmp_path, "a", 3)
    with Archive.open(tmp_path) as archive:
        commits = [record.number for record in archive.commits()]
        assert len(commits) > 4
        assert snapshots_at(archive, None) == snapshots_at(archive, commits[-1]) == archive.snapshots()
        seen = []
        for commit in commits:
            found = snapshots_at(archive, commit)
            seen.append([(each.label, each.status, len(each.segments)) for each in found])
        assert seen[0] == [("a", "complete", 1)]
        for number in range(1, len(commits) - 2):
            assert seen[number] == [("a", "complete", 1), ("b", "open", number)]
        assert seen[-2][1][1] == "complete"
        assert [each[0] for each in seen[-1]] == ["a", "b", "a"]
        assert [each.label for each in latest(snapshots_at(archive, None))] == ["a", "b"]
        assert latest(snapshots_at(archive, None)) == archive.sources()
        assert latest(snapshots_at(archive, commits[-2]))[0].totals.messages_found == 2


def test_a_commit_that_there_is_not(tmp_path: Path) -> None:
    """Is a wrong call, and the message says which there are."""
    Layout(tmp_path).create()
    with Archive.open(tmp_path) as archive, pytest.raises(UsageError, match="no commit 1; it has no commits yet"):
        snapshots_at(archive, 1)
    keep(tmp_path, "a", 1)
    with Archive.open(tmp_path) as archive, pytest.raises(UsageError, match="no commit 2; its commits are 1 to 1"):
        snapshots_at(archive, 2)


def snapshot(identifier: str, label: str, path: bytes, status: str = "complete") -> SourceSnapshot:
    return SourceSnapshot(identifier, f"{identifier}-{label}", label, path, "mbox", status=status)  # type: ignore[arg-type]


def test_sources_are_named_by_label_or_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The path as it is or from the current folder; several names give each source once, in the archive's order."""
    monkeypatch.chdir(tmp_path)
    a = snapshot("1", "a.mbox", str(tmp_path / "a.mbox").encode())
    b = snapshot("2", "mail/b", b"/mail/b")
    c = snapshot("3", "standard input", b"-")
    every = [a, b, c]
    assert of_sources(every, []) == every
    assert of_sources(every, ["a.mbox"]) == [a]
    assert of_sources(every, ["./a.mbox"]) == [a]
    assert of_sources(every, ["/mail/b/", "-", "mail/b"]) == [b, c]
    with pytest.raises(UsageError, match="no source b"):
        of_sources(every, ["a.mbox", "b"])


def test_the_last_snapshot_that_was_read_whole() -> None:
    """Of the source that is meant; None where there is none."""
    old, newer = snapshot("1", "a", b"/a"), snapshot("1", "b", b"/a", "incomplete")
    every = [old, newer, snapshot("2", "x", b"/x")]
    assert last_whole(every, "1") is old
    assert last_whole([newer], "1") is None
