"""Snapshots that share lines: each line is read once, and what is found is what reading all of them finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.faults import verify

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.snapshots import snapshot_lines
from mailstrata.archive.snapshots.lines import (
    CopyLine,
    FileLine,
    FolderLine,
    GapLine,
    MessageLine,
    SourceEndLine,
)
from mailstrata.archive.snapshots.segments import SegmentWriter
from mailstrata.archive.snapshots.snapshot_lines import SnapshotLines, own_lines
from mailstrata.archive.verifying.findings import FindingCode
from mailstrata.archive.verifying.older_snapshots import ExpectedFiles
from mailstrata.archive.verifying.shared_lines import LineSums, SharedLines
from mailstrata.archive.verifying.sources import SourceCheck
from mailstrata.archive.verifying.verify import Verification
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sources.discover import find_sources

_FROM = b"From a@example.org Mon Nov 10 10:00:00 2025\n"


def message(number: int) -> bytes:
    """A message of its own."""
    return b"Subject: %d\n\n%s\n" % (number, b"text " * (number % 7))


class Mailbox:
    """An mbox and a Maildir in which things happen between one run and the next."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._random = random.Random(seed)
        self._mbox = folder / "inbox.mbox"
        self._cur = folder / "box" / "cur"
        self._number = 0
        for name in ("cur", "new", "tmp"):
            (folder / "box" / name).mkdir(parents=True)
        self.grow(8)

    def grow(self, count: int) -> None:
        """New messages at the end of the mbox, and anywhere in the Maildir."""
        with self._mbox.open("ab") as mbox:
            for _ in range(count):
                self._number += 1
                mbox.write(_FROM + message(self._number) + b"\n")
                name = f"{self._random.randrange(10**6)}.M{self._number}.host:2,"
                (self._cur / name).write_bytes(message(-self._number))

    def change(self) -> None:
        """Messages are read, deleted, and now and then the mbox is written anew without its first one."""
        files = sorted(self._cur.iterdir())
        self._random.shuffle(files)
        files[0].rename(files[0].with_name(files[0].name + "S"))
        files[1].unlink()
        if self._random.random() < 0.2:
            data = self._mbox.read_bytes()
            self._mbox.write_bytes(data[data.index(b"\n\nFrom ") + 2 :])

    def run(self, root: Path) -> None:
        """Archive it."""
        sink = ArchiveSink(root)
        Pipeline([sink], known=sink).run(find_sources([str(self.folder)]))


def archived(tmp_path: Path, *, runs: int, changes: bool, seed: int = 1) -> Path:
    """An archive of a mailbox after so many runs."""
    mailbox, root = Mailbox(tmp_path / "mail", seed), tmp_path / "archive"
    for _ in range(runs):
        mailbox.run(root)
        mailbox.grow(2)
        if changes:
            mailbox.change()
    return root


def by_source(archive: Archive) -> list[list[SourceSnapshot]]:
    """The snapshots of each source."""
    found: dict[str, list[SourceSnapshot]] = {}
    for snapshot in archive.snapshots():
        found.setdefault(snapshot.id, []).append(snapshot)
    return list(found.values())


def sums_of(archive: Archive, snapshot: SourceSnapshot) -> tuple[LineSums, SourceEndLine | None]:
    """What the lines of a snapshot come to, all copies resolved."""
    sums, end = LineSums(), None
    for line in SnapshotLines(archive, snapshot):
        match line:
            case FileLine() if line.offset == 0:
                sums.files += 1
            case FolderLine():
                sums.folders += 1
            case GapLine() | MessageLine():
                sums.add(line)
            case SourceEndLine():
                end = line
    return sums, end


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_sums_are_those_of_all_lines(tmp_path: Path, seed: int, changes: bool) -> None:
    """Of every snapshot, over more runs than one chain of copies is long."""
    root = archived(tmp_path, runs=20, changes=changes, seed=seed)
    with Archive.open(root) as archive, closing(ExpectedFiles()) as expected:
        for snapshots in by_source(archive):
            assert snapshots[0].kind == "mbox" or max(snapshot.depth for snapshot in snapshots) == 16
            found = list(SharedLines(archive, snapshots, expected))
            assert [snapshot for snapshot, _ in found] == snapshots
            for snapshot, own in found:
                assert own is not None
                sums, end = sums_of(archive, snapshot)
                assert own.sums == sums
                assert own.source_end is not None
                assert end is not None
                assert own.source_end.totals == end.totals


