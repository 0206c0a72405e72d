"""Text from bytes and a charset label, as mail carries them.

A label is not trusted: it may be unknown, misspelt, or wrong. What cannot be decoded becomes U+FFFD, and no result
holds a surrogate.

Where there is no label that says anything, `guess_codec` decides from the first 64 KiB that ASCII does not explain, and
the text is marked as guessed. See docs/text.md.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from mailstrata.message.charset_labels import codec_of, is_latin_1
from mailstrata.message.utf7 import Utf7Decoder
from mailstrata.parser.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

SAMPLE_BYTES = 1 << 16
"""How much a guess is made from, and how much a `TextDecoder` holds back for it."""

_BOM = codecs.BOM_UTF8
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@cache
def _iso_2022() -> re.Pattern[bytes]:
    return re.compile(rb"\x1b(?:\$[@B]|\([JI]|\$\(D)")


_ISO_2022_KR = b"\x1b$)C"


_STATISTICAL_BYTES = 1 << 12
_FEWEST_BYTES = 5  # outside ASCII: with fewer, statistics are wrong more often than windows-1252 is
_FEWEST_DIFFERENT = 4  # of them: bullets, hard spaces and ruled lines tell nothing
_MOST_WRONG = 20  # a guess by which more than one byte in so many is no character is none
_ASCII = bytes(range(128))
# What a statistical guess may say. What it says beyond these (code pages of MS-DOS and of the Macintosh, and Latin
# alphabets that differ from windows-1252 in a few letters) is mostly wrong; docs/text.md has the figures.
_GUESSABLE = frozenset(
    {
        *("big5hkscs", "cp1251", "cp1253", "cp1255", "cp1256", "cp866", "cp874", "cp932", "cp949", "cp950", "euc_jp"),
        *("gb18030", "iso8859_5", "iso8859_7", "iso8859_8", "koi8_r", "koi8_u"),
    }
)


def guess_codec(sample: bytes, complete: bool, latin: bool = False) -> str:
    """The codec for text without a usable label. This is the one place where a charset is guessed.

    `sample` starts at the first byte that plain ASCII does not explain and has at most `SAMPLE_BYTES` bytes; `complete`
    says that nothing follows it. Text that is valid UTF-8 is UTF-8; text in seven bits with the escape sequences of
    ISO 2022 is Japanese or Korean. Of other text the frequencies of letters decide which of the scripts that are not
    Latin it is; what is none of them, and with `latin` any, is windows-1252.
    """
    if sample.isascii():
        if _iso_2022().search(sample) is not None:
            return "iso2022_jp_ext"
        return "iso2022_kr" if _ISO_2022_KR in sample else "utf_8"
    try:
        codecs.utf_8_decode(sample, "strict", complete)
    except UnicodeDecodeError:
        return "cp1252" if latin else _guess_by_statistics(sample[:_STATISTICAL_BYTES])
    return "utf_8"


def _marked_codec(data: bytes) -> str | None:
    """The codec that a byte order mark at the start of text tells, as programs on Windows write it."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf_32"
    return "utf_16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def _guess_by_statistics(sample: bytes) -> str:
    beyond = sample.translate(None, _ASCII)
    if len(beyond) < _FEWEST_BYTES or len(set(beyond)) < _FEWEST_DIFFERENT:
        return "cp1252"
    import cchardet  # noqa: PLC0415 - needed for little mail

    codec = codec_of(cchardet.detect(sample)["encoding"])
    if codec is None or codec not in _GUESSABLE:
        return "cp1252"
    wrong = _decoder(codec).decode(sample).count(_REPLACEMENT)
    return codec if wrong <= len(beyond) // _MOST_WRONG else "cp1252"


class Text(Value):
    """Text, the Python codec that it was decoded with, and whether that was guessed, because no label says anything or
    because what it says cannot be. Plain ASCII needs no guess."""

    __slots__ = ("text", "codec", "is_guessed")  # noqa: RUF023 - in the order in which they are shown
    text: str
    codec: str
    is_guessed: bool

    def __init__(self, text: str, codec: str, is_guessed: bool) -> None:
        self._set(text=text, codec=codec, is_guessed=is_guessed)


