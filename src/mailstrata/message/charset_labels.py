"""Charset labels of real mail, and the codecs that text under them is decoded with.

Only codecs that make text of bytes are reachable: `base64`, `idna` or `unicode_escape` are unknown labels. The table is
our own because Python's codec registry remembers every label it was ever asked for, which a mailbox could make use of.
"""

from __future__ import annotations

import re
from encodings.aliases import aliases
from functools import cache, lru_cache

_MAX_LABEL = 64  # characters; the longest registered name has 45


@cache
def _text_codecs() -> frozenset[str]:
    return frozenset(
        re.findall(
            r"\S+",
            """
    ascii big5 big5hkscs cp037 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257
    cp1258 cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864
    cp865 cp866 cp869 cp874 cp875 cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk hz
    hp_roman8 iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr iso8859_10
    iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7
    iso8859_8 iso8859_9 johab koi8_r koi8_t koi8_u kz1048 latin_1 mac_arabic mac_croatian mac_cyrillic mac_farsi
    mac_greek mac_iceland mac_latin2 mac_roman mac_romanian mac_turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213
    tis_620 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le utf_7 utf_8
    """,
        )
    )


# What mail under these labels is written in: the superset that its senders' systems used, as browsers and mail
# clients read it (the Encoding Standard of the WHATWG, 4.2). None: guess.
_WRITTEN_AS: dict[str, str | None] = {
    "ascii": None,
    "latin_1": None,
    "big5": "cp950",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso2022_jp": "iso2022_jp_ext",
    "iso2022_jp_1": "iso2022_jp_ext",
    "iso8859_11": "cp874",
    "iso8859_9": "cp1254",
    "shift_jis": "cp932",
    "tis_620": "cp874",
}

# Labels met in mail that Python's aliases do not have; written without punctuation, as they are looked up.
_OTHER_LABELS: dict[str, str | None] = {
    "ansi": "cp1252",
    "ansix3110": "cp1252",
    "ansix31101983": "cp1252",
    "ascii8bit": None,
    "big5eten": "cp950",
    "big5hk": "big5hkscs",
    "cesu8": "utf_8",
    "chinesebig5": "cp950",
    "cnbig5": "cp950",
    "cngb": "gb18030",
    "cp10000": "mac_roman",
    "cp1200": "utf_16_le",
    "cp1201": "utf_16_be",
    "cp1363": "cp949",
    "cp1381": "gb18030",
    "cp1383": "gb18030",
    "cp1386": "gb18030",
    "cp20127": None,
    "cp20866": "koi8_r",
    "cp20932": "euc_jp",
    "cp21866": "koi8_u",
    "cp28591": None,
    "cp28592": "iso8859_2",
    "cp28593": "iso8859_3",
    "cp28594": "iso8859_4",
    "cp28595": "iso8859_5",
    "cp28596": "iso8859_6",
    "cp28597": "iso8859_7",
    "cp28598": "iso8859_8",
    "cp28599": "cp1254",
    "cp28603": "iso8859_13",
    "cp28605": "iso8859_15",
    "cp38598": "iso8859_8",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "cp51932": "euc_jp",
    "cp51949": "cp949",
    "cp54936": "gb18030",
    "cp65000": "utf_7",
    "cp65001": "utf_8",
    "cp942": "cp932",
    "cp943": "cp932",
    "cp943c": "cp932",
    "cp970": "cp949",
    "csbig5hkscs": "big5hkscs",
    "cseuckr": "cp949",
    "cseucpkdfmtjapanese": "euc_jp",
    "extendedunixcodepackedformatforjapanese": "euc_jp",
    "csgb18030": "gb18030",
    "csgb2312": "gb18030",
    "csgbk": "gb18030",
    "csiso2022jp2": "iso2022_jp_2",
    "csiso88596e": "iso8859_6",
    "csiso88596i": "iso8859_6",
    "csiso88598e": "iso8859_8",
    "csiso88598i": "iso8859_8",
    "csisolatin9": "iso8859_15",
    "csjisencoding": "iso2022_jp_ext",
    "csksc56011987": "cp949",
    "csmacintosh": "mac_roman",
    "csucs4": "utf_32_be",
    "csunicode": "utf_16",
    "csunicode11utf7": "utf_7",
    "csutf16": "utf_16",
    "csutf16be": "utf_16_be",
    "csutf16le": "utf_16_le",
    "csutf7": "utf_7",
    "csutf8": "utf_8",
    "cswindows31j": "cp932",
    "cyrillicwindows1251": "cp1251",
    "euccn": "gb18030",
    "eucjpms": "euc_jp",
    "eucjpwin": "euc_jp",
    "gb180302022": "gb18030",
    "gb231280": "gb18030",
    "gb2312unix": "gb18030",
    "gbk2312": "gb18030",
    "hzgb2312": "hz",
    "iso10646ucs2": "utf_16_be",
    "iso10646ucs4": "utf_32_be",
    "iso2022jpms": "iso2022_jp_ext",
    "iso885915euro": "iso8859_15",
    "iso88591windows31latin1": "cp1252",
    "iso88596e": "iso8859_6",
    "iso88596i": "iso8859_6",
    "iso88598e": "iso8859_8",
    "iso88598i": "iso8859_8",
    "isoir149": "cp949",
    "jis": "iso2022_jp_ext",
    "jis7": "iso2022_jp_ext",
    "jisencoding": "iso2022_jp_ext",
    "koi": "koi8_r",
    "koi8": "koi8_r",
    "koi8rru": "koi8_r",
    "koi8ru": "koi8_u",
    "ksc56011987": "cp949",
    "ksc56011989": "cp949",
    "ksc56011992": "cp949",
    "latin0": "iso8859_15",
    "logical": "iso8859_8",
    "mac": "mac_roman",
    "macce": "mac_latin2",
    "maccentraleurroman": "mac_latin2",
    "macchinesesimp": "gb18030",
    "macchinesetrad": "cp950",
    "machebrew": "cp1255",
    "macicelandic": "mac_iceland",
    "macjapanese": "cp932",
    "mackorean": "cp949",
    "macroman": "mac_roman",
    "macthai": "cp874",
    "macukrainian": "mac_cyrillic",
    "ms950hkscs": "big5hkscs",
    "pcmultilingual850euro": "cp858",
    "sjis": "cp932",
    "sjiswin": "cp932",
    "suneugreek": "iso8859_7",
    "ucs2": "utf_16_le",
    "ucs4": "utf_32",
    "unicode": "utf_16",
    "unicode11": "utf_16_be",
    "unicode11utf7": "utf_7",
    "unicode11utf8": "utf_8",
    "unicode20utf7": "utf_7",
    "unicode20utf8": "utf_8",
    "unicodebig": "utf_16_be",
    "unicodefeff": "utf_16",
    "unicodefffe": "utf_16_be",
    "unicodelittle": "utf_16_le",
    "usascii8bit": None,
    "utf16bebom": "utf_16",
    "utf16lebom": "utf_16",
    "utf32bebom": "utf_32",
    "utf32lebom": "utf_32",
    "utf8bom": "utf_8",
    "utf8mb3": "utf_8",
    "utf8mb4": "utf_8",
    "utf8n": "utf_8",
    "utf8sig": "utf_8",
    "visual": "iso8859_8",
    "windows31j": "cp932",
    "windowsiso2022jp": "iso2022_jp_ext",
    "xbig5": "cp950",
}