@pytest.mark.parametrize("changes", [False, True])
def test_what_is_counted_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: bool) -> None:
    """Files, folders and snapshots, whether all lines are read or each once; and the latter is what happens."""
    root = archived(tmp_path, runs=20, changes=changes)
    quick = Verification(root)
    with monkeypatch.context() as patch:
        patch.setattr(SourceCheck, "_examine", None)
        assert list(quick) == []
    whole = Verification(root)
    monkeypatch.setattr(SourceCheck, "_are_proven", lambda *_: False)
    assert list(whole) == []
    for name in ("source_files", "source_folders", "snapshots", "messages"):
        assert getattr(quick.summary, name) == getattr(whole.summary, name)


def test_lines_are_read_once_however_many_snapshots_share_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than three times those that stand in the packs, and the newest snapshots once with all copies."""
    root = archived(tmp_path, runs=16, changes=True)
    with Archive.open(root) as archive:
        stored = sum(1 for snapshot in archive.snapshots() for _ in own_lines(archive, snapshot))
        newest = sum(1 for snapshots in by_source(archive) for _ in SnapshotLines(archive, snapshots[-1]))
    read = 0
    real = snapshot_lines.parse_line

    def counted(data: bytes, number: int) -> Any:
        nonlocal read
        read += 1
        return real(data, number)

    monkeypatch.setattr(snapshot_lines, "parse_line", counted)
    assert verify(root) == []
    assert read < 3 * stored + newest


def test_a_file_that_later_snapshots_copy_is_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong where it stands and gone in the newest one: every snapshot that has it is named."""
    mailbox, root = Mailbox(tmp_path / "mail", 1), tmp_path / "archive"
    mailbox.run(root)
    late = tmp_path / "mail" / "box" / "cur" / "9999999.late.host:2,"
    late.write_bytes(b"Subject: late\n\nlate\n")
    real = SegmentWriter.end_file

    def end_file(self: SegmentWriter, outcome: Any) -> None:
        if self._file is not None and b"late" in self._file.name:
            outcome.sha256 = "ab" * 32
        real(self, outcome)

    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, "end_file", end_file)
        mailbox.run(root)
    mailbox.grow(1)
    mailbox.run(root)
    late.unlink()
    mailbox.run(root)
    damaged = [finding for finding in verify(root) if finding.code is FindingCode.SOURCE_DAMAGED]
    assert sorted(finding.path.rpartition("/")[2][:8] for finding in damaged) == ["00000002", "00000003"]


def test_a_ledger_of_copied_lines_is_checked(tmp_path: Path) -> None:
    """An older snapshot whose record counts another number of messages than its lines, most of which are copied."""
    root = archived(tmp_path, runs=4, changes=False)
    log = CommitLog(root / "commits")
    log.load()
    snapshots = [snapshot for snapshot in log.state.snapshots.values() if snapshot.kind == "maildir"]
    snapshots[2].totals.messages_unchanged += 1
    check = Verification(root)
    assert list(check) == []
    findings = source_findings(root, snapshots)
    assert {(finding.code, finding.path.rpartition("/")[2]) for finding in findings} == {
        (FindingCode.SOURCE_LEDGER, snapshots[2].snapshot)
    }


def source_findings(root: Path, snapshots: list[SourceSnapshot]) -> list[Any]:
    """What is found of a source whose snapshots are given, all else being well."""
    from mailstrata.archive.verifying import verify as module  # noqa: PLC0415

    found: list[Any] = []
    real = module.SourceCheck.verify

    def instead(self: SourceCheck, given: list[SourceSnapshot]) -> Iterator[Any]:
        if given[0].id == snapshots[0].id:
            found.extend(real(self, snapshots))
        return iter(())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.SourceCheck, "verify", instead)
        list(Verification(root))
    return found


def test_what_is_written_otherwise_is_read_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied lines that nothing is known of: nothing is said of that snapshot and those that follow it, nothing is
    expected of their files, and verifying finds all well by reading all lines."""
    root = archived(tmp_path, runs=5, changes=False)
    real = snapshot_lines.own_lines
    third = ""

    def altered(archive: Archive, snapshot: SourceSnapshot, **options: bool) -> Iterator[tuple[int, Any]]:
        for number, line in real(archive, snapshot, **options):
            if isinstance(line, CopyLine) and snapshot.snapshot == third and not options:
                line.first += 1
            yield number, line

    monkeypatch.setattr("mailstrata.archive.verifying.shared_lines.own_lines", altered)
    with Archive.open(root) as archive:
        for snapshots in by_source(archive):
            third = snapshots[2].snapshot
            with closing(ExpectedFiles()) as expected:
                found = [own is not None for _, own in SharedLines(archive, snapshots, expected)]
                assert found == [True, True, False, False, False]
                expected.sort()
                assert [expected.has_open(snapshot.snapshot) for snapshot in snapshots] == found
    assert verify(root) == []
