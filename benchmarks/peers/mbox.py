"""Takes an mbox apart into messages, for libraries that know only messages."""

from __future__ import annotations

from collections.abc import Iterator

_CHUNK = 1 << 22
_SEPARATOR = b"\n\nFrom "


def messages(path: str, chunk_bytes: int = 0) -> Iterator[bytes]:
    """The messages of an mbox, without their `From ` lines, one at a time; a file that is no mbox, whole.

    Splits at a blank line and `From `; nothing is unquoted. It is read in pieces of 4 MiB, or of `chunk_bytes`.
    """
    chunk_bytes = chunk_bytes or _CHUNK
    with open(path, "rb") as file:
        pending = file.read(chunk_bytes)
        if not pending.startswith(b"From "):
            yield pending + file.read()
            return
        start = searched = 0
        while True:
            found = pending.find(_SEPARATOR, searched)
            if found >= 0:
                yield pending[pending.index(b"\n", start) + 1 : found + 1]
                start = searched = found + 2
                continue
            searched = max(start, len(pending) - len(_SEPARATOR) + 1)
            chunk = file.read(chunk_bytes)
            if not chunk:
                yield pending[pending.index(b"\n", start) + 1 :]
                return
            pending = pending[start:] + chunk
            searched -= start
            start = 0
