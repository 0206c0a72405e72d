"""Reading a pack: its members by the table or, where that is lost, from the front; one member's bytes; all of it.

Nothing here holds more than a few frames. Going through all of a pack is `walk`, from `pack_walk`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import LARGE_FRAME, read_frame
from mailstrata.archive.packs.pack_files import OpenPacks, reading
from mailstrata.archive.packs.pack_table import Member, Place, read_table
from mailstrata.archive.packs.pack_walk import walk
from mailstrata.archive.packs.tar_cursor import MemberPiece
from mailstrata.errors import ArchiveError

__all__ = [
    "CACHE_BYTES",
    "ORDERED_CACHE_BYTES",
    "MemberPiece",
    "PackReader",
    "members",
    "reading",
    "rebuild_table",
    "walk",
]

CACHE_BYTES = 16 << 20
"""Content of frames, in bytes, that a reader keeps."""

ORDERED_CACHE_BYTES = 48 << 20
"""What it keeps to read members in the order in which they were archived: more than the window of a writer."""


def members(path: Path) -> Iterator[Member]:
    """The members of a pack in the order of the file: by its table, or from the front if that is lost.

    Raises `ArchiveError` where the file is missing, ends early or is damaged.
    """
    with reading(path), path.open("rb") as file:
        try:
            listed = read_table(file)
        except ArchiveError:
            listed = rebuild_table(file)
        yield from listed


def rebuild_table(file: BinaryIO) -> Iterator[Member]:
    """The members of a pack by its tar headers, read from the front; data alone is not decompressed.

    Ends with the tar file. Raises `ArchiveError` where the pack ends early or is damaged, after all members that
    lie whole before that point.
    """
    offset = file.seek(0)
    member: _MemberUnderWay | None = None
    while frame := read_frame(file, offset):
        offset += frame.length
        if frame.is_skippable:
            continue
        position = 0
        content = b""
        while position < frame.content_size:
            if member is not None:
                position = member.advance(frame.offset, position, frame.content_size)
                if member.data:
                    break
                if not member.given:
                    yield member.finished(offset)
                if member.padding:
                    break
                member = None
                continue
            content = content or frame.content()
            block = content[position : position + tar_format.BLOCK]
            if len(block) < tar_format.BLOCK:
                raise ArchiveError(f"the tar header in the zstd frame at byte {frame.offset} is cut off")
            header = tar_format.read_header(block)
            if header is None:
                return
            position += tar_format.BLOCK
            name, size = header
            if size:
                member = _MemberUnderWay(name, size)
            else:
                yield Member(name, Place(frame.offset, frame.length, position, 0))
    raise ArchiveError("the pack ends early: its tar file has no end")


class _MemberUnderWay:
    """A member whose header was read: what is still to come of its data and padding, and where it began."""

    __slots__ = ("_frame_offset", "_name", "_offset", "_size", "data", "given", "padding")

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size = name, size
        self._frame_offset = -1
        self._offset = 0
        self.data = size
        self.padding = tar_format.padding(size)
        self.given = False

    def advance(self, frame_offset: int, position: int, end: int) -> int:
        """Go on in a frame's content from `position`, at most to `end`; returns how far that was."""
        if self._frame_offset < 0:
            self._frame_offset, self._offset = frame_offset, position
        data = min(self.data, end - position)
        self.data -= data
        position += data
        padding = min(self.padding, end - position)
        self.padding -= padding
        return position + padding

    def finished(self, frame_end: int) -> Member:
        """The member, whose data ended in the frame that ends at that byte of the file."""
        self.given = True
        length = frame_end - self._frame_offset
        return Member(self._name, Place(self._frame_offset, length, self._offset, self._size))


_FrameAt = tuple[Path, int]
"""A frame: its pack, and where in that it begins."""


