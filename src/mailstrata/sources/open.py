"""`mailstrata.open`: from whatever holds mail to an iterator over its messages."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator

from mailstrata.errors import SourceError, UsageError
from mailstrata.message.origin import Failure, FolderInfo, MboxVariant, SkippedFile, Source, SourceInfo
from mailstrata.message.reader import Reader, ReaderMode
from mailstrata.sources.chunks import CHUNK_BYTES
from mailstrata.sources.discover import find_sources
from mailstrata.sources.files import read_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, TypeAlias

    from mailstrata.message.origin import SourceFile
    from mailstrata.parser.limits import Limits
    from mailstrata.parser.machine import Profile
    from mailstrata.sources.stdin import StreamSource

Mail: TypeAlias = "str | os.PathLike[str] | os.PathLike[bytes] | bytes | bytearray | memoryview | IO[bytes]"


def open(  # noqa: A001 - `mailstrata.open`, like `gzip.open`
    mail: Mail,
    *,
    mode: ReaderMode = "full",
    limits: Limits | None = None,
    profile: Profile = "default",
    offset: int = 0,
    digests: bool = True,
    mbox_variant: MboxVariant | None = None,
    on_error: Callable[[SourceError], None] | None = None,
) -> Reader:
    """Iterate over the messages of a mailbox as they stream by.

    `mail` is a path (an mbox, a Maildir, an .eml file, a folder of any of these, a tar or zip, compressed or not, `-`
    for standard input), or the mail itself as bytes or as a binary file object. What is handed over as bytes or object
    is a message if it is nothing else.

    `mode="headers"` gives messages without parts, at scanning speed. `offset` is where to begin in the
    (decompressed) bytes: at a message's `start`, or where an error said to go on. With `digests=False` nothing
    is hashed. `mbox_variant` says what an mbox is, instead of letting its content tell. `limits` and `profile` are
    those of `mailstrata.Parser`.

    Raises `SourceError`, at once or while iterating, where something cannot be read; its `offset` says from where a
    later call may go on. With `on_error`, it is called with the error of each file that cannot be opened, and the
    others are read. Malformed mail never raises; see `Message.defects` and `Part.defects`.
    """
    if offset < 0:
        raise UsageError(f"offset must not be negative, but is {offset}")
    if isinstance(mail, (bytes, bytearray, memoryview)):
        data = bytes(mail)
        sources: Iterator[Source | Failure] = iter([_object_source("bytes", lambda: _slices(data), mbox_variant)])
    elif isinstance(mail, (str, os.PathLike)):
        sources = find_sources([mail], mbox_variant=mbox_variant)
    elif callable(getattr(mail, "read", None)):
        stream = mail
        name = getattr(stream, "name", None)
        label = name if isinstance(name, str) else "file object"
        sources = iter([_object_source(label, lambda: _read(stream, label), mbox_variant)])
    else:
        raise UsageError(f"open takes a path, bytes or a binary file object, not {type(mail).__name__}")
    files = _files(sources, on_error)
    return Reader(files, mode=mode, limits=limits, profile=profile, offset=offset, digests=digests)


def _object_source(
    label: str, chunks: Callable[[], Generator[bytes, None, None]], variant: MboxVariant | None
) -> StreamSource:
    from mailstrata.sources.stdin import StreamSource  # noqa: PLC0415

    return StreamSource(SourceInfo(label, b"-", "stdin"), chunks, variant=variant, any_content=True)


def _files(
    sources: Iterator[Source | Failure], on_error: Callable[[SourceError], None] | None
) -> Generator[tuple[SourceInfo, SourceFile], None, None]:
    def report(error: SourceError) -> None:
        if on_error is None:
            raise error
        on_error(error)

    for source in sources:
        if isinstance(source, Failure):
            report(source.error)
            continue
        for file in source.files():
            if isinstance(file, FolderInfo):
                continue
            if not isinstance(file, SkippedFile):
                yield source.info, file
            elif file.is_error:
                name = file.name.decode("utf-8", "replace")
                report(SourceError(f"{source.info.label}: {name}: {file.reason}"))


def _slices(data: bytes) -> Generator[bytes, None, None]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def _read(stream: IO[bytes], label: str) -> Generator[bytes, None, None]:
    offset = 0
    while True:
        try:
            data: bytes | str = stream.read(CHUNK_BYTES)
        except OSError as error:
            raise read_error(label, error, offset) from error
        if isinstance(data, str):
            raise UsageError(f"{label} is open as text; open it in binary mode ('rb')")
        if not data:
            return
        offset += len(data)
        yield data
