from __future__ import annotations

import base64
import io
import os
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.archive.packs import frames
from mailstrata.archive.packs.frames import (
    LARGE_FRAME,
    STORED_EXTRA,
    Frame,
    FrameCompressor,
    find_frame,
    read_frame,
    skippable_frame,
    stored_frame,
)
from mailstrata.errors import ArchiveError

_CONTENTS = [b"", b"a", b"a" * 255, bytes(256), b"b" * 70_000, os.urandom(300_000), b"text " * 300_000]


@pytest.mark.parametrize("size", [256, 257, 512, 65_791])
def test_a_stored_frame_is_as_long_as_its_content(size: int) -> None:
    """And some bytes that are always as many; every decoder reads it, checksum and all."""
    for content in (b"a" * size, random.Random(size).randbytes(size)):
        data = stored_frame(content)
        assert len(data) == size + STORED_EXTRA
        assert content in data
        assert zstandard.ZstdDecompressor().decompress(data) == content
        frame = read_frame(io.BytesIO(data), 0)
        assert frame is not None
        assert (frame.length, frame.content_size, frame.prefix(100)) == (len(data), size, content[:100])
        with pytest.raises(zstandard.ZstdError, match="checksum"):
            zstandard.ZstdDecompressor().decompress(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize("level", [1, 3, 9, 19])
def test_frames_follow_each_other(level: int) -> None:
    """Frames of all sizes in one file are found one by one by their block headers, skippable ones among them."""
    compressor = FrameCompressor(level)
    data = b"".join(compressor.compress(content) + skippable_frame(b"xyz") for content in _CONTENTS)
    file = io.BytesIO(data)
    offset = 0
    for content in _CONTENTS:
        frame = read_frame(file, offset)
        assert frame is not None
        assert frame.content_size == len(content)
        assert frame.content() == content
        offset += frame.length
        skipped = read_frame(file, offset)
        assert skipped is not None
        assert skipped.is_skippable
        offset += skipped.length
        assert file.tell() == offset
    assert read_frame(file, offset) is None


def test_frames_state_their_size_and_carry_a_checksum() -> None:
    """A reader knows what a frame will give before it decompresses it, and whether it is whole."""
    for content in _CONTENTS:
        parameters = zstandard.get_frame_parameters(FrameCompressor(3).compress(content))
        assert parameters.content_size == len(content)
        assert parameters.has_checksum
        assert parameters.dict_id == 0


@given(content=st.binary(max_size=2000), damage=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(deadline=None)
def test_damage_is_noticed(content: bytes, damage: int, bit: int) -> None:
    """A flipped bit gives an `ArchiveError` or the right content, never another one, and no other exception."""
    data = bytearray(FrameCompressor(3).compress(content))
    data[damage % len(data)] ^= 1 << bit
    try:
        frame = read_frame(io.BytesIO(bytes(data)), 0)
        assert frame is not None
        assert frame.is_skippable or frame.content() == content
    except ArchiveError:
        pass


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes) -> None:
    """What is no frame raises nothing but `ArchiveError`."""
    for start in (b"", b"\x28\xb5\x2f\xfd", (0x184D2A5A).to_bytes(4, "little")):
        file = io.BytesIO(start + data)
        try:
            frame = read_frame(file, 0)
            if frame is not None and not frame.is_skippable:
                frame.content()
        except ArchiveError:
            pass


def test_a_frame_that_is_cut_off_is_refused() -> None:
    """At whatever byte a frame ends early."""
    for data in (FrameCompressor(3).compress(b"hello " * 10), skippable_frame(b"abc")):
        for end in range(1, len(data)):
            with pytest.raises(ArchiveError):
                read_frame(io.BytesIO(data[:end]), 0)


def test_a_frame_that_claims_too_much_is_refused() -> None:
    """Memory is bounded whatever a file claims: by its header, and by more blocks than the content can need."""
    bomb = zstandard.ZstdCompressor(write_content_size=True).compress(bytes(frames.MAX_CONTENT + 1))
    with pytest.raises(ArchiveError, match="more than allowed"):
        read_frame(io.BytesIO(bomb), 0)
    block = (0 << 3 | 0 << 1).to_bytes(3, "little")
    header = b"\x28\xb5\x2f\xfd\x20\x05"
    with pytest.raises(ArchiveError, match="longer than allowed"):
        read_frame(io.BytesIO(header + block * 2000), 0)
    with pytest.raises(ArchiveError, match="does not state its size"):
        read_frame(io.BytesIO(zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 300)), 0)


def test_a_frame_of_too_much_content_is_not_written() -> None:
    """What no reader would accept is a bug of the writer."""
    with pytest.raises(ValueError, match="at most"):
        FrameCompressor(1).compress(bytes(frames.MAX_CONTENT + 1))


