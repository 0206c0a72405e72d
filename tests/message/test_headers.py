"""The header fields of an entity."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.headers import LARGE_BLOCK, Headers
from mailstrata.parser.fields import split_fields

BLOCK = (
    b"From: Ann <ann@a.example>\r\n"
    b"Subject: =?utf-8?Q?gr=C3=BCn?=\r\n tea\r\n"
    b"Received: one\r\n"
    b"RECEIVED: two\r\n\tlines\r\n"
    b"Empty:\r\n"
    b"\r\n"
)


def test_one_field():
    """By name without regard to case: decoded on one line, or the bytes as they stand; None where there is none."""
    headers = Headers(BLOCK)
    assert headers["subject"] == headers.get("SUBJECT") == "grün tea"
    assert headers.raw("Subject") == b" =?utf-8?Q?gr=C3=BCn?=\r\n tea"
    assert headers["Empty"] == ""
    assert headers.raw("Empty") == b""
    assert headers["To"] is headers.get("To") is headers.raw("To") is None
    assert headers.get("To", "nobody") == "nobody"


def test_fields_of_one_name():
    """The first one is the one; all of them come in order."""
    headers = Headers(BLOCK)
    assert headers["Received"] == "one"
    assert headers.get_all("received") == ["one", "two lines"]
    assert headers.raw_all("Received") == [b" one", b" two\r\n\tlines"]
    assert headers.get_all("To") == headers.raw_all("To") == []


def test_all_fields():
    """Names as they stand, in order, one for each field; values decoded or raw."""
    headers = Headers(BLOCK, start=100)
    names = ["From", "Subject", "Received", "RECEIVED", "Empty"]
    assert list(headers) == headers.names() == names
    assert len(headers) == 5
    assert headers.items() == list(zip(names, ["Ann <ann@a.example>", "grün tea", "one", "two lines", ""], strict=True))
    assert [field.start for field in headers.fields] == [BLOCK.index(name.encode()) for name in names]
    assert (headers.block, headers.start) == (BLOCK, 100)
    assert repr(headers) == f"<Headers at 100, {len(BLOCK)} bytes>"


def test_names_that_occur_more_than_once():
    """By name, without regard to case, and only among those that are asked for."""
    headers = Headers(BLOCK + b"Subject: again\r\nsubject: and again\r\n")
    assert headers.has_repeated(frozenset({b"subject", b"to"}))
    assert not headers.has_repeated(frozenset({b"from", b"to"}))


def test_containment():
    """By name; anything but text is not in it."""
    headers = Headers(BLOCK)
    assert "FROM" in headers
    assert "To" not in headers
    assert None not in headers


@pytest.mark.parametrize("name", ["", "\0", "subject:", "\ud800", "\N{KELVIN SIGN}ey", "é"])
def test_names_that_no_field_has(name):
    """Any text may be asked for; a letter outside ASCII is not folded to one in it."""
    headers = Headers(b"key: 1\n\xc3\xa9: 2\n")
    assert headers[name] is None
    assert name not in headers


def test_an_empty_block():
    """No fields, and nothing raises."""
    headers = Headers(b"")
    assert len(headers) == 0
    assert headers.items() == []
    assert headers["Subject"] is None


@pytest.mark.parametrize(
    ("block", "values"),
    [
        (b"A: 1\rb: 2\r", [b" 1"]),
        (b"A: 1\r 2\nb: 3\n", [b" 1\r 2"]),
        (b"A: 1\r\r\nA: 2\r\n", [b" 1", b" 2"]),
        (b"A: 1\n\nA: 2\n", [b" 1", b" 2"]),
        (b"From x\nA: 1", [b" 1"]),
    ],
)
def test_line_breaks(block, values):
    """A bare CR ends a line, as the parser has it; no line break is left at the end of a value."""
    assert Headers(block).raw_all("a") == values
    assert Headers(block).raw("a") == values[0]


_PIECES = st.sampled_from(
    [b"A", b"b", b":", b" ", b"\t", b"\r", b"\n", b"\r\n", b"x", b"\xff", b"\0", b"A: ", b"\n ", b"\r\nB:"]
)


@given(st.lists(_PIECES).map(b"".join), st.booleans())
def test_lookups_agree_with_the_parser(block, large):
    """For any block, small or large, each name has the values that `split_fields` finds, and decoding never raises."""
    if large:
        block += b"\n" * LARGE_BLOCK
    headers = Headers(block)
    expected: dict[bytes, list[bytes]] = {}
    for field in split_fields(block):
        expected.setdefault(field.name.lower(), []).append(field.value)
    for name, values in expected.items():
        assert headers.raw_all(name.decode()) == values
        assert headers.raw(name.decode().upper()) == values[0]
    for text in map(headers.get, headers):
        assert text is not None
        text.encode("utf-8")
        assert len(text.splitlines()) <= 1


def _keeps_its_index(headers: Headers) -> bool:
    return headers._large_index is not None and headers._large_index.values is not None


def test_only_one_large_index_is_kept():
    """Many large headers that were all asked something cost no more than their blocks, and still answer."""
    block = b"a:\n" * (LARGE_BLOCK // 2) + b"Subject: x\n"
    many = [Headers(block) for _ in range(5)]
    small = Headers(BLOCK)
    assert small["From"] is not None
    assert [headers["Subject"] for headers in many] == ["x"] * 5
    assert [_keeps_its_index(headers) for headers in many] == [False] * 4 + [True]
    assert small._lower is not None
    assert many[0]["Subject"] == "x"
    assert not _keeps_its_index(many[4])
    del many
    gc.collect()
    assert Headers(block)["Subject"] == "x"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit", [b"a:\n", b"a\n", b" a\n", b"a:\r", b"\r", b"\n", b"a", b"a: b\n c\n", b"a :", b"\r\r\n"]
)
def test_hostile_blocks_take_linear_time(unit):
    """A megabyte of any of these is split at once."""
    Headers(unit * (1_000_000 // len(unit))).raw("b")
