"""The transfer encodings that leave the bytes as they are: 7bit, 8bit and binary (RFC 2045, 6.2)."""

from __future__ import annotations

from mailstrata.parser.defects import Defect


class IdentityDecoder:
    """Returns what it is fed, the same object, whatever it holds.

    Line length and 8-bit bytes under a declared 7bit are no defect: the bytes are there, and every client shows them.
    """

    __slots__ = ("defects",)

    def __init__(self) -> None:
        self.defects: list[Defect] = []

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        return data

    def close(self) -> bytes:
        """Nothing was held back."""
        return b""
