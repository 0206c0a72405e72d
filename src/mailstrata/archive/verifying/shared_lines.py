"""What the older snapshots of a source come to, with every line read once however many snapshots share it.

A snapshot names lines of earlier ones instead of repeating them (`copy`), which name lines of still earlier ones. Read
with all copies resolved, a hundred snapshots of a mailbox are a hundred times its lines. Here only the lines that stand
in a snapshot itself are read, in the order of the commits; at each place where a later one begins or ends to copy, it
is noted what the lines before it come to (`LinesUpTo`), and a copy adds the difference between its two ends.

A file all of whose lines are copied is that of the earlier snapshot, and nothing more is to be proven of it; what is
left are the files that *end* in a snapshot itself, each of them once.

Whatever is not as our writer writes it (`IrregularLinesError`) is left to those who read all lines.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.snapshots.lines import (
    CopyLine,
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    Line,
    MessageLine,
    SeparatorLine,
    SourceEndLine,
)
from mailstrata.archive.snapshots.snapshot_lines import MAX_DEPTH, own_lines
from mailstrata.archive.verifying.older_snapshots import ExpectedFiles, LinesDigest
from mailstrata.errors import ArchiveError


class IrregularLinesError(Exception):
    """The lines of a snapshot have to be read with all copies resolved."""


@dataclass(slots=True)
class LineSums:
    """What lines come to."""

    files: int = 0
    folders: int = 0
    messages: int = 0
    message_bytes: int = 0
    separator_bytes: int = 0
    gap_bytes: int = 0

    def plus(self, end: LineSums, start: LineSums) -> LineSums:
        """These, and those of the lines between two places of another snapshot."""
        return LineSums(
            self.files + end.files - start.files,
            self.folders + end.folders - start.folders,
            self.messages + end.messages - start.messages,
            self.message_bytes + end.message_bytes - start.message_bytes,
            self.separator_bytes + end.separator_bytes - start.separator_bytes,
            self.gap_bytes + end.gap_bytes - start.gap_bytes,
        )

    def add(self, line: GapLine | MessageLine) -> None:
        """One line more."""
        if isinstance(line, MessageLine):
            self.messages += 1
            self.message_bytes += line.end - line.start
        elif isinstance(line, SeparatorLine):
            self.separator_bytes += line.size
        else:
            self.gap_bytes += line.size


@dataclass(slots=True)
class LinesUpTo:
    """What the lines of a snapshot before some place come to; and the file that goes on there, if one does: the line
    with which it began (`first` is its number in this snapshot), and the digest of its lines."""

    sums: LineSums
    file: FileLine | None = None
    first: int = 0
    digest: LinesDigest | None = None

    def copy(self) -> LinesUpTo:
        """The same, to be kept while this one goes on."""
        digest = None if self.digest is None else self.digest.copy()
        return LinesUpTo(LineSums().plus(self.sums, LineSums()), self.file, self.first, digest)

    def after(self, sums: LineSums, start: LinesUpTo, shift: int) -> LinesUpTo:
        """The same place in a snapshot that copies the lines from `start` up to here, behind lines with those sums;
        `shift` is what their numbers change by.

        Raises `IrregularLinesError` where the copied lines begin within a file.
        """
        if start.file is not None:
            raise IrregularLinesError
        digest = None if self.digest is None else self.digest.copy()
        return LinesUpTo(sums.plus(self.sums, start.sums), self.file, self.first + shift, digest)


@dataclass(slots=True)
class OwnLines:
    """What all lines of a snapshot come to, and the last one."""

    sums: LineSums
    source_end: SourceEndLine | None


class SharedLines:
    """Goes through the snapshots of a source, given in the order of their first commits, a chain of copies at a time.

    The files that end in a snapshot itself are added to `expected`, by the numbers of their first lines. Held are the
    places of one chain: a few hundred bytes each, and a few of them for each thing that came in between others.
    """

    def __init__(self, archive: Archive, snapshots: Iterable[SourceSnapshot], expected: ExpectedFiles) -> None:
        self._archive = archive
        self._snapshots = snapshots
        self._expected = expected
        self._places: dict[str, dict[int, LinesUpTo]] = {}

    def __iter__(self) -> Iterator[tuple[SourceSnapshot, OwnLines | None]]:
        """Each snapshot with what it comes to; None where that cannot be said, and nothing is expected of its files."""
        for chain in _chains(self._snapshots):
            self._places = {}
            wanted = self._wanted(chain)
            for snapshot in chain:
                name = snapshot.snapshot
                try:
                    if wanted is None:
                        raise IrregularLinesError
                    found = self._read(snapshot, sorted(wanted.get(name, ())))
                except (ArchiveError, IrregularLinesError):
                    self._places.pop(name, None)
                    self._expected.forget(name)
                    yield snapshot, None
                else:
                    yield snapshot, found
        self._places = {}

    def _wanted(self, chain: list[SourceSnapshot]) -> dict[str, set[int]] | None:
        """The numbers of the lines before which something is to be noted, by snapshot. None for no regular chain."""
        if len(chain) > MAX_DEPTH:
            return None
        wanted: dict[str, set[int]] = {}
        for snapshot in reversed(chain):
            inside = sorted(wanted.get(snapshot.snapshot, ()))
            try:
                for number, line in own_lines(self._archive, snapshot, copies_only=True):
                    assert isinstance(line, CopyLine)
                    places = wanted.setdefault(line.snapshot, set())
                    places.update((line.first, line.first + line.count))
                    inner = inside[bisect_right(inside, number) : bisect_left(inside, number + line.count)]
                    places.update(line.first + place - number for place in inner)
            except ArchiveError:
                return None
        return wanted

    def _read(self, snapshot: SourceSnapshot, wanted: list[int]) -> OwnLines:
        """What a snapshot comes to; its wanted places are noted, its files expected."""
        places = self._places[snapshot.snapshot] = {}
        at = LinesUpTo(LineSums())
        source_end: SourceEndLine | None = None
        copied: dict[str, int] = {}
        waiting = iter([*wanted, -1])
        place = next(waiting)
        behind = 0
        for number, line in own_lines(self._archive, snapshot):
            if place == number:
                places[place] = at.copy()
                place = next(waiting)
            if isinstance(line, CopyLine):
                if at.file is not None or line.first < copied.get(line.snapshot, 0):
                    raise IrregularLinesError
                copied[line.snapshot] = behind = line.first + line.count
                shift = number - line.first
                start = self._place(line.snapshot, line.first)
                while number < place < number + line.count:
                    places[place] = self._place(line.snapshot, place - shift).after(at.sums, start, shift)
                    place = next(waiting)
                at = self._place(line.snapshot, behind).after(at.sums, start, shift)
                behind += shift
            elif isinstance(line, SourceEndLine):
                source_end = line
            else:
                self._take(at, line, snapshot.snapshot)
                behind = number + 1
        if place == behind:
            places[place] = at
            place = next(waiting)
        if at.file is not None or place != -1:
            raise IrregularLinesError
        return OwnLines(at.sums, source_end)

    def _place(self, snapshot: str, number: int) -> LinesUpTo:
        place = self._places.get(snapshot, {}).get(number)
        if place is None:
            raise IrregularLinesError
        return place

    def _take(self, at: LinesUpTo, line: Line, snapshot: str) -> None:
        """Go on behind a line that stands in the snapshot itself."""
        match line:
            case GapLine() | MessageLine():
                if at.digest is None or line.start != at.digest.length:
                    raise IrregularLinesError
                at.digest.add(line)
                at.sums.add(line)
            case FileLine():
                _begin(at, line)
            case FileEndLine():
                if at.file is None or at.digest is None:
                    raise IrregularLinesError
                # One whose digest is not known is met in no other file: it is put together by itself.
                lines, sha256 = (b"", "") if line.sha256 is None else (at.digest.value(), line.sha256)
                self._expected.add([(snapshot, at.first, at.file.name, line.length, lines, sha256)])
                at.file = at.digest = None
            case FolderLine():
                at.sums.folders += 1


def _begin(at: LinesUpTo, line: FileLine) -> None:
    """A file begins, or goes on where a segment ends or lines were copied."""
    if line.offset == 0:
        if at.file is not None:
            raise IrregularLinesError
        at.sums.files += 1
        at.file, at.first, at.digest = line, line.number, LinesDigest(line)
        return
    if at.file is None or at.digest is None or line.offset != at.digest.length:
        raise IrregularLinesError
    if (line.quoting, line.compression) != (at.file.quoting, at.file.compression):
        raise IrregularLinesError


def _chains(snapshots: Iterable[SourceSnapshot]) -> Iterator[list[SourceSnapshot]]:
    """Snapshots that copy from one another, each chain with the one in front that copies from none."""
    chain: list[SourceSnapshot] = []
    for snapshot in snapshots:
        if not snapshot.depth and chain:
            yield chain
            chain = []
        chain.append(snapshot)
    if chain:
        yield chain
