"""Undoing compression as a stream."""

import bz2
import gzip
import lzma
import random
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.errors import DamagedSourceError, SourceError
from mailstrata.sources.chunks import CHUNK_BYTES
from mailstrata.sources.compression import decompress


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": _zstd,
}
every_compression = pytest.mark.parametrize("compression", COMPRESS)


def text(size: int, seed: int = 1) -> bytes:
    """Text that compresses about threefold."""
    words = random.Random(seed)
    lines = (b"%d lines and %d\n" % (words.random() * 1e6, number) for number in range(size // 14 + 1))
    return b"".join(lines)[:size]


def collect(chunks: Iterator[bytes]) -> tuple[bytes, SourceError | None]:
    """What an iterator delivers, and the error that ends it."""
    data = bytearray()
    try:
        for chunk in chunks:
            data += chunk
    except SourceError as error:
        return bytes(data), error
    return bytes(data), None


def split(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@every_compression
@given(members=st.lists(st.binary(max_size=300), min_size=1, max_size=4), size=st.integers(1, 200))
@settings(max_examples=40)
def test_members_and_chunks(compression: str, members: list[bytes], size: int) -> None:
    """Any number of members one after the other, in chunks of any size, are the data that were compressed."""
    packed = b"".join(COMPRESS[compression](member) for member in members)
    assert b"".join(decompress(split(packed, size), compression, "x")) == b"".join(members)


@every_compression
def test_large_data_come_in_bounded_chunks(compression: str) -> None:
    """Several megabytes come back whole, in chunks of about the usual size."""
    data = text(3 << 20)
    chunks = list(decompress(split(COMPRESS[compression](data), 1 << 20), compression, "x"))
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) < CHUNK_BYTES * 5 // 4
    assert len(chunks) <= (len(data) // CHUNK_BYTES + 1) * 5 // 4


@every_compression
def test_cut_off_anywhere(compression: str) -> None:
    """Cut off at any byte, the data give a beginning of what they held and then an error with its length."""
    data = text(600)
    packed = COMPRESS[compression](data)
    for end in range(1, len(packed)):
        delivered, error = collect(decompress(iter([packed[:end]]), compression, "mail.gz"))
        assert isinstance(error, DamagedSourceError), end
        assert error.offset == len(delivered)
        assert data.startswith(delivered)
        assert str(error).startswith("mail.gz ends too early")
        assert "\n" not in str(error)


@every_compression
def test_cut_off_late_delivers_the_rest(compression: str) -> None:
    """Of a large file whose last bytes are missing, all but the last block is delivered."""
    data = text(4 << 20)
    packed = COMPRESS[compression](data)
    delivered, error = collect(decompress(split(packed[:-20], 5000), compression, "x"))
    assert error is not None
    assert data.startswith(delivered)
    assert len(delivered) > len(data) - (1 << 20)


@every_compression
def test_corrupt(compression: str) -> None:
    """Bytes overwritten in the middle are noticed, and what came before them is delivered."""
    data = text(4 << 20)
    packed = bytearray(COMPRESS[compression](data))
    middle = len(packed) // 2
    packed[middle : middle + 64] = bytes(64)
    delivered, error = collect(decompress(split(bytes(packed), 1 << 16), compression, "x"))
    assert isinstance(error, DamagedSourceError)
    assert error.offset == len(delivered)
    assert delivered[: len(data) // 4] == data[: len(data) // 4]


def test_gzip_checksum_after_all_data() -> None:
    """A wrong checksum at the end of a gzip member is an error only after every byte of it was delivered."""
    data = text(100_000)
    packed = bytearray(gzip.compress(data))
    packed[-6] ^= 0xFF
    delivered, error = collect(decompress(iter([bytes(packed)]), "gzip", "x"))
    assert delivered == data
    assert isinstance(error, DamagedSourceError)


@every_compression
@pytest.mark.parametrize("junk", [b"something else altogether", b"\0\0\0junk that is long enough"])
def test_trailing_junk(compression: str, junk: bytes) -> None:
    """What follows the last member and is none is an error, after all data."""
    delivered, error = collect(decompress(iter([COMPRESS[compression](b"mail") + junk]), compression, "x"))
    assert delivered == b"mail"
    assert isinstance(error, DamagedSourceError)


@every_compression
def test_trailing_zeros(compression: str) -> None:
    """Zero bytes after a member, as block devices leave them, are passed over, also between members."""
    packed = COMPRESS[compression](b"mail") + bytes(512)
    assert b"".join(decompress(split(packed * 2, 100), compression, "x")) == b"mailmail"


def test_zstd_skippable_frames() -> None:
    """Skippable frames before, between and after frames are passed over; a cut-off one is noticed."""
    skippable = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"notes"
    packed = skippable + _zstd(b"one ") + skippable + _zstd(b"two") + skippable
    assert b"".join(decompress(split(packed, 3), "zstd", "x")) == b"one two"
    delivered, error = collect(decompress(iter([packed[:-1]]), "zstd", "x"))
    assert delivered == b"one two"
    assert isinstance(error, DamagedSourceError)


def test_zstd_frames_of_every_header() -> None:
    """Frames with and without content size and checksum, of several sizes, are read alike."""
    for size in (0, 1, 255, 256, 65_000, 70_000, 300_000):
        data = text(size)
        for content_size in (True, False):
            for checksum in (True, False):
                compressor = zstandard.ZstdCompressor(write_content_size=content_size, write_checksum=checksum)
                stream = compressor.compressobj(size=size if content_size else -1)
                packed = stream.compress(data) + stream.flush()
                assert b"".join(decompress(split(packed, 777), "zstd", "x")) == data


@every_compression
def test_a_bomb_streams_in_constant_memory(compression: str) -> None:
    """Tens of megabytes out of a few kilobytes never stand in memory together."""
    size = 48 << 20
    packed = COMPRESS[compression](bytes(size))
    assert len(packed) < size // 500
    total = 0
    tracemalloc.start()
    try:
        for chunk in decompress(iter([packed]), compression, "x"):
            total += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == size
    assert peak < 16 << 20


@every_compression
def test_errors_of_the_input_come_after_its_data(compression: str) -> None:
    """A disk that fails under the decoder is reported after what it gave, with the decompressed offset."""
    data = text(100_000)
    packed = COMPRESS[compression](data) + COMPRESS[compression](data)

    def failing() -> Iterator[bytes]:
        yield packed[: len(packed) // 2]
        raise SourceError("the disk is gone", offset=len(packed) // 2)

    delivered, error = collect(decompress(failing(), compression, "x"))
    assert delivered[: len(data)] == data
    assert str(error) == "the disk is gone"
    assert error is not None
    assert error.offset == len(delivered)
