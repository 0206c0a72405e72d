"""The frames of a pack in runs that hold whole members, which another pack can take over as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive.packs import pack_reader, tar_format
from mailstrata.archive.packs.frames import Frame, read_frame
from mailstrata.archive.packs.pack_files import reading
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.errors import ArchiveError

_PIECE = 1 << 20


@dataclass(slots=True)
class FrameRun:
    """Frames that stand one after the other in a pack, `[offset, offset + length)` in bytes, and the members in them.

    `is_whole` says that they hold these members with header and padding and nothing else. Where it is false, other
    members share the frames, and each has to be read by itself; our writer makes no such packs, others may.
    `content_size` is that of all frames together, in bytes.
    """

    offset: int
    length: int
    content_size: int
    members: list[Member]
    is_whole: bool = True


def frame_runs(path: Path) -> Iterator[FrameRun]:
    """The runs of a pack in the order of the file; every member is in one of them. Nothing is decompressed.

    Raises `ArchiveError` where the pack is missing or damaged: where that shows in the frames' own headers.
    """
    with reading(path):
        file = path.open("rb")
    with file:
        yield from _Runs(path, file).all()


def run_bytes(path: Path, run: FrameRun) -> Iterator[bytes]:
    """The bytes of a run as they stand in the pack, compressed, at most 1 MiB at a time. Raises `ArchiveError`."""
    with reading(path), path.open("rb", buffering=0) as file:
        file.seek(run.offset)
        remaining = run.length
        while remaining:
            data = file.read(min(_PIECE, remaining))
            if not data:
                raise ArchiveError("the pack ends early")
            remaining -= len(data)
            yield data


class _Runs:
    """Goes through frames and members side by side; both come in the order of the file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._members = pack_reader.members(path)
        self._next = next(self._members, None)
        self._offset = 0

    def all(self) -> Iterator[FrameRun]:
        header: Frame | None = None
        while self._next is not None and (frame := self._read()) is not None:
            here = self._members_at(frame.offset)
            if not here:
                # A frame without members: the tar header of a large member, as its data come next.
                header = frame
                continue
            if _tile(here, frame):
                yield FrameRun(frame.offset, frame.length, frame.content_size, here)
            elif (run := self._large(header, frame, here)) is not None:
                yield run
            else:
                yield FrameRun(frame.offset, frame.length, frame.content_size, here, is_whole=False)
            header = None
        if self._next is not None:
            raise self._error()

    def _read(self) -> Frame | None:
        with reading(self._path):
            frame = read_frame(self._file, self._offset)
        if frame is not None:
            self._offset += frame.length
        return frame

    def _error(self) -> ArchiveError:
        return ArchiveError(
            f"{self._path}: its table of members names places that are not in it; bring it back from a backup"
        )

    def _members_at(self, offset: int) -> list[Member]:
        found = []
        while self._next is not None and self._next.place.frame_offset <= offset:
            if self._next.place.frame_offset < offset:
                raise self._error()
            found.append(self._next)
            self._next = next(self._members, None)
        return found

    def _large(self, header: Frame | None, frame: Frame, here: list[Member]) -> FrameRun | None:
        """The run of a large member: a frame for its header, some for its data, and one for its padding, if any.

        None where these frames are not that: only `frame` is behind us then, for the others may hold more members.
        """
        behind = self._offset
        place = here[0].place
        if header is None or header.content_size != tar_format.BLOCK or len(here) != 1 or place.offset:
            return None
        content_size = self._large_content(frame, place)
        if content_size is None:
            self._offset = self._file.seek(behind)
            return None
        return FrameRun(header.offset, self._offset - header.offset, tar_format.BLOCK + content_size, here)

    def _large_content(self, frame: Frame, place: Place) -> int | None:
        """The bytes in the frames from `frame` on that are the data of a member, and its padding, and nothing else;
        None where they are not that. Goes on to the end of these frames."""
        end = place.frame_offset + place.frame_length
        content_size = frame.content_size
        while self._offset < end:
            following = self._read()
            if following is None:
                raise self._error()
            if following.is_skippable:
                return None
            content_size += following.content_size
        padding = tar_format.padding(place.size)
        if self._offset != end or content_size != place.size:
            return None
        if padding:
            following = self._read()
            if following is None or following.content_size != padding:
                return None
        return content_size + padding


def _tile(members: list[Member], frame: Frame) -> bool:
    """Whether members with their headers and paddings fill a frame."""
    position = 0
    for _, place in members:
        if place.offset != position + tar_format.BLOCK or place.frame_length != frame.length:
            return False
        position = place.offset + place.size + tar_format.padding(place.size)
    return position == frame.content_size
