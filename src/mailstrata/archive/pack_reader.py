"""Reading a pack: its members by the table or, where that is lost, from the front; one member's bytes.

Everything here trusts only the frames' own checksums, and holds at most a few frames.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive import tar_format
from mailstrata.archive.frames import read_frame
from mailstrata.archive.pack_table import Member, Place, read_table
from mailstrata.errors import ArchiveError

_CACHE_BYTES = 16 << 20


def members(path: Path) -> Iterator[Member]:
    """The members of a pack in the order of the file: by its table, or from the front if that is lost.

    Raises `ArchiveError` where the file is missing, ends early or is damaged.
    """
    with _reading(path), path.open("rb") as file:
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


class PackReader:
    """Reads members of packs by their places; keeps the shared frames last used, at most 16 MiB of them."""

    __slots__ = ("_cache", "_cached_bytes")

    def __init__(self) -> None:
        self._cache: OrderedDict[tuple[Path, int], bytes] = OrderedDict()
        self._cached_bytes = 0

    def read(self, path: Path, place: Place) -> Iterator[bytes]:
        """The bytes of the member at that place, at most 16 MiB at a time.

        Raises `ArchiveError` where the pack is missing or damaged, or does not hold what the place says.
        """
        cached = self._cache.get((path, place.frame_offset))
        if cached is not None and place.offset + place.size <= len(cached):
            self._cache.move_to_end((path, place.frame_offset))
            if place.size:
                yield cached[place.offset : place.offset + place.size]
            return
        with _reading(path), path.open("rb") as file:
            yield from self._read(path, file, place)

    def _read(self, path: Path, file: BinaryIO, place: Place) -> Iterator[bytes]:
        file.seek(place.frame_offset)
        offset = place.frame_offset
        end = offset + place.frame_length
        skip, remaining = place.offset, place.size
        while remaining:
            frame = read_frame(file, offset) if offset < end else None
            if frame is None:
                raise ArchiveError(f"the member at byte {place.frame_offset} is shorter than its place says")
            if not frame.is_skippable:
                content = frame.content()
                if frame.length == place.frame_length:
                    self._keep(path, offset, content)
                piece = content[skip : skip + remaining]
                skip -= min(skip, len(content))
                remaining -= len(piece)
                if piece:
                    yield piece
            offset += frame.length

    def _keep(self, path: Path, offset: int, content: bytes) -> None:
        self._cache[path, offset] = content
        self._cached_bytes += len(content)
        while self._cached_bytes > _CACHE_BYTES:
            _, dropped = self._cache.popitem(last=False)
            self._cached_bytes -= len(dropped)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the pack in what is raised while it is read."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} is missing: bring it back from a backup") from error
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}; check the disk") from error
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}; bring it back from a backup") from error
