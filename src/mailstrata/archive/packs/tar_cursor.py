"""Going through the tar file of a pack frame by frame: which member the bytes of a frame's content belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import Frame
from mailstrata.archive.packs.pack_table import Member
from mailstrata.errors import ArchiveError


@dataclass(slots=True)
class MemberPiece:
    """Bytes of a member that lie in one frame; the pieces of a member follow each other.

    `name` and `size` are those of the whole member, `offset` is where in the member `data` begins, `frame_offset`
    where in the pack the frame stands. A member without content is one empty piece.
    """

    name: str
    size: int
    offset: int
    data: memoryview
    frame_offset: int


class TarCursor:
    """Where in a tar file one stands: before a header, or in a member's data or padding.

    Frames are given to it in the order of the pack. `is_at_boundary` says whether the next byte is that of a header, or
    of the end; `has_ended` whether the two blocks of zeros have come.
    """

    __slots__ = ("_data", "_is_empty", "_name", "_padding", "_position", "_size", "has_ended")

    def __init__(self) -> None:
        self.reset()
        self.has_ended = False

    def reset(self) -> None:
        """Expect a header at the beginning of the next frame."""
        self._name = ""
        # Whether a member without content is under way, whose one piece is still to come.
        self._is_empty = False
        self._size = self._data = self._padding = self._position = 0

    def begin(self, member: Member) -> None:
        """Expect the data of a member where the table says, in the next frame."""
        self._begin(member.name, member.place.size)
        self._position = member.place.offset

    @property
    def is_at_boundary(self) -> bool:
        return not self._data and not self._padding

    def skip(self, size: int) -> bool:
        """Pass over a frame of that much content, unseen, if all of it is data and padding of the member under way."""
        if self._position or size > self._data + self._padding:
            return False
        data = min(self._data, size)
        self._data -= data
        self._padding -= size - data
        return True

    def pieces(self, frame: Frame, content: bytes) -> Iterator[MemberPiece]:
        """What the content of the next frame holds. Raises `ArchiveError` where a header is damaged or cut off."""
        position, self._position = self._position, 0
        view = memoryview(content)
        if position > len(content):
            raise ArchiveError(f"the zstd frame at byte {frame.offset} does not hold what the table of members says")
        end = len(content)
        while True:
            if self._is_empty:
                self._is_empty = False
                yield MemberPiece(self._name, 0, 0, view[:0], frame.offset)
            if position == end:
                return
            if not self._data and not self._padding:
                if not self._read_header(frame, content[position : position + tar_format.BLOCK]):
                    return
                position += tar_format.BLOCK
                continue
            if self._data:
                taken = min(self._data, end - position)
                offset = self._size - self._data
                yield MemberPiece(self._name, self._size, offset, view[position : position + taken], frame.offset)
                self._data -= taken
                position += taken
            padding = min(self._padding, end - position)
            self._padding -= padding
            position += padding

    def _read_header(self, frame: Frame, block: bytes) -> bool:
        if len(block) < tar_format.BLOCK:
            raise ArchiveError(f"the tar header in the zstd frame at byte {frame.offset} is cut off")
        try:
            header = tar_format.read_header(block)
        except ArchiveError as error:
            raise ArchiveError(f"the zstd frame at byte {frame.offset} holds {error}") from error
        if header is None:
            self.has_ended = True
            return False
        self._begin(*header)
        return True

    def _begin(self, name: str, size: int) -> None:
        self._name = name
        self._size = self._data = size
        self._padding = tar_format.padding(size)
        self._is_empty = not size
