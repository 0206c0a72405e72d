"""Hostile structure and hostile bodies: nesting, parts, delimiters that are none, transfer encodings, mboxes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain

from benchmarks.hostile.cases import HEAD, Case, Make, around, filled, multipart, repeated, token

_FROM_LINE = b"From a@example.org Mon Jan  1 10:00:00 2024\n"


def _nested(count: int, source: random.Random) -> Iterator[bytes]:
    prefix = token(source, 4)
    yield HEAD
    for level in range(count):
        boundary = b"%s%d" % (prefix, level)
        yield multipart(boundary) + b"--" + boundary + b"\n"
    yield b"\nthe leaf"
    for level in reversed(range(count)):
        yield b"\n--%s%d--\n" % (prefix, level)


def _nested_unclosed(count: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 4)
    level = multipart(boundary) + b"--" + boundary + b"\n"
    return around(HEAD, repeated(level, count), b"\nthe leaf")


def _nested_messages(count: int, _: random.Random) -> Iterator[bytes]:
    return around(HEAD, repeated(b"Content-Type: message/rfc822\n\n", count), b"\nthe leaf")


def _parts(count: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 8)
    part = b"--" + boundary + b"\nContent-Type: text/plain; name=x.txt\n\nx\n"
    return around(HEAD + multipart(boundary), repeated(part, count), b"--" + boundary + b"--\n")


def _large_headers(count: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 8)
    yield HEAD + multipart(boundary)
    field = b"X-%d: " + b"x" * 992 + b"\n"
    for number in range(count):
        yield b"--" + boundary + b"\n" + b"".join(field % (number * 900 + at) for at in range(900)) + b"\n"
    yield b"--" + boundary + b"--\n"


def _tiny_parts(count: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 1)
    # Delimiter, blank line, and content: 13 bytes.
    part = b"--" + boundary + b"\n\n" + b"content\n"
    return around(HEAD + multipart(boundary), repeated(part, count), b"--" + boundary + b"--\n")


def _unterminated(count: int, source: random.Random) -> Iterator[bytes]:
    outer = token(source, 8)
    yield HEAD + multipart(outer)
    for number in range(count):
        inner = b"%d" % number
        yield b"--" + outer + b"\n" + multipart(inner) + b"--" + inner + b"\n\nx\n"


def _near_delimiters(size: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 30)
    lines = [
        b"--" + boundary[:-1] + b"#\n",
        b"--" + boundary + b"-\n",
        b"--" + boundary + b"x\n",
        b"-" + boundary + b"\n",
        b" --" + boundary + b"\n",
        b"--" + boundary.upper() + b"\n",
    ]
    source.shuffle(lines)
    return around(
        HEAD + multipart(boundary) + b"--" + boundary + b"\n\n",
        filled(b"".join(lines), size),
        b"\n--" + boundary + b"--\n",
    )


def _delimiters_after_close(size: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 1)
    before = HEAD + multipart(boundary) + b"--" + boundary + b"\n\nx\n--" + boundary + b"--\n"
    return around(before, filled(b"--" + boundary + b"\n", size))


def _nested_near_delimiters(size: int, source: random.Random) -> Iterator[bytes]:
    """As many open boundaries as are entered, and lines that nearly are the delimiter of each."""
    prefix = token(source, 40)
    levels = 250
    yield HEAD
    for level in range(levels):
        boundary = b"%s%03d" % (prefix, level)
        yield multipart(boundary) + b"--" + boundary + b"\n"
    yield b"\n"
    yield from filled(b"".join(b"--%s%03d.\n" % (prefix, level) for level in range(levels)), size)


def _dashes(size: int, _: random.Random) -> Iterator[bytes]:
    boundary = b"-" * 70
    lines = b"".join(b"-" * length + b"\n" for length in (71, 73, 75, 140, 2, 997, 1, 69, 70))
    return around(HEAD + multipart(boundary) + b"--" + boundary + b"\n\n", filled(lines, size))


def _dashes_in_one_line(size: int, _: random.Random) -> Iterator[bytes]:
    boundary = b"-" * 70
    return around(HEAD + multipart(boundary) + b"--" + boundary + b"\n\n", filled(b"-", size))


def _seven_byte_lines(size: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 3)
    line = b"--" + boundary + b".\n"
    return around(HEAD + multipart(boundary) + b"--" + boundary + b"\n\n", filled(line, size))


def _one_long_line(size: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 8)
    return around(HEAD + multipart(boundary) + b"--" + boundary + b"\n\n", filled(b"no line break ", size))


def _line_breaks(size: int, source: random.Random) -> Iterator[bytes]:
    boundary = token(source, 8)
    return around(HEAD + multipart(boundary) + b"--" + boundary + b"\n\n", filled(b"\r\n\n\r", size))


def _encoded(encoding: bytes, unit: bytes, before: bytes = b"") -> Make:
    def make(size: int, source: random.Random) -> Iterator[bytes]:
        boundary = token(source, 12)
        part = b"--" + boundary + b"\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: "
        return around(
            HEAD + multipart(boundary) + part + encoding + b"\n\n" + before,
            filled(unit, size),
            b"\n--" + boundary + b"--\n",
        )

    return make


def _unquoted_from(size: int, _: random.Random) -> Iterator[bytes]:
    return around(_FROM_LINE + HEAD + b"\n", filled(b"From here on\n", size))


def _quoted_from(size: int, _: random.Random) -> Iterator[bytes]:
    return around(_FROM_LINE + HEAD + b"\n", filled(b">From here on\n>>From\n>>>>>>>>>>>From x\n", size))


def _quote_signs(size: int, _: random.Random) -> Iterator[bytes]:
    return around(_FROM_LINE + HEAD + b"\n", filled(b">", size))


def _messages(count: int, _: random.Random) -> Iterator[bytes]:
    return repeated(_FROM_LINE + b"\n\n", count)


def _from_lines(count: int, _: random.Random) -> Iterator[bytes]:
    return repeated(_FROM_LINE, count)


def _headers_without_end(count: int, source: random.Random) -> Iterator[bytes]:
    """Parts whose header is cut off by the next delimiter."""
    boundary = token(source, 8)
    part = b"--" + boundary + b"\nContent-Type: multipart/mixed; boundary=x\n"
    return chain((HEAD + multipart(boundary),), repeated(part, count))


_MB = 1_000_000
CASES = (
    Case("nesting", "multiparts in multiparts, each closed", "levels", 5_000, _nested, items=1),
    Case("nesting-deep", "the same, a hundred thousand deep", "levels", 100_000, _nested, items=1),
    Case("nesting-same-boundary", "multiparts in multiparts, all with one boundary, none closed", "levels", 100_000,
         _nested_unclosed, items=1),
    Case("nesting-messages", "messages in messages", "levels", 100_000, _nested_messages, items=1),
    Case("parts", "small parts with a header", "parts", 200_000, _parts, items=1),
    Case("parts-many", "ten times as many", "parts", 2_000_000, _parts, items=1),
    Case("parts-tiny", "parts of 13 bytes, delimiter included", "parts", 500_000, _tiny_parts, items=1),
    Case("parts-large-headers", "parts with headers just below the limit", "parts", 100, _large_headers, items=900),
    Case("parts-cut-header", "parts whose header ends with the next delimiter", "parts", 200_000,
         _headers_without_end, items=1),
    Case("unterminated", "multiparts side by side, none closed", "parts", 100_000, _unterminated, items=2),
    Case("near-delimiters", "lines that almost are the delimiter", "bytes", 48 * _MB, _near_delimiters,
         items=1 / 33),
    Case("near-delimiters-nested", "250 open boundaries, and lines that almost are one of them", "bytes", 24 * _MB,
         _nested_near_delimiters, items=1 / 47),
    Case("delimiters-after-close", "delimiters of a multipart that is closed", "bytes", 24 * _MB,
         _delimiters_after_close),
    Case("near-delimiters-short", "lines of seven bytes that almost are delimiters", "bytes", 24 * _MB,
         _seven_byte_lines, items=1 / 7),
    Case("dashes", "a boundary of 70 dashes in a body of lines of dashes", "bytes", 48 * _MB, _dashes, items=1 / 170),
    Case("dashes-one-line", "the same in a body of dashes without a line break", "bytes", 48 * _MB,
         _dashes_in_one_line),
    Case("one-long-line", "a body without a line break", "bytes", 100 * _MB, _one_long_line),
    Case("line-breaks", "CRLF, LF and CR in turns and nothing else", "bytes", 48 * _MB, _line_breaks),
    Case("base64-padding", "base64 of nothing but padding", "bytes", 24 * _MB, _encoded(b"base64", b"=")),
    Case("base64-restarts", "base64 that ends and begins anew every four characters", "bytes", 24 * _MB,
         _encoded(b"base64", b"QQ==")),
    Case("base64-junk", "base64 with a character outside its alphabet in every group", "bytes", 24 * _MB,
         _encoded(b"base64", b"QQ!!QUJD-=\x00")),
    Case("quoted-printable-equals", "quoted-printable of nothing but equals signs", "bytes", 24 * _MB,
         _encoded(b"quoted-printable", b"=")),
    Case("quoted-printable-spaces", "quoted-printable of spaces without a line break", "bytes", 24 * _MB,
         _encoded(b"quoted-printable", b" ")),
    Case("quoted-printable-breaks", "quoted-printable of soft line breaks with spaces in them", "bytes", 24 * _MB,
         _encoded(b"quoted-printable", b"= \t \r\n=\r =\n")),
    Case("uuencode-expanding", "uuencoded lines of two characters that say they hold 63 bytes", "bytes", 24 * _MB,
         _encoded(b"x-uuencode", b"_\n", b"begin 644 x\n"),
         items=1 / 2),
    Case("uuencode-junk", "uuencoded lines that are too short, too long and none", "bytes", 24 * _MB,
         _encoded(b"x-uuencode", b"M!!\n\x01\n#86)C" + b"x" * 140 + b"\n", b"begin 644 x\n")),
    Case("uuencode-no-begin", "a uuencoded body that never begins", "bytes", 24 * _MB,
         _encoded(b"x-uuencode", b"begin 6\nbegin 644\n")),
    Case("mbox-messages", "an mbox of empty messages", "messages", 100_000, _messages, items=1, is_mbox=True),
    Case("mbox-from-lines", "an mbox of `From ` lines and nothing else", "lines", 100_000, _from_lines, items=1,
         is_mbox=True),
    Case("mbox-unquoted", "an mbox of lines that begin with `From ` and are none", "bytes", 24 * _MB, _unquoted_from,
         items=1 / 13, is_mbox=True),
    Case("mbox-quoted", "an mbox of quoted `From ` lines", "bytes", 24 * _MB, _quoted_from, items=1 / 13,
         is_mbox=True),
    Case("mbox-quote-signs", "an mbox with one line of quote signs", "bytes", 24 * _MB, _quote_signs, is_mbox=True),
)  # fmt: skip
