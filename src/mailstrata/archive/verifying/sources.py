"""Verifying sources: every file of every snapshot is put together as a stream, and compared with its SHA-256.

The snapshots of a source overlap: one is often the one before with something added. So the newest is put together
first, and where in one of its files an older one has ended, by the same lines, that one is compared on the way.
Only what is still open then is put together by itself. What the older snapshots expect lies in a temporary
database (about 150 bytes on disk for each file that ends in one of them).

Lines that snapshots share are read once (`shared_lines`) as long as all is well. Where anything is found, all lines of
all snapshots are read, so that each of them is named that is concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.packs.members import MemberKind, key_of
from mailstrata.archive.snapshots.lines import (
    BrokenLine,
    CopyLine,
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    Line,
    MessageLine,
    SeparatorLine,
    SkippedLine,
    SourceEndLine,
)
from mailstrata.archive.snapshots.rebuild import RebuiltFile, rebuild_files
from mailstrata.archive.snapshots.snapshot_lines import lines_or_damage, own_lines
from mailstrata.archive.verifying.archive import ProvenArchive
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.archive.verifying.findings import Affected, Finding, FindingCode
from mailstrata.archive.verifying.older_snapshots import Boundary, ExpectedFiles, LinesDigest
from mailstrata.archive.verifying.shared_lines import OwnLines, SharedLines
from mailstrata.errors import ArchiveError

NoteBytes = Callable[[int], None]


class SourceCheck:
    """Verifies the snapshots of sources, one source at a time. `files`, `folders` and `snapshots` count what was
    compared.

    `unknown_losses` are the numbers of the losses of which nobody knows what they took.
    """

    def __init__(
        self, archive: ProvenArchive, evidence: Evidence, unknown_losses: list[int], note_bytes: NoteBytes
    ) -> None:
        self._unknown_losses = unknown_losses
        self._archive = archive
        self._evidence = evidence
        self._note_bytes = note_bytes
        self.files = 0
        self.folders = 0
        self.snapshots = 0

    def verify(self, snapshots: list[SourceSnapshot]) -> Iterator[Finding]:
        """Verify all snapshots of one source, given in the order of their first commits."""
        if len(snapshots) == 1 or not self._are_proven(snapshots):
            yield from self._examine(snapshots)

    def _are_proven(self, snapshots: list[SourceSnapshot]) -> bool:
        """Whether all snapshots are well."""
        counts = self.files, self.folders, self.snapshots
        with closing(ExpectedFiles()) as expected:
            known: dict[str, OwnLines] = {}
            for snapshot, own in SharedLines(self._archive, snapshots[:-1], expected):
                if own is None:
                    expected.add(self._expected_of(snapshot))
                else:
                    known[snapshot.snapshot] = own
            expected.sort()
            for snapshot in reversed(snapshots):
                self.snapshots += 1
                check = _SnapshotCheck(self, self._archive, self._evidence, snapshot, expected)
                own = known.get(snapshot.snapshot)
                findings = check.findings() if own is None else check.findings_of_own(own)
                if next(findings, None) is not None:
                    self.files, self.folders, self.snapshots = counts
                    return False
        return True

    def _examine(self, snapshots: list[SourceSnapshot]) -> Iterator[Finding]:
        """Go through all lines of all snapshots."""
        with closing(ExpectedFiles()) as expected:
            for snapshot in snapshots[:-1]:
                expected.add(self._expected_of(snapshot))
            expected.sort()
            for snapshot in reversed(snapshots):
                self.snapshots += 1
                yield from _SnapshotCheck(self, self._archive, self._evidence, snapshot, expected).findings()

    def _expected_of(self, snapshot: SourceSnapshot) -> Iterator[tuple[str, int, bytes, int, bytes, str]]:
        number = -1
        file: FileLine | None = None
        for line in lines_or_damage(self._archive, snapshot):
            match line:
                case FileLine():
                    if file is None or line.offset == 0:
                        number += 1
                        file, digest = line, LinesDigest(line)
                case GapLine() | MessageLine():
                    digest.add(line)
                case FileEndLine():
                    if file is not None and line.sha256 is not None and line.length == digest.length:
                        yield snapshot.snapshot, number, file.name, line.length, digest.value(), line.sha256
                    file = None
                case BrokenLine():
                    # What follows is compared by itself.
                    return

    def losses_of(self, kind: MemberKind, key: bytes) -> list[int]:
        """The losses to which a member that is missing is to be put down."""
        return self._evidence.blame(kind, key, self._unknown_losses)

    def read(self, pieces: Iterable[bytes]) -> None:
        """Read a file to its end."""
        for piece in pieces:
            self._note_bytes(len(piece))


@dataclass(slots=True)
class _FailedFile:
    """A file that cannot be put together: what it lacks, and how much of that is on record as lost."""

    place: str
    error: str
    finding: Finding
    missing: int = 0
    named: int = 0


class _SnapshotCheck:
    """One snapshot: its files, and its ledger against its lines."""

    def __init__(
        self,
        check: SourceCheck,
        archive: ProvenArchive,
        evidence: Evidence,
        snapshot: SourceSnapshot,
        expected: ExpectedFiles,
    ) -> None:
        self._check = check
        self._archive = archive
        self._evidence = evidence
        self._snapshot = snapshot
        self._expected = expected
        self._totals = Totals()
        self._source_end: SourceEndLine | None = None
        self._is_broken = False
        # The file that is being put together, the digest of its lines so far, and where older ones ended in it.
        self._file: RebuiltFile | None = None
        self._digest: LinesDigest | None = None
        self._boundaries: dict[int, list[Boundary]] = {}
        # The last line of content taken, and the finding about the file under way, once it has failed.
        self._last: GapLine | MessageLine | None = None
        self._failed: _FailedFile | None = None

    def findings(self) -> Iterator[Finding]:
        """Go through the snapshot once."""
        snapshot = self._snapshot
        number = -1
        lines = self._noted(lines_or_damage(self._archive, snapshot))
        try:
            for item in rebuild_files(self._archive, lines, snapshot.label):
                # By now all lines of the file before have been taken.
                yield from self._failure()
                if isinstance(item, BrokenLine):
                    self._is_broken = True
                    yield self._broken(item)
                elif isinstance(item, RebuiltFile):
                    number += 1
                    self._check.files += 1
                    if not self._expected.is_met(snapshot.snapshot, number):
                        yield from self._verify_file(item)
        except ArchiveError as error:
            self._is_broken = True
            yield self._finding(FindingCode.SOURCE_DAMAGED, "", str(error))
        yield from self._failure()
        if not self._is_broken:
            yield from self._verify_ledger()

    def findings_of_own(self, own: OwnLines) -> Iterator[Finding]:
        """The same for a snapshot of which is known what its lines come to: of its files, those that end in it and are
        still open."""
        name = self._snapshot.snapshot
        files, folders = self._check.files, self._check.folders
        try:
            if self._expected.has_open(name):
                yield from self._open_files(self._own_files())
            if self._expected.has_open(name):
                # What has grown since the snapshot before, and is no longer part of a later one.
                yield from self._open_files(lines_or_damage(self._archive, self._snapshot))
        except ArchiveError as error:
            yield self._finding(FindingCode.SOURCE_DAMAGED, "", str(error))
        sums = own.sums
        self._check.files, self._check.folders = files + sums.files, folders + sums.folders
        self._source_end = own.source_end
        self._totals = Totals(
            messages_found=sums.messages,
            message_source_bytes=sums.message_bytes,
            separator_bytes=sums.separator_bytes,
            gap_bytes=sums.gap_bytes,
            folders=sums.folders,
        )
        yield from self._verify_ledger()

    def _own_files(self) -> Iterator[Line]:
        """The lines of the open files that stand in the snapshot itself from the first one to the last."""
        is_open = False
        for _, line in own_lines(self._archive, self._snapshot):
            if isinstance(line, CopyLine):
                is_open = False
                continue
            if isinstance(line, FileLine) and line.offset == 0:
                is_open = self._expected.is_open(self._snapshot.snapshot, line.number)
            if is_open:
                yield line
            if isinstance(line, FileEndLine):
                is_open = False

    def _open_files(self, lines: Iterator[Line | BrokenLine]) -> Iterator[Finding]:
        """Put the open files together that stand in these lines."""
        name = self._snapshot.snapshot
        for item in rebuild_files(self._archive, self._noted(lines), self._snapshot.label):
            yield from self._failure()
            if isinstance(item, BrokenLine):
                yield self._broken(item)
            elif isinstance(item, RebuiltFile):
                number = item.file.number
                if self._expected.is_open(name, number):
                    yield from self._verify_file(item)
                    self._expected.meet_file(name, number)
        yield from self._failure()

    def _verify_file(self, file: RebuiltFile) -> Iterator[Finding]:
        # The line with which the file began has gone by already.
        self._file = file
        self._boundaries = self._expected.boundaries(file.file.name)
        # Where no older one has ended within it, nobody asks what its lines come to.
        self._digest = LinesDigest(file.file) if self._boundaries else None
        self._last = None
        place = _place(file.file)
        try:
            self._check.read(file.batches())
        except ArchiveError as error:
            self._failed = _FailedFile(place, str(error), self._finding(FindingCode.SOURCE_DAMAGED, place, ""))
            self._examine(self._last_line())
            return
        finally:
            self._file = self._digest = None
            self._boundaries = {}
        if file.erased_count:
            affected = Affected()
            for span in file.erased:
                affected.messages.add(span.sha256)
            affected.messages.count = file.erased_count
            affected.sources.add(self._name(place))
            left_out = f"{file.erased_count} erased or lost messages are left out"
            text = f"{self._name(place)}: {left_out}, so its SHA-256 is not compared"
            yield Finding(FindingCode.SOURCE_GAPS, self._path, place, text, affected)

    def _noted(self, lines: Iterator[Line | BrokenLine]) -> Iterator[Line | BrokenLine]:
        """The lines as they are taken: when one is, all bytes of those before it have come out."""
        totals = self._totals
        for line in lines:
            match line:
                case GapLine() | MessageLine():
                    self._note_content(line)
                case FileEndLine() if self._file is not None:
                    self._compare_older(line.length)
                case SkippedLine():
                    totals.files_skipped += 1
                case FolderLine():
                    totals.folders += 1
                    self._check.folders += 1
                case SourceEndLine():
                    self._source_end = line
            yield line

    def _note_content(self, line: GapLine | MessageLine) -> None:
        totals = self._totals
        self._last = line
        if isinstance(line, MessageLine):
            totals.messages_found += 1
            totals.message_source_bytes += line.end - line.start
        elif isinstance(line, SeparatorLine):
            totals.separator_bytes += line.size
        else:
            totals.gap_bytes += line.size
        if self._file is not None and self._digest is not None:
            self._compare_older(line.start)
            self._digest.add(line)
        elif self._failed is not None:
            self._examine(line)

    def _compare_older(self, length: int) -> None:
        """Where so many bytes have come out, an older file may have ended."""
        file, digest = self._file, self._digest
        if file is None or digest is None or file.length != length:
            return
        for boundary in self._boundaries.pop(length, ()):
            if boundary.lines == digest.value() and boundary.sha256 == file.sha256:
                self._expected.meet(boundary.number)

    # What is wrong ---------------------------------------------------------------------------------------------

    @property
    def _path(self) -> str:
        return f"sources/{self._snapshot.id}/{self._snapshot.snapshot}"

    def _name(self, place: str) -> str:
        return f"{self._snapshot.label}: {place}" if place else self._snapshot.label

    def _finding(self, code: FindingCode, place: str, text: str) -> Finding:
        affected = Affected()
        affected.sources.add(self._name(place))
        return Finding(code, self._path, place, text, affected)

    def _broken(self, line: BrokenLine) -> Finding:
        label = self._snapshot.label
        code = FindingCode.SOURCE_DAMAGED
        for segment in self._snapshot.segments:
            known = key_of(segment.name)
            if known is None or self._evidence.find(*known) is not None:
                continue
            if self._archive.is_named(*known):
                code = FindingCode.SOURCE_GAPS
            for loss in self._evidence.losses(*known):
                self._evidence.affect_source(loss, label)
        return self._finding(code, "", f"{label}: lines are missing in the archive: {line.error}")

    def _last_line(self) -> GapLine | MessageLine | None:
        return self._last

    def _examine(self, line: GapLine | MessageLine | None) -> None:
        """Find out what a line of a file that cannot be put together lacks."""
        if line is None:
            return
        failed = self._failed
        assert failed is not None
        affected = failed.finding.affected
        if isinstance(line, MessageLine):
            key = bytes.fromhex(line.sha256)
            missing = self._archive.missing_for(key)
            if missing:
                affected.messages.add(line.sha256)
        elif line.sha256 is not None:
            blob = bytes.fromhex(line.sha256)
            missing = [] if self._evidence.find(MemberKind.BLOB, blob) is not None else [(MemberKind.BLOB, blob)]
        else:
            return
        for kind, key in missing:
            failed.missing += 1
            failed.named += self._archive.is_named(kind, key)
            if kind is MemberKind.BLOB:
                affected.attachments.add(key.hex())
            for loss in self._check.losses_of(kind, key):
                if isinstance(line, MessageLine):
                    self._evidence.affect(loss, bytes.fromhex(line.sha256), self._snapshot.label)
                else:
                    self._evidence.affect_source(loss, self._snapshot.label)

    def _failure(self) -> Iterator[Finding]:
        """The finding about the file that was just passed, if it has failed."""
        failed, self._failed = self._failed, None
        if failed is None:
            return
        name = self._name(failed.place)
        finding = failed.finding
        finding.text = f"{name} cannot be put together: {failed.error}"
        if failed.missing and failed.missing == failed.named:
            finding.code = FindingCode.SOURCE_GAPS
            finding.text = f"{name} cannot be put together: what it lacks is on record as lost"
        yield finding

    def _verify_ledger(self) -> Iterator[Finding]:
        snapshot, end = self._snapshot, self._source_end
        stated = snapshot.totals
        lines = self._totals
        if end is None and snapshot.status != "open":
            yield self._finding(FindingCode.SOURCE_LEDGER, "", f"{snapshot.label}: the last line is missing")
        if end is not None and not _are_same(end.totals, stated):
            text = f"{snapshot.label}: the last line has other totals than the commit record"
            yield self._finding(FindingCode.SOURCE_LEDGER, "", text)
        covered = lines.gap_bytes + lines.separator_bytes + lines.message_source_bytes
        accounted = stated.source_bytes + stated.bytes_unchanged
        if covered != accounted:
            text = f"{snapshot.label}: its lines cover {covered} bytes, its ledger accounts for {accounted}"
            yield self._finding(FindingCode.SOURCE_LEDGER, "", text)
        counted = stated.messages_found + stated.messages_unchanged
        if lines.messages_found != counted:
            text = f"{snapshot.label}: its lines name {lines.messages_found} messages, its ledger counts {counted}"
            yield self._finding(FindingCode.SOURCE_LEDGER, "", text)
        if lines.folders != stated.folders:
            text = f"{snapshot.label}: its lines name {lines.folders} folders, its ledger counts {stated.folders}"
            yield self._finding(FindingCode.SOURCE_LEDGER, "", text)


def _are_same(at_end: Totals, stated: Totals) -> bool:
    """Whether the totals of a last line are those of the record: but for the segment in which that line stands."""
    expected = stated.copy()
    expected.segment_bytes = at_end.segment_bytes
    return at_end == expected and at_end.segment_bytes <= stated.segment_bytes


def _place(file: FileLine) -> str:
    return file.name.decode("utf-8", "replace")
