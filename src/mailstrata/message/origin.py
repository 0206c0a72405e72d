"""Where a message comes from: sources, the files in them, and the regions of a file.

These are the types that pass between `sources`, which make them, and the pipeline in `sinks`, which reads them;
neither imports the other.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from mailstrata.errors import SourceError
from mailstrata.parser.value import Record, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import _Hash
    from typing import Literal, Protocol, TypeAlias
else:
    Protocol = object

SourceKind: TypeAlias = "Literal['mbox', 'maildir', 'eml', 'eml-tree', 'apple-mail', 'tar', 'zip', 'stdin']"
RegionKind: TypeAlias = "Literal['gap', 'message', 'mbox']"
MboxVariant: TypeAlias = "Literal['mboxo', 'mboxrd', 'mboxcl', 'mboxcl2']"


class SourceInfo(Value):
    """A source: one mbox, one Maildir, one tree of messages, one tar or zip.

    `label` is what people see (text, U+FFFD for what cannot be decoded); `path` is the absolute path as bytes,
    which names the source in an archive (`-` for standard input).
    """

    __slots__ = ("label", "path", "kind")  # noqa: RUF023 - in the order in which they are shown
    label: str
    path: bytes
    kind: SourceKind

    def __init__(self, label: str, path: bytes, kind: SourceKind) -> None:
        self._set(label=label, path=path, kind=kind)


class FileInfo(Value):
    """One file of a source, or one member of a container.

    `name` is the path below the source's own path as bytes, with `/` between its pieces; empty where the source is
    itself that file. `folder` is the mail folder as people know it (`INBOX`, `Work/2024`), empty where there is
    none. `flags` are Maildir flags (`FS`), sorted. `mode` and `mtime_ns` are those of the file or member (None
    where there are none), `size` its size in bytes on disk (None where it is not known beforehand).
    `compression` is what was undone to read it. `quoting` is the variant of an mbox, None for other files:
    `mboxo` and `mboxrd` (and `mboxcl`, quoted like mboxrd) have quoting to undo, `mboxcl2` has none.
    """

    __slots__ = ("name", "folder", "flags", "mode", "mtime_ns", "size", "compression", "quoting")  # noqa: RUF023
    name: bytes
    folder: str
    flags: str
    mode: int | None
    mtime_ns: int | None
    size: int | None
    compression: Literal["gzip", "bzip2", "xz", "zstd"] | None
    quoting: MboxVariant | None

    def __init__(
        self,
        name: bytes = b"",
        folder: str = "",
        flags: str = "",
        mode: int | None = None,
        mtime_ns: int | None = None,
        size: int | None = None,
        compression: Literal["gzip", "bzip2", "xz", "zstd"] | None = None,
        quoting: MboxVariant | None = None,
    ) -> None:
        self._set(
            name=name,
            folder=folder,
            flags=flags,
            mode=mode,
            mtime_ns=mtime_ns,
            size=size,
            compression=compression,
            quoting=quoting,
        )


class FolderInfo(Value):
    """A folder of a source, whether anything is in it or not.

    `name` is its path below the source's own path as bytes, without a `/` at the end, as it stands in a container;
    empty for the folder that the source itself is. `mode` are its permissions, with setuid, setgid and the sticky bit,
    `mtime_ns` is the time of its last change in nanoseconds since 1970 (None where a container says nothing of them).
    """

    __slots__ = ("name", "mode", "mtime_ns")  # noqa: RUF023
    name: bytes
    mode: int | None
    mtime_ns: int | None

    def __init__(self, name: bytes, mode: int | None = None, mtime_ns: int | None = None) -> None:
        self._set(name=name, mode=mode, mtime_ns=mtime_ns)


class Region(Record):
    """A stretch of a file: what it holds, and its bytes.

    `chunks` must be read to its end before the next region is taken. Regions tile the (decompressed) file. A
    `gap` belongs to no message (the byte count and the property list of an .emlx file).
    """

    __slots__ = ("kind", "chunks")  # noqa: RUF023

    def __init__(self, kind: RegionKind, chunks: Iterator[bytes]) -> None:
        self.kind = kind
        self.chunks = chunks


class LengthCheck(Protocol):
    """Says whether at a (decompressed) offset of an mbox, blank lines aside, a `From ` line or the end stands.

    The parser asks it where a Content-Length contradicts a `From ` line. False where it cannot be told.
    """

    def __call__(self, offset: int) -> bool: ...


class PrefixDigest:
    """SHA-256 of the beginning of a file: the object fed with the bytes before some offset, to go on with, and the
    hexadecimal digest of the whole beginning."""

    __slots__ = ("at", "sha256")

    def __init__(self, at: _Hash, sha256: str) -> None:
        self.at = at
        self.sha256 = sha256


class SourceFile(Protocol):
    """A file that can be opened for reading."""

    @property
    def info(self) -> FileInfo: ...

    @property
    def length_check(self) -> LengthCheck | None:
        """For an mbox that carries Content-Length fields and can be looked into; else None."""

    @property
    def can_start(self) -> bool:
        """Whether `regions` can begin at any offset: an uncompressed mbox on disk."""

    def regions(self, start: int = 0) -> Generator[Region, None, None]:
        """Open the file and go through it once; it is closed when the iterator ends or is closed.

        With `start`, only where `can_start`, the first chunk begins at that byte. Raises `SourceError` (also while
        chunks are read) where the file cannot be read, or not to its end; what came before has been delivered,
        and the error's `offset` says how far that is. `SourceChangedError` comes after the last byte: the file
        changed while it was read.
        """

    def prefix_digest(self, length: int, at: int) -> PrefixDigest | None:
        """The SHA-256 of the file's first `length` bytes, and the state of the digest at byte `at` (at most `length`).

        Reads these bytes once. None where the file is shorter, changes meanwhile, or is no plain file on disk.
        Raises `SourceError` where it cannot be read.
        """


class Source(Protocol):
    """A source, open for one pass over its files."""

    @property
    def info(self) -> SourceInfo: ...

    @property
    def size(self) -> int | None:
        """Bytes on disk that a pass will read, for progress; None where that is not known beforehand."""

    @property
    def stamp(self) -> tuple[int, int] | None:
        """Size in bytes and time of the last change (nanoseconds since 1970, UTC) of the one file on disk that the
        source is; None for folders and streams, and where it cannot be told."""

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The files in a fixed order (sorted by name as bytes; members of a container as they stand in it).

        A file must be read before the next one is taken. What is no mail, or cannot be read, comes as a `SkippedFile`.
        The folders that the source is made of come as well, on disk each before what lies in it.
        Raises `SourceError` where the source as a whole cannot be read on.
        """


class SkippedFile(Value):
    """A file that was passed over. `is_error` tells one that ought to have been read (no permission) from one
    that is simply no mail (a picture in the same folder). `reason` is a line for people."""

    __slots__ = ("name", "reason", "is_error")  # noqa: RUF023
    name: bytes
    reason: str
    is_error: bool

    def __init__(self, name: bytes, reason: str, is_error: bool = False) -> None:
        self._set(name=name, reason=reason, is_error=is_error)


class Failure(Record):
    """A source, or a file in it, that was not read to its end."""

    __slots__ = ("label", "error", "name")  # noqa: RUF023

    def __init__(self, label: str, error: SourceError, name: bytes = b"") -> None:
        self.label = label
        self.error = error
        self.name = name
