"""mime-is-broken: each message hides the same attachment behind another trick, and says how valid that trick is.

Validity, by its author: 3 valid, 2 a conforming edge case, 1 legal but unintended, 0 off-standard. At 2 and 3 every
reader has to find the attachment; at 1 and 0 readers disagree, and the table says on which side we stand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.suites.case import Case
from tests.conformance.suites.entities import ReadMessage, only_message

NAME = "mime-is-broken"
TITLE = "mime-is-broken: hidden attachments and file names, by validity level"
_ID = re.compile(rb"^X-Payload-Id: (\S+)\s+valid\((\d)\)", re.MULTILINE)
# The hidden attachment, a zip that holds the EICAR test string: its size in bytes and its SHA-256.
_ZIP_BYTES = 186
_ZIP_DIGEST = "2c7a24e14b230cfb2a57d7a01e285747f3db143a8092e19486b198028478b6af"
_ZIP_START = b"PK\x03\x04"


def find_attachment(message: ReadMessage) -> Iterator[str]:
    """What keeps a reader of our parts from the hidden attachment; nothing if one of them is that attachment."""
    is_inside = False
    for part in message.parts:
        start = part.content.find(_ZIP_START)
        if start >= 0 and _digest(part.content[start : start + _ZIP_BYTES]) == _ZIP_DIGEST:
            if len(part.content) == _ZIP_BYTES:
                return
            is_inside = True
    yield "attachment with other bytes around it" if is_inside else "attachment not found"


def find_name(message: ReadMessage, identifier: str) -> Iterator[str]:
    """Whether the last part's file name says that it is a zip. The controls that end in `.png` hide nothing."""
    expected = ".png" if identifier.endswith(".png") else ".zip"
    filename = message.parts[-1].json["filename"]
    if filename is None or not filename.endswith(expected):
        yield "another file name"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def cases(corpora: Path) -> Iterator[Case]:
    """All messages: first those that hide content, then those that hide a file name."""
    folder = corpora / "conformance" / "mime-is-broken"
    for name in ("hide-content.d/new", "hide-filename.d/cur"):
        for path in sorted((folder / name).iterdir()):
            mail = path.read_bytes()
            match = _ID.search(mail)
            assert match is not None
            identifier = match[1].decode()
            message = only_message(mail)
            is_content = name.startswith("hide-content")
            found = find_attachment(message) if is_content else find_name(message, identifier)
            group = f"{'content' if is_content else 'file name'}, validity {match[2].decode()}"
            yield Case(identifier, tuple(found), group)
