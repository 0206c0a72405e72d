from __future__ import annotations

import base64
import io
import os
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.archive import frames
from mailstrata.archive.frames import FrameCompressor, read_frame, skippable_frame
from mailstrata.errors import ArchiveError

_CONTENTS = [b"", b"a", b"a" * 255, bytes(256), b"b" * 70_000, os.urandom(300_000), b"text " * 300_000]


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


def test_incompressible_content_is_not_compressed_at_length() -> None:
    """At level 19 noise and its base64 are done at level 1, and text is done at 19."""
    noise = random.Random(1).randbytes(600_000)
    words = [random.Random(n).randbytes(6).hex().encode() for n in range(300)]
    text = b" ".join(random.Random(2).choices(words, k=60_000))
    for content in (noise, base64.encodebytes(noise)):
        assert FrameCompressor(19).compress(content) == FrameCompressor(1).compress(content)
    assert len(FrameCompressor(19).compress(text)) < len(FrameCompressor(1).compress(text))