def read_text(data: bytes, label: str | None) -> Text:
    """Text of bytes under a charset label (None: without one), and how it came about. Never raises."""
    decoder = TextDecoder(label)
    text = decoder.feed(data) + decoder.close()
    return Text(text, decoder.codec or "ascii", decoder.is_guessed)


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
    return read_text(data, label).text


class _Incremental(Protocol):
    def decode(self, data: bytes, final: bool = False, /) -> str: ...


@cache
def _suspect() -> re.Pattern[bytes]:
    return re.compile(rb"[\x1b\x80-\xff]")


class TextDecoder:
    """Decodes text that arrives in pieces; the split never changes the result, which is that of `decode`.

    At most `SAMPLE_BYTES` are held back, and only where a charset must be guessed: from the first byte outside
    plain ASCII on, until there is enough to guess from. Never raises on content.
    """

    __slots__ = ("_decoder", "_held", "_latin", "_started", "codec", "is_guessed")

    def __init__(self, label: str | None) -> None:
        self.codec = codec_of(label)
        """The Python codec in use; None until it is known, and for plain ASCII without a label."""
        self.is_guessed = False
        """Whether it was guessed."""
        self._decoder = None if self.codec is None else _decoder(self.codec)
        self._latin = self.codec is None and is_latin_1(label)
        self._held = bytearray()
        self._started = False

    def feed(self, data: bytes) -> str:
        """Decode the next bytes; returns what is certain so far."""
        if self._decoder is not None:
            return self._decoder.decode(data)
        plain = ""
        if not self._held:
            suspect = _suspect().search(data)
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
        codec = None if self._started else _marked_codec(held)
        codec = codec or guess_codec(held[:SAMPLE_BYTES], complete, self._latin)
        self.codec = codec if held else None
        self.is_guessed = bool(held) and not (self._latin and codec == "cp1252")
        if codec == "utf_8" and not self._started:
            self._decoder = _decoder(codec)
        else:
            # A byte order mark that something precedes is a character.
            self._decoder = codecs.getincrementaldecoder(codec)("replace") if codec == "utf_8" else _decoder(codec)
        return self._decoder.decode(held)


def _decoder(codec: str) -> _Incremental:
    if codec == "utf_8":
        return _Utf8Decoder()
    if codec == "utf_7":
        return Utf7Decoder()
    if codec in _MARKED:
        return _MarkedDecoder(codec)
    if codec.startswith("iso2022"):
        return _Iso2022Decoder(codec)
    if codec == "euc_jp":
        return codecs.getincrementaldecoder(codec)("mailstrata-euc-jp")
    return codecs.getincrementaldecoder(codec)("replace")


class _Utf8Decoder:
    """UTF-8 without the mark at its start. (Python's own incremental decoder loses a mark that is cut off.)"""

    __slots__ = ("_decoder", "_held")

    def __init__(self) -> None:
        self._held: bytes | None = b""
        self._decoder = codecs.getincrementaldecoder("utf_8")("replace")

    def decode(self, data: bytes, final: bool = False) -> str:
        if self._held is not None:
            data = self._held + data
            if not final and len(data) < len(_BOM) and _BOM.startswith(data):
                self._held = data
                return ""
            self._held = None
            data = data.removeprefix(_BOM)
        return self._decoder.decode(data, final)


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, "utf_16_le", "utf_16_be")
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, "utf_32_le", "utf_32_be")
_MARKED = {
    **dict.fromkeys(("utf_16", "utf_16_le", "utf_16_be"), _UTF_16),
    **dict.fromkeys(("utf_32", "utf_32_le", "utf_32_be"), _UTF_32),
}


