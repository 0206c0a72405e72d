"""Messages that two readers read in two ways: ours, and how Python's email package, GMime and fast-mail-parser differ.

docs/ambiguity.md is made of this table by `python -m tests.conformance.ambiguities`; a test holds each reader that is
installed against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.conformance.corpora import ROOT
from tests.conformance.readers import FAST, GMIME, STDLIB

PAGE = ROOT / "docs" / "ambiguity.md"

_HEAD = b"From: a@b.example\nDate: Mon, 5 Jan 2004 10:00:00 +0000\nMIME-Version: 1.0\n"


def _multipart(parameters: bytes, *rest: bytes) -> bytes:
    return b"Content-Type: multipart/mixed" + parameters + b"\n\n" + b"".join(rest)


def _part(boundary: bytes, name: bytes) -> bytes:
    return b"--" + boundary + b"\nContent-Disposition: attachment; filename=" + name + b"\n\n" + name.upper() + b"\n"


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """`code` is the defect, `rule` how we read it; `others` says, by reader, what it sees instead: a reader that is not
    in it sees what we see."""

    title: str
    code: str
    data: bytes
    rule: str
    others: dict[str, str] = field(default_factory=dict)

    @property
    def message(self) -> bytes:
        """A whole message."""
        return _HEAD + self.data


_A_AND_B = _part(b"a", b"a") + b"--a--\n" + _part(b"b", b"b") + b"--b--\n"
_BASE64_TWICE = b"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\neHg=\n"
_FILE = b"Content-Type: application/pdf\nContent-Disposition: attachment; filename"

AMBIGUITIES = (
    Ambiguity(
        "Two Content-Type fields that differ",
        "conflicting-content-types",
        b"Content-Type: text/html\nContent-Type: text/plain\n\nx\n",
        "the first",
        {GMIME: "the last"},
    ),
    Ambiguity(
        "Two Content-Type fields that agree",
        "duplicate-content-type",
        b"Content-Type: text/html\nContent-Type: text/html\n\nx\n",
        "one",
    ),
    Ambiguity(
        "Two Content-Transfer-Encoding fields that differ",
        "conflicting-transfer-encodings",
        _BASE64_TWICE,
        "the first",
        {GMIME: "the last"},
    ),
    Ambiguity(
        "Two encodings in one field",
        "several-transfer-encodings",
        b"Content-Transfer-Encoding: base64, 7bit\n\neHg=\n",
        "the first",
        {STDLIB: "none", GMIME: "none", FAST: "none"},
    ),
    Ambiguity(
        "An encoding with a parameter",
        "malformed-transfer-encoding",
        b"Content-Transfer-Encoding: base64; charset=x\n\neHg=\n",
        "its name",
        {STDLIB: "none", GMIME: "none", FAST: "none"},
    ),
    Ambiguity(
        "An unknown encoding",
        "unknown-transfer-encoding",
        b"Content-Transfer-Encoding: x-base64\n\neHg=\n",
        "the bytes as they stand",
    ),
    Ambiguity(
        "White space before a colon",
        "space-before-colon",
        b"Content-Type : text/html\n\nx\n",
        "the field",
        {STDLIB: "the end of the header", FAST: "another field"},
    ),
    Ambiguity(
        "A comment in a type",
        "comment-in-content-field",
        b"Content-Type: text/(plain)html\n\nx\n",
        "left out",
        {STDLIB: "part of the type", FAST: "part of the type"},
    ),
    Ambiguity(
        "A comment before an encoding",
        "comment-in-content-field",
        b"Content-Transfer-Encoding: (x) base64\n\neHg=\n",
        "left out",
        {STDLIB: "no encoding", GMIME: "no encoding", FAST: "no encoding"},
    ),
    Ambiguity(
        "Two boundaries in one field",
        "conflicting-boundaries",
        _multipart(b"; boundary=a; boundary=b", _A_AND_B),
        "the first",
        {FAST: "the last"},
    ),
    Ambiguity(
        "A plain boundary and one of RFC 2231",
        "conflicting-boundaries",
        _multipart(b"; boundary=a; boundary*=''b", _A_AND_B),
        "the plain one",
    ),
    Ambiguity(
        "A boundary of RFC 2231 alone",
        "extended-boundary",
        _multipart(b"; boundary*=''a", _A_AND_B),
        "used",
        {FAST: "no boundary"},
    ),
    Ambiguity(
        "A boundary that ends in white space",
        "boundary-ends-in-space",
        _multipart(b'; boundary="a "', _A_AND_B),
        "delimiters with and without it",
        {GMIME: "none without it", FAST: "none without it"},
    ),
    Ambiguity(
        "A byte outside ASCII in a boundary",
        "invalid-boundary-character",
        _multipart(b'; boundary="a\xe9"', _part(b"a\xe9", b"a"), b"--a\xe9--\n"),
        "used",
        {STDLIB: "no parts", GMIME: "no parts", FAST: "no parts"},
    ),
    Ambiguity(
        "A boundary with a slash and no quotes",
        "malformed-parameters",
        _multipart(b"; boundary=a/b", _part(b"a/b", b"a"), b"--a/b--\n"),
        "all of it",
        {STDLIB: "up to the slash"},
    ),
    Ambiguity(
        "The boundary of the multipart around it",
        "boundary-of-outer-multipart",
        _multipart(
            b"; boundary=a",
            b"--a\n" + _multipart(b"; boundary=a", _part(b"a", b"a"), b"--a--\n"),
            _part(b"a", b"b"),
            b"--a--\n",
        ),
        "delimiters of the inner one, until it is closed",
        {STDLIB: "delimiters of the outer one", FAST: "delimiters of the outer one"},
    ),
    Ambiguity(
        "An encoded word in a boundary",
        "encoded-word-in-parameter",
        _multipart(b'; boundary="=?utf-8?q?a?="', _A_AND_B),
        "as it stands, which no delimiter is",
        {STDLIB: "decoded", GMIME: "decoded", FAST: "decoded"},
    ),
    Ambiguity(
        "An encoded word in a file name",
        "encoded-word-in-parameter",
        _FILE + b'="=?utf-8?q?a=2Epdf?="\n\nx\n',
        "decoded",
    ),
    Ambiguity(
        "A file name and another name",
        "conflicting-filenames",
        b"Content-Type: application/pdf; name=b\nContent-Disposition: attachment; filename=a\n\nx\n",
        "that of Content-Disposition",
    ),
    Ambiguity(
        "A plain file name and one of RFC 2231",
        "conflicting-filenames",
        _FILE + b"=b; filename*=''a\n\nx\n",
        "that of RFC 2231 (RFC 6266, 4.3)",
        {STDLIB: "the plain one", GMIME: "the plain one", FAST: "the plain one"},
    ),
    Ambiguity(
        "An empty file name and another name",
        "conflicting-filenames",
        b'Content-Type: application/pdf; name=b\nContent-Disposition: attachment; filename=""\n\nx\n',
        "the one that is not empty",
        {STDLIB: "the empty one", GMIME: "the empty one", FAST: "the empty one"},
    ),
    Ambiguity(
        "A file name of which a segment is missing",
        "malformed-extended-parameter",
        _FILE + b"*0=a; filename*2=.exe\n\nx\n",
        "the others, joined",
        {STDLIB: "up to the gap", FAST: "up to the gap"},
    ),
    Ambiguity(
        "A file name that is encoded and names no charset",
        "malformed-extended-parameter",
        _FILE + b"*=a%2Eexe\n\nx\n",
        "decoded",
        {FAST: "none"},
    ),
    Ambiguity(
        "Two file names in one field",
        "duplicate-parameter",
        _FILE + b"=a; filename=b\n\nx\n",
        "the first",
        {FAST: "the last"},
    ),
    Ambiguity(
        "A backslash in quotes",
        "backslash-in-parameter",
        _FILE + b'="c:\\d\\e.pdf"\n\nx\n',
        "kept, but before a quote or a backslash",
        {STDLIB: "left out", GMIME: "left out"},
    ),
    Ambiguity(
        "A value with a space and no quotes",
        "malformed-parameters",
        _FILE + b"=a b.pdf\n\nx\n",
        "all of it",
        {STDLIB: "up to the space"},
    ),
    Ambiguity(
        "Quotes that never close",
        "malformed-parameters",
        _FILE + b'="a b.pdf\n\nx\n',
        "to the end, without the quote",
        {GMIME: "with the quote", FAST: "with the quote"},
    ),
    Ambiguity(
        "A header field behind a blank line",
        "header-field-after-blank-line",
        _multipart(b"; boundary=a", b"--a\n\nContent-Disposition: attachment; filename=a\n\nA\n--a--\n"),
        "content",
    ),
    Ambiguity(
        "Any header behind a blank line",
        "header-field-after-blank-line",
        _multipart(b"; boundary=a", b"--a\n\nX-Any: 1\nContent-Disposition: attachment; filename=a\n\nA\n--a--\n"),
        "content",
    ),
    Ambiguity(
        "A line in the header that is no field",
        "missing-blank-line-after-header",
        b"Content-Type: multipart/mixed; boundary=a\nthis is text\n" + _A_AND_B,
        "the first line of the body",
        {GMIME: "no parts"},
    ),
    Ambiguity(
        "A bare CR in a header",
        "bare-cr-in-header",
        b"Subject: x\rContent-Type: text/html\n\nx\n",
        "a line break",
        {GMIME: "a character", FAST: "a character"},
    ),
    Ambiguity(
        "CR CR LF at the end of the header",
        "bare-cr-in-header",
        b"Content-Type: text/html\r\n\r\r\nx\r\n",
        "a blank line",
        {STDLIB: "a blank line, and one in the body", GMIME: "other bytes in the body", FAST: "refuses the message"},
    ),
    Ambiguity(
        "NUL in a header",
        "nul-in-header",
        b"Content-Type: text/html; charset=us-ascii; x=\0\n\nx\n",
        "a character",
    ),
    Ambiguity("NUL in a body", "nul-in-body", b"\na\0b\n", "a character"),
    Ambiguity(
        "A delimiter behind a bare CR",
        "bare-cr-before-delimiter",
        _multipart(b"; boundary=a", b"--a\n\nx\r" + _A_AND_B),
        "content",
        {STDLIB: "a delimiter"},
    ),
    Ambiguity(
        "CR CR LF behind a delimiter",
        "carriage-returns-after-delimiter",
        _multipart(b"; boundary=a", _part(b"a", b"a"), b"--a\r\r\n\nx\n--a--\n"),
        "a delimiter",
        {STDLIB: "the part begins with the line break", GMIME: "other bytes in the parts"},
    ),
    Ambiguity(
        "A delimiter with something behind it",
        "delimiter-with-trailing-bytes",
        _multipart(b"; boundary=a", b"--a\n\nx\n--az\nContent-Disposition: attachment; filename=a\n\nA\n--a--\n"),
        "content",
        {FAST: "a delimiter"},
    ),
    Ambiguity(
        "Parts behind the close-delimiter",
        "delimiter-after-close",
        _multipart(b"; boundary=a", b"--a\n\nx\n--a--\n" + _part(b"a", b"a")),
        "epilogue (RFC 2046, 5.1.1)",
    ),
    Ambiguity(
        "A multipart in base64",
        "encoded-container",
        b"Content-Transfer-Encoding: base64\n" + _multipart(b"; boundary=a", _part(b"a", b"a"), b"--a--\n"),
        "as it stands (RFC 2045, 6.4)",
    ),
    Ambiguity(
        "An embedded message in base64",
        "encoded-message",
        b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKeQo=\n",
        "a leaf, decoded",
        {STDLIB: "the encoded lines are the message"},
    ),
    Ambiguity(
        "Base64 behind padding",
        "base64-data-after-padding",
        b"Content-Transfer-Encoding: base64\n\neA==eXk=\n",
        "decoded, too",
        {STDLIB: "ends at the padding", GMIME: "ends at the padding"},
    ),
    Ambiguity(
        "Text behind padding",
        "base64-data-after-padding",
        b"Content-Transfer-Encoding: base64\n\neHg=\nhello there\n",
        "decoded, too",
        {STDLIB: "ends at the padding", GMIME: "ends at the padding", FAST: "refuses the message"},
    ),
    Ambiguity("A line of 1,001 bytes", "line-too-long", b"\n" + b"x" * 1000 + b"\n", "one line"),
)

_INTRODUCTION = """\
# Ambiguity

