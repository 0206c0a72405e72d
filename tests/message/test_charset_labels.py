"""Labels of charsets, and what they are taken for."""

from __future__ import annotations

import codecs

import pytest

from mailstrata.message.charset_labels import _codecs, codec_of, is_known, is_latin_1
from mailstrata.message.charsets import decode

# The labels of the Encoding Standard (4.2), those of Java, Windows and Python that mail carries, and misspellings,
# by the codec that text under them is read with, or by why it is guessed.
LABELS = {
    "guess": """
        us-ascii ascii us 646 iso646-us ansi_x3.4-1968 ansi_x3.4-1986 iso_646.irv:1991 iso-ir-6 x-us-ascii
        us-ascii-8bit ascii-8bit windows-20127 iso-8859-1 iso8859-1 iso_8859_1 iso88591 iso-8859 latin1 latin-1 l1
        cp819 ibm819 csisolatin1 iso-ir-100 iso_8859-1:1987 x-iso-8859-1 windows-28591 'iso-8859-1' en_us.iso-8859-1
        iso-8859-1;format=flowed
    """,
    "unknown": """
        unknown-8bit x-unknown unknown none default _autodetect _autodetect_jp _autodetect_kr x-jisautodetect 8bit
        binary x-user-defined replacement iso-8859-12 iso-646 iso-2022-cn iso-2022-cn-ext euc-tw x-euc-tw viscii tcvn
        x-viet-vps armscii-8 geostd8 koi7 scsu bocu-1 x-ctext cp_acp charset default_charset cp1390 en_us
        x-mac-gujarati
    """,
    "cp1252": "windows-1252 windows1252 window-1252 cp1252 cp-1252 x-cp1252 win1252 1252 ansi x-ansi windows-cp1252",
    "utf_8": """
        utf-8 utf8 UTF_8 "utf-8" 'utf-8' utf-8, =utf-8 utf-8; utf-8;format=flowed charset=utf-8 de_de.utf-8 x-utf-8
        utf-8-sig utf-8n utf8mb4 utf-8mb4 utf8mb3 unicode-1-1-utf-8 unicode-2-0-utf-8 unicode11utf8 unicode20utf8
        x-unicode20utf8 windows-65001 cp65001 csutf8 cesu-8
    """,
    "utf_7": "utf-7 utf7 unicode-1-1-utf-7 unicode-2-0-utf-7 x-unicode-2-0-utf-7 csunicode11utf7 windows-65000",
    "utf_16": "utf-16 utf16 utf_16 unicode unicodefeff csunicode x-utf-16le-bom",
    "utf_16_le": "utf-16le utf-16_le ucs-2 unicodelittle windows-1200",
    "utf_16_be": "utf-16be x-utf-16be unicodefffe unicodebig iso-10646-ucs-2",
    "utf_32": "utf-32 utf32 ucs-4 ucs4 x-utf-32be-bom",
    "utf_32_be": "utf-32be iso-10646-ucs-4",
    "utf_32_le": "utf-32le",
    "iso2022_jp_ext": """
        iso-2022-jp iso-2022-jp-1 iso-2022-jp-ms iso-2022-jp-ext csiso2022jp jis jis7 jis_encoding csjisencoding
        cp50220 cp50221 cp50222 x-windows-50220 x-windows-50221 x-windows-iso2022jp
    """,
    "iso2022_jp_2": "iso-2022-jp-2 csiso2022jp2 x-iso-2022-jp-2",
    "iso2022_jp_3": "iso-2022-jp-3",
    "iso2022_jp_2004": "iso-2022-jp-2004",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "cp932": """
        shift_jis shift-jis sjis x-sjis ms_kanji csshiftjis windows-31j cswindows31j ms932 cp932 windows-932 cp943
        cp943c
    """,
    "euc_jp": "euc-jp x-euc-jp euc_jp eucjp x-eucjp ujis eucjp-ms eucjp-win cseucpkdfmtjapanese cp51932 windows-20932",
    "gb18030": """
        gb2312 gb_2312 gb_2312-80 gb2312-80 gb-2312 x-gb2312 csgb2312 csiso58gb231280 iso-ir-58 chinese gb2312_charset
        gbk x-gbk cp936 ms936 windows-936 936 gb18030 gb18030-2000 gb18030-2022 csgb18030 euc-cn x-euc-cn cn-gb
        cp54936 x-mac-chinesesimp
    """,
    "hz": "hz hz-gb-2312 hz-gb",
    "cp950": """
        big5 big-5 cn-big5 csbig5 x-big5 x-x-big5 big5-eten chinesebig5 cp950 ms950 windows-950 950 x-mac-chinesetrad
    """,
    "big5hkscs": "big5-hkscs big5hkscs x-big5-hkscs hkscs csbig5hkscs x-ms950-hkscs",
    "cp949": """
        ks_c_5601-1987 ks_c_5601-1989 ks_c_5601 ksc5601 ksc_5601 ks_c-5601-1987 csksc56011987 iso-ir-149 korean euc-kr
        euckr x-euc-kr cseuckr cp949 ms949 uhc windows-949 x-windows-949 cp51949 x-mac-korean
    """,
    "johab": "johab x-johab ms1361 cp1361",
    "cp874": "tis-620 tis620 iso-8859-11 windows-874 x-windows-874 cp874 dos-874 x-mac-thai",
    "iso8859_2": "iso-8859-2 iso8859-2 iso_8859-2:1987 latin2 l2 csisolatin2 iso-ir-101 windows-28592",
    "iso8859_3": "iso-8859-3 latin3 l3 csisolatin3 windows-28593",
    "iso8859_4": "iso-8859-4 latin4 l4 csisolatin4",
    "iso8859_5": "iso-8859-5 cyrillic iso-ir-144 csisolatincyrillic windows-28595",
    "iso8859_6": "iso-8859-6 iso-8859-6-e iso-8859-6-i csiso88596i arabic asmo-708 ecma-114 csisolatinarabic",
    "iso8859_7": "iso-8859-7 greek greek8 ecma-118 elot_928 sun_eu_greek iso-ir-126 csisolatingreek",
    "iso8859_8": """
        iso-8859-8 iso-8859-8-e iso-8859-8-i csiso88598e csiso88598i hebrew logical visual iso-ir-138 windows-38598
    """,
    "cp1254": "iso-8859-9 latin5 l5 csisolatin5 windows-1254 cp1254 x-cp1254 windows-28599",
    "iso8859_10": "iso-8859-10 latin6 l6 csisolatin6",
    "iso8859_13": "iso-8859-13 l7 windows-28603",
    "iso8859_14": "iso-8859-14 latin8 l8",
    "iso8859_15": "iso-8859-15 iso8859_15 latin9 latin-9 latin0 l9 csisolatin9 iso-8859-15-euro de_de.iso-8859-15@euro",
    "iso8859_16": "iso-8859-16 latin10 l10",
    "koi8_r": "koi8-r koi8_r koi8 koi cskoi8r cp20866 windows-20866",
    "koi8_u": "koi8-u koi8-ru cp21866",
    "koi8_t": "koi8-t",
    "cp1250": "windows-1250 cp1250 x-cp1250 win-1250",
    "cp1251": "windows-1251 cp1251 x-cp1251 win-1251 1251 cyrillic-windows-1251",
    "cp1253": "windows-1253 cp1253",
    "cp1255": "windows-1255 cp1255 x-mac-hebrew",
    "cp1256": "windows-1256 cp1256",
    "cp1257": "windows-1257 cp1257",
    "cp1258": "windows-1258 cp1258",
    "cp437": "ibm437 cp437 437 cspc8codepage437",
    "cp850": "cp850 cp-850 cp_850 ibm850 ibm-850 850",
    "cp852": "cp852 ibm852",
    "cp858": "cp858 ibm00858 ccsid00858 cp00858 pc-multilingual-850+euro",
    "cp862": "dos-862 ibm862",
    "cp866": "ibm866 cp866 866 csibm866",
    "cp1125": "cp1125 ruscii",
    "cp037": "ibm037 ebcdic-cp-us",
    "mac_roman": "macintosh x-mac-roman mac mac-roman macroman x-macroman csmacintosh windows-10000",
    "mac_latin2": "x-mac-ce x-mac-centraleurroman maccentraleurope",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "mac_greek": "x-mac-greek",
    "mac_turkish": "x-mac-turkish",
    "mac_iceland": "x-mac-icelandic",
    "hp_roman8": "hp-roman8 x-roman8 roman8",
    "kz1048": "kz-1048 strk1048-2002",
    "ptcp154": "pt154 cp154 cyrillic-asian",
}


