"""Plain header blocks: whatever `scan_plain` takes, the handlers would have read the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.parser.content_fields import describe
from mailstrata.parser.entity import Entity
from mailstrata.parser.fields import split_fields
from mailstrata.parser.header import HeaderEnd, HeaderScanner
from mailstrata.parser.header_defects import note_header_defects
from mailstrata.parser.limits import Limits
from mailstrata.parser.plain_header import plain_block, scan_plain

LINES = [
    *(b"Subject: one", b"subject:two", b"From: a@b", b"FROM: c@d", b"To: x", b"A:", b"X-Long: " + b"y" * 1000),
    *(
        b" folded",
        b"\tfolded",
        b"",
        b"no field",
        b"Space : x",
        b"-dash: x",
        b"--b",
        b"From a@b",
        b">From a@b",
        b"\0: x",
    ),
    *(
        b"Content-Type: text/html; charset=utf-8",
        b"content-type: multipart/mixed; boundary=b",
        b"Content-Type: message/rfc822",
    ),
    *(
        b'Content-Type: multipart/mixed; boundary="b c"',
        b"Content-Type : text/html",
        b"Content-Type: text/html; name=x",
    ),
    *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 8bit", b"Content-Transfer-Encoding: odd, x"),
    *(b"Content-Disposition: attachment; filename=x", b"Content-Disposition: inline; a=1; a=2"),
]
BREAKS = [b"\n", b"\n", b"\r\n", b"\r", b"\r\r\n"]


@given(
    st.binary(max_size=4),
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(BREAKS)), max_size=9),
    st.booleans(),
)
def test_what_is_taken_is_what_the_handlers_read(before, lines, is_whole):
    """End, content fields, first From and Subject are the same, and there is no defect that would be missed."""
    block = b"".join(line + line_break for line, line_break in lines) + b"\n" * is_whole
    data = before + b"\n" + block + b"body\n"
    start = len(before) + 1
    plain = scan_plain(data, start, 1 << 20, b"\r" not in data and b"\0" not in data)
    if plain is None:
        return
    limits = Limits()
    scanner = HeaderScanner(limits.header_bytes)
    assert scanner.scan(data, start, True) == (HeaderEnd.BLANK_LINE, plain.end)
    header = data[start : plain.end]
    entity = Entity(None, 1, 0, start)
    entity.body_start = plain.end
    describe(entity, header, "text/plain", limits, scanner.bare_cr >= 0)
    note_header_defects(entity, header, scanner, HeaderEnd.BLANK_LINE, limits.defects)
    assert entity.defects == []
    fields = plain.content_fields
    read = (fields.content_type, fields.encoding, fields.boundary, fields.is_message_container)
    assert read == (entity.content_type, entity.encoding, entity.boundary, entity.is_message_container)
    first = {}
    for field in split_fields(header):
        first.setdefault(field.name.lower(), field.value)
    for name, value in ((b"from", plain.from_value), (b"subject", plain.subject_value)):
        assert first.get(name) == (None if value is None else value.rstrip(b"\r"))
    for name, value in ((b"content-type", fields.type_value), (b"content-disposition", fields.disposition_value)):
        assert first.get(name) == value
    assert plain_block(header) is not None


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_ordinary_headers_are_plain(line_break):
    """What most mail has is taken, and the rest of the input does not matter."""
    lines = [b"From: a@b", b"Subject: x", b" y", b"Content-Type: multipart/mixed;", b' boundary="b"', b"", b"--b"]
    data = line_break.join(lines)
    plain = scan_plain(data, 0, 1 << 20, False)
    assert plain is not None
    assert data[plain.end :] == b"--b"
    assert (plain.content_fields.content_type, plain.content_fields.boundary) == ("multipart/mixed", b"b")


def test_beyond_the_limit_it_is_not_plain():
    """A block that has more bytes than it may is for the scanner to cut."""
    assert scan_plain(b"a: b\n\n", 0, 6, True) is not None
    assert scan_plain(b"a: b\n\n", 0, 5, True) is None


@pytest.mark.parametrize("block", [b"a: b\n", b"a: b\n\nx", b" a: b\n\n", b""])
def test_blocks_that_are_not_known_again(block):
    """Only a whole block, and nothing behind it, is kept."""
    assert plain_block(block) is None


@pytest.mark.parametrize(
    "field", [b"Content-Type: text/html", b"Content-Transfer-Encoding: 8bit", b"Content-Disposition: inline"]
)
def test_a_content_field_that_is_repeated_is_not_plain(field):
    """Readers differ about which one counts: the other way records that."""
    assert scan_plain(field + b"\n\n", 0, 1 << 20, True) is not None
    assert scan_plain(field + b"\n" + field.lower() + b"\n\n", 0, 1 << 20, True) is None
