"""Text of a message that was sent as a file (.eml). Runs in the worker process.

Its subject and addresses, then what it displays; what it carries is named, not opened.
"""

from __future__ import annotations

import io

import mailstrata
from mailstrata.message.charsets import decode
from mailstrata.search.texts.limits import BODY_BYTES
from mailstrata.search.texts.rows import Extracted
from mailstrata.search.texts.worker.html import html_to_text

_LONGEST_FIELD = 4096
_MOST_PARTS = 1000


def message_text(content: bytes) -> Extracted:
    """The text of an embedded message. Raises ImportError without selectolax, where it shows HTML."""
    name = f"mailstrata {mailstrata.__version__}"
    pieces: list[str] = []
    left = BODY_BYTES
    is_cut = False
    with mailstrata.open(io.BytesIO(content)) as messages:
        for message in messages:
            for label, value in (
                *(("Subject", message.subject), ("From", message.from_), ("To", message.to), ("Cc", message.cc)),
                ("Date", None if message.date is None else message.date.isoformat(" ")),
            ):
                if value:
                    pieces.append(f"{label}: {value[:_LONGEST_FIELD]}")
            pieces.append("")
            texts: list[tuple[str, str]] = []
            names: list[str] = []
            for number, part in enumerate(message.parts()):
                if number >= _MOST_PARTS or left <= 0:
                    is_cut = True
                    break
                if part.is_container:
                    continue
                if part.is_attachment:
                    if part.filename:
                        names.append(part.filename[:_LONGEST_FIELD])
                    continue
                if part.content_type not in ("text/plain", "text/html"):
                    continue
                kept = bytearray()
                for chunk in part:
                    kept += chunk
                    if len(kept) >= left:
                        is_cut = True
                        break
                text = decode(bytes(kept[:left]), part.charset)
                left -= len(kept)
                texts.append((part.content_type, text))
            has_plain = any(kind == "text/plain" and text.strip() for kind, text in texts)
            for kind, text in texts:
                if kind == "text/plain":
                    pieces.append(text)
                elif not has_plain:
                    pieces.extend(html_to_text(text))
            pieces += names
            break
    text = "\n".join(pieces).replace("\r\n", "\n")
    if is_cut:
        return Extracted(text, "truncated", "only the first part of the message is kept", name)
    return Extracted(text, "ok", None, name)
