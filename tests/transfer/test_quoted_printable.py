"""Quoted-printable: each tolerance, agreement with the standard library, and no split that matters."""

import binascii
import quopri
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import Result, bodies, codes, decode, decode_pieces, held_bytes, piece_sizes, split

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer.base import MAX_DEFECTS, add_defect
from mailstrata.transfer.quoted_printable import MAX_TRAILING_SPACE, QuotedPrintableDecoder

HEXADECIMAL = b"0123456789ABCDEFabcdef"

TOKENS = [
    b"a",
    b"4",
    b"=",
    b"==",
    b"=4",
    b"=41",
    b"=e9",
    b"=3D",
    b"=20",
    b"=G1",
    b"=\n",
    b"=\r\n",
    b"=\r",
    b"= \n",
    b"=\t \r\n",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\r\n",
    b" \n",
    b"\t\r\n",
    b" \r \n",
    b"text, and more of it",
    b" " * (MAX_TRAILING_SPACE - 1),
    b"\t" * MAX_TRAILING_SPACE,
    b" " * (MAX_TRAILING_SPACE + 1),
]


def reference(data: bytes) -> Result:
    """What the decoder is to give, one character at a time."""
    defects: list[Defect] = []
    decoded = bytearray()
    at = 0
    end = len(data)
    while at < end:
        space_at = at + (data[at : at + 1] == b"=")
        stop = space_at
        while data[stop : stop + 1] in (b" ", b"\t"):
            stop += 1
        short = stop - space_at <= MAX_TRAILING_SPACE
        line_break = b"\r\n" if data.startswith(b"\r\n", stop) else b"\n" if data.startswith(b"\n", stop) else b""
        if data[at] == ord("="):
            digits = data[at + 1 : at + 3]
            if len(digits) == 2 and all(digit in HEXADECIMAL for digit in digits):
                decoded.append(int(digits, 16))
                at += 3
            elif short and line_break:
                at = stop + len(line_break)
            elif short and data[stop:] in (b"", b"\r"):
                add_defect(defects, DefectCode.QUOTED_PRINTABLE_TRUNCATED, at, end)
                break
            elif len(digits) == 1 and digits[0] in HEXADECIMAL:
                add_defect(defects, DefectCode.QUOTED_PRINTABLE_TRUNCATED, at, end)
                decoded += data[at:]
                break
            else:
                add_defect(defects, DefectCode.QUOTED_PRINTABLE_INVALID_ESCAPE, at, at + 1)
                decoded += b"="
                at += 1
        elif stop > at:
            if not (short and (line_break or stop == end)):
                decoded += data[at:stop]
            at = stop
        else:
            decoded.append(data[at])
            at += 1
    return bytes(decoded), defects


@given(bodies(TOKENS[:-3]), piece_sizes)
def test_equals_the_reference_whatever_the_split(data: bytes, sizes: list[int]) -> None:
    """For any bytes content and defects are those of the reference, in one piece, in some, and byte by byte."""
    expected = reference(data)
    assert decode_pieces(QuotedPrintableDecoder, [data]) == expected
    assert decode_pieces(QuotedPrintableDecoder, split(data, sizes)) == expected
    assert decode_pieces(QuotedPrintableDecoder, split(data, [1] * len(data))) == expected


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join), st.lists(st.integers(1, 2000), max_size=8))
def test_long_white_space_equals_the_reference_whatever_the_split(data: bytes, sizes: list[int]) -> None:
    """The same with white space around the length from which it is content."""
    expected = reference(data)
    assert decode_pieces(QuotedPrintableDecoder, [data]) == expected
    assert decode_pieces(QuotedPrintableDecoder, split(data, sizes)) == expected
    assert decode_pieces(QuotedPrintableDecoder, split(data, [1] * len(data))) == expected


@given(st.binary(max_size=400) | st.text("aé=. \n", max_size=400).map(str.encode))
def test_valid_quoted_printable_gives_the_content_without_defects(content: bytes) -> None:
    """What the standard library encoded comes back, and is what binascii reads."""
    encoded = quopri.encodestring(content.replace(b"\r", b"").rstrip(b" \t"))
    decoded, defects = decode(QuotedPrintableDecoder, encoded)
    assert decoded == content.replace(b"\r", b"").rstrip(b" \t") == binascii.a2b_qp(encoded)
    assert defects == []


def test_large_body_equals_the_reference() -> None:
    """A body of many chunks, with a little of everything, comes out as the reference has it."""
    source = random.Random(2)
    words = [*TOKENS[:-3], *[b"ordinary words in a row "] * 20, *[b"=C3=A9"] * 10, *[b"=\r\n"] * 5]
    data = b"".join(source.choices(words, k=15_000))
    expected = reference(data)
    for size in (1 << 20, 1 << 16, 4096, 1000):
        assert decode_pieces(QuotedPrintableDecoder, split(data, [size] * 1000)) == expected


def test_spans_far_into_one_large_chunk() -> None:
    """Offsets count from the first byte fed, however much comes at once."""
    data = b"text=\n" * 50_000 + b"=z" + b"text=\n" * 50_000 + b"="
    result = decode_pieces(QuotedPrintableDecoder, [data])
    assert result == decode_pieces(QuotedPrintableDecoder, split(data, [4099] * 1000))
    assert result[0] == b"text" * 50_000 + b"=z" + b"text" * 50_000
    assert codes(result) == [
        ("quoted-printable-invalid-escape", 300_000, 300_001),
        ("quoted-printable-truncated", 600_002, 600_003),
    ]


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_soft_line_breaks_vanish_and_line_breaks_stay(line_break: bytes) -> None:
    """`=` before LF or CRLF joins two lines; other line breaks come out as they stand."""
    data = b"one=" + line_break + b"two" + line_break + b"three"
    assert decode(QuotedPrintableDecoder, data) == (b"onetwo" + line_break + b"three", [])


