"""Zstd frames: what a pack is made of, written and read one at a time (RFC 8878).

A data frame of a pack states the size of its content, carries a checksum, needs no dictionary, and holds at most
`MAX_CONTENT` bytes, so that a reader knows before it decompresses what it will get, and memory stays bounded
whatever a hostile file claims. Frames are found from the front by their block headers alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import zstandard

from mailstrata.errors import ArchiveError

LARGE_FRAME = 4 << 20
"""Bytes of content in each frame of a large member but the last, and the most in a shared one or held of any item."""

MAX_CONTENT = 16 << 20
"""The most content, in bytes, that a reader accepts in one frame."""

TABLE_MAGIC = 0x184D2A5A
"""Magic number of the skippable frame that holds a pack's table of members."""

_SKIPPABLE_FIRST, _SKIPPABLE_LAST = 0x184D2A50, 0x184D2A5F
_MAGIC = 0xFD2FB528
_MAGIC_BYTES = _MAGIC.to_bytes(4, "little")
_SLACK = 4096
_FIRST_READ = 64 << 10
_NEXT_READ = 1 << 20
_LEAST_READ = 64
_MOST_READ = MAX_CONTENT + _SLACK
_SEARCHED = 1 << 20
_MOST_TRIED = 256 << 20
_WINDOW_LOG = 22
_QUICK_LEVEL = 3
_LONG_DISTANCE_LEVEL = 4
_TABLES_LEVEL = 3
_HASH_LOG = 19
_CHAIN_LOG = 16
_PROBE_FROM = 4 << 10
_SAMPLES = 4
_SAMPLE = 16 << 10
_WORTHWHILE = 0.75


