"""The text of one displayed part, from its content: charset, format=flowed, line breaks."""

from __future__ import annotations

from mailstrata.message.charsets import decode
from mailstrata.message.flowed import unflow
from mailstrata.message.headers import Headers
from mailstrata.message.parameters import parse_parameters


def plain_text(content: bytes, charset: str | None, header: bytes = b"") -> str:
    """The text of text/plain, with LF as line break. `header` is the part's header block, which says whether the
    text is format=flowed (RFC 3676)."""
    text = decode(content, charset)
    if b"lowed" in header or b"LOWED" in header:
        value = Headers(header, 0).raw("Content-Type")
        parameters = parse_parameters(value)[1] if value else {}
        if parameters.get("format", "").lower() == "flowed":
            text = unflow(text, parameters.get("delsp", "").lower() == "yes")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text
