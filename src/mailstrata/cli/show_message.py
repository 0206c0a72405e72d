"""Finding one message in an archive, and writing it: readable, raw, or one part of it."""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.cli.html_text import html_to_text
from mailstrata.cli.message_text import header_lines, part_line
from mailstrata.cli.terminal import safe_line, safe_text
from mailstrata.cli.units import format_bytes
from mailstrata.errors import UsageError
from mailstrata.message.charsets import read_text
from mailstrata.message.flowed import unflow
from mailstrata.message.origin import FileInfo, Region, SourceInfo
from mailstrata.message.reader import Message, Part, Reader

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.message.origin import LengthCheck

MOST_TEXT_BYTES = 1 << 20
"""How much of a message's text is shown, in bytes before decoding; `--part` writes all of it."""

_MOST_CANDIDATES = 10


def find_message(archive: Archive, path: str, identifier: str) -> str:
    """The digest of the one message that is meant. Raises `UsageError` where there is none, or more than one."""
    found = list(archive.find_messages(identifier))
    if len(found) == 1:
        return found[0]
    if archive.erased(identifier.strip()) is not None:
        # Reading it says that it was erased, and why.
        return identifier.strip().lower()
    if not found:
        raise UsageError(
            f"no message {identifier} in {path}; name one by its Message-ID, or by at least four characters of its "
            "SHA-256 (mailstrata sql lists both)"
        )
    candidates = ", ".join(found[:_MOST_CANDIDATES])
    more = " ..." if len(found) > _MOST_CANDIDATES else ""
    raise UsageError(f"{identifier} stands for {len(found)} messages; name one of {candidates}{more}")


class _ArchivedFile:
    """A message of an archive, as a file that the reader takes for one message whatever its first line is."""

    def __init__(self, archive: Archive, digest: str) -> None:
        self._archive = archive
        self._digest = digest
        self.info = FileInfo()
        self.length_check: LengthCheck | None = None
        self.can_start = False

    def prefix_digest(self, length: int, at: int) -> None:
        """None: this is no file on disk."""

    def regions(self, start: int = 0) -> Generator[Region, None, None]:  # noqa: ARG002
        """The message is all there is."""
        yield Region("message", iter(self._archive.read_message(self._digest)))


@contextmanager
def _opened(archive: Archive, digest: str) -> Iterator[Message]:
    source = SourceInfo(label=digest, path=digest.encode(), kind="eml")
    with Reader([(source, _ArchivedFile(archive, digest))], digests=False) as reader:
        yield next(reader)


def write_raw(archive: Archive, digest: str) -> None:
    """The message's bytes to standard output."""
    write_content(archive.read_message(digest))


def write_part(archive: Archive, digest: str, path: str) -> None:
    """The content of one part to standard output. Raises `UsageError` where the message has no such part."""
    with _opened(archive, digest) as message:
        known: list[str] = []
        for part in message.parts():
            if part.path == path:
                write_content(part.raw() if part.is_container else part)
                return
            if len(known) < _MOST_CANDIDATES:
                known.append(part.path)
    raise UsageError(f"message {digest} has no part {path}; its first parts are {', '.join(known)}")


def write_content(chunks: Iterable[bytes]) -> None:
    """Bytes to standard output: as they are, or on a terminal as safe text, as far as they are UTF-8."""
    if not output.is_terminal():
        for chunk in chunks:
            output.write_bytes(chunk)
        return
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    held = ""
    for chunk in chunks:
        text = held + decoder.decode(chunk)
        # The line break of a CR at the end may be in the next chunk.
        held = "\r" if text.endswith("\r") else ""
        output.write(safe_text(text.removesuffix("\r")))
    output.write(safe_text(held + decoder.decode(b"", final=True)))


def show_message(archive: Archive, path: str, digest: str) -> None:
    """The message for people. It streams by twice: for the tree, then for the text, which is chosen by the tree."""
    parts = []
    with _opened(archive, digest) as message:
        for part in message.parts():
            for _ in part:
                pass  # its size is known when it has been read
            parts.append(part)
    lines = map(part_line, parts)
    texts = [(part.content_type, part.path) for part in parts if _is_text(part)]
    output.write_line(f"{'message':10}  {digest}  {format_bytes(message.size or 0)}  in {safe_line(path)}")
    for line in [*header_lines(message), "", *lines]:
        output.write_line(line)
    if texts:
        output.write_line()
        # Plain text before HTML; of several the first, which is the one that people wrote.
        chosen = min(texts, key=lambda text: text[0] != "text/plain")[1]
        _write_text(archive, digest, chosen)


def _is_text(part: Part) -> bool:
    return part.content_type in ("text/plain", "text/html") and not part.is_container and not part.is_attachment


def _write_text(archive: Archive, digest: str, path: str) -> None:
    with _opened(archive, digest) as message:
        for part in message.parts():
            if part.path == path:
                text, is_whole = _text_of(part)
                output.write(safe_text(text))
                if text and not text.endswith("\n"):
                    output.write_line()
                if not is_whole:
                    shown = format_bytes(MOST_TEXT_BYTES)
                    output.note(f"shown are the first {shown} of the text; --part {path} writes all of it")
                return


def _text_of(part: Part) -> tuple[str, bool]:
    """The text of a part, and whether it is all of it."""
    kept: list[bytes] = []
    size = 0
    for chunk in part:
        if size < MOST_TEXT_BYTES:
            kept.append(chunk)
        size += len(chunk)
    read = read_text(b"".join(kept)[:MOST_TEXT_BYTES], part.charset)
    if read.is_guessed:
        output.note(f"the charset of part {part.path} was guessed: {read.codec.replace('_', '-')}")
    text = read.text
    if part.content_type == "text/html":
        text = html_to_text(text)
    elif part.type_parameters.get("format", "").lower() == "flowed":
        text = unflow(text, part.type_parameters.get("delsp", "").lower() == "yes")
    return text, size <= MOST_TEXT_BYTES
