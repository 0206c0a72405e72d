"""Base64: each tolerance, agreement with binascii and with a plain reference, and no split that matters."""

import binascii
import random
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import Result, bodies, codes, decode, decode_pieces, held_bytes, piece_sizes, split

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer.base import MAX_DEFECTS, add_defect
from mailstrata.transfer.base64 import Base64Decoder

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

TOKENS = [
    b"A",
    b"QQ",
    b"QR",
    b"QUI",
    b"QUJD",
    b"QQ==",
    b"QUI=",
    b"QUJDQUJDQUJDQUJD",
    b"=",
    b"==",
    b"===",
    b"\r\n",
    b"\n",
    b" ",
    b"\t",
    b"!",
    b"-_",
    b"\x00",
    b"\xff",
    b"!=",
]


def reference(data: bytes) -> Result:
    """What the decoder is to give, one byte at a time."""
    defects: list[Defect] = []
    decoded = bytearray()
    pending: list[int] = []
    pads = last = 0
    after_padding = False

    def end_group() -> int:
        lacking = 4 - len(pending)
        if len(pending) == 1:
            add_defect(defects, DefectCode.BASE64_TRUNCATED, last, last + 1)
            lacking = 0
        else:
            value = int("".join(f"{ALPHABET.index(byte):06b}" for byte in pending), 2)
            bits = 6 * len(pending) % 8
            if value & ((1 << bits) - 1):
                add_defect(defects, DefectCode.BASE64_NONZERO_PAD_BITS, last, last + 1)
            decoded.extend((value >> bits).to_bytes(len(pending) - 1, "big"))
        pending.clear()
        return lacking

    for at, byte in enumerate(data):
        if byte in b" \t\r\n":
            continue
        if byte in ALPHABET:
            if after_padding:
                if pads:
                    add_defect(defects, DefectCode.BASE64_MISSING_PADDING, last + 1, last + 1)
                    pads = 0
                add_defect(defects, DefectCode.BASE64_DATA_AFTER_PADDING, at, at + 1)
                after_padding = False
            pending.append(byte)
            last = at
            if len(pending) == 4:
                decoded.extend(binascii.a2b_base64(bytes(pending)))
                pending.clear()
            continue
        if byte == ord("="):
            after_padding = True
            if pending:
                pads = end_group()
            if pads:
                pads -= 1
                last = at
                continue
        add_defect(defects, DefectCode.BASE64_INVALID_CHARACTERS, at, at + 1)
    if pending:
        pads = end_group()
    if pads:
        add_defect(defects, DefectCode.BASE64_MISSING_PADDING, last + 1, last + 1)
    return bytes(decoded), defects


@given(bodies(TOKENS), piece_sizes)
def test_equals_the_reference_whatever_the_split(data: bytes, sizes: list[int]) -> None:
    """For any bytes content and defects are those of the reference, in one piece, in some, and byte by byte."""
    expected = reference(data)
    assert decode_pieces(Base64Decoder, [data]) == expected
    assert decode_pieces(Base64Decoder, split(data, sizes)) == expected
    assert decode_pieces(Base64Decoder, split(data, [1] * len(data))) == expected


@given(st.binary(max_size=600), st.integers(1, 80), st.sampled_from(["\n", "\r\n", " \r\n", "\t", ""]))
def test_valid_base64_gives_the_content_without_defects(content: bytes, width: int, line_break: str) -> None:
    """What binascii encoded comes back, whatever the length of the lines and the white space between them."""
    lines = textwrap.wrap(binascii.b2a_base64(content, newline=False).decode(), width)
    assert decode(Base64Decoder, line_break.join(lines).encode()) == (content, [])


