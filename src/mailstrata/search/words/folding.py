"""How text becomes words: one function for what is indexed and for what is asked.

A word is a run of letters, digits and marks, as a person reads them: compatibility forms are undone (Unicode NFKD),
combining marks and what has no shape of its own (soft hyphens, joiners) are dropped, case is folded. Everything else
separates words. In scripts that are written without spaces between words each character is a word, so that a term of
several characters is found as words that follow one another.

What comes out is text again, words with one space or more around each: that is what the full-text index splits, in
compiled code. Time goes to translating tables of the standard library, which run in C; Python is called once for a run
of characters beyond ASCII that was not seen lately, and once for each distinct character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST_WORD = 4096
"""Characters of a word at most; what is longer is cut into words of so many that follow one another (the full-text
index leaves out what has more than 64 KiB)."""

_LONGEST_KEPT = 32
_RUNS_KEPT = 1 << 16
_CHARACTERS_KEPT = 1 << 15

_ASCII = bytes(
    code if code >= 0x80 or chr(code) in "0123456789abcdefghijklmnopqrstuvwxyz" else ord(chr(code).lower())
    if chr(code).isalpha() else 0x20
    for code in range(256)
)  # fmt: skip
_BEYOND_ASCII = re.compile("[^\x00-\x7f]+")
_TOO_LONG = re.compile(f"[^ ]{{{LONGEST_WORD}}}(?=[^ ])")
_MAY_BE_TOO_LONG = re.compile(f" [^ ]{{{LONGEST_WORD + 1}}}")

# Scripts without spaces between words (docs/finding.md): code points of letters and marks, as Unicode's blocks have
# them.
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x19E0, 0x19FF),  # Khmer symbols
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, ideographic zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x303C),  # kana repeat marks, more Hangzhou numerals, masu mark
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK
    (0xA9E0, 0xA9FF),  # Myanmar extended B
    (0xAA60, 0xAA7F),  # Myanmar extended A
    (0xF900, 0xFAFF),  # CJK compatibility
    (0x1AFF0, 0x1B16F),  # Kana supplements
    (0x20000, 0x3FFFF),  # CJK extensions
)


def words_text(text: str) -> str:
    """The words of a text in their order, with spaces around them; nothing but spaces where it has none.

    Linear in the text, whatever that is; lone surrogates separate words.
    """
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_folded_run, text)
    folded = text.encode().translate(_ASCII).decode()
    if len(folded) > LONGEST_WORD and _MAY_BE_TOO_LONG.search(f" {folded}"):
        folded = _TOO_LONG.sub(r"\g<0> ", folded)
    return folded


def words_of(text: str) -> list[str]:
    """The words of a text in their order."""
    return words_text(text).split()


def _folded_run(run: re.Match[str]) -> str:
    text = run[0]
    return _kept_run(text) if len(text) <= _LONGEST_KEPT else text.translate(_CHARACTERS)


@lru_cache(_RUNS_KEPT)
def _kept_run(text: str) -> str:
    return text.translate(_CHARACTERS)


class _Characters(dict[int, str]):
    """From a code point to what stands for it; each is worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _CHARACTERS_KEPT:
            self.clear()
        self[code] = folded = "".join(map(_piece, _decomposed(chr(code))))
        return folded


_CHARACTERS = _Characters()


def _decomposed(character: str) -> str:
    # Folding may bring what is decomposed again: twice is enough for all of Unicode.
    for _ in range(2):
        character = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return character


def _piece(character: str) -> str:
    category = unicodedata.category(character)
    if unicodedata.combining(character) or category == "Cf":
        return ""
    if category[0] not in "LNM":
        return " "
    code = ord(character)
    if any(first <= code <= last for first, last in _WITHOUT_SPACES):
        return f" {character} "
    return character
