"""The lines of a snapshot, from its first segment to its last, numbered, with `copy` lines resolved.

Lines are numbered from 0 over all segments; those of type `segment`, `copy` and `source-end` are not counted, what a
`copy` stands for is. A snapshot copies lines from earlier ones, which may copy from still earlier ones: each of them is
read once, from front to back, while its lines are needed.

Memory does not depend on the length of a segment: of each snapshot that is being read, one piece of a segment is held
(a frame, at most 16 MiB, usually 1 to 4), and the lines in 256 KiB of it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailstrata.archive.snapshots.lines import (
    SEGMENT_FORMAT,
    BrokenLine,
    CopyLine,
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    Line,
    MessageLine,
    SegmentLine,
    SeparatorLine,
    SkippedLine,
    SourceEndLine,
    StoredLine,
    parse_line,
)
from mailstrata.errors import ArchiveError, UnsupportedFormatError

if TYPE_CHECKING:
    from mailstrata.archive.commits.records import SegmentEntry, SourceSnapshot
    from mailstrata.archive.reading.reader import Archive

__all__ = [
    "BrokenLine",
    "FileEndLine",
    "FileLine",
    "FolderLine",
    "GapLine",
    "Line",
    "MessageLine",
    "SeparatorLine",
    "SkippedLine",
    "SnapshotLines",
    "SourceEndLine",
    "lines_or_damage",
    "own_lines",
]

MAX_DEPTH = 64
"""Snapshots that may have to be read behind each other; a writer stops at 16."""

MAX_LINE_BYTES = 16 << 20
"""A longer line is refused. Ours have less than 1 MiB: what is large is a blob."""

_OPEN_SNAPSHOTS = 8
"""Snapshots that one snapshot copies from and that are kept open, each where it was left."""

_FROM_A_BACKUP = "bring its pack back from a backup"
# What our writer puts at the beginning of the lines that count as one, whatever else stands in them.
_COUNTED = (
    b'{"type":"message",',
    b'{"type":"separator",',
    b'{"type":"gap",',
    b'{"type":"file',
    b'{"type":"skipped",',
    b'{"type":"folder",',
)

_SPLIT_BYTES = 256 << 10
"""Bytes that are taken apart into lines at a time."""


class SnapshotLines:
    """Iterates over the lines of a snapshot of an archive; each iteration reads it anew.

    Segments are checked against the size and the SHA-256 that the commit records say, when their last line is out.
    Raises `ArchiveError`, which names segment and line, for what is missing, damaged or no line of this format, and
    `UnsupportedFormatError` for a newer version of it.
    """

    __slots__ = ("_archive", "_snapshot")

    def __init__(self, archive: Archive, snapshot: SourceSnapshot) -> None:
        self._archive = archive
        self._snapshot = snapshot

    def __iter__(self) -> Iterator[Line]:
        for line in _Cursor(self._archive, self._snapshot, {}).lines():
            assert not isinstance(line, BrokenLine)
            yield line


def lines_or_damage(archive: Archive, snapshot: SourceSnapshot) -> Iterator[Line | BrokenLine]:
    """As `SnapshotLines`, but goes on behind damage: a `BrokenLine` stands where lines could not be read.

    What follows it is the next segment, or what follows the lines that were to be copied; numbers are no longer
    those of the lines.
    """
    return _Cursor(archive, snapshot, {}, goes_on=True).lines()


def own_lines(
    archive: Archive, snapshot: SourceSnapshot, *, copies_only: bool = False
) -> Iterator[tuple[int, Line | CopyLine]]:
    """The lines that stand in a snapshot itself, `copy` lines among them, each with the number of the first line that
    it stands for. With `copies_only` the others are counted and not looked at.

    Raises `ArchiveError` as `SnapshotLines` does, but for what concerns the copied lines.
    """
    return _Cursor(archive, snapshot, {}).own(copies_only=copies_only)


class _Cursor:
    """A place in the lines of a snapshot, which moves only forward. `number` is that of the next line."""

    __slots__ = (
        "_archive",
        "_at",
        "_copy",
        "_depth",
        "_goes_on",
        "_known",
        "_name",
        "_opened",
        "_reader",
        "_segments",
        "_snapshot",
        "_stored",
        "number",
    )

    def __init__(
        self,
        archive: Archive,
        snapshot: SourceSnapshot,
        known: dict[str, SourceSnapshot],
        *,
        depth: int = 0,
        goes_on: bool = False,
    ) -> None:
        self._archive = archive
        self._snapshot = snapshot
        # All snapshots by their identifier, filled when the first one is looked for.
        self._known = known
        self._depth = depth
        self._goes_on = goes_on
        self._segments = enumerate(snapshot.segments)
        self._reader: Iterator[list[bytes]] | None = None
        # Lines of the segment `_name` that were read and not taken, the number of the one taken last, from 1 on.
        self._stored: Iterator[bytes] = iter(())
        self._name = ""
        self._at = 0
        self._copy: CopyLine | None = None
        # A snapshot that cannot be read on is not tried again.
        self._opened: OrderedDict[str, _Cursor | ArchiveError] = OrderedDict()
        self.number = 0

    def lines(self, end: int | None = None) -> Iterator[Line | BrokenLine]:
        """The lines from the current one up to number `end` (all where it is None)."""
        while end is None or self.number < end:
            try:
                if self._copy is not None:
                    yield from self._copied(self._copy, end)
                    continue
                found = self._next()
            except ArchiveError as error:
                if not self._goes_on:
                    raise
                self._copy = None
                yield BrokenLine(self.number - 1, error)
                continue
            if found is None:
                return
            try:
                line = self._parse(found)
            except ArchiveError as error:
                if not self._goes_on:
                    raise
                self._leave_segment()
                yield BrokenLine(self.number - 1, error)
                continue
            if line is None:
                self.number += 1
            elif isinstance(line, CopyLine):
                self._copy = line
            else:
                if not isinstance(line, SourceEndLine):
                    self.number += 1
                yield line

    def own(self, *, copies_only: bool) -> Iterator[tuple[int, Line | CopyLine]]:
        """The stored lines; see `own_lines`."""
        while (found := self._next()) is not None:
            number = self.number
            if copies_only and found.startswith(_COUNTED):
                self.number += 1
                continue
            line = self._parse(found)
            if isinstance(line, CopyLine):
                self.number += line.count
            elif not isinstance(line, SourceEndLine):
                self.number += 1
            if line is not None and (not copies_only or isinstance(line, CopyLine)):
                yield number, line

    def _skip_to(self, number: int) -> None:
        """Pass over lines, without reading more of them than their types."""
        while self.number < number:
            copy = self._copy
            if copy is not None:
                count = min(copy.count, number - self.number)
                self._pass(copy, count)
                self.number += count
                continue
            found = self._next()
            if found is None:
                return
            if found.startswith(_COUNTED):
                self.number += 1
                continue
            line = self._parse(found)
            if isinstance(line, CopyLine):
                self._copy = line
            elif not isinstance(line, SourceEndLine):
                self.number += 1

    def _pass(self, copy: CopyLine, count: int) -> None:
        copy.first += count
        copy.count -= count
        if not copy.count:
            self._copy = None

    def _copied(self, copy: CopyLine, end: int | None) -> Iterator[Line | BrokenLine]:
        count = copy.count if end is None else min(copy.count, end - self.number)
        shift = self.number - copy.first
        last = copy.first + count
        try:
            cursor = self._cursor(copy.snapshot)
            if cursor.number > copy.first:
                raise ArchiveError(f"lines of snapshot {copy.snapshot} are copied out of their order")
            cursor._skip_to(copy.first)
            for line in cursor.lines(last):
                if isinstance(line, SourceEndLine):
                    continue
                line.number += shift
                self.number = line.number + 1
                yield line
            if cursor.number != last:
                raise ArchiveError(
                    f"snapshot {copy.snapshot} has {cursor.number} lines, those up to {last} are copied from it"
                )
        except ArchiveError as error:
            self._opened[copy.snapshot] = error
            if self._depth or isinstance(error, UnsupportedFormatError):
                raise
            raise ArchiveError(f"{self._snapshot.label}, snapshot {self._snapshot.snapshot}: {error}") from error
        self.number = last + shift
        self._pass(copy, count)

    def _cursor(self, name: str) -> _Cursor:
        """The snapshot of that name, where its last lines were taken."""
        cursor = self._opened.get(name)
        if isinstance(cursor, ArchiveError):
            raise cursor
        if cursor is None:
            if self._depth >= MAX_DEPTH:
                raise ArchiveError(f"more than {MAX_DEPTH} snapshots are copied from each other; {_FROM_A_BACKUP}")
            if not self._known:
                self._known.update({snapshot.snapshot: snapshot for snapshot in self._archive.snapshots()})
            snapshot = self._known.get(name)
            if snapshot is None or snapshot.id != self._snapshot.id:
                raise ArchiveError(f"there is no snapshot {name} of this source, from which lines are copied")
            cursor = _Cursor(self._archive, snapshot, self._known, depth=self._depth + 1)
            self._opened[name] = cursor
            if len(self._opened) > _OPEN_SNAPSHOTS:
                self._opened.popitem(last=False)
        self._opened.move_to_end(name)
        return cursor

    def _next(self) -> bytes | None:
        """The next stored line; None behind the last segment."""
        while True:
            for line in self._stored:
                self._at += 1
                return line
            if self._reader is None:
                number, entry = next(self._segments, (0, None))
                if entry is None:
                    return None
                self._name = entry.name
                self._at = 0
                self._reader = self._read(number, entry)
            try:
                self._stored = iter(next(self._reader))
            except StopIteration:
                self._reader = None
            except ArchiveError:
                self._leave_segment()
                raise

    def _leave_segment(self) -> None:
        """What is left of the segment is not read."""
        self._reader = None
        self._stored = iter(())

    def _read(self, number: int, entry: SegmentEntry) -> Iterator[list[bytes]]:
        """The stored lines of a segment but the first one, which is checked."""
        for lines in _stored_lines(self._archive.read_segment(entry.name), entry):
            if not self._at and lines:
                self._at = 1
                self._check_head(number, lines.pop(0))
            yield lines

    def _check_head(self, number: int, data: bytes) -> None:
        head = self._parsed(data)
        name = self._name
        if not isinstance(head, SegmentLine) or head.format != SEGMENT_FORMAT:
            raise ArchiveError(f"{name}, line 1: this is no segment; {_FROM_A_BACKUP}")
        if head.version != 1:
            raise UnsupportedFormatError(
                f"{name} has version {head.version} of segments, this version of mailstrata reads 1; use a newer one"
            )
        if (head.source, head.snapshot, head.number) != (self._snapshot.id, self._snapshot.snapshot, number):
            raise ArchiveError(f"{name}, line 1: this is another segment than its name says; {_FROM_A_BACKUP}")

    def _parse(self, data: bytes) -> Line | CopyLine | None:
        line = self._parsed(data)
        if isinstance(line, SegmentLine):
            raise ArchiveError(f"{self._name}, line {self._at}: another segment begins here; {_FROM_A_BACKUP}")
        return line

    def _parsed(self, data: bytes) -> StoredLine | None:
        try:
            return parse_line(data, self.number)
        except ValueError as error:
            raise ArchiveError(f"{self._name}, line {self._at}: {error}; {_FROM_A_BACKUP}") from error


def _stored_lines(pieces: Iterator[bytes], entry: SegmentEntry) -> Iterator[list[bytes]]:
    """The lines of a segment without their line breaks; behind the last one, size and digest are checked."""
    digest = hashlib.sha256()
    size = 0
    rest = bytearray()
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        for start in range(0, len(piece), _SPLIT_BYTES):
            lines = piece[start : start + _SPLIT_BYTES].split(b"\n")
            last = lines.pop()
            if lines and rest:
                lines[0] = bytes(rest) + lines[0]
                rest.clear()
            yield lines
            rest += last
            if len(rest) > MAX_LINE_BYTES:
                raise ArchiveError(f"{entry.name}: a line has more than {MAX_LINE_BYTES} bytes; {_FROM_A_BACKUP}")
    if rest:
        raise ArchiveError(f"{entry.name}: its last line has no end; {_FROM_A_BACKUP}")
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise ArchiveError(
            f"{entry.name} has {size} bytes with the SHA-256 {digest.hexdigest()}, its commit says {entry.size} and "
            f"{entry.sha256}; {_FROM_A_BACKUP}"
        )
