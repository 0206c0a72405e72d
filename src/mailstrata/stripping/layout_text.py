"""The words of recipes: numbers, and bytes as text that can stand in a quoted header parameter."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from mailstrata.errors import StrippedMailError

MAX_RECIPE = 16 << 10
"""The longest recipe, in characters."""

MIN_PATCHED_RECIPE = 64
"""A recipe of up to this many characters is never too long for its body."""

RAW_BYTES_PER_CHARACTER = 8
"""A recipe with more than one character for so many bytes of the body is mostly patches."""

NUMBER = r"[1-9][0-9]{0,17}"
"""A number that counts something; 18 digits are more than any file has bytes, and cheap to read."""

TEXT = r"(?:[!#$&-\[\]-~]|%[0-9A-F]{2})*"
"""Bytes as text: printable ASCII but for `"`, `%` and `\\`, and all else as `%` and two hexadecimal digits."""

_AS_THEMSELVES = "".join(character for character in map(chr, range(0x21, 0x7F)) if character not in '"%\\')
_IS_TEXT = re.compile(TEXT)


def to_text(data: bytes) -> str:
    """Bytes as `TEXT`; up to three times as long."""
    return quote_from_bytes(data, safe=_AS_THEMSELVES)


def from_text(text: str) -> bytes:
    """The bytes that `to_text` was given. `text` must be `TEXT`."""
    assert _IS_TEXT.fullmatch(text)
    return unquote_to_bytes(text)


def is_mostly_patches(recipe_length: int, raw_size: int) -> bool:
    """Whether a recipe (characters) says too much about its encoded body (bytes) to be worth it."""
    return recipe_length > max(MIN_PATCHED_RECIPE, raw_size // RAW_BYTES_PER_CHARACTER)


def bad_recipe(recipe: str, reason: str) -> StrippedMailError:
    """The exception for a recipe that cannot be followed; says its beginning."""
    start = recipe if len(recipe) <= 60 else recipe[:60] + "..."
    return StrippedMailError(f"not a recipe: {reason} in {start!a}; the placeholder is damaged, or of a newer version")


def short_content() -> StrippedMailError:
    """The exception for content that ends before its recipe does."""
    return StrippedMailError("the content is shorter than the recipe says; is it the blob that the placeholder names?")


def long_content() -> StrippedMailError:
    """The exception for content that goes on where its recipe has ended."""
    return StrippedMailError("the content is longer than the recipe says; is it the blob that the placeholder names?")
