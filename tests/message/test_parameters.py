"""Parameters as text: RFC 2231, encoded words, and raw 8-bit."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.parameters import parse_parameters


def filename(parameters: bytes) -> str | None:
    return parse_parameters(b"attachment; " + parameters)[1].get("filename")


def test_main_value_and_parameters():
    """Both are text, names in lower case; of two parameters of one name the first wins."""
    value = b' Text/Plain; Charset=UTF-8;\r\n NAME="a b"; name=c'
    assert parse_parameters(value) == ("text/plain", {"charset": "UTF-8", "name": "a b"})
    assert parse_parameters(b"") == ("", {})


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (b"filename*=utf-8''gr%C3%BCn%20tea.txt", "grün tea.txt"),
        (b"filename*=iso-8859-1'de'gr%FCn", "grün"),
        (b"filename*=\"utf-8''gr%c3%bcn\"", "grün"),
        (b"filename*0=a; filename*1=b", "ab"),
        (b"filename*0*=utf-8''%e2%82; filename*1*=%AC%20; filename*2=\" 100%25\"", "€  100%25"),
        (b"filename*2=c; filename*0=a; filename*1=b", "abc"),
        (b"filename*10=k; filename*9=j", "jk"),
        (b"filename*00=a; filename*01=b", "ab"),
    ],
)
def test_rfc_2231(parameters, expected):
    """Charset and language, continuations, both mixed, in any order; a character may be cut between segments."""
    assert filename(parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (b"filename=plain; filename*=utf-8''extended", "extended"),
        (b"filename*=utf-8''extended; filename=plain", "extended"),
        (b"filename*0=a; filename*1=b; filename=plain", "ab"),
        (b"filename*0=a; filename*=utf-8''whole", "whole"),
        (b"filename*0=a; filename*0=x; filename*1=b", "ab"),
        (b"filename*=utf-8''; filename=plain", "plain"),
        (b"filename=", ""),
    ],
)
def test_which_one_wins(parameters, expected):
    """The extended form wins over continuations, these over the plain one, the first over the second."""
    assert filename(parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        # segments are missing, or there are none
        (b"filename*1=b; filename*3=d", "bd"),
        (b"filename*0*=utf-8''a%; filename*1*=%4", "a%%4"),
        # no charset, an unknown one, one that is no charset
        (b"filename*=gr%C3%BCn", "grün"),
        (b"filename*=''gr%FCn", "grün"),
        (b"filename*=no-such''gr%FCn", "grün"),
        (b"filename*=unicode_escape''%5Cud800", "\\ud800"),
        (b"filename*=utf-7''+2AA-", "\ufffd"),
        # encoded words, where none belong
        (b'filename="=?utf-8?Q?gr=C3=BCn.txt?="', "grün.txt"),
        (b"filename==?utf-8?B?Z3LDvG4udHh0?=", "grün.txt"),
        (b'filename="=?utf-8?Q?gr=C3?=\r\n =?utf-8?Q?=BCn.txt?="', "grün.txt"),
        (b'filename*0="=?utf-8?Q?gr=C3?= =?utf-8?Q?=B"; filename*1="Cn?="', "grün"),
        (b"filename*=%3D%3Futf-8%3FQ%3Fgr%3DC3%3DBCn%3F%3D", "grün"),
        (b"filename==?utf-8?Q?a b.txt?=; size=1", "a b.txt"),
        (b'filename*="=?utf-8?Q?a=C3=A4?="', "aä"),
        (b'filename*0="=?utf-8?Q?a?="; filename*1="=?utf-8?Q?b?="', "ab"),
        # what is no escape, what has one quote only or quotes of its own, and two charsets' worth
        (b"filename*=UTF-8''a%ZZb%", "a%ZZb%"),
        (b"filename*=utf-8'a.txt", "utf-8'a.txt"),
        (b"filename*=utf-8''%E4.txt", "\ufffd.txt"),
        (b"filename*0=x-; filename*1*=%C3%A4", "x-ä"),
        (b"filename*0*=''a%E4; filename*1=b", "aäb"),
        (b'filename*="gr\xc3\xbcn.txt"', "grün.txt"),
        # quotes, paths, parentheses and separators
        (b'filename="a\\"b.txt"', 'a"b.txt'),
        (b'filename="C:\\temp\\a.txt"', "C:\\temp\\a.txt"),
        (b"filename=my file (1).txt", "my file (1).txt"),
        (b'filename="a;b,c.txt"; size=1', "a;b,c.txt"),
        (b'filename="unclosed.txt; size=1', "unclosed.txt"),
        (b"filename='a b.txt'", "'a b.txt'"),
        # raw 8-bit
        (b'filename="gr\xc3\xbcn"', "grün"),
        (b"filename=gr\xfcn", "grün"),
        # percent-encoding without a star stays
        (b"filename=a%20b", "a%20b"),
        # a line break, a tab and a NUL
        (b"filename*=utf-8''a%0D%0Ab%00", "a b\ufffd"),
        (b'filename="a\r\n\tb"', "a b"),
    ],
)
def test_broken_file_names_as_mail_clients_read_them(parameters, expected):
    """Each kind of breakage is read as it was meant, on one line."""
    assert filename(parameters) == expected


def test_names_that_only_look_extended():
    """A name that RFC 2231 does not know is a name."""
    value = b"a; *=x; b*c=y; d**=z; e*1234567890=w"
    assert parse_parameters(value)[1] == {"*": "x", "b*c": "y", "d**": "z", "e*1234567890": "w"}


_PIECES = st.sampled_from(
    [b"a", b"*", b"0", b"1", b"=", b";", b"'", b"utf-8''", b"utf-7''", b"%", b"%ED%A0%80", b'"', b"\xff", b" ", b"\0",
     b"\n", b"=?utf-8?q?", b"?=", b"(", b"\\"]
)  # fmt: skip


@given(st.one_of(st.binary(), st.lists(_PIECES).map(b"".join)))
def test_any_bytes_give_text(value):
    """Never raises; every name and value is one line of valid Unicode."""
    main, parameters = parse_parameters(value)
    for text in (main, *parameters, *parameters.values()):
        text.encode("utf-8")
        assert len(text.splitlines()) <= 1


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1), st.integers(1, 20))
def test_rfc_2231_comes_back(name, size):
    """Any name survives percent-encoding and being cut anywhere but in an escape."""
    name = name.removeprefix("\ufeff")
    encoded = quote(name, safe="")
    units = [encoded[at : at + 3] if encoded[at] == "%" else encoded[at] for at in _starts(encoded)]
    segments = ["".join(units[at : at + size]) for at in range(0, len(units), size)] or [""]
    segments[0] = "utf-8''" + segments[0]
    value = "".join(f"; filename*{number}*={text}" for number, text in reversed(list(enumerate(segments))))
    assert parse_parameters(b"a" + value.encode())[1] == {"filename": name}


def _starts(encoded: str) -> list[int]:
    starts = []
    at = 0
    while at < len(encoded):
        starts.append(at)
        at += 3 if encoded[at] == "%" else 1
    return starts


@pytest.mark.timeout(60)
def test_ten_thousand_continuations():
    """They are joined in linear time, out of order too."""
    value = b"a" + b"".join(b"; filename*%d*=%%41b" % number for number in reversed(range(10_000)))
    assert parse_parameters(value)[1] == {"filename": "Ab" * 10_000}


def test_encoded_word_behind_a_charset():
    """In percent-encoded text that names its charset an encoded word is text."""
    assert parse_parameters(b"a; filename*=utf-8''=?utf-8?Q?a?=")[1] == {"filename": "=?utf-8?Q?a?="}
