"""Text from bytes and a charset label, as mail carries them.

A label is not trusted: it may be unknown, misspelt, or wrong. Only codecs that make text of bytes are reachable
(a label `base64`, `idna` or `unicode_escape` is an unknown label), what cannot be decoded becomes U+FFFD, and no
result holds a surrogate. Labels are looked up in a table of our own: Python's codec registry remembers every label it
was ever asked for.

Where there is no label that says anything (none, unknown, `us-ascii` or `iso-8859-1`, under which mail carries
windows-1252 and UTF-8 alike), `guess_codec` decides from the first 64 KiB that ASCII does not explain.
"""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache
from typing import Protocol

from mailstrata.message.utf7 import Utf7Decoder

SAMPLE_BYTES = 1 << 16
"""How much a guess is made from, and how much a `TextDecoder` holds back for it."""

_MAX_LABEL = 64  # characters; the longest registered name has 45

_TEXT_CODECS = frozenset(
    re.findall(
        r"\S+",
        """
    ascii big5 big5hkscs cp037 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257
    cp1258 cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864
    cp865 cp866 cp869 cp874 cp875 cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk hz
    iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr iso8859_10 iso8859_11
    iso8859_13 iso8859_14 iso8859_15 iso8859_16 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8
    iso8859_9 johab koi8_r koi8_t koi8_u kz1048 latin_1 mac_arabic mac_croatian mac_cyrillic mac_farsi mac_greek
    mac_iceland mac_latin2 mac_roman mac_romanian mac_turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213 tis_620
    utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le utf_7 utf_8
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
    "ansix3110": "cp1252",
    "ansix31101983": "cp1252",
    "ansi": "cp1252",
    "big5eten": "cp950",
    "cnbig5": "cp950",
    "cngb": "gb18030",
    "cp1200": "utf_16_le",
    "cp1201": "utf_16_be",
    "cp10000": "mac_roman",
    "cp20866": "koi8_r",
    "cp21866": "koi8_u",
    "cp28592": "iso8859_2",
    "cp28605": "iso8859_15",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "cp51932": "euc_jp",
    "cp51949": "cp949",
    "cp54936": "gb18030",
    "cp65000": "utf_7",
    "cp65001": "utf_8",
    "csiso2022jp2": "iso2022_jp_2",
    "csiso88598e": "iso8859_8",
    "csiso88598i": "iso8859_8",
    "csunicode11utf7": "utf_7",
    "cswindows31j": "cp932",
    "cyrillicwindows1251": "cp1251",
    "euccn": "gb18030",
    "gb2312unix": "gb18030",
    "gb231280": "gb18030",
    "hzgb2312": "hz",
    "iso10646ucs2": "utf_16_be",
    "iso10646ucs4": "utf_32_be",
    "iso2022jpms": "iso2022_jp_ext",
    "iso88591windows31latin1": "cp1252",
    "iso885915euro": "iso8859_15",
    "iso88598e": "iso8859_8",
    "iso88598i": "iso8859_8",
    "koi": "koi8_r",
    "koi8": "koi8_r",
    "koi8ru": "koi8_u",
    "ksc56011987": "cp949",
    "ksc56011992": "cp949",
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
    "sjis": "cp932",
    "sjiswin": "cp932",
    "ucs2": "utf_16_le",
    "unicode11utf7": "utf_7",
    "unicode20utf7": "utf_7",
    "unicode11utf8": "utf_8",
    "unicode20utf8": "utf_8",
    "usascii8bit": None,
    "utf8mb4": "utf_8",
    "utf8n": "utf_8",
    "visual": "iso8859_8",
    "windows31j": "cp932",
}


def _without_punctuation(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label)


def _table() -> dict[str, str | None]:
    names = {alias: codec for alias, codec in aliases.items() if codec in _TEXT_CODECS}
    names.update((codec, codec) for codec in _TEXT_CODECS)
    table: dict[str, str | None] = {
        _without_punctuation(name): _WRITTEN_AS.get(codec, codec) for name, codec in names.items()
    }
    table.update(_OTHER_LABELS)
    return table


_CODECS = _table()
_CODE_PAGE = re.compile(r"(?:windows|win|msdos|dos|oem|ibm|cp|codepage|ms)(?:cp)?0*(\d+)")


@lru_cache(maxsize=256)
def _codec(label: str) -> str | None:
    key = _without_punctuation(label.lower())
    for name in (key, key.removeprefix("x")):
        if name in _CODECS:
            return _CODECS[name]
        page = _CODE_PAGE.fullmatch(name)
        if page is not None and "cp" + page[1] in _CODECS:
            return _CODECS["cp" + page[1]]
    return None


def codec_of(label: str | None) -> str | None:
    """The Python codec that text under this label is decoded with; None where it has to be guessed."""
    if label is None or len(label) > _MAX_LABEL:
        return None
    return _codec(label)


_BOM = codecs.BOM_UTF8
_ISO_2022 = re.compile(rb"\x1b(?:\$[@B]|\([JI]|\$\(D)")
_ISO_2022_KR = b"\x1b$)C"


def guess_codec(sample: bytes, complete: bool) -> str:
    """The codec for text without a usable label. This is the one place where a charset is guessed.

    `sample` starts at the first byte that plain ASCII does not explain and has at most `SAMPLE_BYTES` bytes; `complete`
    says that nothing follows it. Text that is valid UTF-8 is UTF-8; text in seven bits with the escape sequences of
    ISO 2022 is Japanese or Korean; anything else is windows-1252.
    """
    if sample.isascii():
        if _ISO_2022.search(sample) is not None:
            return "iso2022_jp_ext"
        return "iso2022_kr" if _ISO_2022_KR in sample else "utf_8"
    try:
        codecs.utf_8_decode(sample, "strict", complete)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf_8"


def decode(data: bytes, label: str | None) -> str:
    """Text of bytes under a charset label (None: without one); the same text as a `TextDecoder` gives.

    Never raises. A byte order mark at the start of UTF-8, UTF-16 and UTF-32 is left out.
    """
    codec = codec_of(label)
    if codec is None:
        if data.isascii() and b"\x1b" not in data:
            return data.decode("ascii")
    elif codec == "utf_8":
        return data.removeprefix(_BOM).decode("utf-8", "replace")
    decoder = TextDecoder(label)
    return decoder.feed(data) + decoder.close()


class _Incremental(Protocol):
    def decode(self, data: bytes, final: bool = ..., /) -> str: ...


_SUSPECT = re.compile(rb"[\x1b\x80-\xff]")


class TextDecoder:
    """Decodes text that arrives in pieces; the split never changes the result, which is that of `decode`.

    At most `SAMPLE_BYTES` are held back, and only where a charset must be guessed: from the first byte outside
    plain ASCII on, until there is enough to guess from. Never raises on content.
    """

    __slots__ = ("_decoder", "_held", "_started")

    def __init__(self, label: str | None) -> None:
        codec = codec_of(label)
        self._decoder = None if codec is None else _decoder(codec)
        self._held = bytearray()
        self._started = False

    def feed(self, data: bytes) -> str:
        """Decode the next bytes; returns what is certain so far."""
        if self._decoder is not None:
            return self._decoder.decode(data)
        plain = ""
        if not self._held:
            suspect = _SUSPECT.search(data)
            start = len(data) if suspect is None else suspect.start()
            plain = data[:start].decode("ascii")
            self._started = self._started or start > 0
            data = data[start:]
        self._held += data
        return plain + self._guess(complete=False) if len(self._held) > SAMPLE_BYTES else plain

    def close(self) -> str:
        """The text has ended; returns the last of it. Called once, after the last `feed`."""
        text = self._guess(complete=True) if self._decoder is None else ""
        assert self._decoder is not None
        return text + self._decoder.decode(b"", True)

    def _guess(self, *, complete: bool) -> str:
        held, self._held = bytes(self._held), bytearray()
        codec = guess_codec(held[:SAMPLE_BYTES], complete)
        if codec == "utf_8" and not self._started:
            self._decoder = _decoder(codec)
        else:
            # A byte order mark that something precedes is a character.
            self._decoder = codecs.getincrementaldecoder(codec)("replace") if codec == "utf_8" else _decoder(codec)
        return self._decoder.decode(held)


def _decoder(codec: str) -> _Incremental:
    if codec == "utf_8":
        codec = "utf_8_sig"
    elif codec == "utf_7":
        return Utf7Decoder()
    elif codec in _MARKED:
        return _MarkedDecoder(_MARKED[codec])
    elif codec.startswith("iso2022"):
        return _Iso2022Decoder(codec)
    return codecs.getincrementaldecoder(codec)("replace")


_MARKED = {
    "utf_16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, "utf_16_le", "utf_16_be"),
    "utf_32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, "utf_32_le", "utf_32_be"),
}


class _MarkedDecoder:
    """UTF-16 or UTF-32 whose byte order a mark tells, or else the zeros of its first character; little-endian where
    neither does. (Python's own incremental decoders raise without a mark.)"""

    __slots__ = ("_decoder", "_held", "_kind")

    def __init__(self, kind: tuple[bytes, bytes, str, str]) -> None:
        self._kind = kind
        self._held = b""
        self._decoder: _Incremental | None = None

    def decode(self, data: bytes, final: bool = False) -> str:
        if self._decoder is None:
            little, big, little_codec, big_codec = self._kind
            data = self._held + data
            if len(data) < len(little) and not final:
                self._held = data
                return ""
            marked = data.startswith((little, big))
            is_big = data.startswith(big) or (data[:1] == b"\0" and data[len(big) - 1 : len(big)] != b"\0")
            codec = big_codec if is_big else little_codec
            self._decoder = codecs.getincrementaldecoder(codec)("replace")
            data = data[len(little) :] if marked else data
        return self._decoder.decode(data, final)


_LONGEST_ESCAPE = 16  # bytes that Python's ISO 2022 decoders look at for the end of an escape sequence


class _Iso2022Decoder:
    """ISO 2022 charsets. Python's incremental decoders raise when a chunk ends more than eight bytes into a malformed
    escape sequence; so an escape sequence is handed on whole."""

    __slots__ = ("_decoder", "_held")

    def __init__(self, codec: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)("mailstrata-iso2022")
        self._held = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._held + data
        escape = data.rfind(b"\x1b", max(0, len(data) - _LONGEST_ESCAPE))
        if escape < 0 or final:
            escape = len(data)
        self._held = data[escape:]
        return self._decoder.decode(data[:escape], final)


def _vendor_character(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: characters that Japanese systems add to JIS X 0208 (circled digits, ligatures), which
    mail uses though ISO-2022-JP has them not, are those that code page 932 has in their place."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.end]
    if len(pair) == 2 and all(0x21 <= byte <= 0x7E for byte in pair):
        row, cell = pair
        lead = (row - 0x21 >> 1) + 0x81
        trail = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
        shift_jis = bytes((lead if lead <= 0x9F else lead + 0x40, trail))
        return shift_jis.decode("cp932", "replace"), error.end
    return "\N{REPLACEMENT CHARACTER}", error.end


codecs.register_error("mailstrata-iso2022", _vendor_character)
