"""Going through a whole pack: every frame once, from the front, with the members that it holds.

For verifying, and for what can still be read of a damaged pack. Unlike `pack_reader.members`
it believes the tar headers, not the table of members; the table only helps to find the next member behind damage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import Frame, find_frame, read_frame
from mailstrata.archive.packs.pack_files import reading
from mailstrata.archive.packs.pack_table import Member, read_table
from mailstrata.archive.packs.tar_cursor import MemberPiece, TarCursor
from mailstrata.errors import ArchiveError

Damaged = Callable[[int, ArchiveError], None]
"""Called with the offset (bytes) of a damaged frame in the pack, and what is wrong with it."""


def walk(path: Path, damaged: Damaged | None = None) -> Iterator[MemberPiece]:
    """Every member of a pack in the order of the file, piece by piece; each frame is decompressed once, one is held.

    Raises `ArchiveError` where the pack is missing, ends early or is damaged. With `damaged`, a damaged frame is
    reported and the walk goes on: in the same member where the frame lay within it (whose pieces then have a gap),
    else at the next member by the table, or where that is lost too, at the next frame that begins with a member.
    """
    with reading(path), path.open("rb") as file:
        cursor = TarCursor()
        recovery = _Recovery(file, cursor)
        offset = 0
        while not cursor.has_ended:
            frame: Frame | None = None
            try:
                frame = _next_frame(file, offset)
                if not frame.is_skippable:
                    yield from cursor.pieces(frame, frame.content())
            except ArchiveError as error:
                if damaged is None:
                    raise
                damaged(offset, error)
                following = recovery.after(offset, frame)
                if following is None:
                    return
                offset = following
            else:
                offset += frame.length


def _next_frame(file: BinaryIO, offset: int) -> Frame:
    frame = read_frame(file, offset)
    if frame is None:
        raise ArchiveError("the pack ends early: its tar file has no end")
    return frame


class _Recovery:
    """Finds the place to go on at behind a damaged frame, and sets the cursor and the file to it."""

    __slots__ = ("_cursor", "_file", "_members", "_next")

    def __init__(self, file: BinaryIO, cursor: TarCursor) -> None:
        self._file = file
        self._cursor = cursor
        # The table is gone through once, whatever number of frames is damaged; it is in the order of the file.
        self._members: Iterator[Member] | None = None
        self._next: Member | None = None

    def after(self, offset: int, frame: Frame | None) -> int | None:
        """The offset of the frame to go on with; None where there is nothing more.

        `frame` is the damaged one at `offset`, if its blocks could be followed to their end.
        """
        following = None
        if frame is not None and self._cursor.skip(frame.content_size) and self._is_frame(offset + frame.length):
            following = offset + frame.length
        if following is None:
            self._cursor.reset()
            try:
                following = self._by_table(offset)
            except ArchiveError:
                following = find_frame(self._file, offset + 1, _begins_with_member)
        if following is not None:
            self._file.seek(following)
        return following

    def _is_frame(self, offset: int) -> bool:
        self._file.seek(offset)
        try:
            return read_frame(self._file, offset) is not None
        except ArchiveError:
            return False

    def _by_table(self, offset: int) -> int | None:
        if self._members is None:
            self._members = read_table(self._file)
            self._next = next(self._members, None)
        while self._next is not None and self._next.place.frame_offset <= offset:
            self._next = next(self._members, None)
        if self._next is None:
            return None
        self._cursor.begin(self._next)
        return self._next.place.frame_offset


def _begins_with_member(frame: Frame) -> bool:
    return not frame.is_skippable and tar_format.read_header(frame.prefix(tar_format.BLOCK)) is not None