def test_large_body_agrees_with_binascii() -> None:
    """A body of many chunks, in lines of 76 characters with CRLF, comes out as binascii has it."""
    content = random.Random(1).randbytes(300_000)
    encoded = b"".join(
        binascii.b2a_base64(content[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(content), 57)
    )
    for size in (1 << 20, 1 << 16, 4096, 1000):
        assert decode_pieces(Base64Decoder, split(encoded, [size] * 1000)) == (content, [])


def test_spans_far_into_one_large_chunk() -> None:
    """Offsets count from the first byte fed, however much comes at once."""
    data = b"QUJD\n" * 100_000 + b"!" + b"QUJD\n" * 100_000 + b"QQ"
    result = decode_pieces(Base64Decoder, [data])
    assert result == decode_pieces(Base64Decoder, split(data, [4099] * 1000))
    assert result[0] == b"ABC" * 200_000 + b"A"
    assert codes(result) == [
        ("base64-invalid-characters", 500_000, 500_001),
        ("base64-missing-padding", 1_000_003, 1_000_003),
    ]


def test_empty_body() -> None:
    """No bytes, and white space only, are no content and no defect."""
    assert decode(Base64Decoder, b"") == (b"", [])
    assert decode(Base64Decoder, b" \r\n\t\n") == (b"", [])


def test_junk_is_skipped() -> None:
    """Characters outside the alphabet are skipped, each run a defect with its span (RFC 2045, 6.8)."""
    result = decode(Base64Decoder, b"QU!!JD\xffQUJD")
    assert result[0] == b"ABCABC"
    assert codes(result) == [("base64-invalid-characters", 2, 4), ("base64-invalid-characters", 6, 7)]


def test_url_safe_characters_are_junk() -> None:
    """`-` and `_` belong to another alphabet and are skipped, not read as 62 and 63."""
    result = decode(Base64Decoder, b"QU-J_D")
    assert result[0] == b"ABC"
    assert len(result[1]) == 2


@pytest.mark.parametrize(("data", "content"), [(b"QUJDQQ", b"ABCA"), (b"QUJDQUI", b"ABCAB")])
def test_missing_padding_keeps_what_the_last_characters_say(data: bytes, content: bytes) -> None:
    """Two or three characters at the end say one or two bytes without their `=`."""
    result = decode(Base64Decoder, data + b"\r\n")
    assert result[0] == content
    assert codes(result) == [("base64-missing-padding", len(data), len(data))]


def test_half_of_the_padding_is_missing() -> None:
    """One `=` where two are due is a defect, behind the one that is there."""
    result = decode(Base64Decoder, b"QQ=\n")
    assert result[0] == b"A"
    assert codes(result) == [("base64-missing-padding", 3, 3)]


@pytest.mark.parametrize("data", [b"QUJDQ", b"QUJDQ\r\n"])
def test_single_character_left_over(data: bytes) -> None:
    """A single character says no whole byte: it is left out."""
    result = decode(Base64Decoder, data)
    assert result[0] == b"ABC"
    assert codes(result) == [("base64-truncated", 4, 5)]


def test_padding_in_the_middle_starts_anew() -> None:
    """Concatenated base64 is read whole; the place where it goes on is a defect."""
    result = decode(Base64Decoder, b"QQ==\r\nQUI=\r\nQUJD")
    assert result[0] == b"AABABC"
    assert codes(result) == [("base64-data-after-padding", 6, 7), ("base64-data-after-padding", 12, 13)]


def test_incomplete_padding_in_the_middle() -> None:
    """Data after half of the padding starts anew as well, with both defects."""
    result = decode(Base64Decoder, b"QQ=QUJD")
    assert result[0] == b"AABC"
    assert codes(result) == [("base64-missing-padding", 3, 3), ("base64-data-after-padding", 3, 4)]


def test_padding_across_line_break() -> None:
    """White space, also between two `=`, is no defect."""
    assert decode(Base64Decoder, b"Q Q\t=\r\n=\r\n") == (b"A", [])


def test_too_much_padding() -> None:
    """An `=` that pads nothing is skipped like junk."""
    result = decode(Base64Decoder, b"QQ====\n=")
    assert result[0] == b"A"
    assert codes(result) == [("base64-invalid-characters", 4, 6), ("base64-invalid-characters", 7, 8)]


def test_nonzero_pad_bits() -> None:
    """Bits of the last character that belong to no byte are ignored, with a defect at that character."""
    result = decode(Base64Decoder, b"QUJDQR==")
    assert result[0] == b"ABCA"
    assert codes(result) == [("base64-nonzero-pad-bits", 5, 6)]


def test_defects_end_at_their_limit() -> None:
    """However much is wrong, the list of defects stays short and the content is still read."""
    content, defects = decode(Base64Decoder, b"QUJD!" * 1000)
    assert content == b"ABC" * 1000
    assert len(defects) == MAX_DEFECTS
    assert defects[-1].code is DefectCode.DEFECTS_OMITTED


@pytest.mark.parametrize("longest", [1, 2, 3, 4, 7, 30, 400])
def test_content_is_the_same_once_defects_are_no_longer_listed(longest: int) -> None:
    """Concatenated base64 of many short or long parts is read in bulk, to the same content as part by part."""
    source = random.Random(longest)
    parts = [source.choices(ALPHABET, k=source.randint(1, longest)) for _ in range(200_000 // longest)]
    expected = []
    for part in parts:
        usable = bytes(part) if len(part) % 4 != 1 else bytes(part[:-1])
        expected.append(binascii.a2b_base64(usable + b"=" * (-len(usable) % 4)))
    data = b"=".join(map(bytes, parts)) + b"="
    for size in (1 << 20, 5000):
        content, defects = decode_pieces(Base64Decoder, split(data, [size] * 1000))
        assert content == b"".join(expected)
        assert len(defects) == MAX_DEFECTS


@pytest.mark.parametrize(
    "pattern", [b"!", b"=", b"A!", b"A=", b"AA=", b"AAA=A", b"!=", b"= ", b"A", b"\n", b"Q\n", b"QQ==\n"]
)
def test_hostile_bodies_leave_no_state_behind(pattern: bytes) -> None:
    """Whatever repeats for a megabyte, at most three characters are held back."""
    decoder = Base64Decoder()
    chunk = pattern * (65_536 // len(pattern))
    for _ in range(16):
        decoder.feed(chunk)
        assert held_bytes(decoder) <= 3
    decoder.close()
