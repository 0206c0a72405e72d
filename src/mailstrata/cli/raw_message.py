"""Finding one message in an archive, and writing bytes: what needs no look into the message."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.cli.terminal import safe_text
from mailstrata.errors import UsageError

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive

MOST_CANDIDATES = 10
"""Messages or parts that an error names where none or several were meant."""


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
    candidates = ", ".join(found[:MOST_CANDIDATES])
    more = " ..." if len(found) > MOST_CANDIDATES else ""
    raise UsageError(f"{identifier} stands for {len(found)} messages; name one of {candidates}{more}")


def write_raw(archive: Archive, digest: str) -> None:
    """The message's bytes to standard output."""
    write_content(archive.read_message(digest))


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