Two readers may see two messages in the same bytes, and what a scanner sees need not be what a mail client shows. Where
mailstrata knows that readers differ it takes one documented reading and says so: each case is a [defect](defects.md) of
its own, with the span of bytes that it is about, in `Part.defects`, in `mailstrata parse`, and in the column `defects`
of the index, so that one query finds the messages that were made to be read in two ways:

    mailstrata sql ARCHIVE "SELECT message, path, d.code FROM parts, unnest(defects) AS u(d)
        WHERE d.code IN ('conflicting-content-types', 'bare-cr-before-delimiter')"

How three other readers read the same bytes, measured: Python's email package (of Python 3.11, its default policy),
GMime 3.2 in its default mode, and fast-mail-parser 0.2. A dash says that it sees what we see. This page is made by
`python -m tests.conformance.ambiguities`, and a test holds every reader that is installed against it. What mail
clients and scanners make of 346 more tricks stands in [conformance.md](conformance.md).

| what | our reading | email | GMime | fast-mail-parser | defect |
|---|---|---|---|---|---|
"""
_END = """
`line-too-long` and `nul-in-body` are looked for where they matter: not in base64, where neither is content, and not in
binary. At most eight levels of open multiparts, the innermost, are held against a line that is no delimiter.

What a message that is split in two ways costs, and what is bounded, stands in [hostile.md](hostile.md).
"""


def render() -> str:
    """The page."""
    rows = []
    for case in AMBIGUITIES:
        others = " | ".join(case.others.get(reader, "-") for reader in (STDLIB, GMIME, FAST))
        rows.append(f"| {case.title} | {case.rule} | {others} | `{case.code}` |\n")
    return _INTRODUCTION + "".join(rows) + _END


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
