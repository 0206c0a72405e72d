"""Uuencode: each tolerance, agreement with binascii and with a plain reference, and no split that matters."""

import binascii
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import Result, bodies, codes, decode, decode_pieces, held_bytes, piece_sizes, split

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer.base import MAX_DEFECTS, add_defect
from mailstrata.transfer.uuencode import BEGIN_SEARCH_BYTES, LINE_BYTES, UuencodeDecoder

BEGIN = b"begin 644 cat.txt\n"
END = b"`\nend\n"

TOKENS = [
    b"\n",
    b"\r\n",
    b"\r",
    b" \n",
    b"`\n",
    b"!",
    b"!AA\n",
    b"!AAAA\n",
    b"#0V%T\n",
    b"#0V%T\r\n",
    b"#0V%Tx\n",
    b"#0V%Tx  \n",
    b"#0V%\n",
    b"#0\x80%T\n",
    b"$0V%T\n",
    b"M" * 61 + b"\n",
    b"M" * 61 + b"\r\n",
    b"M" * 60 + b"\r\n",
    b"M" * 62 + b"\n",
    b"M" * 30 + b"z" + b"M" * 30 + b"\n",
    b"_" + b"A" * 84 + b"\n",
    b"x" * (LINE_BYTES - 1),
    b"M" * (LINE_BYTES + 1),
    b"end\n",
    b"end",
    b"end \r\n",
    b"ended\n",
    b"begin 644 dog\n",
    b"some text\n",
]


