"""Unstructured header text: encoded words (RFC 2047), raw UTF-8 (RFC 6532), and what mailers make of them."""

from __future__ import annotations

import binascii
import re
from functools import cache, lru_cache

from mailstrata.message.charset_labels import codec_of
from mailstrata.message.charsets import decode
from mailstrata.parser.fields import unfold


# charset, with the language of RFC 2231, 5; encoding. Then text, up to where it ends or another encoded word may begin:
# it may hold spaces and question marks, as much mail has it, and no byte is looked at for two words. (One expression
# for both would need memory for every equals sign in the text.)
@cache
def _word_begin() -> re.Pattern[bytes]:
    return re.compile(rb"=\?([^\x00-\x20?*=]{0,64}+)(?:\*[^\x00-\x20?]{0,64}+)?\?([bBqQ])\?")


@cache
def _word_end() -> re.Pattern[bytes]:
    return re.compile(rb"\?=|=\?(?!=)")


# Most of all encoded text: one word, well-formed.
@cache
def _usual() -> re.Pattern[bytes]:
    return re.compile(rb"=\?[uU][tT][fF]-8\?[bB]\?([A-Za-z0-9+/]*+={0,2})\?=")


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


@cache
def _padding() -> re.Pattern[bytes]:
    return re.compile(b"=+")


_EQUALS_SIGN = ord("=")
_BASE64_DIGIT = {
    digit: number for number, digit in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_LONGEST_KEPT = 300


# Tabs, and all that some program takes for the end of a line.
@cache
def _breaks() -> re.Pattern[str]:
    return re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


def decode_text(value: bytes) -> str:
    """The text of an unstructured field value (RFC 5322, 3.6.5), such as a subject, on one line.

    Folding is undone and white space at both ends left out. Encoded words are decoded wherever they stand, also in
    quotes and without white space around them; white space between two of them is dropped, and the bytes of adjacent
    ones in the same charset are decoded together, since mailers split characters between them. Raw 8-bit text is
    UTF-8 or else guessed. A line break or tab becomes a space, a NUL U+FFFD; other control characters are kept. Never
    raises, never returns surrogates; linear in the size of the value.
    """
    return decode_words(unfold(value))


def decode_words(value: bytes) -> str:
    """As `decode_text`, for text that has been taken out of a field value: white space at the ends is kept."""
    if b"=?" in value:
        return _decode_once(value) if len(value) <= _LONGEST_KEPT else one_line(_decode_words(value))
    if value.isascii():
        text = value.decode("ascii")
        if text.isprintable():
            return text
    return one_line(decode(value, None))


def one_line(text: str) -> str:
    """Text without what could end a line or a C string: line breaks and tabs become spaces, NULs U+FFFD."""
    if text.isprintable():
        return text
    return _breaks().sub(" ", text).replace("\x00", "\N{REPLACEMENT CHARACTER}")


@lru_cache(maxsize=1024)
def _decode_once(value: bytes) -> str:
    """A name or subject is asked for more than once, and names come again."""
    return one_line(_decode_words(value))


def _decode_words(value: bytes) -> str:
    usual = _usual().fullmatch(value)
    if usual is not None and not len(usual[1]) & 3:
        return decode(binascii.a2b_base64(usual[1]), "utf-8")
    text: list[str] = []
    run = _Run()
    position = search = 0
    while (begin := _word_begin().search(value, search)) is not None:
        end = _word_end().search(value, begin.end())
        if end is None:
            break
        search = end.start()
        if value[search] == _EQUALS_SIGN:
            continue
        between = value[position : begin.start()]
        if between and (run.empty or not between.isspace()):
            run.end(text)
            text.append(decode(between, None))
        charset, encoding = begin.groups()
        run.add(charset, encoding, value[begin.end() : search], text)
        position = search = end.end()
    run.end(text)
    text.append(decode(value[position:], None))
    return "".join(text)


class _Run:
    """Adjacent encoded words in the same charset, of which the octets are decoded together."""

    __slots__ = ("charset", "empty", "octets", "rest")

    def __init__(self) -> None:
        self.empty = True
        self.charset = b""
        self.octets: list[bytes] = []
        self.rest = b""
        """Base64 that ends within an octet: the next word goes on with it, or it is padding that was left out."""

    def add(self, charset: bytes, encoding: bytes, content: bytes, text: list[str]) -> None:
        charset = charset.lower()
        if charset != self.charset:
            if not _is_same_charset(charset, self.charset):
                self.end(text)
            self.charset = charset
        self.empty = False
        if encoding in b"qQ":
            self._end_base64()
            self.octets.append(_decode_q(content))
            return
        content = self.rest + content.translate(None, _NOT_BASE64)
        self.rest = b""
        if len(content) % 4 and _is_cut(content):
            whole = len(content) & ~3
            self.octets.append(_decode_base64(content[:whole]))
            self.rest = content[whole:]
        else:
            self.octets.append(_decode_base64(content))

    def end(self, text: list[str]) -> None:
        if self.empty:
            return
        self._end_base64()
        text.append(decode(b"".join(self.octets), self.charset.decode("ascii", "replace")))
        self.octets = []
        self.empty = True

    def _end_base64(self) -> None:
        if self.rest:
            self.octets.append(_decode_base64(self.rest))
            self.rest = b""


def _is_same_charset(label: bytes, other: bytes) -> bool:
    """Whether two labels mean one charset, as `utf-8` and `utf8` do."""
    codec = codec_of(label.decode("ascii", "replace"))
    return codec is not None and codec == codec_of(other.decode("ascii", "replace"))


def _decode_q(content: bytes) -> bytes:
    """The Q encoding (RFC 2047, 4.2); an equals sign that begins no escape is kept."""
    escaped = content.rstrip(b"=")  # at the end it would be read as a soft line break
    return binascii.a2b_qp(escaped, header=True) + content[len(escaped) :]


def _is_cut(content: bytes) -> bool:
    """Whether base64 without padding stops within an octet: some mailers encode a text as a whole and cut it into
    words anywhere. Where padding was merely left out, the bits that go unused are zero."""
    if b"=" in content:
        return False
    over = len(content) % 4
    return over == 1 or bool(_BASE64_DIGIT[content[-1]] & (0x0F if over == 2 else 0x03))


def _decode_base64(content: bytes) -> bytes:
    """Base64 (RFC 2047, 4.1) of which nothing but the alphabet is left; goes on after padding in the middle."""
    data = content.rstrip(b"=")
    if len(content) % 4 == 0 and len(content) - len(data) <= 2 and b"=" not in data:
        return binascii.a2b_base64(content)
    octets = []
    for piece in _padding().split(content):
        over = len(piece) % 4
        if over == 1:
            octets.append(binascii.a2b_base64(piece[:-1]))
        else:
            octets.append(binascii.a2b_base64(piece + b"=" * (-over % 4)))
    return b"".join(octets)