def test_white_space_between_equals_sign_and_line_break() -> None:
    """A soft line break that transport padded is still one."""
    assert decode(QuotedPrintableDecoder, b"one= \t\r\ntwo=\t\nthree") == (b"onetwothree", [])


def test_trailing_white_space_is_removed() -> None:
    """Spaces and tabs before a line break, and at the end of the body, are not content (rule 3)."""
    assert decode(QuotedPrintableDecoder, b"a \t\r\nb  \nc =20\nd \t") == (b"a\r\nb\nc  \nd", [])


def test_white_space_before_a_soft_line_break_is_content() -> None:
    """That is how an encoder protects it."""
    assert decode(QuotedPrintableDecoder, b"a =\r\nb") == (b"a b", [])


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_white_space_longer_than_a_line_is_content(line_break: bytes) -> None:
    """A run of up to `MAX_TRAILING_SPACE` is removed; a longer one is kept, so that none need be held back."""
    longest = b" " * MAX_TRAILING_SPACE + line_break
    assert decode(QuotedPrintableDecoder, b"a" + longest + b"b") == (b"a" + line_break + b"b", [])
    assert decode(QuotedPrintableDecoder, b"a " + longest + b"b") == (b"a " + longest + b"b", [])
    assert decode(QuotedPrintableDecoder, b"a=" + longest + b"b") == (b"ab", [])
    assert decode(QuotedPrintableDecoder, b"a= " + longest + b"b")[0] == b"a= " + longest + b"b"


def test_lower_case_digits() -> None:
    """RFC 2045, 6.7 wants upper case, and tells decoders to accept lower case."""
    assert decode(QuotedPrintableDecoder, b"=c3=a9=C3=a9") == ("éé".encode(), [])


def test_invalid_escape_is_kept() -> None:
    """An `=` that begins nothing stays, with a defect of its own span, and what follows is read as usual."""
    result = decode(QuotedPrintableDecoder, b"a=Gb=4=41= x")
    assert result[0] == b"a=Gb=4A= x"
    assert codes(result) == [
        ("quoted-printable-invalid-escape", 1, 2),
        ("quoted-printable-invalid-escape", 4, 5),
        ("quoted-printable-invalid-escape", 9, 10),
    ]


def test_row_of_equals_signs() -> None:
    """Of a row only the last can begin an escape: the others are one defect, and none is lost."""
    result = decode(QuotedPrintableDecoder, b"a====41")
    assert result[0] == b"a===A"
    assert codes(result) == [("quoted-printable-invalid-escape", 1, 4)]


def test_equals_sign_before_a_bare_carriage_return() -> None:
    """It is no soft line break, and swallows nothing (binascii drops all up to the next LF)."""
    result = decode(QuotedPrintableDecoder, b"one=\rtwo\nthree=\r \nfour")
    assert result[0] == b"one=\rtwo\nthree=\r\nfour"
    assert [defect.start for defect in result[1]] == [3, 14]


@pytest.mark.parametrize("ending", [b"=\n", b"=\r\n", b"= \r\n"])
def test_soft_line_break_at_the_end_of_the_body(ending: bytes) -> None:
    """Nothing follows it, and nothing is wrong."""
    assert decode(QuotedPrintableDecoder, b"text" + ending) == (b"text", [])


@pytest.mark.parametrize("ending", [b"=", b"= ", b"=\r", b"= \t\r"])
def test_equals_sign_at_the_end_of_the_body(ending: bytes) -> None:
    """A soft line break whose break belongs to the delimiter, or was cut off: left out, with a defect."""
    result = decode(QuotedPrintableDecoder, b"text" + ending)
    assert result[0] == b"text"
    assert codes(result) == [("quoted-printable-truncated", 4, 4 + len(ending))]


def test_escape_cut_at_the_end_of_the_body() -> None:
    """Half an escape is kept as it stands."""
    result = decode(QuotedPrintableDecoder, b"text=4")
    assert result[0] == b"text=4"
    assert codes(result) == [("quoted-printable-truncated", 4, 6)]


def test_any_other_byte_is_content() -> None:
    """NUL, 8-bit and control bytes, which must not occur, are kept."""
    data = bytes(byte for byte in range(256) if byte not in b"= \t\r\n")
    assert decode(QuotedPrintableDecoder, data) == (data, [])


def test_text_without_escapes_is_not_copied() -> None:
    """The same object comes out where there is nothing to decode."""
    data = b"plain text\n" * 100
    assert QuotedPrintableDecoder().feed(data) is data


def test_defects_end_at_their_limit() -> None:
    """However much is wrong, the list of defects stays short and the content is still read."""
    content, defects = decode(QuotedPrintableDecoder, b"=z=41==41=\rx" * 1000)
    assert content == b"=zA=A=\rx" * 1000
    assert len(defects) == MAX_DEFECTS
    assert defects[-1].code is DefectCode.DEFECTS_OMITTED


@pytest.mark.parametrize(
    "pattern", [b"=", b"= ", b" ", b"\t ", b"=\r", b" \r", b" \n", b"=4", b"= \n", b"\r", b"=\r\n"]
)
def test_hostile_bodies_leave_no_state_behind(pattern: bytes) -> None:
    """Whatever repeats for a megabyte, no more than a line's white space is held back."""
    decoder = QuotedPrintableDecoder()
    chunk = pattern * (65_536 // len(pattern))
    for _ in range(16):
        decoder.feed(chunk)
        assert held_bytes(decoder) <= MAX_TRAILING_SPACE + 2
    decoder.close()
