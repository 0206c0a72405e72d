"""Splitting header blocks into raw fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.parser.fields import split_fields, unfold


def fields(block: bytes) -> list[tuple[bytes, bytes, int]]:
    return [(field.name, field.value, field.start) for field in split_fields(block)]


def test_fields_of_a_block():
    """Names, values as they stand with their folding, and offsets in the block."""
    block = b"A: 1\r\nB : two\r\n\tlines\r\nc:\r\n\r\n"
    assert fields(block) == [(b"A", b" 1", 0), (b"B", b" two\r\n\tlines", 6), (b"c", b"", 23)]


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_line_breaks(line_break):
    """LF, CRLF, bare CR and CRs before an LF all end a line, and never stay at the end of a value."""
    block = line_break.join([b"A: 1", b" 2", b"B: 3", b"", b""])
    assert [(name, value) for name, value, _ in fields(block)] == [(b"A", b" 1" + line_break + b" 2"), (b"B", b" 3")]


@pytest.mark.parametrize(
    ("block", "names"),
    [
        (b"From someone\nA: 1\n", [b"A"]),
        (b"A: 1\nno field\n folded\nB: 2\n", [b"A", b"B"]),
        (b" folded first\nA: 1", [b"A"]),
        (b": nameless\nA: 1", [b"A"]),
        (b"two words: 1\nA: 1", [b"A"]),
        (b"\xc3\xa4: 1\nA: 1", [b"A"]),
        (b"", []),
    ],
)
def test_lines_that_are_no_field_are_passed_over(block, names):
    """Also what is folded onto such a line."""
    assert [field.name for field in split_fields(block)] == names


def test_fields_are_shown():
    """The representation names the field and its bytes."""
    assert repr(split_fields(b"A: 1")[0]) == "RawField(b'A', b' 1')"


@given(st.lists(st.sampled_from([b"A", b":", b" ", b"\t", b"\r", b"\n", b"\r\n", b"x", b"\xff", b"\0"])).map(b"".join))
def test_fields_lie_in_the_block_as_they_stand(block):
    """Never raises; every name and value is found in the block behind its offset, in order."""
    position = 0
    for field in split_fields(block):
        assert field.start >= position
        assert block.startswith(field.name, field.start)
        colon = block.index(b":", field.start)
        assert block.startswith(field.value, colon + 1)
        position = colon + 1 + len(field.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" a\r\n b", b"a b"),
        (b"a\n\tb\r\n c ", b"a\tb c"),
        (b"a\rb", b"ab"),
        (b"\r\n", b""),
        (b"plain", b"plain"),
    ],
)
def test_unfold(value, expected):
    """Line breaks go, the white space that follows them stays, and none is left at the ends (RFC 5322, 2.2.3)."""
    assert unfold(value) == expected