class PackReader:
    """Reads members of packs by their places. Use it in a `with` statement, or `close` it.

    It keeps a few packs open, and the shared frames last used: at most `cache_bytes` of their content. A frame is
    decompressed as far as the member goes, and whole when another member of it is asked for. A cache of
    `ORDERED_CACHE_BYTES` or more is for reading most members, in the order in which they were archived; then each
    frame is decompressed whole, about once, and what it holds can be had by name (`kept`).
    """

    __slots__ = ("_cache", "_cache_bytes", "_cached_bytes", "_members", "_names", "_packs", "_whole_frames")

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._cache_bytes = cache_bytes
        self._whole_frames = cache_bytes >= ORDERED_CACHE_BYTES
        self._packs = OpenPacks()
        # The content of a frame from its beginning, as far as it was needed.
        self._cache: OrderedDict[_FrameAt, bytes] = OrderedDict()
        self._cached_bytes = 0
        # Where members lie in the frames that were decompressed whole, by their names.
        self._members: dict[str, tuple[_FrameAt, int, int]] = {}
        self._names: dict[_FrameAt, list[str]] = {}

    def __enter__(self) -> PackReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and frames. May be called again, and the reader used again."""
        self._packs.close()
        self._cache.clear()
        self._members.clear()
        self._names.clear()
        self._cached_bytes = 0

    def kept(self, name: str) -> bytes | None:
        """The member of that name, where a frame with it is kept; else None, which says nothing.

        It is what the tar file has under that name, whatever else knows of it: compare the digest.
        """
        found = self._members.get(name)
        if found is None:
            return None
        at, start, end = found
        self._cache.move_to_end(at)
        return self._cache[at][start:end]

    def read(self, path: Path, place: Place) -> Iterator[bytes]:
        """The bytes of the member at that place, at most 16 MiB at a time.

        Raises `ArchiveError` where the pack is missing or damaged, or does not hold what the place says. Damage in
        what is given may go unnoticed where only the beginning of a frame was decompressed: compare the digest.
        """
        member = self.read_at_once(path, place)
        if member is None:
            with reading(path):
                yield from self._read(path, place)
        elif member:
            yield member

    def read_at_once(self, path: Path, place: Place) -> bytes | None:
        """As `read`, all of a member that shares its frame with others or has one of its own; None of a larger one."""
        end = place.offset + place.size
        at = (path, place.frame_offset)
        cached = self._cache.get(at)
        if cached is not None and end <= len(cached):
            self._cache.move_to_end(at)
            return cached[place.offset : end]
        if place.size > LARGE_FRAME or not place.size:
            return None if place.size else b""
        with reading(path):
            file = self._packs.open(path)
            file.seek(place.frame_offset)
            frame = read_frame(file, place.frame_offset, place.frame_length)
            if frame is None or frame.length != place.frame_length or end > frame.content_size:
                # It has frames of its own, or its place is wrong, which shows when they are read one by one.
                return None
            content = frame.content() if self._whole_frames or cached is not None else frame.prefix(end)
            self._keep(at, content)
        return content[place.offset : end]

    def _read(self, path: Path, place: Place) -> Iterator[bytes]:
        offset = place.frame_offset
        end = offset + place.frame_length
        skip, remaining = place.offset, place.size
        while remaining:
            frame = None
            if offset < end:
                # Whoever asks may have read another member since the last frame.
                file = self._packs.open(path)
                file.seek(offset)
                frame = read_frame(file, offset)
            if frame is None:
                raise ArchiveError(f"the member at byte {place.frame_offset} is shorter than its place says")
            offset += frame.length
            if frame.is_skippable:
                continue
            content = frame.content() if self._whole_frames else frame.prefix(skip + remaining)
            if frame.length == place.frame_length:
                self._keep((path, frame.offset), content)
            piece = content[skip : skip + remaining]
            skip -= min(skip, frame.content_size)
            remaining -= len(piece)
            if piece:
                yield piece

    def _keep(self, at: _FrameAt, content: bytes) -> None:
        self._cached_bytes += len(content) - len(self._cache.pop(at, b""))
        self._cache[at] = content
        if self._whole_frames:
            names = self._names[at] = []
            for name, offset, size in tar_format.members_in(content):
                self._members[name] = (at, offset, offset + size)
                names.append(name)
        while self._cached_bytes > self._cache_bytes:
            dropped, content = self._cache.popitem(last=False)
            self._cached_bytes -= len(content)
            for name in self._names.pop(dropped, ()):
                if self._members[name][0] == dropped:
                    del self._members[name]
