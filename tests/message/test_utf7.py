"""UTF-7, piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.utf7 import Utf7Decoder


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a+-b", "a+b"),
        (b"Hi +2D3eAA-!", "Hi \U0001f600!"),
        (b"+AOQ b", "ä b"),
        (b"+AOQ-b+AOQ", "äbä"),
        (b"+AOQ--", "ä-"),
        (b"+2AA-x", "\ufffdx"),
        (b"+2AA", "\ufffd"),
        (b"+AOQA-b", "äb"),
        (b"+!", "!"),
        (b"+A-b", "b"),
        (b"+", ""),
        (b"\xe4", "\ufffd"),
        (b"+AOQ\xe4", "ä\ufffd"),
    ],
)
def test_decoding(data, text):
    """Direct and shifted text, and what is malformed in them: padding goes, surrogates become U+FFFD."""
    assert Utf7Decoder().decode(data, True) == text


@given(st.text(st.characters(codec="utf-8")))
def test_python_encodes_we_decode(text):
    """Any text comes back from Python's encoder."""
    assert Utf7Decoder().decode(text.encode("utf-7"), True) == text


@given(st.lists(st.sampled_from([b"+", b"-", b"A", b"2AA", b"AOQ", b"/", b" ", b"\xff", b"3gA"])).map(b"".join))
def test_byte_by_byte(data):
    """The split never changes the text, and nothing gives surrogates."""
    whole = Utf7Decoder().decode(data, True)
    whole.encode("utf-8")
    decoder = Utf7Decoder()
    pieces = [decoder.decode(data[position : position + 1]) for position in range(len(data))]
    assert "".join(pieces) + decoder.decode(b"", True) == whole