class _MarkedDecoder:
    """UTF-16 or UTF-32 whose byte order a mark tells, or else the label, or else the zeros of its first character;
    little-endian where none does. (Python's own incremental decoders raise without a mark.)"""

    __slots__ = ("_codec", "_decoder", "_held")

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._held = b""
        self._decoder: _Incremental | None = None

    def decode(self, data: bytes, final: bool = False) -> str:
        if self._decoder is None:
            little, big, little_codec, big_codec = _MARKED[self._codec]
            data = self._held + data
            if len(data) < len(little) and not final:
                self._held = data
                return ""
            marked = data.startswith((little, big))
            is_big = data.startswith(big) or (data[:1] == b"\0" and data[len(big) - 1 : len(big)] != b"\0")
            codec = big_codec if is_big else little_codec
            if not marked and self._codec in (little_codec, big_codec):
                codec = self._codec
            self._decoder = codecs.getincrementaldecoder(codec)("replace")
            data = data[len(little) :] if marked else data
        return self._decoder.decode(data, final)


# Escape sequences in the shapes that any ISO 2022 charset of mail has (RFC 1468, 1554, 1557, 2237), and what may still
# become one. That of JIS X 0208-1990 is two in one, and Python takes no half of it.
_SHAPES = rb"[(.][@-Z]|&@\x1b\$B|\$[@-Z]|\$[(-/][@-Z]|N"


@cache
def _other_escape() -> re.Pattern[bytes]:
    return re.compile(rb"\x1b(?!" + _SHAPES + rb")")


@cache
def _unfinished_escape() -> re.Pattern[bytes]:
    return re.compile(rb"\x1b(?:[(.]|&(?:@(?:\x1b\$?)?)?|\$[(-/]?)?\Z")


_LONGEST_UNFINISHED = len(b"\x1b&@\x1b$")
_NO_CHARACTER = b"\xff"


class _Iso2022Decoder:
    """ISO 2022 charsets. Python's incremental decoders raise when a chunk ends more than eight bytes into a malformed
    escape sequence; so an escape sequence is handed on whole, and an escape that begins none is no character."""

    __slots__ = ("_decoder", "_held")

    def __init__(self, codec: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)("mailstrata-iso2022")
        self._held = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._held + data
        self._held = b""
        if not final:
            unfinished = _unfinished_escape().search(data, max(0, len(data) - _LONGEST_UNFINISHED))
            if unfinished is not None:
                self._held = unfinished[0]
                data = data[: unfinished.start()]
        return self._decoder.decode(_other_escape().sub(_NO_CHARACTER, data), final)


def _vendor_character(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: characters that Japanese systems add to JIS X 0208 (circled digits, ligatures), which
    mail uses though ISO-2022-JP has them not, are those that code page 932 has in their place."""
    assert isinstance(error, UnicodeDecodeError)
    return _of_code_page_932(error.object[error.start : error.end]), error.end


def _vendor_character_of_euc(error: UnicodeError) -> tuple[str, int]:
    """The same for EUC-JP, where both bytes have their eighth bit set."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and all(0xA1 <= byte <= 0xFE for byte in pair):
        return _of_code_page_932(bytes(byte & 0x7F for byte in pair)), error.start + 2
    return _REPLACEMENT, error.end


def _of_code_page_932(pair: bytes) -> str:
    """The character at a row and cell of JIS X 0208, two bytes from 21 to 7E, as code page 932 extends it."""
    if len(pair) != 2 or not all(0x21 <= byte <= 0x7E for byte in pair):
        return _REPLACEMENT
    row, cell = pair
    lead = (row - 0x21 >> 1) + 0x81
    trail = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
    shift_jis = bytes((lead if lead <= 0x9F else lead + 0x40, trail))
    try:
        return shift_jis.decode("cp932")
    except UnicodeDecodeError:
        return _REPLACEMENT


codecs.register_error("mailstrata-iso2022", _vendor_character)
codecs.register_error("mailstrata-euc-jp", _vendor_character_of_euc)
