"""The words of the marker in the bytes of a message, put so that nothing in a skeleton can be taken for a placeholder.

A `-` is put behind each `access-type=x-mailstrata` of the message, whatever follows; whoever reads the skeleton
takes one away behind each. The words do not occur across two of these places (a `-` stands in them behind `access`
and behind `x`, never behind what they end with), so this can always be undone.
"""

from __future__ import annotations

WORDS = b"access-type=x-mailstrata"
"""What no byte sequence of a skeleton outside placeholders holds, unless a `-` follows."""

ESCAPED_WORDS = WORDS + b"-"


def unfinished(data: bytes, word: bytes) -> int:
    """The length of the longest end of `data` that more bytes could make `word`; less than the length of `word`."""
    if not data or data[-1] not in word:
        return 0
    window = data[1 - len(word) :]
    first = word[:1]
    at = window.find(first)
    while at >= 0:
        if word.startswith(window[at:]):
            return len(window) - at
        at = window.find(first, at + 1)
    return 0


class Escaper:
    """Escapes the bytes of a message on their way into its skeleton, in pieces of any size.

    `changed` says whether there was anything to escape. Holds back less than the length of the words.
    """

    __slots__ = ("_held", "changed")

    def __init__(self) -> None:
        self._held = b""
        self.changed = False

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; returns what is certain so far."""
        if self._held:
            data = self._held + data
            self._held = b""
        # In base64 there is no dash, and looking for one byte is ten times as fast as looking for many.
        if b"-" in data and WORDS in data:
            self.changed = True
            pieces = data.split(WORDS)
            rest = pieces.pop()
            pieces.append(b"")
            done = ESCAPED_WORDS.join(pieces)
        else:
            rest = data
            done = b""
        held = unfinished(rest, WORDS)
        if held:
            self._held = rest[-held:]
            rest = rest[:-held]
        return done + rest if done else rest

    def flush(self) -> bytes:
        """What was held back; what is fed next does not follow it in the skeleton."""
        held = self._held
        self._held = b""
        return held