def is_good(line: bytes) -> bool:
    """Whether a line without its LF says as many bytes as it has characters for."""
    for text in {line, line.removesuffix(b"\r")}:
        if re.fullmatch(rb"[ `]?[ \t`]{0,16}", text):
            return True
        length = text[0] - 32 if text and 33 <= text[0] <= 95 else 0
        for count in range(-(-length * 8 // 6), -(-length // 3) * 4 + 1) if length else ():
            characters = text[1 : 1 + count]
            if len(characters) < count or any(not 32 <= byte <= 96 for byte in characters):
                continue
            for checksum in (0, 1):
                rest = text[1 + count + checksum :]
                if len(rest) <= 16 and not rest.strip(b" \t`"):
                    return True
    return False


def content_of(line: bytes) -> bytes:
    """The bytes that a line gives, zero where it says nothing."""
    length = line[0] - 32 if line and 33 <= line[0] <= 95 else 0
    values = []
    for byte in line[1 : 1 + -(-length * 8 // 6)]:
        if not 32 <= byte <= 96:
            break
        values.append((byte - 32) & 63)
    bits = "".join(f"{value:06b}" for value in values).ljust(length * 8 + 8, "0")
    return bytes(int(bits[at * 8 : at * 8 + 8], 2) for at in range(length))


def reference(data: bytes) -> Result:
    """What the decoder is to give for a body that is shorter than the search for `begin`, line by line."""
    defects: list[Defect] = []
    begin = re.search(rb"(?m)^begin[ \t]{1,8}[0-7]{3,4}[ \t]{1,8}[^ \t\r\n]", data)
    if begin is None:
        return data, [Defect(DefectCode.UUENCODE_MISSING_BEGIN, 0, 0)]

    def note_text(start: int, end: int) -> None:
        text = data[start:end]
        if text.strip():
            start += len(text) - len(text.lstrip())
            end -= len(text) - len(text.rstrip())
            add_defect(defects, DefectCode.UUENCODE_TEXT_AROUND, start, end)

    note_text(0, begin.start())
    decoded = b""
    at = data.find(b"\n", begin.end()) + 1 or len(data)
    while at < len(data):
        line_end = data.find(b"\n", at)
        line = data[at:] if line_end < 0 else data[at:line_end]
        stop = min(at + len(line) + 1, len(data))
        if re.fullmatch(rb"end[ \t]{0,64}\r?", line):
            note_text(stop, len(data))
            return decoded, defects
        if len(line) > LINE_BYTES or not is_good(line):
            add_defect(defects, DefectCode.UUENCODE_INVALID_LINE, at, stop)
        decoded += content_of(line[:LINE_BYTES])
        at = stop
    add_defect(defects, DefectCode.UUENCODE_MISSING_END, len(data), len(data))
    return decoded, defects


@given(st.sampled_from([b"", b"\n", b"Hello\r\n"]), bodies(TOKENS, most_repeats=40), piece_sizes)
def test_equals_the_reference_whatever_the_split(before: bytes, lines: bytes, sizes: list[int]) -> None:
    """For any lines content and defects are those of the reference, in one piece, in some, and byte by byte."""
    data = before + BEGIN + lines
    expected = reference(data)
    assert decode_pieces(UuencodeDecoder, [data]) == expected
    assert decode_pieces(UuencodeDecoder, split(data, sizes)) == expected
    assert decode_pieces(UuencodeDecoder, split(data, [1] * len(data))) == expected


@given(bodies([*TOKENS, b"begin", b"begin 644", b"begin 644 ", b"begin  0755\tx y\r\n", b"beg"]), piece_sizes)
def test_search_for_begin_equals_the_reference_whatever_the_split(data: bytes, sizes: list[int]) -> None:
    """The same for bodies that may or may not have a `begin` line."""
    data = data[: BEGIN_SEARCH_BYTES // 8]
    expected = reference(data)
    assert decode_pieces(UuencodeDecoder, [data]) == expected
    assert decode_pieces(UuencodeDecoder, split(data, sizes)) == expected
    assert decode_pieces(UuencodeDecoder, split(data, [1] * len(data))) == expected


def encode(content: bytes, length: int = 45, backtick: bool = False) -> bytes:
    """Uuencode lines of `length` bytes each."""
    pieces = [content[at : at + length] for at in range(0, len(content), length)]
    return b"".join(binascii.b2a_uu(piece, backtick=backtick) for piece in pieces)


@given(st.binary(max_size=400), st.integers(1, 45), st.booleans(), st.sampled_from([b"\n", b"\r\n"]))
def test_valid_uuencode_gives_the_content_without_defects(
    content: bytes, length: int, backtick: bool, line_break: bytes
) -> None:
    """What binascii encoded comes back, with space or backquote for zero, LF or CRLF, whatever the line length."""
    data = (BEGIN + encode(content, length, backtick) + END).replace(b"\n", line_break)
    assert decode(UuencodeDecoder, data) == (content, [])


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_large_body_agrees_with_binascii(line_break: bytes) -> None:
    """A body of many chunks of full lines comes out as it was."""
    content = random.Random(3).randbytes(300_007)
    data = (BEGIN + encode(content) + END).replace(b"\n", line_break)
    for size in (1 << 20, 1 << 16, 4096, 1000):
        assert decode_pieces(UuencodeDecoder, split(data, [size] * 1000)) == (content, [])


def test_text_around() -> None:
    """Text before `begin` and after `end` is left out; white space there is no defect."""
    result = decode(UuencodeDecoder, b"\nHello,\nthere\n\n" + BEGIN + b"#0V%T\n" + END + b"\nBye\nnow\n\n")
    assert result[0] == b"Cat"
    assert codes(result) == [("uuencode-text-around", 1, 13), ("uuencode-text-around", 46, 53)]
    assert decode(UuencodeDecoder, b"\r\n \n" + BEGIN + b"#0V%T\n" + END + b"\r\n\n") == (b"Cat", [])


def test_second_file_is_text() -> None:
    """Only the first file of a body is its content."""
    result = decode(UuencodeDecoder, (BEGIN + b"#0V%T\n" + END) * 2)
    assert result[0] == b"Cat"
    assert [code for code, _, _ in codes(result)] == ["uuencode-text-around"]


def test_missing_end() -> None:
    """What came is kept; the defect is empty, at the end of the body."""
    result = decode(UuencodeDecoder, BEGIN + b"#0V%T\n")
    assert result[0] == b"Cat"
    assert codes(result) == [("uuencode-missing-end", 24, 24)]


def test_last_line_without_line_break() -> None:
    """The last line break of a body belongs to the delimiter."""
    assert decode(UuencodeDecoder, BEGIN + b"#0V%T\n`\nend") == (b"Cat", [])
    assert decode(UuencodeDecoder, BEGIN + b"#0V%T")[0] == b"Cat"


def test_defect_of_a_last_line_without_line_break_ends_with_the_body() -> None:
    """No span reaches beyond what was fed."""
    result = decode(UuencodeDecoder, BEGIN + b"#0V")
    assert codes(result) == [("uuencode-invalid-line", 18, 21), ("uuencode-missing-end", 21, 21)]


@pytest.mark.parametrize("mode", [b"begin 644 a", b"begin 0755 a b.txt", b"begin  600\t\xe9"])
def test_begin_lines(mode: bytes) -> None:
    """Three or four octal digits, and any name."""
    assert decode(UuencodeDecoder, mode + b"\n#0V%T\n" + END) == (b"Cat", [])


@pytest.mark.parametrize("text", [b"begin with this", b"begin 999 x", b"begin 644\nx", b" begin 644 x", b"begin 64 x"])
def test_missing_begin(text: bytes) -> None:
    """A line that is no `begin` line does not count: the bytes are taken as they stand."""
    data = text + b"\n#0V%T\n`\nend\n"
    result = decode(UuencodeDecoder, data)
    assert result[0] == data
    assert codes(result) == [("uuencode-missing-begin", 0, 0)]


def test_empty_body() -> None:
    """It has no `begin` line either."""
    assert codes(decode(UuencodeDecoder, b"")) == [("uuencode-missing-begin", 0, 0)]


def test_begin_is_looked_for_within_its_limit() -> None:
    """The last `begin` that is found ends at the limit; one byte further on the body is taken as it stands."""
    begin = b"begin 644 c"
    rest = b"\n#0V%T\n" + END
    inside = b"x" * (BEGIN_SEARCH_BYTES - len(begin) - 1) + b"\n" + begin + rest
    for data, expected in ((inside, b"Cat"), (b"x" + inside, b"x" + inside)):
        for size in (1 << 20, 4096, 1000):
            assert decode_pieces(UuencodeDecoder, split(data, [size] * 1000))[0] == expected
    assert decode_pieces(UuencodeDecoder, split(inside, [1] * len(inside)))[0] == b"Cat"


def test_search_for_begin_holds_no_more_than_its_limit() -> None:
    """A body without `begin` is held back up to the limit, and then passed on."""
    decoder = UuencodeDecoder()
    out = 0
    for _ in range(100):
        out += len(decoder.feed(b"begin\n" * 1000))
        assert held_bytes(decoder) <= BEGIN_SEARCH_BYTES + 1
    assert out + len(decoder.close()) == 600_000


def test_space_and_backquote_are_both_zero() -> None:
    """Encoders differ in how they write zero."""
    assert decode(UuencodeDecoder, BEGIN + b"#    \n#````\n# ` `\n" + END) == (bytes(9), [])


def test_checksum_character() -> None:
    """One more character at the end of a line, whatever it is, is no defect."""
    assert decode(UuencodeDecoder, BEGIN + b"#0V%Tz\n#0V%T~\r\n" + END) == (b"CatCat", [])


def test_white_space_at_the_end_of_a_line() -> None:
    """Added white space is no defect."""
    assert decode(UuencodeDecoder, BEGIN + b"#0V%T \t \r\n` \nend \n") == (b"Cat", [])
    assert decode(UuencodeDecoder, BEGIN + b"#0V%T" + b" " * 17 + b"\n" + END) == (b"Cat", [])
    assert len(decode(UuencodeDecoder, BEGIN + b"#0V%T" + b" " * 18 + b"\n" + END)[1]) == 1


def test_missing_fill_of_the_last_group() -> None:
    """Encoders that write only the characters a line needs are right to do so."""
    assert decode(UuencodeDecoder, BEGIN + b"!0P\n" + b'"0V$\n' + END) == (b"CCa", [])


def test_lost_spaces_at_the_end_of_a_line() -> None:
    """A line that lost the spaces at its end is filled with zeros, with a defect: it could also have been cut."""
    result = decode(UuencodeDecoder, BEGIN + b"&0V%T\n" + END)
    assert result[0] == b"Cat\0\0\0"
    assert codes(result) == [("uuencode-invalid-line", 18, 24)]


def test_blank_lines() -> None:
    """A line without characters says no bytes."""
    assert decode(UuencodeDecoder, BEGIN + b"\n#0V%T\n\r\n \n#0V%T\n\n" + END) == (b"CatCat", [])


def test_trailing_garbage() -> None:
    """More than one character too many is a defect; the content is what the length says."""
    result = decode(UuencodeDecoder, BEGIN + b"#0V%Tzz\n" + END)
    assert result[0] == b"Cat"
    assert codes(result) == [("uuencode-invalid-line", 18, 26)]


def test_character_outside_the_encoding() -> None:
    """It and what follows in its line read as zero, so that the next line stays in its place."""
    result = decode(UuencodeDecoder, BEGIN + b"#0V~T\n#0V%T\n" + END)
    assert result[0] == b"C`\0Cat"
    assert codes(result) == [("uuencode-invalid-line", 18, 24)]


def test_bad_line_among_full_lines() -> None:
    """A character outside the encoding in one of many full lines spoils that one only."""
    good = encode(bytes(range(45)))
    bad = good[:40] + b"\x80" + good[41:]
    content, defects = decode(UuencodeDecoder, BEGIN + good * 5 + bad + good * 5 + END)
    line = bytes(range(45))
    assert content == line * 5 + line[:29] + content[254:270] + line * 5
    assert content[255:270] == bytes(15)
    assert [(defect.start, defect.end) for defect in defects] == [(18 + 310, 18 + 372)]


def test_lines_that_are_no_data() -> None:
    """A line whose first character is no length is passed over; neighbours are one defect."""
    result = decode(UuencodeDecoder, BEGIN + b"#0V%T\nhello\nworld\n#0V%T\n" + END)
    assert result[0] == b"CatCat"
    assert codes(result) == [("uuencode-invalid-line", 24, 36)]


def test_line_without_end() -> None:
    """Of a line beyond `LINE_BYTES` only the beginning is read, and held; the rest is passed over with a defect."""
    decoder = UuencodeDecoder()
    decoder.feed(BEGIN + b"#0V%T")
    for _ in range(100):
        assert decoder.feed(b"x" * 10_000) == b""
        assert held_bytes(decoder) <= LINE_BYTES
    assert decoder.feed(b"\n#0V%T\n" + END) == b"CatCat"
    assert codes((b"", decoder.defects)) == [("uuencode-invalid-line", 18, 1_000_024)]


def test_line_at_the_limit_and_beyond() -> None:
    """The limit is the same whether a line comes whole or in pieces."""
    for length in (LINE_BYTES - 1, LINE_BYTES, LINE_BYTES + 1, LINE_BYTES + 2):
        content, defects = decode(UuencodeDecoder, BEGIN + b"#0V%T".ljust(length, b"A") + b"\n" + END)
        assert content == b"Cat"
        assert len(defects) == 1


def test_defects_end_at_their_limit() -> None:
    """However much is wrong, the list of defects stays short, the content is still read, and `end` still ends it."""
    content, defects = decode(UuencodeDecoder, BEGIN + b"#0V%T\nhello\n#\n" * 1000 + END + b"#0V%T\n" * 10)
    assert content == b"Cat\0\0\0" * 1000
    assert len(defects) == MAX_DEFECTS
    assert defects[-1].code is DefectCode.DEFECTS_OMITTED


@pytest.mark.parametrize(
    "pattern", [b"M\n", b"M", b"\n", b" ", b"end", b"`\n", b"x\n", b"!A\n", b"\r", b"begin 644 x\n"]
)
def test_hostile_bodies_leave_no_state_behind(pattern: bytes) -> None:
    """Whatever repeats, no more than the beginning of a line is held back."""
    decoder = UuencodeDecoder()
    decoder.feed(BEGIN)
    chunk = pattern * (65_536 // len(pattern))
    for _ in range(8):
        decoder.feed(chunk)
        assert held_bytes(decoder) <= LINE_BYTES
    decoder.close()
