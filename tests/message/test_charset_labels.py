"""Labels of charsets, and what they are taken for."""

from __future__ import annotations

import codecs

import pytest

from mailstrata.message.charset_labels import _CODECS, codec_of
from mailstrata.message.charsets import decode


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf_8"),
        ('"utf-8"', "utf_8"),
        ("cp-850", "cp850"),
        ("IBM850", "cp850"),
        ("x-cp1251", "cp1251"),
        ("win-1251", "cp1251"),
        ("windows-1252", "cp1252"),
        ("ansi_x3.110-1983", "cp1252"),
        ("iso-8859-8-i", "iso8859_8"),
        ("ks_c_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("gb2312", "gb18030"),
        ("x-gbk", "gb18030"),
        ("x-sjis", "cp932"),
        ("windows-31j", "cp932"),
        ("iso-2022-jp-ms", "iso2022_jp_ext"),
        ("cp50221", "iso2022_jp_ext"),
        ("x-mac-roman", "mac_roman"),
        ("x-mac-ce", "mac_latin2"),
        ("unicode-1-1-utf-7", "utf_7"),
        ("iso-8859-9", "cp1254"),
        ("tis-620", "cp874"),
    ],
)
def test_labels_of_real_mail(label, codec):
    """Spellings and names that mail uses are read as the charset that their senders wrote in."""
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    "label",
    [
        None, "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso-8859-1", "latin1", "8859_1", "unknown-8bit", "x-unknown",
        "unknown", "none", "default", "utf-8" + " " * 100, "iso-8859-12", "\0", "\ud800", "x" * 1000,
        # codecs that make no text of bytes, or make code of it
        "base64", "rot13", "idna", "punycode", "zip", "zlib", "bz2", "hex", "uu", "quopri", "unicode_escape",
        "raw_unicode_escape", "undefined", "mbcs", "charmap", "utf_8_sig.x", "os",
    ],
)  # fmt: skip
def test_labels_that_say_nothing(label):
    """These leave the charset to the guess, and the text comes out all the same."""
    assert codec_of(label) is None
    assert decode(b"caf\xe9", label) == decode("café".encode(), label) == "café"


def test_unknown_labels_are_not_looked_up():
    """Python's registry would remember each of them for good."""
    lookups = []

    def search(name: str) -> None:
        lookups.append(name)

    codecs.register(search)
    try:
        for number in range(100):
            decode(b"\xe4", f"hostile-{number}")
    finally:
        codecs.unregister(search)
    assert lookups == []


@pytest.mark.parametrize("codec", sorted({codec for codec in _CODECS.values() if codec}))
def test_known_codecs_exist(codec):
    """What the table names is there, and makes text of bytes."""
    assert isinstance(codecs.decode(b"", codec), str)
