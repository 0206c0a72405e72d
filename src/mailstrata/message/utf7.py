"""UTF-7 (RFC 2152), incrementally.

Python's own incremental decoder holds back a shifted sequence until it ends, however long it is, and lets lone
surrogates through; this one holds back at most seven characters.
"""

from __future__ import annotations

import binascii
import codecs
import re
from functools import cache


@cache
def _shifted() -> re.Pattern[bytes]:
    return re.compile(rb"[A-Za-z0-9+/]*+")


class Utf7Decoder(codecs.IncrementalDecoder):
    """Bytes to text; U+FFFD for what is malformed. `errors` is always `replace`."""

    def __init__(self, errors: str = "replace") -> None:
        super().__init__(errors)
        self._shifted = False
        self._empty = True  # nothing has followed the plus sign yet: `+-` is a plus sign
        self._held = b""  # base64 characters that do not make up a group of eight yet
        self._units = codecs.getincrementaldecoder("utf-16-be")("replace")

    def decode(self, data: bytes, final: bool = False) -> str:  # type: ignore[override]
        """Decode the next bytes; `final` says that they are the last ones."""
        text: list[str] = []
        position, end = 0, len(data)
        while position < end:
            if not self._shifted:
                plus = data.find(b"+", position)
                stop = end if plus < 0 else plus
                text.append(data[position:stop].decode("ascii", "replace"))
                position = stop + 1
                self._shifted = self._empty = plus >= 0
                continue
            match = _shifted().match(data, position)
            assert match is not None  # it matches nothing, too
            self._feed(match[0], text)
            position = match.end()
            if position < end:
                minus = data[position] == 0x2D
                if minus and self._empty:
                    text.append("+")
                self._end_shift(text)
                position += minus
        if final:
            self._end_shift(text)
        return "".join(text)

    def _feed(self, characters: bytes, text: list[str]) -> None:
        if characters:
            self._empty = False
            held = self._held + characters
            whole = len(held) & ~7  # eight characters are six bytes are three UTF-16 code units
            self._held = held[whole:]
            text.append(self._units.decode(binascii.a2b_base64(held[:whole])))

    def _end_shift(self, text: list[str]) -> None:
        """The last whole code units of a shifted sequence; the bits beyond them are padding."""
        held, self._held, self._shifted = self._held, b"", False
        octets = binascii.a2b_base64(held + b"A" * (-len(held) % 4))
        text.append(self._units.decode(octets[: len(held) * 6 // 16 * 2], True))
