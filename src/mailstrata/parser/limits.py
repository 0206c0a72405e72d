"""What a message may cost: the bounds within which the parser and the decoders work."""

from __future__ import annotations

from mailstrata.parser.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Limits(Value):
    """Bounds on what is taken apart. Over a limit nothing is lost and nothing grows.

    The bytes beyond a limit still come out, as one opaque body, and a `Defect` says which limit it was.
    All sizes are in bytes. None means no bound; every default that has no bound costs no memory.
    """

    __slots__ = (  # noqa: RUF023 - in the order in which they are shown
        "depth",
        "parts",
        "header_bytes",
        "delimiter_line_bytes",
        "message_bytes",
        "decoded_bytes",
        "defects",
        "feed_events",
    )

    depth: int
    """Open entities at one time, the root included. A deeper multipart or message stays an opaque leaf."""

    parts: int
    """Entities of one message, the root included. What comes after the last one is one opaque part."""

    header_bytes: int
    """One header block with its blank line. The fields beyond it are part of an opaque body."""

    delimiter_line_bytes: int
    """A boundary delimiter or `From ` line without its line break (RFC 5322, 2.1.1). A longer line is content."""

    message_bytes: int | None
    """One message. Beyond it no further structure is looked for until the message's end."""

    decoded_bytes: int | None
    """The decoded content of one part. Beyond it nothing more is decoded; the raw bytes still come."""

    defects: int
    """Defects kept for one entity. The last one kept is `defects-omitted`, whose span starts at the first
    that was left out."""

    feed_events: int
    """Events that one `feed` holds ready at a time: it makes the next ones as these are taken."""

    def __init__(
        self,
        *,
        depth: int = 256,
        parts: int = 10_000,
        header_bytes: int = 1 << 20,
        delimiter_line_bytes: int = 998,
        message_bytes: int | None = None,
        decoded_bytes: int | None = None,
        defects: int = 100,
        feed_events: int = 4096,
    ) -> None:
        self._set(
            depth=depth,
            parts=parts,
            header_bytes=header_bytes,
            delimiter_line_bytes=delimiter_line_bytes,
            message_bytes=message_bytes,
            decoded_bytes=decoded_bytes,
            defects=defects,
            feed_events=feed_events,
        )
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"Limits.{name} must be at least {least}, not {value}")

    def replace(self, **changes: int | None) -> Limits:
        """The same limits but for these, as `copy.replace` gives them where Python has it. Raises as `Limits` does."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return Limits(**(values | changes))

    __replace__ = replace


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
