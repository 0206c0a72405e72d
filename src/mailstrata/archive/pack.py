"""Writing a pack: a tar file in many independent zstd frames, with a table of its members at the end.

Small members are gathered into shared frames of about 1 MiB of content, one open frame a group (messages,
blobs, sources), so that like stands beside like and compresses well; a member of 1 MiB and more has its own
frame, one beyond 4 MiB has a frame for its header, frames of 4 MiB for its data and one for its padding.

A pack is written as `NAME.part` and takes its name only when it is whole and synced. What is open in memory is
bounded: a frame under way for each group, and the compressed table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mailstrata.archive import tar_format
from mailstrata.archive.files import remove
from mailstrata.archive.frames import FrameCompressor
from mailstrata.archive.item import Item
from mailstrata.archive.pack_table import Member, Place, TableBuilder
from mailstrata.index.files import HashedFile, sync_directory, writing

SHARED_FRAME = 1 << 20
"""A shared frame is closed when its content has reached this many bytes; a member this large gets its own."""

PART_SUFFIX = ".part"
_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class PackFile:
    """A finished pack: its file name, its size in bytes, its SHA-256, the number of its members."""

    name: str
    size: int
    sha256: str
    members: int


@dataclass(slots=True)
class _SharedFrame:
    """The frame under way of one group: its content so far, and the members in it."""

    content: bytearray = field(default_factory=bytearray)
    members: list[tuple[str, int, int]] = field(default_factory=list)


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
        self._shared: dict[str, _SharedFrame] = {}
        self.members = 0
        """Members added so far, those in frames under way included."""
        with writing(self._path):
            self._file = HashedFile(self._path)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    def add(self, group: str, name: str, item: Item) -> None:
        """Add a member whose content is a finished item. The item is not discarded."""
        self.members += 1
        if item.spool is not None:
            self._add_spool(name, item, item.spool)
            return
        size = item.size
        header, padding = tar_format.header(name, size), bytes(tar_format.padding(size))
        if size >= SHARED_FRAME:
            content = b"".join((header, item.buffer, padding))
            self._write_frame(content, [(name, len(header), size)])
            return
        frame = self._shared.get(group)
        if frame is None:
            frame = self._shared[group] = _SharedFrame()
        content_under_way = frame.content
        content_under_way += header
        frame.members.append((name, len(content_under_way), size))
        content_under_way += item.buffer
        content_under_way += padding
        if len(content_under_way) >= SHARED_FRAME:
            self._close_shared(group)

    def _add_spool(self, name: str, item: Item, spool: Path) -> None:
        self._write_frame(tar_format.header(name, item.size), [])
        start = self.size
        with writing(self._path), spool.open("rb", buffering=0) as frames:
            while data := frames.read(_COPY):
                self._write(data)
        padding = tar_format.padding(item.size)
        if padding:
            self._write_frame(bytes(padding), [])
        member = Member(name, Place(start, item.spool_length, 0, item.size))
        self._table.add([member])
        self._placed([member])

    def _close_shared(self, group: str) -> None:
        frame = self._shared.pop(group)
        self._write_frame(frame.content, frame.members)

    def _write_frame(self, content: bytes | bytearray, members: list[tuple[str, int, int]]) -> None:
        data = self._compressor.compress(content)
        offset, length = self.size, len(data)
        self._write(data)
        if members:
            placed = [Member(name, Place(offset, length, start, size)) for name, start, size in members]
            self._table.add(placed)
            self._placed(placed)

    def _write(self, data: bytes) -> None:
        with writing(self._path):
            self._file.write(data)

    def finish(self) -> PackFile:
        """Write what is under way, the end of the tar file and the table; sync, and give the file its name."""
        for group in list(self._shared):
            self._close_shared(group)
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
