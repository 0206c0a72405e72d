"""What a message may cost: the bounds within which the parser and the decoders work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what is taken apart. Over a limit nothing is lost and nothing grows.

    The bytes beyond a limit still come out, as one opaque body, and a `Defect` says which limit it was.
    All sizes are in bytes. None means no bound; every default that has no bound costs no memory.
    """

    depth: int = 256
    """Open entities at one time, the root included. A deeper multipart or message stays an opaque leaf."""

    parts: int = 10_000
    """Entities of one message, the root included. What comes after the last one is one opaque part."""

    header_bytes: int = 1 << 20
    """One header block with its blank line. The fields beyond it are part of an opaque body."""

    delimiter_line_bytes: int = 998
    """A boundary delimiter or `From ` line without its line break (RFC 5322, 2.1.1). A longer line is content."""

    message_bytes: int | None = None
    """One message. Beyond it no further structure is looked for until the message's end."""

    decoded_bytes: int | None = None
    """The decoded content of one part. Beyond it nothing more is decoded; the raw bytes still come."""

    defects: int = 100
    """Defects kept for one entity. The last one kept is `defects-omitted`, whose span starts at the first
    that was left out."""

    feed_events: int = 4096
    """Events that one `feed` holds ready at a time: it makes the next ones as these are taken."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"Limits.{name} must be at least {least}, not {value}")


_LEAST = {
    "depth": 1,
    "parts": 1,
    "header_bytes": 1,
    "delimiter_line_bytes": 76,
    "message_bytes": 1,
    "decoded_bytes": 0,
    "defects": 1,
    "feed_events": 1,
}
