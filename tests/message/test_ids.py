"""Message ids of Message-ID, In-Reply-To, References and Content-ID."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.message import ids
from mailstrata.message.ids import parse_message_ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"", []),
        (b" <a@b.example>", ["a@b.example"]),
        (b"<a@b> <c@d>\r\n\t<e@f>", ["a@b", "c@d", "e@f"]),
        (b"<a@b> <c@d> <a@b>", ["a@b", "c@d"]),
        (b"<a@b>,<c@d>", ["a@b", "c@d"]),
        (b"(x (<y@z>)) <a@b> (c)", ["a@b"]),
        (b"<a(b)c@d>", ["a(b)c@d"]),
        ("<ä@b>".encode(), ["ä@b"]),
        (b"<>", []),
    ],
)
def test_well_formed_values(value, ids):
    """Order kept, each id once, comments outside of ids passed over."""
    assert parse_message_ids(value) == ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a\r\n bc@d>", ["abc@d"]),
        (b"< a@b . example >", ["a@b.example"]),
        (b"<a@b", ["a@b"]),
        (b"<a@b <c@d> <e", ["a@b", "c@d"]),
        (b"<a@b>;<c@d>", ["a@b", "c@d"]),
        (b"<<a@b>>", ["a@b"]),
        (b"a@b", ["a@b"]),
        (b"a@b>", ["a@b"]),
        (b"a@b c@d", ["a@b", "c@d"]),
        (b"12345", ["12345"]),
        (b'"<a@b>"', ["a@b"]),
        (b'Your message of "Mon, 1 Jan <x@y>" <a@b>', ["a@b"]),
        (b"Message from ann@a.example of Monday <a@b>", ["a@b"]),
        (b"Your message of Monday", []),
        (b"ann@a.example's message of Monday", []),
        (b'"Your message" today', []),
        (b"<a@b> (c <d@e>", ["a@b", "d@e"]),
        (b'"unclosed <a@b>', ["a@b"]),
        (b"<a\0@b>", ["a\ufffd@b"]),
        (b"<gr\xfcn@b>", ["grün@b"]),
    ],
)
def test_malformed_values(value, ids):
    """Each kind of breakage that the function's documentation names is read as it says."""
    assert parse_message_ids(value) == ids


@given(
    st.lists(st.from_regex(r"[a-z0-9!#$%&'*+./=?^_`{|}~()-]{1,9}@[a-z0-9.\[\]:-]{1,9}", fullmatch=True), unique=True)
)
def test_ids_come_back(ids):
    """Any ids, folded between them."""
    assert parse_message_ids("\r\n ".join(f"<{text}>" for text in ids).encode()) == ids


_PIECES = st.sampled_from([b"<", b">", b"a@b", b"(", b")", b'"', b"\\", b" ", b",", b"\n", b"\0", b"\xff"])


@given(st.one_of(st.binary(), st.lists(_PIECES).map(b"".join)))
def test_any_bytes_give_ids(value):
    """Never raises; every id is a line of valid Unicode, not empty, and there once."""
    ids = parse_message_ids(value)
    assert len(set(ids)) == len(ids)
    for text in ids:
        text.encode("utf-8")
        assert len(text.splitlines()) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit", [b"<", b">", b'"', b'\\"', b"(", b"()", b"a ", b"a@b ", b"<a@b> ", b"<a@b ", b"(<", b'<"']
)
def test_hostile_values_take_linear_time(unit):
    """A quarter of a megabyte of any of these; anything quadratic would take minutes."""
    parse_message_ids(unit * (250_000 // len(unit)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"<", b">", b"a@b", b" ", b"\t", b"\r\n ", b"\x7f", b"\xff", b",", b"(c)", b'"']), max_size=7
    )
)
def test_one_plain_id_is_read_as_any_other(pieces):
    """The short way for one id of printable ASCII gives what the long one does."""
    value = b"".join(pieces)
    short = parse_message_ids(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "_usual", lambda: re.compile(rb"(?!)"))
        assert parse_message_ids(value) == short
