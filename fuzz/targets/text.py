"""Text: bytes under any charset label, and format=flowed."""

from __future__ import annotations

from fuzz.given import Given
from mailstrata.message.charsets import TextDecoder, decode
from mailstrata.message.flowed import unflow


def text(data: bytes) -> None:
    """The first line is the label, the rest is decoded, whole and in pieces, and unflowed."""
    given = Given(data)
    line, _, content = given.content.partition(b"\n")
    label = line.decode("latin-1") or None
    whole = decode(content, label)
    decoder = TextDecoder(label)
    assert "".join([*map(decoder.feed, given.pieces(content)), decoder.close()]) == whole, "the split matters"
    whole.encode("utf-8")
    for delsp in (False, True):
        flowed = unflow(whole, delsp)
        # Every quoted line may get a space behind its signs.
        assert len(flowed) <= 2 * len(whole)
