"""Unstructured header text, as it is and as mailers break it."""

from __future__ import annotations

import base64
import quopri
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.message import encoded_words
from mailstrata.message.encoded_words import decode_text, decode_words, one_line


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"", ""),
        (b" plain  text ", "plain  text"),
        (b" folded\r\n text\r\n\tand more", "folded text and more"),
        (b" =?utf-8?Q?gr=C3=BCn_=3D?=", "grün ="),
        (b" =?UTF-8?B?Z3LDvG4=?= tea", "grün tea"),
        (b"a =?utf-8?q?b?= c =?utf-8?b?ZA==?= e", "a b c d e"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=\r\n =?iso-8859-1?q?=E4?=", "abä"),
        (b"=?utf-8*de?Q?gr=C3=BCn?= =?iso-8859-2*sl?q?=e8?=", "grünč"),
        (b"=?iso-8859-1?Q?=93quoted=94?=", "“quoted”"),
    ],
)
def test_well_formed_text(value, text):
    """RFC 2047 as it stands, with the language of RFC 2231, and white space only where it belongs to the text."""
    assert decode_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # characters cut in two
        (b"=?utf-8?Q?gr=C3?= =?utf-8?Q?=BCn?=", "grün"),
        (b"=?utf-8?B?Z3LD?=\r\n =?UTF-8?B?vG4=?=", "grün"),
        (b"=?utf-8?B?Z3LD?= =?utf-8?Q?=BCn?=", "grün"),
        (b"=?iso-2022-jp?b?GyRCRnw=?= =?iso-2022-jp?b?S1wbKEI=?=", "日本"),
        (b"=?utf-8?Q?gr=C3?= =?UTF8?Q?=BCn?= =?unicode-1-1-utf-8?B?IMOk?=", "grün ä"),
        (b"=?x-unknown?Q?gr=FC?= =?unknown-8bit?Q?n?=", "grün"),
        (b"=?gb2312?Q?=C4=E3=BA?= =?gbk?Q?=C3?=", "你好"),
        (b"=?shift_jis?B?k/o=?= =?shift_jis?B?lns=?=", "日本"),
        # base64 cut within an octet, without padding, with junk, padded in the middle
        (b"=?utf-8?B?Z3LDv?= =?utf-8?B?G4=?=", "grün"),
        (b"=?utf-8?B?Z3LDvG4?= =?utf-8?B?YQ?=", "grüna"),
        (b"=?utf-8?B?Z3LD vG-4=!?=", "grün"),
        (b"=?utf-8?B?YQ==YQ==?=", "aa"),
        (b"=?utf-8?B?YQ=A?=", "a"),
        (b"=?utf-8?B?YWFhYQ==?= =?utf-8?B?YWFhYQ=A?=", "aaaaaaaa"),
        (b"=?utf-8?B?====?=x", "x"),
        (b"=?utf-8?B?YWJjZ?= x", "abc x"),
        (b"=?utf-8?B?YWJjZ3?= =?utf-8?Q?x?=", "abcgx"),
        (b"=?utf-8?B?=?=x", "x"),
        # places where RFC 2047, 5 wants none
        (b'"=?utf-8?Q?gr=C3=BCn?=" tea', '"grün" tea'),
        (b"a=?utf-8?Q?b?=c(=?utf-8?Q?d?=)", "abc(d)"),
        (b"=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        # what RFC 2047, 2 does not allow inside
        (b"=?utf-8?Q?really? yes, a b?=", "really? yes, a b"),
        (b"=?utf-8?Q?a\r\n b?=", "a b"),
        (b"=?utf-8?Q?a=ZZ=3db=?=", "a=ZZ=b="),
        (b"=?utf-8?Q?gr\xc3\xbcn?=", "grün"),
        (b"=?utf-8?Q??= a", " a"),
        (b"=?utf-8?Q?a=\r\n =C3=A4?=", "a= ä"),
        (b"=?utf-8?Q?=C3=A4=?=", "ä="),
        (b"=?utf-8?b? w6Q= ?=", "ä"),
        (b'=?"utf-8"?Q?gr=C3=BCn?=', "grün"),
        (b"=?utf-8?Q?" + b"=C3=A4" * 200 + b"?=", "ä" * 200),
        # behind it, a sign that belongs to the text
        (b"Re: =?utf-8?B?w6Q=?=:x", "Re: ä:x"),
        (b"=?utf-8?b?w6Q=?==?= x", "ä=?= x"),
        # encoded twice: once is undone
        (b"=?utf-8?B?PT91dGYtOD9RP2dyPUMzPUJDbj89?=", "=?utf-8?Q?gr=C3=BCn?="),
        # charsets that are none, or wrong
        (b"=?no-such?Q?gr=FCn?= =??Q?gr=C3=BCn?=", "grüngrün"),
        (b"=?base64?Q?YQ=3D=3D?=", "YQ=="),
        (b"=?us-ascii?Q?gr=C3=BCn?=", "grün"),
        (b"=?utf-8?Q?M=FCller?=", "M\ufffdller"),
        (b"=?iso-8859-1?Q?Z=C3=BCrich?=", "Zürich"),
        (b"=?utf-7?Q?+AOQ-?=", "ä"),
        (b"=?utf-16?B?YQBiAA==?=", "ab"),
        (b"=?iso-2022-jp?B?GyRCLSEbKEI=?=", "①"),
        # raw 8-bit
        (b"gr\xc3\xbcn =?utf-8?Q?tea?=", "grün tea"),
        (b"gr\xfcn", "grün"),
        (b" \xc7\xe0\xea\xe0\xe7 \xed\xe0 \xf0\xe0\xe1\xee\xf2\xf3 \xe3\xee\xf2\xee\xe2", "Заказ на работу готов"),
        (b" \xfaber \xc3\xbc \xff", "úber Ã¼ ÿ"),
        # no encoded word
        (b"=?utf-8 ?Q?gr=C3=BCn?=", "=?utf-8 ?Q?gr=C3=BCn?="),
        (b"=?utf-8?Q?gr=C3=BCn? =", "=?utf-8?Q?gr=C3=BCn? ="),
        (b"=?utf-8?B?Z3LDvG4=? next", "=?utf-8?B?Z3LDvG4=? next"),
        (b"=?utf-8?B?Z3LDvG4", "=?utf-8?B?Z3LDvG4"),
        (b"=?utf-8?X?a?= =? ?=", "=?utf-8?X?a?= =? ?="),
        (b"=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b"),
    ],
)
def test_broken_text_as_mail_clients_read_it(value, text):
    """Each kind of breakage is read as it was meant."""
    assert decode_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?Q?a=0D=0ABcc:_b=00?=", "a Bcc: b\ufffd"),
        (b"a\rb\0c\x0bd", "ab\ufffdc d"),
        (b"=?utf-16be?B?ICg=?=x\xc2\x85y", " x y"),
        (b"a\x1b[1mb\x07", "a\x1b[1mb\x07"),
    ],
)
def test_text_is_one_line(value, text):
    """Line breaks of all kinds become spaces and NULs U+FFFD; other control characters stay."""
    assert decode_text(value) == text
    assert one_line(text) == text


