"""Bytes as text that can stand in a quoted parameter, and when a recipe is too long."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mailstrata.stripping.layout_text import TEXT, from_text, is_mostly_patches, to_text


@given(st.binary())
def test_text_round_trip(data: bytes) -> None:
    """All bytes come back; the text is printable ASCII without quotation mark, backslash and space."""
    text = to_text(data)
    assert from_text(text) == data
    assert re.fullmatch(TEXT, text)
    assert all("!" <= character <= "~" and character not in '"\\' for character in text)


def test_text_is_short() -> None:
    """Printable characters stand for themselves."""
    assert to_text(b"list@example.org -_~'=+/:*") == "list@example.org%20-_~'=+/:*"
    assert to_text(b'%"\\\r\n\xff') == "%25%22%5C%0D%0A%FF"


def test_mostly_patches() -> None:
    """More than an eighth of the body is too much, but 64 characters never are."""
    assert not is_mostly_patches(64, 0)
    assert is_mostly_patches(65, 519)
    assert not is_mostly_patches(65, 520)
