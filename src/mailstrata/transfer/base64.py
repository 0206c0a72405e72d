"""Base64 (RFC 2045, 6.8), incrementally, and as tolerant as mail clients are.

Two ways through it. Clean data loses its line breaks in bulk, and pybase64 decodes it with validation. Only where that
fails, or an `=` turns up, are the spans of what is wrong looked for with a regular expression. Once the list of
defects is full no more spans are wanted, and everything, however hostile, is decoded in bulk again.

pybase64's own lenient mode is never used: it reads on over an `=` in the middle as if it were not there, where
binascii stops and mail clients begin anew.
"""

from __future__ import annotations

import re
from binascii import Error
from itertools import compress
from struct import Struct

from pybase64 import b64decode

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer.base import MAX_DEFECTS, add_defect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WHITE_SPACE = b"\r\n \t"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})

_CHARACTER: Final = re.compile(rb"[A-Za-z0-9+/]")
_OUTSIDE: Final = re.compile(rb"[^A-Za-z0-9+/\r\n \t]+")
_PAD_BITS = {2: 0b1111, 3: 0b11}
"""Characters in a group that is not full -> the bits of the last one that belong to no byte."""

_SLICE = 1 << 17
"""Bytes that are decoded at a time. The copies made on the way then stay in the cache, and the allocator does not map
each one anew, which more than doubles the speed for chunks of 1 MiB; it also bounds the groups held as objects."""

# For `_decode_short_groups`, where a group of less than four characters is filled with NUL.
_GROUP: Final = re.compile(rb"[^=]{2,4}")
_GROUPS = 256
_FILLED = Struct("4s" * _GROUPS)
_FILL_ZERO_BITS = bytes.maketrans(b"\0", b"A")
_FILL_ONE_BITS = bytes(ord("A") if byte else ord("/") for byte in range(256))
_IS_ZERO = bytes(not byte for byte in range(256))


class Base64Decoder:
    """Decodes base64; what is wrong is skipped, recorded, and costs as little of the content as possible.

    - White space (space, tab, CR, LF) anywhere is no defect. Any other character outside the alphabet is skipped.
    - Where padding is missing, what the last two or three characters say is kept; a single one says no byte.
    - Data after padding starts anew, so that concatenated base64 is read whole.
    - An `=` that pads nothing is skipped like any other stray character, but data after it counts as data
      after padding, for other clients stop there.

    Holds back at most three characters.
    """

    __slots__ = ("_after_padding", "_last", "_pads", "_pending", "_position", "defects")

    def __init__(self) -> None:
        self.defects: list[Defect] = []
        self._position = 0
        self._pending = b""  # up to three characters of a group
        self._last = 0  # the offset of the last of them, or of the last `=` of their padding
        self._pads = 0  # how many `=` the last group still lacks
        self._after_padding = False

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        if len(data) <= _SLICE:
            return self._decode(data)
        return b"".join([self._decode(data[at : at + _SLICE]) for at in range(0, len(data), _SLICE)])

    def close(self) -> bytes:
        """What the last, unfinished group says."""
        decoded = self._end_group() if self._pending else b""
        self._note_missing_padding()
        return decoded

    def _decode(self, data: bytes) -> bytes:
        start = self._position
        self._position += len(data)
        if len(self.defects) >= MAX_DEFECTS:
            return self._decode_unrecorded(data)
        if self._after_padding:
            return self._decode_recording(data, start, 0)
        padding = data.find(b"=")
        clean = data if padding < 0 else data[:padding]
        decoded = self._decode_clean(clean, start)
        if decoded is None:
            return self._decode_recording(data, start, 0)
        if padding < 0:
            return decoded
        return decoded + self._decode_recording(data, start, padding)

    def _decode_clean(self, data: bytes, start: int) -> bytes | None:
        """Decode data without `=`; None, and nothing is changed, if there is anything but base64 and white space."""
        text = data.replace(b"\n", b"").replace(b"\r", b"")
        if self._pending:
            text = self._pending + text
        decoded = _decode_validated(text)
        if decoded is None:
            text = text.translate(None, _WHITE_SPACE)
            decoded = _decode_validated(text)
            if decoded is None:
                return None
        whole = len(text) & ~3
        if len(text) > len(self._pending):
            self._last = start + _length_without_white_space(data) - 1
        self._pending = text[whole:]
        return decoded

    def _decode_recording(self, data: bytes, start: int, at: int) -> bytes:
        """Decode `data[at:]` with the spans of all that is wrong; `start` is the offset of `data`.

        Each turn of the loop but the last records a defect or ends good padding with the next turn's data, so there
        are at most some two hundred of them before the list is full.
        """
        decoded = []
        while at < len(data):
            if len(self.defects) >= MAX_DEFECTS:
                decoded.append(self._decode_unrecorded(data[at:]))
                break
            outside = _OUTSIDE.search(data, at)
            stop = outside.start() if outside else len(data)
            clean = data[at:stop]
            if self._after_padding and (first := _CHARACTER.search(clean)):
                self._start_anew(start + at + first.start())
            part = self._decode_clean(clean, start + at)
            assert part is not None, "only base64 and white space lie between two matches of _OUTSIDE"
            decoded.append(part)
            if outside is None:
                break
            decoded.append(self._take_outside(outside.group(), start + stop))
            at = outside.end()
        return b"".join(decoded)

    def _take_outside(self, run: bytes, start: int) -> bytes:
        """Take a run of junk and `=` at offset `start`: padding for what is pending, the rest is skipped."""
        decoded = b""
        at = 0
        while (self._pending or self._pads) and (pad := run.find(b"=", at)) >= 0:
            if pad > at:
                add_defect(self.defects, DefectCode.BASE64_INVALID_CHARACTERS, start + at, start + pad)
            at = pad
            if self._pending:
                decoded = self._end_group()
            if self._pads:
                self._pads -= 1
                self._last = start + pad
                at = pad + 1
        if at < len(run):
            add_defect(self.defects, DefectCode.BASE64_INVALID_CHARACTERS, start + at, start + len(run))
        if b"=" in run:
            self._after_padding = True
        return decoded

    def _end_group(self) -> bytes:
        """Decode the pending group, which has one to three characters."""
        group = self._pending
        self._pending = b""
        if len(group) == 1:
            add_defect(self.defects, DefectCode.BASE64_TRUNCATED, self._last, self._last + 1)
            return b""
        if _ALPHABET.index(group[-1]) & _PAD_BITS[len(group)]:
            add_defect(self.defects, DefectCode.BASE64_NONZERO_PAD_BITS, self._last, self._last + 1)
        self._pads = 4 - len(group)
        return b64decode(group + b"=" * self._pads, validate=True)

    def _start_anew(self, offset: int) -> None:
        """A character at `offset` stands after padding."""
        self._note_missing_padding()
        add_defect(self.defects, DefectCode.BASE64_DATA_AFTER_PADDING, offset, offset + 1)
        self._after_padding = False

    def _note_missing_padding(self) -> None:
        if self._pads:
            add_defect(self.defects, DefectCode.BASE64_MISSING_PADDING, self._last + 1, self._last + 1)
            self._pads = 0

    def _decode_unrecorded(self, data: bytes) -> bytes:
        """Decode when the list of defects is full: the same content, without looking for spans."""
        text = self._pending + data.translate(None, _NOT_BASE64)
        padded = text.rfind(b"=") + 1
        whole = padded + (len(text) - padded & ~3)
        self._pending = text[whole:]
        return _decode_padded(text[:padded]) + b64decode(text[padded:whole], validate=True)


