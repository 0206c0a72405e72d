"""What stands beside what in a frame: like compresses well beside like."""

from __future__ import annotations

import re

from mailstrata.index.field_columns import NAME_LIMIT, text
from mailstrata.message.encoded_words import decode_text

_REPLY = re.compile(r"(?:\s*(?:re|aw|sv|vs|antw|fwd?|wg)\s*(?:\[\d+\])?\s*:|\s*\[[^\]]{1,40}\])+\s*", re.IGNORECASE)
_MOST_OF_SUBJECT = 80


def order_of_blob(sniffed_type: str | None, content_type: str, filename: str | None) -> bytes:
    """What blobs are sorted by before they share a frame: what is alike in type and name compresses well."""
    kind = sniffed_type or text(content_type, NAME_LIMIT)
    return f"{kind} {text(filename, NAME_LIMIT) or ''}".encode()


def grouping_key(subject: bytes | None) -> bytes:
    """What messages are sorted by before they share a frame, from the raw value of their subject: those of a
    conversation quote each other."""
    if subject is None:
        return b""
    decoded = decode_text(subject)[:1000]
    if ":" in decoded or "[" in decoded:
        decoded = _REPLY.sub("", decoded, count=1)
    return decoded[:_MOST_OF_SUBJECT].casefold().encode("utf-8", "replace")
