"""Which keys were never added: a bit for each of 16 million groups of keys, in 2 MiB of memory.

Most of what a run asks the catalogue for is new, and a question to SQLite takes twenty times as long.
"""

from __future__ import annotations

_BYTES_OF_KEY = 3


class KeyFilter:
    """Says of a key that it was not added, or that it may have been. Keys of some bytes that are as good as random,
    such as digests: of a million of them 6 in 100 others are taken for added."""

    __slots__ = ("_bits",)

    def __init__(self) -> None:
        self._bits = bytearray(1 << (8 * _BYTES_OF_KEY - 3))

    def add(self, key: bytes) -> None:
        """Add a key."""
        place = int.from_bytes(key[:_BYTES_OF_KEY], "little")
        self._bits[place >> 3] |= 1 << (place & 7)

    def may_have(self, key: bytes) -> bool:
        """Whether the key may have been added."""
        place = int.from_bytes(key[:_BYTES_OF_KEY], "little")
        return bool(self._bits[place >> 3] & (1 << (place & 7)))
