"""Writing a pack: a tar file in many independent zstd frames, with a table of its members at the end.

Small members share frames of up to 4 MiB of content. They are held back in a window of 32 MiB and grouped, so that like
stands beside like and compresses well; what is compressed already is not worth the wait and has frames of its own
kind, of about 1 MiB. A member of 1 MiB and more has its own frame; one beyond 4 MiB has a frame for its header,
frames of 4 MiB for its data and one for its padding. Frames of another pack are taken over as they are.

A pack is written as `NAME.part` and takes its name only when it is whole and synced; one that holds a single very large
member is made of its spool file (`own_pack`). What is open in memory is bounded: the window, one frame, and the
compressed table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mailstrata.archive.folder.files import remove
from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import FrameCompressor
from mailstrata.archive.packs.item import SPOOL_START, Item
from mailstrata.archive.packs.pack_table import Member, Place, TableBuilder
from mailstrata.archive.packs.window import Window
from mailstrata.index.files import HashedFile, sync_directory, writing

OWN_FRAME = 1 << 20
"""A member of this many bytes has a frame of its own; a frame of compressed members is closed when it has as many."""

PART_SUFFIX = ".part"
# What is read stays in the processor's cache until it is written.
_COPY = 256 << 10
_LARGE_TEXT = 64 << 10


@dataclass(frozen=True, slots=True)
class PackFile:
    """A finished pack: its file name, its size in bytes, its SHA-256, the number of its members."""

    name: str
    size: int
    sha256: str
    members: int


class PackWriter:
    """Writes one pack.

    `placed` is called with the members of each frame once it is written and their places are known. Methods raise
    `TargetError` where the file cannot be written; after that only `discard` may be called.
    """

    def __init__(
        self, folder: Path, name: str, compressor: FrameCompressor, placed: Callable[[list[Member]], None]
    ) -> None:
        self.name = name
        self._folder = folder
        self._path = folder / (name + PART_SUFFIX)
        self._compressor = compressor
        self._placed = placed
        self._table = TableBuilder()
        self._window = Window()
        # The frame under way of members that are compressed already, and what is in it.
        self._compressed = bytearray()
        self._compressed_members: list[tuple[str, int, int]] = []
        self.members = 0
        """Members added so far, those held back included."""
        with writing(self._path):
            self._file = HashedFile(self._path)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    @property
    def held(self) -> int:
        """Bytes of content held back so far: about as many, at most, as are still to be written of what was added."""
        return self._window.held + len(self._compressed)

    def add(self, group: str, name: str, item: Item, order: bytes = b"", *, is_text: bool = False) -> None:
        """Add a member whose content is a finished item. The item is not discarded.

        Members of a group share frames; those with the same `order` key (64 bytes of it count) stand side by side.
        What `is_text`, as nearly all mail without its attachments, is not tried whether it is compressed already,
        unless it is large.
        """
        if item.spool is not None:
            self.members += 1
            self._add_spool(name, item, item.spool)
        else:
            self.add_content(group, name, item.buffer, order, is_text=is_text)

    def add_content(
        self, group: str, name: str, content: bytes | bytearray, order: bytes = b"", *, is_text: bool = False
    ) -> None:
        """As `add`, for content that lies in memory, of at most 4 MiB."""
        self.members += 1
        size = len(content)
        if size >= OWN_FRAME:
            header = tar_format.header(name, size)
            whole = b"".join((header, content, bytes(tar_format.padding(size))))
            compressed = self._compressor.is_compressed(content)
            self._write_frame(whole, [(name, len(header), size)], looks_compressed=compressed)
        elif (not is_text or size >= _LARGE_TEXT) and self._compressor.is_compressed(content):
            self._add_compressed(name, content)
        else:
            window = self._window
            window.add(group, name, content, order)
            if window.is_full:
                for frame in window.take_largest():
                    self._write_frame(*frame)

    def _add_compressed(self, name: str, content: bytes | bytearray) -> None:
        frame = self._compressed
        size = len(content)
        frame += tar_format.header(name, size)
        self._compressed_members.append((name, len(frame), size))
        frame += content
        frame += bytes(tar_format.padding(size))
        if len(frame) >= OWN_FRAME:
            self._close_compressed()

    def _add_spool(self, name: str, item: Item, spool: Path) -> None:
        self._write_frame(tar_format.header(name, item.size), [])
        start = self.size
        with writing(self._path), spool.open("rb", buffering=0) as frames:
            frames.seek(SPOOL_START)
            piece = bytearray(_COPY)
            with memoryview(piece) as view:
                while size := frames.readinto(piece):
                    self._write(view[:size])
        padding = tar_format.padding(item.size)
        if padding:
            self._write_frame(bytes(padding), [])
        self._place([Member(name, Place(start, item.spool_length, 0, item.size))])

    def _close_compressed(self) -> None:
        content, self._compressed = self._compressed, bytearray()
        members, self._compressed_members = self._compressed_members, []
        self._write_frame(content, members, looks_compressed=True)

    def add_frame(self, frame: bytes, members: Iterable[tuple[str, int, int]]) -> None:
        """Take over a frame of another pack as it is: `frame` is its bytes, still compressed.

        It must hold whole tar members and nothing else; `members` are the name, the offset in the content and the
        size of each.
        """
        entries = list(members)
        self.members += len(entries)
        self._place_frame(frame, entries)

    def add_frames(self, frames: Iterable[bytes], members: Iterable[Member], *, start: int) -> None:
        """Take over a run of frames, which stood at byte `start` of another pack, as they are.

        Together they must hold whole tar members and nothing else; `members` are these with the places that they had.
        The bytes may come in pieces of any size.
        """
        shift = self.size - start
        for data in frames:
            self._write(data)
        moved = [Member(name, place._replace(frame_offset=place.frame_offset + shift)) for name, place in members]
        self.members += len(moved)
        self._place(moved)

    def _write_frame(
        self, content: bytes | bytearray, members: list[tuple[str, int, int]], *, looks_compressed: bool | None = None
    ) -> None:
        self._place_frame(self._compressor.compress(content, looks_compressed=looks_compressed), members)

    def _place_frame(self, frame: bytes, members: list[tuple[str, int, int]]) -> None:
        offset, length = self.size, len(frame)
        self._write(frame)
        self._place([Member(name, Place(offset, length, start, size)) for name, start, size in members])

    def _place(self, members: list[Member]) -> None:
        if members:
            self._table.add(members)
            self._placed(members)

    def _write(self, data: bytes | memoryview) -> None:
        with writing(self._path):
            self._file.write(data)

    def finish(self) -> PackFile:
        """Write what is held back, the end of the tar file and the table; sync, and give the file its name."""
        for frame in self._window.take_all():
            self._write_frame(*frame)
        if self._compressed:
            self._close_compressed()
        self._write_frame(tar_format.END_OF_ARCHIVE, [])
        self._write(self._table.finish(self.size))
        path = self._folder / self.name
        with writing(path):
            digest = self._file.finish()
            self._path.rename(path)
            sync_directory(self._folder)
        return PackFile(self.name, self.size, digest, self._table.members)

    def discard(self) -> None:
        """Let go of the file and remove it, whatever it is called by now."""
        with writing(self._path):
            self._file.discard()
            remove(self._folder / self.name)
