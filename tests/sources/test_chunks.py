"""Streams in chunks, read in other pieces."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import SourceError
from mailstrata.sources.chunks import ChunkReader

chunk_lists = st.lists(st.binary(max_size=20), max_size=12)
steps = st.lists(st.tuples(st.sampled_from(["read", "take", "skip", "peek"]), st.integers(0, 30)), max_size=20)


@given(chunk_lists, steps)
def test_any_pieces_are_the_stream(chunks: list[bytes], calls: list[tuple[str, int]]) -> None:
    """However it is read, the reader hands out the bytes of the stream in order, and counts them."""
    data = b"".join(chunks)
    reader = ChunkReader(chunks)
    position = 0
    for call, size in calls:
        expected = data[position : position + size]
        if call == "peek":
            assert reader.peek(size) == expected
            continue
        if call == "read":
            assert reader.read(size) == expected
        elif call == "take":
            assert b"".join(reader.take(size)) == expected
        else:
            assert reader.skip(size) == len(expected)
        position += len(expected)
        assert reader.offset == position
    assert b"".join(reader.rest()) == data[position:]


@given(chunk_lists, st.integers(0, 50))
def test_an_error_comes_after_what_came_before_it(chunks: list[bytes], looked_ahead: int) -> None:
    """Looking ahead over a failure loses nothing: all bytes come first, then the error, then the error again."""

    def failing() -> Iterator[bytes]:
        yield from chunks
        raise SourceError("the disk is gone")

    reader = ChunkReader(failing())
    reader.peek(looked_ahead)
    received = bytearray()
    with pytest.raises(SourceError):
        for piece in reader.rest():
            received += piece
    assert bytes(received) == b"".join(chunks)
    with pytest.raises(SourceError):
        reader.read(1)
    with pytest.raises(SourceError):
        reader.skip(1)
    with pytest.raises(SourceError):
        list(reader.take(1))
    assert reader.failed is not None
