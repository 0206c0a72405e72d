"""Writing one message of an archive for people, or one part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.cli.html_text import html_to_text
from mailstrata.cli.message_text import header_lines, part_line
from mailstrata.cli.part_flags import part_flags
from mailstrata.cli.raw_message import MOST_CANDIDATES, write_content
from mailstrata.cli.terminal import safe_line, safe_text
from mailstrata.cli.units import format_bytes
from mailstrata.errors import UsageError
from mailstrata.message.charsets import read_text
from mailstrata.message.flowed import unflow
from mailstrata.search.rendering.archived_message import archived_message

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.message.reader import Part

MOST_TEXT_BYTES = 1 << 20
"""How much of a message's text is shown, in bytes before decoding; `--part` writes all of it."""


def write_part(archive: Archive, digest: str, path: str) -> None:
    """The content of one part to standard output. Raises `UsageError` where the message has no such part."""
    with archived_message(archive, digest) as message:
        known: list[str] = []
        for part in message.parts():
            if part.path == path:
                write_content(part.raw() if part.is_container else part)
                return
            if len(known) < MOST_CANDIDATES:
                known.append(part.path)
    raise UsageError(f"message {digest} has no part {path}; its first parts are {', '.join(known)}")


def show_message(archive: Archive, path: str, digest: str) -> None:
    """The message for people. It streams by twice: for the tree, then for the text, which is chosen by the tree."""
    parts = []
    with archived_message(archive, digest) as message:
        for part in message.parts():
            for _ in part:
                pass  # its size is known when it has been read
            parts.append(part)
    flags = part_flags(archive, digest)
    lines = [part_line(part, flags.get(part.path, ())) for part in parts]
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
    with archived_message(archive, digest) as message:
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
