"""From the lines of a snapshot to its files, as a stream: what restoring writes and verifying hashes.

Every line must begin where the one before it ended, every file must come out with the length and the SHA-256 that
its last line states. What does not is an error of that file; the ones behind it still come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mailstrata.archive.snapshots.lines import (
    BrokenLine,
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    Line,
    MessageLine,
    SkippedLine,
    SourceEndLine,
)
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.sinks.stream_digest import StreamDigest
from mailstrata.transfer.mbox import MboxQuoter

MOST_ERASED = 1000
"""Erased messages of one file that are listed; all are counted."""

_QUOTED = frozenset({"mboxo", "mboxrd", "mboxcl"})
_FROM = b"From "
_MAY_BE_CUT = b">From"
_BATCH = 1 << 20


class Contents(Protocol):
    """Where the bytes come from: an `Archive`, or what stands before one."""

    def read_message(self, digest: str) -> Iterable[bytes]:
        """Its bytes: a list only where all of them are there and are those that the digest names."""
        ...

    def read_blob(self, digest: str) -> Iterable[bytes]: ...

    def erased(self, digest: str) -> str | None:
        """Why the message of that digest was erased; None where it was not."""
        ...


@dataclass(frozen=True, slots=True)
class ErasedSpan:
    """The place of an erased message: `[start, end)` in the file as it was."""

    start: int
    end: int
    sha256: str
    reason: str


class RebuiltFile:
    """A file of a snapshot; iterate over it once for its bytes, in pieces of at most some MiB.

    Iterating raises `ArchiveError` where its bytes cannot be had, or are not those that were read; at the end, when
    all pieces are out, if it is length or digest that differ. Afterwards `end` is its last line, None where the
    snapshot ends before the file does (it was still being read). `file` holds the metadata of the last `file` line so
    far, with the name of the first. `length` and `sha256` are those of the bytes that have come out. Erased messages
    are left out of them and listed in `erased`; the digest of what was read is then not compared.
    """

    __slots__ = (
        "_contents",
        "_digest",
        "_error",
        "_has_ended",
        "_lines",
        "_messages",
        "_position",
        "_waiting",
        "_where",
        "end",
        "erased",
        "erased_count",
        "file",
        "length",
    )  # fmt: skip

    def __init__(self, contents: Contents, lines: _Lines, file: FileLine, label: str) -> None:
        self.file = file
        self.end: FileEndLine | None = None
        self.length = 0
        self.erased: list[ErasedSpan] = []
        self.erased_count = 0
        self._contents = contents
        self._lines = lines
        self._where = f"{label}: {file.name.decode('utf-8', 'replace')}" if file.name else label
        self._digest = StreamDigest()
        # What has come out, and is neither in the digest nor given on yet.
        self._waiting: list[bytes] = []
        self._position = 0
        self._messages = 0
        self._has_ended = False
        self._error: ArchiveError | None = None
        if file.offset:
            self._error = ArchiveError(f"{self._where}: its first {file.offset} bytes are missing in the archive")

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes that have come out, hexadecimal."""
        digest = self._digest.state()
        for piece in self._waiting:
            digest.update(piece)
        return digest.hexdigest()

    @property
    def messages(self) -> int:
        """Messages that have come out."""
        return self._messages

    def __iter__(self) -> Iterator[bytes]:
        for pieces in self._contents_of_lines():
            for piece in pieces:
                self.length += len(piece)
                self._digest.update(piece)
                yield piece
        self._check()

    def batches(self) -> Iterator[bytes]:
        """As iterating, in pieces of about 1 MiB and more: lines of a mailbox are short, and so are most messages."""
        waiting = self._waiting
        size = 0
        for pieces in self._contents_of_lines():
            for piece in pieces:
                waiting.append(piece)
                self.length += len(piece)
                size += len(piece)
                if size >= _BATCH:
                    yield self._batch()
                    size = 0
        if waiting:
            yield self._batch()
        self._check()

    def _batch(self) -> bytes:
        """What has come out and is waiting to be given on."""
        waiting = self._waiting
        batch = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        waiting.clear()
        self._digest.update(batch)
        return batch

    def _contents_of_lines(self) -> Iterator[Iterable[bytes]]:
        """The bytes of each line that has some, in pieces: to be taken before the next one is asked for."""
        if self._error is not None:
            raise self._error
        for line in self._content_lines():
            if isinstance(line, FileLine):
                self._go_on(line)
                continue
            if line.start != self._position:
                raise ArchiveError(f"{self._where}: bytes {self._position} to {line.start} are missing in the archive")
            if isinstance(line, MessageLine):
                yield self._message(line)
            elif line.data is not None:
                self._position += line.size
                if line.size:
                    yield (line.data,)
            else:
                yield self._gap(line)

    def skip(self) -> None:
        """Pass over what is left of the file."""
        for _ in self._content_lines():
            pass

    def _content_lines(self) -> Iterator[GapLine | MessageLine | FileLine]:
        """The lines up to the end of the file."""
        while not self._has_ended:
            line = self._lines.take()
            match line:
                case None | SourceEndLine():
                    self._has_ended = True
                case FileEndLine():
                    self._has_ended = True
                    self.end = line
                    return
                case GapLine() | MessageLine():
                    yield line
                    continue
                case FileLine() if line.offset:
                    yield line
                    continue
            self._has_ended = True
            if line is not None:
                self._lines.give_back(line)
            if isinstance(line, BrokenLine):
                raise ArchiveError(f"{self._where}: what follows byte {self._position} cannot be found: {line.error}")
            if line is not None and not isinstance(line, SourceEndLine):
                raise ArchiveError(f"{self._where}: the archive does not say where the file ends")

    def _go_on(self, line: FileLine) -> None:
        if line.offset != self._position:
            raise ArchiveError(f"{self._where}: bytes {self._position} to {line.offset} are missing in the archive")
        line.name = self.file.name
        self.file = line

    def _gap(self, line: GapLine) -> Iterator[bytes]:
        """The bytes of a gap that are a blob."""
        assert line.sha256 is not None
        pieces = self._streamed(self._read(self._contents.read_blob, line.sha256))
        return self._counted(pieces, line.start, line.start + line.size)

    def _message(self, line: MessageLine) -> Iterable[bytes]:
        reason = self._contents.erased(line.sha256)
        if reason is not None:
            self.erased_count += 1
            if len(self.erased) < MOST_ERASED:
                self.erased.append(ErasedSpan(line.start, line.end, line.sha256, reason))
            self._position = line.end
            return ()
        self._messages += 1
        pieces = self._read(self._contents.read_message, line.sha256)
        if isinstance(pieces, list):
            # All of it, and it is what it was: nothing can fail on the way but its length.
            if self.file.quoting in _QUOTED and any(map(_may_be_quoted, pieces)):
                pieces = list(self._quoted(pieces, line))
            if sum(map(len, pieces)) == line.end - line.start:
                self._position = line.end
                return pieces
        else:
            pieces = self._streamed(pieces)
            if self.file.quoting in _QUOTED:
                pieces = self._quoted(pieces, line)
        return self._counted(pieces, line.start, line.end)

    def _quoted(self, pieces: Iterable[bytes], line: MessageLine) -> Iterator[bytes]:
        quoter = MboxQuoter(self.file.quoting, line.unquoted_lines, line.quoting_end)
        for piece in pieces:
            yield quoter.feed(piece)
        yield quoter.flush()

    def _read(self, read: _Read, digest: str) -> Iterable[bytes]:
        try:
            return read(digest)
        except (ArchiveError, UsageError) as error:
            raise self._named(error) from error

    def _streamed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from pieces
        except (ArchiveError, UsageError) as error:
            raise self._named(error) from error

    def _named(self, error: ArchiveError | UsageError) -> ArchiveError:
        # To the reader of the archive, what it does not have is a wrong call; here a line has named it.
        return ArchiveError(f"{self._where}: {error}")

    def _counted(self, pieces: Iterable[bytes], start: int, end: int) -> Iterator[bytes]:
        """The pieces, which must come to the bytes from `start` to `end`."""
        position = start
        for piece in pieces:
            position += len(piece)
            if position > end:
                break
            if piece:
                yield piece
        if position != end:
            raise ArchiveError(
                f"{self._where}: what stands at byte {start} has another length than the {end - start} bytes it had"
            )
        self._position = end

    def _check(self) -> None:
        end = self.end
        if end is None:
            return
        if end.length != self._position:
            raise ArchiveError(
                f"{self._where}: {self._position} bytes are in the archive, {end.length} were read from the file"
            )
        if end.sha256 is not None and not self.erased_count and end.sha256 != self.sha256:
            raise ArchiveError(
                f"{self._where}: its bytes have the SHA-256 {self.sha256}, those that were read had {end.sha256}"
            )


