"""Sources: files of any content under any name are mail, are passed over, or raise a SourceError."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import mailstrata
from fuzz.given import Given
from mailstrata.errors import SourceError
from mailstrata.message.reader import Reader
from mailstrata.sources.mbox_variant import detect_variant

_NAMES = ("mail", "inbox.mbox", "a.eml", "1.emlx", "a.tar", "a.zip", "a.eml.gz", "a.mbox.xz", "a.tar.zst", "a.txt")
_VARIANTS = ("mboxo", "mboxrd", "mboxcl", "mboxcl2")
_MOST_BYTES = 1 << 22


def sources(data: bytes) -> None:
    """As a file by itself, as a file of a folder, and as a stream."""
    given = Given(data)
    content = given.content
    for complete in (True, False):
        assert detect_variant(content, complete=complete, length_leads=lambda offset: offset % 2 == 0) in _VARIANTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / given.choose(_NAMES)
        file.write_bytes(content)
        _read(lambda: mailstrata.open(given.choose((file, folder))))
    _read(lambda: mailstrata.open(io.BytesIO(content)))


def _read(open_mail: Callable[[], Reader]) -> None:
    size = 0
    try:
        with open_mail() as reader:
            for message in reader:
                for piece in message.raw():
                    size += len(piece)
                    if size > _MOST_BYTES:
                        # Compressed nothing may be as long as it likes; it comes in pieces.
                        return
                assert message.end >= message.start >= 0
    except SourceError as error:
        line = str(error)
        assert line
        assert "\n" not in line
