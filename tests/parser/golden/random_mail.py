"""Seeded mail of the kinds that nobody would write by hand: mostly well-formed, then with pieces that almost fit.

A seed gives the same bytes on every Python: nothing is asked of `random` but `randrange`. To change what stands here
changes the inputs, so that they have to be recorded anew.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from random import Random
from typing import TypeVar

_Chosen = TypeVar("_Chosen")

_FROM_LINES = (
    b"From a@b.example Mon Jan  5 10:00:00 2004",
    b"From - Mon Jan  5 10:00:00 2004",
    b"From user at host.example Mon Jan  5 10:00:00 2004",
)
_ODD_FROM_LINES = (
    b"From nobody",
    b"From a@b.example Mon Jan  5 10:00:00 2004 and more",
    b"From ",
    b"From: a@b",
    b">From x",
)
_FIELDS = (
    b"From: A <a@b.example>",
    b"Subject: one",
    b"Subject: folded",
    b"To: b@b.example, c@b.example",
    b"Date: Mon, 5 Jan 2004 10:00:00 +0000",
    b"MIME-Version: 1.0",
    b"X-Empty:",
    b"Received: from a by b; Mon, 5 Jan 2004 10:00:00 +0000",
    b"Content-Description: x",
    b"Content-Language: en",
    b"FROM: second@b.example",
    b"x-subject: no",
)
_ODD_FIELDS = (
    b"Space : x",
    b"no field",
    b"-dash: x",
    b" folded",
    b"--b",
    b"--b--",
    b"\0: x",
    b"X-Nul: a\0b",
    b"X-Cr: a\rb",
    b">From quoted",
    b"From a@b.example Mon Jan  5 10:00:00 2004",
    b"X-Long: " + b"y" * 990,
    b"X-Long: " + b"y" * 991,
    b": no name",
    b"Content-Type: text/plain",
    b"Content-Transfer-Encoding: 8bit",
    b"Content-Disposition: inline",
    b"Content-Length: 40",
    b"Content-Length: 0",
    b"Subject\t: tab",
    b"\xff\xfe: bytes",
)
_TYPES = (
    b"text/plain",
    b"text/plain; charset=utf-8",
    b"TEXT/HTML; charset=iso-8859-1",
    b'application/pdf; name="a b.pdf"',
    b"image/png;\n name=a.png",
    b"application/octet-stream",
)
_ODD_TYPES = (
    b"text",
    b"text/plain; name=a; name=b",
    b"text/(comment)plain",
    b"multipart/mixed",
    b"multipart/mixed; boundary=",
    b'text/plain; name="unclosed',
    b"text/plain; name*=utf-8''a%20b",
    b"text/plain; name==?utf-8?q?a?=",
    b"message/rfc822; x=" + b"y" * 200,
    b"",
)
_DISPOSITIONS = (b"attachment; filename=a.pdf", b"inline", b'ATTACHMENT;\n filename="b c.pdf"')
_ODD_DISPOSITIONS = (
    b"attachment; filename=a b.pdf",
    b"attachment; filename=a; filename*=''b",
    b"inline; a=1; A=2",
    b"a" * 250,
)
_IDENTITIES = (b"7bit", b"8bit", b"BINARY", b" 7bit ")
_ODD_ENCODINGS = (b"base64, 7bit", b"x-unknown", b"(c) base64", b"", b'"base64"')
_BOUNDARIES = (b"b", b"bb", b"b-", b"-", b"--b", b"=_part.1", b"a b", b"B", b"c" * 70)
_ODD_BOUNDARIES = (b"b ", b"d" * 71, b"b\xe9", b"\t", b"e" * 80)
_LINES = (
    b"text",
    b"a line of some more words than the others have",
    b"",
    b"",
    b"-",
    b"--",
    b"-- ",
    b"From here on",
    b"F",
    b"Fro",
    b">From quoted",
    b"Content",
    b"Content-Type",
    b"caf\xc3\xa9",
    b"Case: closed",
    b"=3D soft=",
    b"-----BEGIN-----",
)
_ODD_LINES = (
    b"nul\0",
    b"cr\rcr",
    b"\r",
    b"z" * 998,
    b"z" * 999,
    b"z" * 1000,
    b"Content-Type: text/html",
    b"X-Field: behind the header",
    b"cr before\r--b",
    *_ODD_FROM_LINES,
    *_FROM_LINES,
)


def pick(rng: Random, choices: Sequence[_Chosen]) -> _Chosen:
    """One of them."""
    return choices[rng.randrange(len(choices))]


class MailMaker:
    """Makes mail from one generator of random numbers. `oddness` is how many pieces of a thousand are odd ones."""

    def __init__(self, rng: Random, oddness: int) -> None:
        self._rng = rng
        self._oddness = oddness
        self._open: list[bytes] = []
        self._break = b"\r\n" if self._one_in(3) else b"\n"

    def _one_in(self, count: int) -> bool:
        return self._rng.randrange(count) == 0

    def _odd(self) -> bool:
        return self._rng.randrange(1000) < self._oddness

    def _line_break(self) -> bytes:
        return pick(self._rng, (b"\n", b"\r\n", b"\r", b"\r\r\n", b"\n\n")) if self._odd() else self._break

    def _usual(self, usual: Sequence[bytes], odd: Sequence[bytes]) -> bytes:
        return pick(self._rng, odd if self._odd() else usual)

    def mbox(self, messages: int) -> bytes:
        """So many messages, each behind a `From ` line."""
        pieces = [pick(self._rng, (b"junk\n\n", b"\n", b"\xef\xbb\xbf"))] if self._odd() else []
        for _ in range(messages):
            pieces.append(self._usual(_FROM_LINES, _ODD_FROM_LINES) + self._line_break())
            pieces.append(self.entity())
            pieces.append(b"" if self._odd() else self._break)
        return b"".join(pieces)

    def entity(self, depth: int = 0) -> bytes:
        """A header block and a body."""
        rng = self._rng
        kind = rng.randrange(12 if depth < 5 else 8)
        if kind >= 10:
            return self._message(depth)
        if kind >= 8 or (depth == 0 and kind >= 5):
            return self._multipart(depth)
        fields = []
        if not self._one_in(4):
            fields.append(b"Content-Type: " + self._usual(_TYPES, _ODD_TYPES))
        if self._one_in(3):
            fields.append(b"content-disposition: " + self._usual(_DISPOSITIONS, _ODD_DISPOSITIONS))
        encoding = self._usual((*_IDENTITIES, b"base64", b"Quoted-Printable", b"x-uuencode", b"base64"), _ODD_ENCODINGS)
        if not self._one_in(3):
            fields.append(b"Content-Transfer-Encoding: " + encoding)
        return self._header(fields, depth) + self._body(encoding)

    def _header(self, fields: list[bytes], depth: int) -> bytes:
        rng = self._rng
        count = rng.randrange(8) if depth == 0 else rng.randrange(2)
        for _ in range(count):
            field = self._usual(_FIELDS, _ODD_FIELDS)
            if self._one_in(6):
                field += b"\n" + pick(rng, (b" ", b"\t", b"  more: ")) + b"folded"
            fields.insert(rng.randrange(len(fields) + 1), field)
        lines = [line for field in fields for line in field.split(b"\n")]
        block = b"".join(line + self._line_break() for line in lines)
        return block if self._odd() else block + self._break

    def _body(self, encoding: bytes) -> bytes:
        rng = self._rng
        name = encoding.strip().lower()
        content = bytes(rng.randrange(256) for _ in range(rng.randrange(150)))
        if name == b"base64" and not self._odd():
            return base64.encodebytes(content).replace(b"\n", self._break)
        if name == b"quoted-printable" and not self._odd():
            return binascii.b2a_qp(content).replace(b"\n", self._break)
        if name == b"x-uuencode" and not self._odd():
            lines = [binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)]
            return b"".join((b"begin 644 x\n", *lines, b"`\nend\n")).replace(b"\n", self._break)
        lines = []
        for _ in range(rng.randrange(7)):
            line = self._usual(_LINES, _ODD_LINES)
            if self._open and self._odd():
                line = self._near_delimiter()
            lines.append(line + self._line_break())
        return b"".join(lines)

    def _near_delimiter(self) -> bytes:
        """A delimiter of any open multipart, or what almost is one."""
        endings = (b"", b"--", b" ", b"--\t", b"x", b"-", b"\r", b" " * 900, b"z" * 990)
        return b"--" + pick(self._rng, self._open) + pick(self._rng, endings)

    def _multipart(self, depth: int) -> bytes:
        rng = self._rng
        boundary = self._usual(_BOUNDARIES, (*_ODD_BOUNDARIES, *self._open))
        if boundary in self._open and not self._odd():
            boundary += b"%d" % depth
        subtype = pick(rng, (b"mixed", b"alternative", b"related", b"digest", b"Mixed"))
        quoted = b'"' + boundary + b'"' if b" " in boundary or self._one_in(2) else boundary
        fields = [b"Content-Type: multipart/" + subtype + b"; boundary=" + quoted]
        if self._one_in(4):
            fields.append(b"Content-Transfer-Encoding: " + self._usual(_IDENTITIES, (b"base64", b"quoted-printable")))
        pieces = [self._header(fields, depth)]
        self._open.append(boundary)
        if self._one_in(4):
            pieces.append(pick(rng, (b"preamble", b"", b"-", b"-- x")) + self._break)
        for number in range(rng.randrange(4)):
            before = self._break if number and not self._odd() else b""
            pieces += [
                before,
                b"--",
                boundary,
                b" " if self._odd() else b"",
                self._line_break(),
                self.entity(depth + 1),
            ]
        if not self._one_in(8):
            pieces += [self._break, b"--", boundary, b"--"]
            if self._odd():
                pieces.append(pick(rng, (b" ", b"x", b"--", b"\r")))
            if not self._odd():
                pieces.append(self._break)
        self._open.pop()
        if self._one_in(5):
            pieces.append(pick(rng, (b"epilogue", b"", b"--" + boundary, b"From ", b"\n")) + self._break)
        return b"".join(pieces)

    def _message(self, depth: int) -> bytes:
        fields = [b"Content-Type: message/" + pick(self._rng, (b"rfc822", b"RFC822", b"global"))]
        if self._odd():
            fields.append(b"Content-Transfer-Encoding: base64")
        return self._header(fields, depth) + self.entity(depth + 1)


_TOKENS = (
    *(b"\n", b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\0", b"\xef\xbb\xbf", b"\xff", b" ", b"\t", b":"),
    *(b"--b", b"--b--", b"--bb", b"\n--b\n", b"\n--b--\n", b"\n--bb\r\n", b"\n--b \n", b"\r--b", b"--", b"-"),
    *(
        b"From ",
        b"From",
        b"F",
        b"\nFrom a@b Mon Jan  5 10:00:00 2004\n",
        b"\n\nFrom - Mon Jan  5 10:00:00 2004\nA: b\n",
    ),
    *(b"Subject: x\n", b"From: a@b\n", b"A: b\n\n", b"Content-Length: 20\n", b"Content-Type: text/plain\n"),
    *(b"Content-Type: multipart/mixed; boundary=b\n\n", b"Content-Type: multipart/digest; boundary=bb\n\n--bb\n"),
    *(b'Content-Type: multipart/mixed; boundary="bb"\r\n\r\n', b"Content-Type: message/rfc822\n\n"),
    *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: binary\n\n", b"text\n", b"QUJD\n"),
    *(b"Content-Type : text/plain\n", b"Content-Disposition: attachment; filename=a b\n", b"z" * 999, b"y" * 80),
)


def random_tokens(rng: Random) -> bytes:
    """Pieces of mail, one behind the other, whatever comes of it."""
    return b"".join(pick(rng, _TOKENS) for _ in range(1 + rng.randrange(45)))