class _Read(Protocol):
    def __call__(self, digest: str, /) -> Iterable[bytes]: ...


def _may_be_quoted(piece: bytes) -> bool:
    """Whether there is a `From ` in a piece of a message, or the end may be the beginning of one.

    A message of which this is said of no piece is the same in every variant of mbox. Text without spaces, as all base64
    is, is not searched for more.
    """
    return bool(piece) and (piece[-1] in _MAY_BE_CUT or (b" " in piece and _FROM in piece))


class _Lines:
    """Lines, of which one can be given back."""

    __slots__ = ("_lines", "_returned")

    def __init__(self, lines: Iterable[Line | BrokenLine]) -> None:
        self._lines = iter(lines)
        self._returned: Line | BrokenLine | None = None

    def take(self) -> Line | BrokenLine | None:
        """The next line; None at the end."""
        line, self._returned = self._returned, None
        return line if line is not None else next(self._lines, None)

    def give_back(self, line: Line | BrokenLine) -> None:
        """The line is taken again next time."""
        self._returned = line


def rebuild_files(
    contents: Contents, lines: Iterable[Line | BrokenLine], label: str
) -> Iterator[RebuiltFile | FolderLine | SkippedLine | SourceEndLine | BrokenLine]:
    """The files of a snapshot in their order, each as a `RebuiltFile`, and the lines that stand between them.

    `lines` are a `SnapshotLines`, or `lines_or_damage` to go on behind damage; `label` names the source in errors.
    A file that is not iterated over is passed over without its content being read; once the next item is asked for,
    the one before is gone. Raises what `lines` raises, and `ArchiveError` for lines that belong to no file.
    """
    source = _Lines(lines)
    is_behind_damage = False
    while (line := source.take()) is not None:
        match line:
            case FileLine():
                if line.offset and not is_behind_damage:
                    raise ArchiveError(f"{label}: line {line.number} goes on with a file that has not begun")
                is_behind_damage = False
                file = RebuiltFile(contents, source, line, label)
                yield file
                try:
                    file.skip()
                except ArchiveError:
                    # Whoever reads the file is told of it; what broke off is given back, and comes next.
                    is_behind_damage = True
            case BrokenLine():
                is_behind_damage = True
                yield line
            case GapLine() | MessageLine() | FileEndLine():
                if not is_behind_damage:
                    raise ArchiveError(f"{label}: line {line.number} belongs to no file")
            case _:
                is_behind_damage = False
                yield line