def test_white_space_at_the_ends():
    """A field value is stripped, text that was taken out of one is not; nor is what an encoded word holds."""
    assert decode_text(b"  a  ") == "a"
    assert decode_words(b"  a  ") == "  a  "
    assert decode_text(b" =?utf-8?Q?_a_?= ") == " a "


_PIECES = st.sampled_from(
    [b"=?", b"?=", b"?", b"=", b"utf-8", b"utf-7", b"iso-2022-jp", b"?q?", b"?B?", b"=C3", b"w6Q", b"+2AA-", b" ", b"_",
     b"\r\n ", b"\xc3", b"\0", b"*en", b"a", b"=?utf-8?b?", b"=?utf-8?q?"]
)  # fmt: skip


@given(st.one_of(st.binary(), st.lists(_PIECES).map(b"".join)))
def test_any_bytes_are_one_line_of_text(value):
    """Never raises, never gives surrogates, line breaks, tabs or NULs."""
    text = decode_text(value)
    text.encode("utf-8")
    assert len(text.splitlines()) <= 1
    assert not {"\t", "\0", "\n", "\r"} & set(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1), st.data())
def test_text_encoded_in_words_comes_back(text, data):
    """Any text survives, cut into encoded words at any byte, in either encoding."""
    octets = text.removeprefix("\ufeff").encode()
    words = []
    while octets:
        size = data.draw(st.integers(1, 40))
        piece, octets = octets[:size], octets[size:]
        if data.draw(st.booleans()):
            words.append(b"=?utf-8?b?" + base64.b64encode(piece) + b"?=")
        else:
            escaped = b"".join(b"_" if byte == 32 else b"=%02X" % byte for byte in piece)
            assert quopri.decodestring(escaped, header=True) == piece
            words.append(b"=?UTF-8?Q?" + escaped + b"?=")
    assert decode_words(b" ".join(words)) == text.removeprefix("\ufeff")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit",
    [b"=?", b"=?a?q?", b"=?a?q?x ", b"=?a*", b"?", b"=", b"=?=", b"=?utf-8?Q?a=C3=A4?= ", b"=?utf-8?B?YWJjZ?=",
     b"=?utf-8?q?a?==?koi8-r?q?=e4?="],
)  # fmt: skip
def test_hostile_values_take_linear_time(unit):
    """A megabyte of any of these, behind the beginning of a word or not."""
    decode_text(unit * (1_000_000 // len(unit)))
    decode_text(b"=?a?q?" + unit * (1_000_000 // len(unit)))


def test_longest_label_of_an_encoded_word():
    """An unknown charset of 64 characters begins an encoded word; one of 65 is text."""
    assert decode_text(b"=?" + b"x" * 64 + b"?Q?a_b?=") == "a b"
    assert decode_text(b"=?" + b"x" * 65 + b"?Q?a_b?=").startswith("=?")


_NEVER = re.compile(rb"(?!)")


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.builds(
            lambda octets, charset: b"=?%s?B?%s?=" % (charset, base64.b64encode(octets)),
            st.binary(max_size=20),
            st.sampled_from([b"utf-8", b"UTF-8", b"utf8", b"latin1"]),
        ),
        st.sampled_from(
            [b"=?utf-8?b?YQ?=", b"=?utf-8?b?YQ===?=", b"=?utf-8?b?Y=Q=?=", b"=?utf-8?b?YR==?=", b"=?utf-8?b??="]
        ),
    )
)
def test_one_plain_word_is_read_as_any_other(value):
    """The short way for one word in base64 and UTF-8 gives what the long one does."""
    short = encoded_words._decode_words(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_words, "_usual", lambda: _NEVER)
        assert encoded_words._decode_words(value) == short
