"""Small mail, each with one thing that decides: what the short ways of the machine may take, and what just not.

The events of these are recorded in full, so that a difference can be read.
"""

from __future__ import annotations

from typing import Any

from mailstrata.parser.limits import Limits

_FROM = b"From a@b.example Mon Jan  5 10:00:00 2004\n"
_NEXT = _FROM + b"Subject: next\n\nnext\n\n"
_MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"
_INNER = b"Content-Type: multipart/mixed; boundary=bb\n\n"
_PARTS = b"--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n"
_BASE64 = b"Content-Transfer-Encoding: base64\n"

_Case = tuple[bytes, str, dict[str, Any]]


def _message(data: bytes, **options: Any) -> _Case:
    return data, "message", options


def _limited(data: bytes, **limits: int) -> _Case:
    return data, "message", {"limits": Limits(**limits)}


def _mbox(*messages: bytes, **options: Any) -> _Case:
    """Each message behind a `From ` line and before a blank line, and one more behind them."""
    return b"".join(_FROM + message + b"\n" for message in messages) + _NEXT, "mbox", options


def _mbox_limited(*messages: bytes, **limits: int) -> _Case:
    return _mbox(*messages, limits=Limits(**limits))


def _crlf(case: _Case) -> _Case:
    data, mode, options = case
    return data.replace(b"\n", b"\r\n"), mode, options


def _in_parts(*parts: bytes) -> bytes:
    """A multipart with these parts, each with its header."""
    return _MIXED + b"".join(b"--b\n" + part + b"\n" for part in parts) + b"--b--\n"