@pytest.mark.parametrize(("codec", "labels"), [(codec, labels.split()) for codec, labels in LABELS.items()])
def test_every_label_that_clients_understand(codec, labels):
    """Each is read as its codec, whatever its case and with spaces around it; or it is known to say nothing."""
    for label in labels:
        for spelt in (label, label.upper(), f" {label} "):
            found = codec_of(spelt) or ("guess" if is_known(spelt) else "unknown")
            assert (spelt, found) == (spelt, codec)


def test_labels_with_spaces():
    """Where a hyphen was meant."""
    assert [codec_of(label) for label in ("utf 8", "windows 1252", "iso 8859 15")] == ["utf_8", "cp1252", "iso8859_15"]


@pytest.mark.parametrize("label", ["iso-8859-1", "latin1", "cp819", "windows-28591", "ISO_8859-1:1987"])
def test_labels_of_latin_1(label):
    """Under these nothing but windows-1252 and UTF-8 is thought of."""
    assert is_latin_1(label)
    assert not any(map(is_latin_1, ("us-ascii", "iso-8859-15", "windows-1252", "unknown", "", None)))


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


@pytest.mark.parametrize("codec", sorted({codec for codec in _codecs().values() if codec}))
def test_known_codecs_exist(codec):
    """What the table names is there, and makes text of bytes."""
    assert isinstance(codecs.decode(b"", codec), str)


def test_longest_label():
    """A label of 64 characters is known, however it is padded; a longer one is not."""
    assert codec_of("koi8-r" + " " * 58) == "koi8_r"
    assert codec_of("koi8-r" + " " * 59) is None


def test_name_of_iana_for_euc_jp():
    """The longest of IANA's own names."""
    assert codec_of("Extended_UNIX_Code_Packed_Format_for_Japanese") == "euc_jp"
