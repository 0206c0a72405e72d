"""Recording recipes in tests: every case whole and in pieces, and followed back each time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from mailstrata.stripping.recorder import Recorder, rebuild, recorder_for
from mailstrata.transfer import decoder_for
from support.decoding import BUFFER_SIZES, split


def record_pieces(encoding: str, pieces: Iterable[bytes], *, check_each: bool = False) -> tuple[Recorder, bytes]:
    """Record a body that comes in these pieces; returns the recorder and the content, and checks that all comes back.

    With `check_each` it is checked behind each piece that recipe, content so far and pending bytes are what was fed.
    """
    recorder = recorder_for(encoding)
    assert recorder is not None
    decoder = decoder_for(encoding)
    fed: list[bytes] = []
    content: list[bytes] = []
    for piece in pieces:
        fed.append(piece)
        decoded = decoder.feed(piece)
        content.append(decoded)
        recorder.feed(piece, decoded)
        if check_each or recorder.failed:
            assert take_back(recorder, content) == b"".join(fed)
        if recorder.failed:
            return recorder, b"".join(content)
    last = decoder.close()
    content.append(last)
    recorder.close(last)
    assert take_back(recorder, content) == b"".join(fed)
    if not recorder.failed:
        assert recorder.pending == b""
        assert b"".join(rebuild(recorder.recipe, content)) == b"".join(fed)
    return recorder, b"".join(content)


def take_back(recorder: Recorder, content: Iterable[bytes]) -> bytes:
    """The body so far, out of the content and what the recorder says."""
    return b"".join(rebuild(recorder.recipe, content, partial=True)) + recorder.pending


def recipe_of(encoding: str, body: bytes) -> str | None:
    """The recipe of a body, None if it has none; checks that the size of the pieces changes nothing."""
    whole, content = record_pieces(encoding, [body])
    recipe = None if whole.failed else whole.recipe
    sizes = [size for size in BUFFER_SIZES if size > 1 or len(body) < 10_000]
    for size in sizes:
        recorder, _ = record_pieces(encoding, split(body, repeat(size)), check_each=len(body) < 2000)
        assert (None if recorder.failed else recorder.recipe) == recipe, f"pieces of {size}"
    if recipe is not None:
        for size in sizes:
            assert b"".join(rebuild(recipe, split(content, repeat(size)))) == body, f"content in pieces of {size}"
    return recipe