def _block_of(size: int) -> bytes:
    """A header block of so many bytes, the blank line included."""
    lines = b"Subject: exact\n" + (b"X-Fill: " + b"f" * 70 + b"\n") * (size // 79 - 1)
    return lines + b"X-Last: " + b"l" * (size - len(lines) - 10) + b"\n\n"


CASES: dict[str, _Case] = {
    # What a body begins with.
    "body-empty": _mbox(b"Subject: x\n\n", _in_parts(b"A: b\n", b"A: b\n\n")),
    "body-begins-with-dash": _mbox(_in_parts(b"A: b\n\n--b", b"A: b\n\n-", b"A: b\n\n-x")),
    "body-begins-with-from": _mbox(b"Subject: x\n\n" + _FROM + b"text\n", b"Subject: y\n\nFrom here\n"),
    "body-begins-like-a-field": _mbox(
        b"Subject: x\n\nContent-Type: text/html\n\nx\n", b"Subject: x\n\ncontent-type: y\n", b"\nSubject: z\n\nx\n"
    ),
    "body-behind-empty-header": _message(_in_parts(b"\nbody", b"\nX-Field: body", b"\n\nbody")),
    "body-of-one-byte": _mbox(b"Subject: x\n\nx\n", _in_parts(b"A: b\n\nx", b"A: b\n\n\n", b"A: b\n\n\r\n")),
    # What it ends with.
    "body-ends-in-blank-lines": _mbox(b"Subject: x\n\nx\n\n\n", _in_parts(b"A: b\n\nx\n\n", b"A: b\n\nx\r\n\r\n")),
    "body-ends-in-crlf": _crlf(_mbox(b"Subject: x\n\nx\n", _in_parts(b"A: b\n\nx\n", b"A: b\n\nx"))),
    "body-ends-at-near-delimiter": _message(
        _in_parts(b"A: b\n\nx\n--bx", b"A: b\n\nx\n--b--x\n--b-", b"A: b\n\nx\n--")
    ),
    "body-ends-at-padded-delimiter": _message(_MIXED + b"--b\nA: b\n\nx\n--b \nA: b\n\ny\n--b\t\t\n\nz\n--b-- \n"),
    "body-ends-at-delimiter-with-carriage-returns": _message(
        _MIXED + b"--b\nA: b\n\nx\n--b\r\r\nA: b\n\ny\n--b--\r\r\n"
    ),
    "body-ends-at-outer-delimiter": _message(_in_parts(_INNER + b"--bb\nA: b\n\nx", b"A: b\n\ny")),
    "body-ends-at-outer-close-delimiter": _message(_MIXED + b"--b\n" + _INNER + b"--bb\nA: b\n\nx\n--b--\nepilogue\n"),
    "body-ends-at-from-line-in-multipart": _mbox(_MIXED + b"--b\nA: b\n\nx\n", _in_parts(b"A: b\n\ny")),
    "body-ends-at-from-line-without-blank-line": (
        _FROM + b"Subject: x\n\nx\n" + _FROM + b"Subject: y\n\ny\n" + _FROM + b"no field\n\n" + _NEXT,
        "mbox",
        {},
    ),
    "body-ends-at-from-line-without-blank-line-strict": (
        _FROM + b"Subject: x\n\nx\n" + _FROM + b"Subject: y\n\ny\n\n" + _NEXT,
        "mbox",
        {"profile": "strict"},
    ),
    "body-ends-at-from-line-behind-crlf": (
        _FROM + b"Subject: x\n\nx\r\n\r\n" + _FROM + b"Subject: y\r\n\r\ny\n\r\n" + _NEXT,
        "mbox",
        {},
    ),
    "body-with-odd-from-lines": _mbox(
        b"Subject: x\n\nx\n\nFrom me to you\n\nFrom \n\n>From here\n", b"A: b\n\nFrom: x\n"
    ),
    "body-with-dashes-before-from-line": _mbox(_MIXED + b"--b\nA: b\n\nx\n-- \n--\n\nFrom x\n", b"A: b\n\n--b\n"),
    "body-truncated": _message(_MIXED + b"--b\nA: b\n\nx\n--b"),
    "body-truncated-in-line-break": _message(_crlf(_message(_MIXED + b"--b\nA: b\n\nx\n--b"))[0] + b"\r"),
    "from-line-truncated": (_FROM + b"A: b\n\nx\n\n" + _FROM[:-1], "mbox", {}),
    # What is in it.
    "nul-in-bodies": _mbox(
        b"Subject: x\n\na\0b\n", b"Content-Transfer-Encoding: binary\n\na\0b\n", _BASE64 + b"\nQUI\0\n", b"A: b\n\nx\n"
    ),
    "nul-in-parts": _message(_in_parts(b"A: b\n\na\0b", b"Content-Transfer-Encoding: binary\n\na\0b", b"A: b\n\nx")),
    "line-of-998": _mbox(b"A: b\n\n" + b"x" * 998 + b"\n", b"A: b\n\n" + b"x" * 998 + b"\r\n", b"A: b\n\nx\n"),
    "line-of-999": _mbox(b"A: b\n\n" + b"x" * 999 + b"\n", b"A: b\n\ny\n" + b"x" * 999 + b"\r\ny\n"),
    "line-of-1000": _mbox(b"A: b\n\n" + b"x" * 1000 + b"\n", _in_parts(b"A: b\n\n" + b"x" * 1000)),
    "line-of-1000-in-binary": _mbox(b"Content-Transfer-Encoding: binary\n\n" + b"x" * 1000 + b"\n"),
    "bare-cr-before-delimiter": _message(_in_parts(b"A: b\n\nx\r--b\ry", b"A: b\n\nx\r--bb", b"A: b\n\nx\ry")),
    "bare-cr-in-body": _mbox(b"A: b\n\nx\ry\r\rz\n", _in_parts(b"A: b\n\nx\ry")),
    "base64": _mbox(_BASE64 + b"\nQUJD\nQUJD\n", _in_parts(_BASE64 + b"\nQUJD", _BASE64 + b"\nQUI=\n--bx", _BASE64)),
    "base64-with-from-lines": _mbox(_BASE64 + b"\nQUJD\n\nFrom x\n\nFrom - \n", _BASE64 + b"\nQU\n\n-\n"),
    # Multiparts.
    "preamble": _message(_MIXED + b"preamble\n" + _PARTS),
    "preamble-of-blank-line": _message(_MIXED + b"\n" + _PARTS),
    "first-delimiter-padded": _message(_MIXED + b"--b  \nA: b\n\nx\n--b--\n"),
    "first-delimiter-is-close-delimiter": _mbox(_MIXED + b"--b--\n", _MIXED + b"--b--\n--b\n\nx\n"),
    "first-delimiter-is-that-of-the-outer": _message(_in_parts(_INNER + b"--b\nA: b\n\nx")),
    "first-delimiter-without-end": _message(_MIXED + b"--b"),
    "first-delimiter-in-crlf": _crlf(_message(_MIXED + _PARTS)),
    "boundary-begins-as-the-outer": _message(_in_parts(_INNER + b"--bb\nA: b\n\nx\n--bb--", b"A: b\n\ny")),
    "boundary-is-that-of-the-outer": _message(_in_parts(_in_parts(b"A: b\n\nx"), b"A: b\n\ny")),
    "boundary-quoted": _message(b'Content-Type: multipart/mixed; boundary="b"\n\n' + _PARTS),
    "digest": _message(
        b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\nx\n--b\nA: b\n\nB: c\n\ny\n--b--\n"
    ),
    "embedded-message": _mbox(_in_parts(b"Content-Type: message/rfc822\n\nSubject: in\n\nx", b"A: b\n\ny")),
    "embedded-multipart": _mbox(_in_parts(b"Content-Type: message/rfc822\n\n" + _INNER + b"--bb\nA: b\n\nx\n--bb--\n")),
    "embedded-message-is-all": _mbox(b"Content-Type: message/rfc822\n\nSubject: in\n\nx\n"),
    "closed-boundary": _message(_in_parts(_INNER + b"--bb\nA: b\n\nx\n--bb--\n--bb\n\ny", b"A: b\n\nz\n--bb\n\nz")),
    "epilogue": _mbox(_in_parts(b"A: b\n\nx") + b"epilogue\n", _in_parts(b"A: b\n\nx") + b"\n\n"),
    "epilogue-of-one-line-break": _mbox(_in_parts(b"A: b\n\nx"), _in_parts(b"A: b\n\ny")),
    "epilogue-before-odd-from-line": _mbox(_in_parts(b"A: b\n\nx") + b"\nFrom nobody\n"),
    "epilogue-begins-with-from-line": (
        _FROM + _in_parts(b"A: b\n\nx") + _FROM + b"no field\n\n" + _NEXT,
        "mbox",
        {},
    ),
    "epilogue-in-crlf": _crlf(_mbox(_in_parts(b"A: b\n\nx"), _in_parts(b"A: b\n\ny"))),
    "epilogue-of-inner": _mbox(_in_parts(_INNER + b"--bb\nA: b\n\nx\n--bb--\n") + b"\n"),
    "epilogue-of-inner-before-from-line": _mbox(_MIXED + b"--b\n" + _INNER + b"--bb\nA: b\n\nx\n--bb--\n"),
    # Header blocks.
    "header-at-the-start": _message(b"Subject: x\nFrom: a@b\nFrom: c@d\nsubject: y\n folded\n\nx\n"),
    "header-in-crlf": _crlf(_message(b"Subject: x\n folded\nFrom: a@b\nContent-Type: text/html\n\nx\n")),
    "header-in-both-line-breaks": _mbox(b"Subject: x\r\nFrom: a@b\n\r\nx\n", b"Subject: x\nFrom: a@b\r\n\nx\n"),
    "header-with-bare-cr": _mbox(b"Subject: x\rFrom: a@b\n\nx\n", b"Subject: x\n\r\r\nx\n", b"A: b\r\r\n\nx\n"),
    "header-with-nul": _mbox(b"Subject: a\0b\n\nx\n", _in_parts(b"A: a\0b\n\nx")),
    "header-begins-with-space": _mbox(b" x\nSubject: x\n\nx\n", b"\tx\n\nx\n", _in_parts(b" x\nA: b\n\nx")),
    "header-begins-with-blank-line": _mbox(b"\nx\n", b"\r\nx\n", b"\n\nx\n"),
    "header-without-blank-line": _mbox(
        b"Subject: x\nno field\n", b"Subject: x\n", _in_parts(b"A: b", b"A: b\nno field")
    ),
    "header-with-dashes": _mbox(b"-A: b\nSubject: x\n\nx\n", _in_parts(b"-A: b\nB: c\n\nx", b"A: b\n--b: x\n\nx")),
    "header-ends-at-delimiter": _message(_MIXED + b"--b\nA: b\n--b\nB: c\n\nx\n--b--\n"),
    "header-ends-at-delimiter-like-a-field": _message(
        b'Content-Type: multipart/mixed; boundary="b:"\n\n--b:\nA: b\n--b:\nB: c\n\nx\n--b:--\n'
    ),
    "header-ends-at-from-line": (_FROM + b"Subject: x\n" + _FROM + b"A: b\n\nx\n\n" + _NEXT, "mbox", {}),
    "header-begins-with-from-line": _mbox(_MIXED + b"--b\n" + _FROM + b"A: b\n\nx\n--b--\n"),
    "header-behind-part-begins-with-from-line": _mbox(_in_parts(b"A: b\n\nx", _FROM + b"no field\n\ny")),
    "header-of-message-begins-with-from-line": _mbox(b"A: b\n\nx\n", _FROM + b"A: b\n\ny\n"),
    "header-with-line-of-998": _mbox(b"A: " + b"x" * 995 + b"\n\nx\n"),
    "header-with-line-of-999": _mbox(b"A: " + b"x" * 996 + b"\n\nx\n"),
    "header-with-line-of-1000": _mbox(b"A: " + b"x" * 997 + b"\n\nx\n"),
    "header-with-line-of-998-in-crlf": _crlf(_mbox(b"A: " + b"x" * 995 + b"\n\nx\n")),
    "header-of-299": _message(_in_parts(_block_of(299) + b"x")),
    "header-of-300": _message(_in_parts(_block_of(300) + b"x")),
    "header-of-301": _message(_in_parts(_block_of(301) + b"x")),
    "header-of-300-in-crlf": _crlf(_message(_in_parts(_block_of(295) + b"x"))),
    "type-twice": _mbox(b"Content-Type: text/html\nContent-Type: text/plain\n\nx\n"),
    "type-twice-in-part": _message(_in_parts(b"Content-Type: text/html\ncontent-type: text/plain\n\nx")),
    "encoding-twice": _mbox(_BASE64 + b"Content-Transfer-Encoding: 8bit\n\nQUJD\n"),
    "disposition-twice": _mbox(b"Content-Disposition: inline\nContent-Disposition: attachment; filename=a\n\nx\n"),
    "space-before-colon": _mbox(b"Content-Type : text/html\n\nx\n", b"Subject : x\nFrom : a@b\n\nx\n"),
    "content-fields": _mbox(
        b"CONTENT-TYPE: Text/HTML; charset=x\nContent-Transfer-Encoding: 8BIT\ncontent-disposition:\n attachment\n\nx\n"
    ),
    "encoded-multipart": _message(_BASE64 + _MIXED + _PARTS),
    "encoded-message": _message(b"Content-Type: message/rfc822\n" + _BASE64 + b"\nQUJD\n"),
    # Limits.
    "depth-of-1": _limited(_MIXED + _PARTS, depth=1),
    "depth-of-2": _limited(_in_parts(_INNER + b"--bb\nA: b\n\nx\n--bb--", b"A: b\n\ny"), depth=2),
    "parts-of-1": _limited(_MIXED + _PARTS, parts=1),
    "parts-of-2": _limited(_MIXED + _PARTS, parts=2),
    "parts-of-3": _limited(_MIXED + _PARTS, parts=3),
    "parts-of-2-in-mbox": _mbox_limited(_MIXED + _PARTS, _MIXED + _PARTS, parts=2),
    "parts-of-2-with-embedded-message": _limited(_in_parts(b"Content-Type: message/rfc822\n\nA: b\n\nx"), parts=2),
    "parts-of-2-with-plain-headers": _limited(_in_parts(b"A: b\n\nx", b"A: b\n\ny", b"A: b\n\nz"), parts=2),
    "parts-of-3-with-plain-headers": _limited(_in_parts(b"A: b\n\nx", b"A: b\n\ny", b"A: b\n\nz"), parts=3),
    "header-limit-of-15": _mbox_limited(b"Subject: abcd\n\nx\n", header_bytes=15),
    "header-limit-of-14": _mbox_limited(b"Subject: abcd\n\nx\n", header_bytes=14),
    "header-limit-in-part": _limited(_in_parts(b"Subject: abcd\n\nx"), header_bytes=43),
    "header-limit-just-in-part": _limited(_in_parts(_block_of(200) + b"x", _block_of(201) + b"x"), header_bytes=200),
    "delimiter-line-of-76": _limited(
        _in_parts(b"A: b\n\nx\n--b" + b" " * 73 + b"\nA: b\n\ny"), delimiter_line_bytes=76
    ),
    "delimiter-line-of-77": _limited(
        _in_parts(b"A: b\n\nx\n--b" + b" " * 74 + b"\nA: b\n\ny"), delimiter_line_bytes=76
    ),
    "from-line-of-76": (
        b"From " + b"a" * 46 + b" Mon Jan  5 10:00:00 2004\nA: b\n\nx\n\n" + _NEXT,
        "mbox",
        {"limits": Limits(delimiter_line_bytes=76)},
    ),
    "from-line-of-77": (
        _FROM + b"A: b\n\nx\n\nFrom " + b"a" * 47 + b" Mon Jan  5 10:00:00 2004\nA: b\n\nx\n\n" + _NEXT,
        "mbox",
        {"limits": Limits(delimiter_line_bytes=76)},
    ),
    "from-line-of-79": (
        _FROM + b"A: b\n\nx\n\nFrom " + b"a" * 49 + b" Mon Jan  5 10:00:00 2004\nA: b\n\nx\n\n" + _NEXT,
        "mbox",
        {"limits": Limits(delimiter_line_bytes=76)},
    ),
    "from-line-of-78": (
        _FROM + b"A: b\n\nx\n\nFrom " + b"a" * 48 + b" Mon Jan  5 10:00:00 2004\nA: b\n\nx\n\n" + _NEXT,
        "mbox",
        {"limits": Limits(delimiter_line_bytes=76)},
    ),
    "message-limit": _mbox_limited(_in_parts(b"A: b\n\nx", b"A: b\n\ny"), b"A: b\n\nx\n", message_bytes=60),
    "message-limit-in-epilogue": _mbox_limited(_in_parts(b"A: b\n\nx") + b"\n", message_bytes=68),
    "message-limit-of-leaf": _mbox_limited(b"Subject: x\n\nx\n\n", message_bytes=13),
    "defects-of-1": _mbox_limited(b"A: b\n\na\0b\n\nFrom x\n\nFrom y\n", defects=1),
    "events-of-1": _mbox_limited(_in_parts(b"A: b\n\nx", b"A: b\n\ny"), feed_events=1),
    # Content-Length, offsets, profiles.
    "content-length-over-from-line": _mbox(
        b"Content-Length: %d\n\nx\n\n" % (len(_NEXT) + 3) + _NEXT, b"A: b\n\nx\n", length_check=True
    ),
    "content-length-wrong": _mbox(b"Content-Length: 60\n\nx\n", b"A: b\n\nx\n", length_check=True),
    "content-length-over-multipart": _mbox(
        b"Content-Length: %d\n" % (len(_PARTS) + len(_NEXT)) + _MIXED + _PARTS + _NEXT, length_check=True
    ),
    "content-length-over-epilogue": _mbox(
        b"Content-Length: %d\n" % (len(_PARTS) + 1 + len(_NEXT)) + _MIXED + _PARTS + b"\n" + _NEXT, length_check=True
    ),
    "content-length-without-check": _mbox(b"Content-Length: 60\n\nx\n", b"A: b\n\nx\n"),
    "offset": _mbox(_in_parts(b"A: b\n\na\0b"), b"Subject: x\n\nx\n", offset=1 << 40),
    "byte-order-mark": _message(b"\xef\xbb\xbfSubject: x\n\nx\n"),
    "from-line-in-message": _message(_FROM + b"Subject: x\n\nx\n"),
    "from-line-in-message-strict": _message(_FROM + b"Subject: x\n\nx\n", profile="strict"),
    "junk-before-first-message": (b"junk\n\n" + _NEXT, "mbox", {}),
    "nothing": _message(b""),
}