def _decode_validated(text: bytes) -> bytes | None:
    """Decode the whole groups of `text`; None if it, an unfinished group included, is not all base64 characters."""
    whole = len(text) & ~3
    if text[whole:].translate(None, _ALPHABET):
        return None
    try:
        return b64decode(memoryview(text)[:whole], validate=True)
    except Error:
        return None


def _length_without_white_space(data: bytes) -> int:
    """The length of `data` without the white space at its end."""
    tail = data[-16:].rstrip(_WHITE_SPACE)
    if tail:
        return max(len(data) - 16, 0) + len(tail)
    return len(data.rstrip(_WHITE_SPACE))


def _decode_padded(text: bytes) -> bytes:
    """Decode concatenated base64 that holds base64 characters and `=` only, and ends with `=` or is empty."""
    if text.count(b"=") << 5 > len(text):
        return _decode_short_groups(text)
    return b"".join([_decode_alone(part) for part in text.split(b"=") if part])


def _decode_alone(part: bytes) -> bytes:
    """Decode base64 without its padding; a single character of a last group is left out."""
    if len(part) & 3 == 1:
        part = part[:-1]
    return b64decode(part + b"=" * (-len(part) & 3), validate=True)


def _decode_short_groups(text: bytes) -> bytes:
    """Do the same as decoding every part alone, at a cost that does not depend on how short the parts are.

    Each group is filled up to four characters, so that all can be decoded at once, and once more with marks for
    fill and zero bits for all else: a byte of the second that is not zero is one that the fill made up.
    """
    groups = _GROUP.findall(text)
    groups.extend([b""] * (-len(groups) % _GROUPS))
    filled = b"".join([_FILLED.pack(*groups[at : at + _GROUPS]) for at in range(0, len(groups), _GROUPS)])
    decoded = b64decode(filled.translate(_FILL_ZERO_BITS), validate=True)
    made_up = b64decode(filled.translate(_FILL_ONE_BITS), validate=True)
    return bytes(compress(decoded, made_up.translate(_IS_ZERO)))
