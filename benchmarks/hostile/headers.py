"""Hostile header blocks and hostile field values."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain

from benchmarks.hostile.cases import Case, Make, around, filled, repeated, token

# No field that a case is about: of two, the first would be read.
_HEAD = b"MIME-Version: 1.0\n"
_END = b"\n\nbody\n"


def _value(name: bytes, unit: bytes, before: bytes = b"", after: bytes = b"") -> Make:
    """A field whose value is `size` bytes of a unit."""

    def make(size: int, _: random.Random) -> Iterator[bytes]:
        return around(_HEAD + name + b": " + before, filled(unit, size), after + _END)

    return make


def _list(name: bytes, unit: bytes, before: bytes = b"", after: bytes = b"") -> Make:
    """A field whose value is a unit so many times."""

    def make(count: int, _: random.Random) -> Iterator[bytes]:
        return around(_HEAD + name + b": " + before, repeated(unit, count), after + _END)

    return make


def _numbered(name: bytes, unit: bytes, before: bytes) -> Make:
    """A field whose value is a unit with a number in it, so many times."""

    def make(count: int, _: random.Random) -> Iterator[bytes]:
        return around(_HEAD + name + b": " + before, (unit % number for number in range(count)), _END)

    return make


def _fields(unit: bytes) -> Make:
    """A header block of a unit so many times."""

    def make(count: int, _: random.Random) -> Iterator[bytes]:
        return chain((_HEAD,), repeated(unit, count), (b"\nbody\n",))

    return make


def _random_fields(count: int, source: random.Random) -> Iterator[bytes]:
    """Fields of which no two have the same name."""
    prefix = token(source, 6)
    return chain((_HEAD,), (b"%s%d: x\n" % (prefix, number) for number in range(count)), (b"\nbody\n",))


def _addresses(count: int, source: random.Random) -> Iterator[bytes]:
    domain = token(source, 5)
    return around(
        _HEAD + b"To: ", (b"%d@%s.example,\n " % (number, domain) for number in range(count)), b"z@example.org" + _END
    )


def _no_colon(size: int, _: random.Random) -> Iterator[bytes]:
    return around(_HEAD, filled(b"x", size), b": y" + _END)


def _nested_comments(size: int, _: random.Random) -> Iterator[bytes]:
    comments = chain(filled(b"(", size // 2), filled(b")", size // 2))
    return around(_HEAD + b"Content-Type: text/plain", comments, _END)


def _mixed_lines(count: int, _: random.Random) -> Iterator[bytes]:
    """Lines that end in every way a line can, and carriage returns that end none."""
    return chain((_HEAD,), repeated(b"a: b\r\nc: d\re: f\r\r\r\ng: h\n\t\r", count), (b"\r\n\r\nbody\n",))


_MB = 1_000_000
_BLOCK = 500_000
"""Bytes of a field that, doubled, is still below the limit of a header block."""

CASES = (
    Case("header-line", "one header line of 100 MB", "bytes", 100 * _MB, _value(b"X-Long", b"x ")),
    Case("header-line-below-limit", "one header line, below the limit of a header block", "bytes", _BLOCK,
         _value(b"X-Long", b"x ")),
    Case("header-name", "a field name without an end, below the limit", "bytes", _BLOCK, _no_colon),
    Case("header-name-spaces", "the same, of spaces before the colon", "bytes", _BLOCK, _value(b"X" + b" " * 99, b" ")),
    Case("header-carriage-returns", "a field value of nothing but carriage returns", "bytes", _BLOCK,
         _value(b"X", b"\r"), items=1),
    Case("header-line-breaks", "lines that end in every way", "lines", 20_000, _mixed_lines, items=6),
    Case("headers", "a million fields", "fields", 1_000_000, _fields(b"a: b\n"), items=1),
    Case("headers-below-limit", "as many fields as the limit lets in", "fields", 100_000, _fields(b"a: b\n"), items=1),
    Case("headers-distinct", "fields with names of their own, below the limit", "fields", 30_000, _random_fields,
         items=1),
    Case("headers-content-type", "one Content-Type after the other", "fields", 15_000,
         _fields(b"Content-Type: text/html; charset=x\n"), items=1),
    Case("headers-subject", "one Subject after the other", "fields", 15_000,
         _fields(b"Subject: =?utf-8?q?=C3=A4?= x\n"), items=1),
    Case("folded", "a value folded over a million lines", "lines", 1_000_000, _fields(b" x\n"), items=1),
    Case("folded-below-limit", "a value folded over as many lines as the limit lets in", "lines", 150_000,
         _fields(b" x\n"), items=1),
    Case("rfc2231", "continuations of one file name (RFC 2231)", "continuations", 10_000,
         _numbered(b"Content-Disposition", b"; filename*%d*=%%41", b"attachment"), items=1),
    Case("rfc2231-same-number", "continuations that all have the same number", "continuations", 20_000,
         _list(b"Content-Disposition", b"; filename*1*=%41", b"attachment"), items=1),
    Case("rfc2231-boundary", "continuations of a boundary", "continuations", 15_000,
         _numbered(b"Content-Type", b"; boundary*%d=b", b"multipart/mixed"), items=1),
    Case("parameters", "a Content-Type with 100,000 parameters", "parameters", 50_000,
         _numbered(b"Content-Type", b"; a%d=b", b"text/plain"), items=1),
    Case("parameters-malformed", "parameters without names, values or quotes", "parameters", 50_000,
         _list(b"Content-Type", b";=;a;a b=", b"text/plain"), items=3),
    Case("parameters-quotes", "parameters in quotes that never close", "parameters", 40_000,
         _list(b"Content-Type", b'; name="a\\"', b"text/plain"), items=1),
    Case("parameters-commas", "a value of commas and white space", "bytes", _BLOCK,
         _value(b"Content-Type", b" ,", b"text/plain; name=x"), items=0.5),
    Case("encoded-words", "a subject of encoded words", "words", 15_000,
         _list(b"Subject", b"=?utf-8?B?w6Q=?=\n "), items=1),
    Case("encoded-words-charsets", "encoded words in charsets that change all the time", "words", 12_000,
         _list(b"Subject", b"=?iso-2022-jp?Q?=1B$B?= =?utf-7?Q?+?=\n "), items=2),
    Case("encoded-words-unknown", "encoded words in charsets that nobody knows", "words", 15_000,
         _numbered(b"Subject", b"=?x-%d?Q?=FF?=\n ", b""), items=1),
    Case("encoded-words-open", "encoded words that never end", "words", 50_000,
         _list(b"Subject", b"=?utf-8?Q?"), items=1),
    Case("encoded-words-long", "one encoded word that is never closed", "bytes", _BLOCK,
         _value(b"Subject", b"=?", b"=?utf-8?Q?"), items=0.5),
    Case("encoded-words-growing", "an encoded word of bytes that each become a replacement character", "bytes",
         _BLOCK, _value(b"Subject", b"=FF", b"=?utf-8?Q?", b"?=")),
    Case("eight-bit", "a subject of bytes in no charset", "bytes", _BLOCK, _value(b"Subject", b"\xff\xc3\x81\x00\x1b")),
    Case("addresses", "a million addresses", "addresses", 1_000_000, _addresses, items=1),
    Case("addresses-below-limit", "as many addresses as the limit lets in", "addresses", 20_000, _addresses, items=1),
    Case("addresses-short", "the shortest addresses there are, below the limit", "addresses", 120_000,
         _list(b"To", b"a@b,"), items=1),
    Case("addresses-words", "an address field of words", "words", 150_000, _list(b"To", b"a b"), items=1),
    Case("addresses-angles", "angle brackets that never close", "bytes", _BLOCK, _value(b"To", b"<"), items=1),
    Case("addresses-quotes", "quotes and backslashes that never close", "bytes", _BLOCK, _value(b"To", b'"\\<'),
         items=1),
    Case("addresses-groups", "groups in groups", "bytes", _BLOCK, _value(b"To", b"a:"), items=1),
    Case("addresses-at", "at signs and dots", "bytes", _BLOCK, _value(b"To", b"@.,@"), items=1),
    Case("addresses-routes", "a route without an end", "bytes", _BLOCK, _value(b"To", b"@a,", b"<"), items=1),
    Case("comments-address", "comments in comments that never close, in addresses", "bytes", _BLOCK,
         _value(b"To", b"("), items=1),
    Case("comments-address-closed", "a comment after the other, in addresses", "comments", 150_000,
         _list(b"To", b"(a)"), items=1),
    Case("comments-date", "comments in comments that never close, in a date", "bytes", _BLOCK,
         _value(b"Date", b"("), items=1),
    Case("comments-type", "comments in comments that never close, in a type", "bytes", _BLOCK,
         _value(b"Content-Type", b"(", b"text/plain; name="), items=1),
    Case("comments-type-nested", "comments in comments, closed, in a type", "bytes", _BLOCK,
         _nested_comments,
         items=1),
    Case("references", "as many message ids as the limit lets in", "ids", 60_000,
         _list(b"References", b"<a@b>\n "), items=1),
    Case("references-distinct", "ids that are all different", "ids", 30_000,
         _numbered(b"References", b"<%d@b>\n ", b""), items=1),
    Case("references-open", "message ids that never close", "bytes", _BLOCK, _value(b"References", b"<a "), items=0.5),
    Case("references-quotes", "message ids in quotes that never close", "bytes", _BLOCK,
         _value(b"In-Reply-To", b'"\\'), items=1),
    Case("date-long", "a date that goes on and on", "bytes", _BLOCK, _value(b"Date", b"1 Jan ", b"")),
)  # fmt: skip
