"""How the bytes of an input are read: a few that choose options and how content is cut, and the content."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")

CHOICE_BYTES = 4
"""How many bytes at the beginning of an input choose; the rest is content."""

_SIZES = ((1, 1), (1, 3), (1, 40), (1, 1000), (500, 5000), (1 << 16, 1 << 16))


class Given:
    """One input.

    The choices are spread by a generator seeded with them, so that any input means something, and the same input
    always means the same.
    """

    def __init__(self, data: bytes) -> None:
        self.content = data[CHOICE_BYTES:]
        self._random = random.Random(data[:CHOICE_BYTES])

    def choose(self, values: Sequence[Value]) -> Value:
        """One of the values."""
        return self._random.choice(values)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The same bytes, cut into pieces that are all small, all large, or of any size."""
        least, most = self._random.choice(_SIZES)
        # Pieces of a byte cost the most and find what they find in the first few thousand of them.
        if most < 100 and len(data) > 8000:
            least, most = 1, 1000
        position = 0
        while position < len(data):
            size = self._random.randint(least, most)
            yield data[position : position + size]
            position += size