def some_text(size: int, seed: int = 2) -> bytes:
    source = random.Random(seed)
    words = [b"%x" % source.randrange(1 << 24) for _ in range(300)]
    return b" ".join(source.choices(words, k=size // 6))


def test_compressed_content_is_not_searched_at_length() -> None:
    """At level 19 noise and its base64 are done at level 3, and text is done at 19."""
    noise = random.Random(1).randbytes(600_000)
    for content in (noise, base64.encodebytes(noise)):
        assert FrameCompressor(19).compress(content) == FrameCompressor(3).compress(content)
    text = some_text(360_000)
    assert len(FrameCompressor(19).compress(text)) < len(FrameCompressor(3).compress(text))


def test_compressed_content_is_told_by_samples() -> None:
    """From its beginning, middle and end; of little content nothing is said."""
    compressor = FrameCompressor(3)
    noise, text = random.Random(1).randbytes(1 << 20), some_text(1 << 20)
    assert [compressor.is_compressed(noise[:size]) for size in (0, 4095, 4096, 65_537, 1 << 20)] == [False] * 2 + [
        True
    ] * 3
    assert not any(compressor.is_compressed(text[:size]) for size in (0, 4096, 65_537, len(text)))
    assert compressor.is_compressed(b"header " * 100 + noise)
    assert not compressor.is_compressed(noise[:100_000] + text)


@pytest.mark.parametrize("level", [1, 3, 6, 9, 19])
def test_all_of_a_frame_can_refer_to_all_of_it(level: int) -> None:
    """The window of a frame of 4 MiB is 4 MiB, which by itself no level below 9 has."""
    content = some_text(4000).ljust(LARGE_FRAME, b"x")
    assert zstandard.get_frame_parameters(FrameCompressor(level).compress(content)).window_size == LARGE_FRAME


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_at_low_levels_what_stands_far_away_is_found(level: int) -> None:
    """What stands at the beginning and again at the end of 4 MiB is there once."""
    compressor = FrameCompressor(level)
    text, between = some_text(100_000), random.Random(1).randbytes(3 << 19).hex().encode()
    once, twice = (len(compressor.compress(text + between + end)) for end in (b"", text))
    assert twice - once < len(compressor.compress(text)) // 10


@given(content=st.binary(max_size=3000), size=st.integers(0, 4000))
def test_a_prefix_is_the_beginning(content: bytes, size: int) -> None:
    """Of the content, whatever the size asked for."""
    frame = read_frame(io.BytesIO(FrameCompressor(3).compress(content)), 0)
    assert frame is not None
    assert frame.prefix(size) == content[:size]


def test_damage_behind_a_prefix_does_not_matter() -> None:
    """What follows is not decompressed; what is in it is an `ArchiveError`, or shows in its digest."""
    text = some_text(1 << 20)
    data = bytearray(FrameCompressor(3).compress(text))
    data[-1000] ^= 1
    frame = read_frame(io.BytesIO(data), 0)
    assert frame is not None
    assert frame.prefix(100_000) == text[:100_000]
    with pytest.raises(ArchiveError, match="is damaged"):
        frame.content()
    with pytest.raises(ArchiveError, match="is damaged"):
        frame.prefix(len(text))


def test_a_prefix_that_is_not_there_is_refused() -> None:
    """The decompressor itself says nothing where its input ends early."""
    data = FrameCompressor(3).compress(random.Random(1).randbytes(300_000))
    with pytest.raises(ArchiveError, match="does not hold what it states"):
        Frame(0, len(data), 300_000, data[:200_000]).prefix(250_000)


def test_the_next_frame_is_found() -> None:
    """Behind anything, across the pieces that are searched; what only looks like a frame is passed over."""
    frame = FrameCompressor(3).compress(b"content")
    for noise in (b"", b"\x28", b"\x28\xb5\x2f\xfd" * 5, bytes((1 << 20) - 2), bytes((1 << 20) + 1)):
        file = io.BytesIO(b"xx" + noise + frame + b"yy")
        assert find_frame(file, 1, lambda found: found.content() == b"content") == 2 + len(noise)
        assert find_frame(file, 3 + len(noise), lambda found: True) is None
    assert find_frame(io.BytesIO(frame), 0, lambda found: False) is None


def test_looking_for_a_frame_ends() -> None:
    """A file made of beginnings of frames is given up after so many bytes, not after the square of its size."""
    header = b"\x28\xb5\x2f\xfd\xa4" + (15 << 20).to_bytes(4, "little")
    data = header * 100_000
    calls = 0

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal calls
            calls += 1
            return super().read(size)

    assert find_frame(Counted(data), 0, lambda found: True) is None
    assert calls < 20_000


@pytest.mark.parametrize("expected", [0, 1, 7, 100, 70_000, 1 << 22, 1 << 40])
def test_what_is_expected_changes_nothing(expected: int) -> None:
    """However much is read at once, the frame is the same, and the file stands behind it."""
    first = FrameCompressor(3).compress(os.urandom(200_000))
    for data in (first, first + FrameCompressor(3).compress(b"next"), first + skippable_frame(b"table")):
        file = io.BytesIO(b"before" + data)
        file.seek(6)
        frame = read_frame(file, 6, expected)
        assert frame == Frame(6, len(first), 200_000, first)
        assert file.tell() == 6 + len(first)
    with pytest.raises(ArchiveError, match="ends early"):
        read_frame(io.BytesIO(first[:-1]), 0, expected)
