"""Reading attachments back out of their folder, each checked against the digest that is its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from mailstrata.errors import StrippedMailError
from mailstrata.stripped.attachments import place_of
from mailstrata.stripped.files import show

_CHUNK = 1 << 20


def read_attachment(directory: Path, sha256: str) -> Iterator[bytes]:
    """The content of that digest, in pieces of at most 1 MiB.

    Raises `StrippedMailError`, which names the file, where it is missing or cannot be read, and after the last piece
    where its content has another digest.
    """
    path = directory / place_of(sha256)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                digest.update(data)
                yield data
    except FileNotFoundError as error:
        raise StrippedMailError(
            f"the attachment {show(path)} is missing; bring it back, or name the folder it is in"
        ) from error
    except OSError as error:
        raise StrippedMailError(f"the attachment {show(path)} cannot be read: {error.strerror}") from error
    if digest.hexdigest() != sha256:
        raise StrippedMailError(f"the attachment {show(path)} is damaged; bring it back from a copy")
