"""Words that are distributed like words: a made-up vocabulary, drawn from by Zipf's law.

Real text repeats its frequent words and keeps bringing rare ones, and that is what compression and indexing
depend on. Drawing is by table look-up, not by `random.choices`: a benchmark of gigabytes needs it fast.
"""

from __future__ import annotations

import random
import struct
from functools import cache

_SLOTS = 1 << 16
_VOCABULARY = 20_000
_ONSETS = (*"bcdfghklmnprstvw", *"bdfghklmnprstw", "br", "ch", "cl", "pr", "sh", "st", "th", "tr")
_NUCLEI = (*"aaeeeiioou", "ea", "ou")
_CODAS = ("", "", *"dlmnnrrsstt", "nd", "st")


class Text:
    """Draws words, lines and bodies from its own seeded source of randomness."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self._table = _table()

    def words(self, count: int) -> list[str]:
        """So many words, some with a comma or a full stop."""
        table = self._table
        return [table[slot] for slot in struct.unpack(f"<{count}H", self.random.randbytes(2 * count))]

    def body(self, size: int) -> str:
        """Lines of eleven words in paragraphs of six lines, about `size` characters."""
        words = self.words(max(1, size * 10 // 57))
        lines = [" ".join(words[start : start + 11]) for start in range(0, len(words), 11)]
        paragraphs = ["\n".join(lines[start : start + 6]) for start in range(0, len(lines), 6)]
        return "\n\n".join(paragraphs) + "\n"

    def phrase(self, count: int) -> str:
        """So many words without punctuation, the first one capitalized."""
        return " ".join(word.strip(",.") for word in self.words(count)).capitalize()


@cache
def _table() -> list[str]:
    """65,536 slots, of which each word has as many as Zipf's law gives it; some carry punctuation."""
    source = random.Random("vocabulary")
    vocabulary: dict[str, None] = {}
    while len(vocabulary) < _VOCABULARY:
        rank = len(vocabulary)
        # Frequent words are short, rare ones long.
        syllables = 1 if rank < 150 else source.choice((1, 2, 2)) if rank < 2000 else source.choice((2, 3, 3, 4))
        word = "".join(source.choice(_ONSETS) + source.choice(_NUCLEI) for _ in range(syllables))
        vocabulary[word + source.choice(_CODAS)] = None
    harmonic = sum(1 / (rank + 2) for rank in range(_VOCABULARY))
    table: list[str] = []
    for rank, word in enumerate(vocabulary):
        slots = max(1, round(_SLOTS / harmonic / (rank + 2)))
        table += [word + ("." if slot % 17 == 16 else "," if slot % 13 == 12 else "") for slot in range(slots)]
        if len(table) >= _SLOTS:
            break
    return table[:_SLOTS]