def _without_punctuation(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label)


@cache
def _codecs() -> dict[str, str | None]:
    """The codec of each label, of which only letters and digits count."""
    text_codecs = _text_codecs()
    names = {alias: codec for alias, codec in aliases.items() if codec in text_codecs}
    names.update((codec, codec) for codec in text_codecs)
    table: dict[str, str | None] = {
        _without_punctuation(name): _WRITTEN_AS.get(codec, codec) for name, codec in names.items()
    }
    table.update(_OTHER_LABELS)
    return table


@cache
def _latin_1() -> frozenset[str]:
    return frozenset(
        {
            *("latin1", "cp28591"),
            *(_without_punctuation(name) for name, codec in aliases.items() if codec == "latin_1"),
        }
    )


@cache
def _code_page() -> re.Pattern[str]:
    return re.compile(r"(?:windows?|win|msdos|dos|oem|ibm|ccsid|cp|codepage|ms)?(?:cp)?0*(\d+)")


# What surrounds a label that was put there whole: `utf-8;format=flowed`, `charset=utf-8`, `gb2312_charset`, and the
# names of Unix locales, `de_DE.ISO-8859-15@euro`.
@cache
def _around() -> re.Pattern[str]:
    return re.compile(r"\s*(?:charset\W+|[a-z]{2}_[a-z]{2}\.)?([^;,@]*?)(?:[_\s]charset)?\s*(?:[;,@].*)?", re.DOTALL)


@lru_cache(maxsize=256)
def _known_name(label: str) -> str | None:
    """The label as it stands in the table; None where it is not known. Quotes, spaces, an `x-` in front and what
    `_around` says do not count."""
    bare = _around().fullmatch(label.lower())
    assert bare is not None  # it matches anything
    key = _without_punctuation(bare[1])
    for name in (key, key.removeprefix("x")):
        if name in _codecs():
            return name
        page = _code_page().fullmatch(name)
        if page is not None and "cp" + page[1] in _codecs():
            return "cp" + page[1]
    return None


@lru_cache(maxsize=256)
def _codec(label: str) -> str | None:
    name = _known_name(label)
    return None if name is None else _codecs()[name]


def codec_of(label: str | None) -> str | None:
    """The Python codec that text under this label is decoded with; None where it has to be guessed."""
    if label is None or len(label) > _MAX_LABEL:
        return None
    return _codec(label)


def is_known(label: str) -> bool:
    """Whether a label names a charset, be it one that is guessed all the same (`us-ascii`, `iso-8859-1`)."""
    return len(label) <= _MAX_LABEL and _known_name(label) is not None


def is_latin_1(label: str | None) -> bool:
    """Whether a label is one of ISO 8859-1, under which mail carries windows-1252, and UTF-8 by mistake."""
    return label is not None and len(label) <= _MAX_LABEL and _known_name(label) in _latin_1()
