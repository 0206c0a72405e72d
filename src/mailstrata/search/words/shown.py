"""What the full-text index keeps of a message to show it in a list of hits, so that no table is read for that."""

from __future__ import annotations

import json
from typing import NamedTuple

_LONGEST = 1000
"""Characters of a header field that are kept."""


class Shown(NamedTuple):
    """A message in a list: `date` is in microseconds since 1970 (UTC), None where there is none; the header fields are
    decoded text, at most 1,000 characters of each."""

    sha256: str
    message_id: str | None
    date: int | None
    from_: str | None
    to: str | None
    subject: str | None
    size: int
    has_attachment: bool
    has_named_parts: bool
    """Whether a part has a name, or a text beside that of the body, in which words may be found."""


def pack_shown(shown: Shown) -> bytes:
    """As bytes; header fields are cut."""
    cut = [value[:_LONGEST] if isinstance(value, str) else value for value in shown]
    return json.dumps(cut, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def unpack_shown(packed: bytes) -> Shown:
    """The inverse."""
    return Shown(*json.loads(packed))