class FrameCompressor:
    """Makes one data frame from the content given.

    `level` is zstd's, 1 to 19. The window covers a frame of 4 MiB, so that all of it can refer to all of it. Up to
    level 4, the search hardly looks that far: at 3, which is the default, a table of 2 MiB in place of 512 KiB lets
    it, at the others zstd's long distance matching is on, which on mail finds less and takes a fifth of the time
    more; above, it makes frames larger. Content that is compressed already (images, archives, and their base64, of
    which only the coding shrinks) is not searched at length: it stays at level 3 without either, which passes over it
    at 3.6 GB/s, and with long distance matching at 1.
    """

    __slots__ = ("_compressor", "_probe", "_quick", "level")

    def __init__(self, level: int) -> None:
        self.level = level
        self._compressor = _compressor(level)
        self._quick = _compressor(min(level, _QUICK_LEVEL), finds_far=False)
        self._probe = zstandard.ZstdCompressor(level=1)

    def is_compressed(self, content: bytes | bytearray | memoryview) -> bool:
        """Whether the content looks as if compressing it gains little: less than a quarter at level 1.

        A guess by four samples of 16 KiB. Of less than 4 KiB the answer is no: so little says nothing about what it
        gains in a frame with others.
        """
        size = len(content)
        if size < _PROBE_FROM:
            return False
        with memoryview(content) as view:
            if size <= _SAMPLES * _SAMPLE:
                sample = bytes(view)
            else:
                starts = (place * (size - _SAMPLE) // (_SAMPLES - 1) for place in range(_SAMPLES))
                sample = b"".join(view[start : start + _SAMPLE] for start in starts)
        return not gains(len(sample), len(self._probe.compress(sample)))

    def compress(self, content: bytes | bytearray | memoryview, *, looks_compressed: bool | None = None) -> bytes:
        """One whole frame of that content (at most `MAX_CONTENT` bytes).

        `looks_compressed` is what `is_compressed` says of it; where it is not given, it is asked only if so much is to
        be gained that it pays to ask for any content.
        """
        if len(content) > MAX_CONTENT:
            raise ValueError(f"a frame of {len(content)} bytes; at most {MAX_CONTENT} are allowed")
        if looks_compressed is None:
            looks_compressed = self.level > _QUICK_LEVEL and self.is_compressed(content)
        return (self._quick if looks_compressed else self._compressor).compress(content)


def gains(size: int, compressed_size: int) -> bool:
    """Whether it is much that compressing has taken away of so many bytes: a quarter."""
    return compressed_size <= size * _WORTHWHILE


def _compressor(level: int, *, finds_far: bool = True) -> zstandard.ZstdCompressor:
    # What is not given, or 0, follows from the level and the size of the content, the window of a small frame as well.
    has_large_tables = finds_far and level == _TABLES_LEVEL
    parameters = zstandard.ZstdCompressionParameters(
        compression_level=level,
        window_log=_WINDOW_LOG,
        hash_log=_HASH_LOG if has_large_tables else 0,
        chain_log=_CHAIN_LOG if has_large_tables else 0,
        enable_ldm=finds_far and level <= _LONG_DISTANCE_LEVEL and not has_large_tables,
        write_content_size=True,
        write_checksum=True,
    )
    return zstandard.ZstdCompressor(compression_params=parameters)


STORED_EXTRA = 14
"""Bytes of a stored frame besides its content."""


def stored_frame(content: bytes) -> bytes:
    """A data frame that holds its content (256 to 65,791 bytes) as it stands: its length is known before the content.

    RFC 8878, 3.1.1: a single segment with a size field of two bytes and a checksum, and one raw block.
    """
    size = len(content)
    start = _MAGIC_BYTES + b"\x64" + (size - 256).to_bytes(2, "little") + (size << 3 | 1).to_bytes(3, "little")
    # The library gives checksums only away with a frame of the same content.
    return start + content + zstandard.ZstdCompressor(write_checksum=True).compress(content)[-4:]


def skippable_frame(payload: bytes) -> bytes:
    """A frame that every zstd decoder passes over (RFC 8878, 3.1.2), with the magic number of our table."""
    return TABLE_MAGIC.to_bytes(4, "little") + len(payload).to_bytes(4, "little") + payload


@dataclass(slots=True)
class Frame:
    """A frame as it stands in a file: offset and length in bytes, the size of its content, its bytes.

    Of a skippable frame, `content_size` is -1 and `data` is empty.
    """

    offset: int
    length: int
    content_size: int
    data: bytes

    @property
    def is_skippable(self) -> bool:
        """Whether the frame holds no content."""
        return self.content_size < 0

    def content(self) -> bytes:
        """Decompress the frame; raises `ArchiveError` if it is damaged."""
        try:
            if self.content_size:
                content = zstandard.ZstdDecompressor().decompress(self.data)
            else:
                # `decompress` believes a stated size of 0 without looking at the blocks.
                content = zstandard.ZstdDecompressor().decompressobj().decompress(self.data)
        except zstandard.ZstdError as error:
            raise ArchiveError(f"the zstd frame at byte {self.offset} is damaged ({error})") from error
        if len(content) != self.content_size:
            raise ArchiveError(f"the zstd frame at byte {self.offset} does not hold what it states")
        return content

    def prefix(self, size: int) -> bytes:
        """The first `size` bytes of the content; what stands behind them is not decompressed.

        So neither is the frame's checksum looked at: whoever asks has another proof of what it gets. Raises
        `ArchiveError` if the frame is damaged so far.
        """
        single_segment = self.data[4] & 0x20
        if size >= self.content_size or not single_segment:
            # Only a single segment promises to need no more memory than its content.
            return self.content()[:size]
        try:
            with zstandard.ZstdDecompressor().stream_reader(self.data) as reader:
                content = reader.read(size)
        except zstandard.ZstdError as error:
            raise ArchiveError(f"the zstd frame at byte {self.offset} is damaged ({error})") from error
        if len(content) != size:
            raise ArchiveError(f"the zstd frame at byte {self.offset} does not hold what it states")
        return content


def read_frame(file: BinaryIO, offset: int, expected: int = 0) -> Frame | None:
    """The frame at the file's position, which is `offset`; None at the end of the file.

    Only block headers are looked at: nothing is decompressed or checked. Afterwards the file stands behind the frame.
    `expected` is its length in bytes, where something has told it: so much is read at once. Raises `ArchiveError`
    where no frame begins, where one ends early, or where it is not as a pack's must be.
    """
    start = file.read(min(max(expected, _LEAST_READ), _MOST_READ) if expected else _FIRST_READ)
    if not start:
        return None
    magic = int.from_bytes(start[:4], "little")
    if _SKIPPABLE_FIRST <= magic <= _SKIPPABLE_LAST and len(start) >= 4:
        return _skippable(file, offset, start)
    if magic != _MAGIC or len(start) < 4:
        raise ArchiveError(f"no zstd frame at byte {offset}")
    ahead = _Ahead(file, offset, start)
    ahead.need(5)
    descriptor = ahead.data[4]
    single_segment, has_checksum = descriptor & 0x20, descriptor & 0x04
    size_code = descriptor >> 6
    size_length = (1 if single_segment else 0, 2, 4, 8)[size_code]
    if descriptor & 0x03 or not size_length:
        raise ArchiveError(f"the zstd frame at byte {offset} needs a dictionary or does not state its size")
    length = 5 + (0 if single_segment else 1) + size_length
    ahead.need(length)
    content_size = int.from_bytes(ahead.data[length - size_length : length], "little")
    if size_length == 2:
        content_size += 256
    if content_size > MAX_CONTENT:
        raise ArchiveError(f"the zstd frame at byte {offset} states {content_size} bytes: more than allowed")
    # Blocks that hold next to nothing could go on without end.
    longest = 2 * content_size + _SLACK
    last = 0
    while not last:
        ahead.need(length + 3)
        header = int.from_bytes(ahead.data[length : length + 3], "little")
        last, kind, size = header & 1, header >> 1 & 3, header >> 3
        length += 3 + (1 if kind == 1 else size)
        if length > longest:
            raise ArchiveError(f"the zstd frame at byte {offset} is longer than allowed")
        ahead.need(length)
    if has_checksum:
        length += 4
        ahead.need(length)
    return Frame(offset, length, content_size, ahead.take(length))


def _skippable(file: BinaryIO, offset: int, start: bytes) -> Frame:
    ahead = _Ahead(file, offset, start)
    ahead.need(8)
    length = 8 + int.from_bytes(ahead.data[4:8], "little")
    if offset + length > file.seek(0, 2):
        raise ArchiveError(f"the zstd frame at byte {offset} ends early")
    file.seek(offset + length)
    return Frame(offset, length, -1, b"")


class _Ahead:
    """What was read of a file from a frame's beginning on: as far as the frame was seen to go, and some more."""

    __slots__ = ("_file", "_offset", "data")

    def __init__(self, file: BinaryIO, offset: int, start: bytes) -> None:
        self._file = file
        self._offset = offset
        self.data = start

    def need(self, length: int) -> None:
        """See that so many bytes from the beginning on are there. Raises `ArchiveError` where the file ends before."""
        missing = length - len(self.data)
        if missing > 0:
            self.data += self._file.read(max(missing, _NEXT_READ))
            if len(self.data) < length:
                raise ArchiveError(f"the zstd frame at byte {self._offset} ends early")

    def take(self, length: int) -> bytes:
        """The frame, which is so long; the file goes back to where it ends."""
        if length == len(self.data):
            return self.data
        self._file.seek(self._offset + length)
        return self.data[:length]


def find_frame(file: BinaryIO, start: int, accepted: Callable[[Frame], bool]) -> int | None:
    """The offset of the first data frame at or behind byte `start` that `accepted` says yes to.

    Its blocks can be followed to their end; `accepted` may raise `ArchiveError` to say no. None where there is no such
    frame, or where 256 MiB of what only looked like frames were read: nobody can make a file that takes for ever.
    """
    tried = 0
    while tried < _MOST_TRIED:
        found = _find_magic(file, start)
        if found is None:
            return None
        file.seek(found)
        try:
            frame = read_frame(file, found)
            if frame is not None and accepted(frame):
                return found
        except ArchiveError:
            pass
        tried += file.tell() - found
        start = found + 1
    return None


def _find_magic(file: BinaryIO, start: int) -> int | None:
    file.seek(start)
    overlap = b""
    while data := file.read(_SEARCHED):
        found = (overlap + data).find(_MAGIC_BYTES)
        if found >= 0:
            return start - len(overlap) + found
        start += len(data)
        overlap = (overlap + data)[-(len(_MAGIC_BYTES) - 1) :]
    return None
