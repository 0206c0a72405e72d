"""New packs out of old ones: frames are taken over as they are; what has to be cut is read and compressed again.

Compaction merges packs with it, erasure leaves members out. What comes from a damaged pack would get a new SHA-256 and
look whole, so every pack is compared with its commit record before it is read.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.frame_runs import FrameRun, frame_runs, run_bytes
from mailstrata.archive.packs.frames import FrameCompressor
from mailstrata.archive.packs.item import Item
from mailstrata.archive.packs.members import MESSAGE_KINDS, key_of
from mailstrata.archive.packs.pack import PackWriter
from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES, PackReader
from mailstrata.archive.packs.pack_table import Member
from mailstrata.archive.writing.store import PACK_BYTES, PACK_MEMBERS
from mailstrata.errors import ArchiveError

SMALL_FRAME = 1 << 20
"""A frame of less content than this many bytes is not worth taking over: its members compress better with others."""


class PackRewriter:
    """Writes the members of old packs into new ones, each once however often it lies in the old ones.

    `number` is that of the commit to come; `keep` says of a member by its name whether it is wanted. Members are staged
    in the catalogue as their places become known. Methods raise `TargetError` where a new pack cannot be written
    and `ArchiveError` where an old one is missing or damaged; after that only `discard` may be called.

    Memory: the window of the pack under way, one item, and the names of the members in that window.
    """

    def __init__(
        self,
        layout: Layout,
        catalogue: WritableCatalogue,
        *,
        number: int,
        level: int,
        keep: Callable[[str], bool] = lambda _: True,
        regroup_small_frames: bool = False,
    ) -> None:
        self._layout = layout
        self._catalogue = catalogue
        self._compressor = FrameCompressor(level)
        self._number = number
        self._keep = keep
        self._regroup_below = SMALL_FRAME if regroup_small_frames else 0
        self._begun = 0
        self._pack: PackWriter | None = None
        # Members whose places are not known yet, so that they are not staged.
        self._under_way: set[str] = set()
        self._finished: list[FileEntry] = []
        self.messages = 0
        """Messages written so far."""
        self.duplicates = 0
        """Members that were left out because they were written already; the catalogue has noted which."""

    def take_over(self, entry: FileEntry) -> None:
        """Write all members of a pack that are wanted and not written yet."""
        path = self._layout.root / entry.path
        check_file(path, entry)
        with PackReader(ORDERED_CACHE_BYTES) as reader:
            for run in frame_runs(path):
                wanted = [member for member in run.members if self._is_wanted(member.name)]
                if not wanted:
                    continue
                if run.is_whole and len(wanted) == len(run.members) and run.content_size >= self._regroup_below:
                    self._copy(path, run)
                else:
                    for member in wanted:
                        self._add(path, member, reader)

    def _is_wanted(self, name: str) -> bool:
        if not self._keep(name):
            return False
        known = key_of(name)
        if known is None:
            # Nobody's; who merges packs has no business with it either way, and it may be somebody's one day.
            return True
        if name in self._under_way or self._catalogue.find_staged(*known):
            self.duplicates += 1
            self._catalogue.stage_duplicate(*known)
            return False
        self._under_way.add(name)
        self.messages += known[0] in MESSAGE_KINDS
        return True

    def _copy(self, path: Path, run: FrameRun) -> None:
        pack = self._pack_for(run.length, len(run.members))
        pack.add_frames(run_bytes(path, run), run.members, start=run.offset)

    def _add(self, path: Path, member: Member, reader: PackReader) -> None:
        item = Item(self._layout.packs, self._compressor)
        try:
            for piece in reader.read(path, member.place):
                item.write(piece)
            item.finish()
            pack = self._pack_for(item.size if item.spool is None else item.spool_length, 1)
            pack.add(_group(member.name), member.name, item)
        finally:
            item.discard()

    def _pack_for(self, size: int, members: int) -> PackWriter:
        """The pack under way, or a new one where so many bytes and members more would make it too large."""
        pack = self._pack
        if pack is not None and pack.members:
            size += pack.size + pack.held
            if size > PACK_BYTES or pack.members + members > PACK_MEMBERS:
                self._close_pack()
                pack = None
        if pack is None:
            name = f"{self._number:08d}-{self._begun:04d}-{secrets.token_hex(4)}.tar.zst"
            self._begun += 1
            pack = self._pack = PackWriter(self._layout.packs, name, self._compressor, self._placed)
        return pack

    def _placed(self, members: list[Member]) -> None:
        assert self._pack is not None
        self._catalogue.stage(f"packs/{self._pack.name}", members)
        self._under_way.difference_update(member.name for member in members)

    def _close_pack(self) -> None:
        assert self._pack is not None
        finished = self._pack.finish()
        self._pack = None
        self._finished.append(FileEntry(f"packs/{finished.name}", finished.size, finished.sha256, finished.members))

    def finish(self) -> list[FileEntry]:
        """The new packs, durable under their names. There are none where nothing was wanted."""
        if self._pack is not None:
            self._close_pack()
        return self._finished

    def discard(self) -> None:
        """Let go of the pack under way and remove its file. May be called again, and after `finish`."""
        if self._pack is not None:
            pack, self._pack = self._pack, None
            pack.discard()


def _group(name: str) -> str:
    """With what a member shares its frame: messages with skeletons, everything else with its like."""
    known = key_of(name)
    return "mail" if known is not None and known[0] in MESSAGE_KINDS else name.partition("/")[0]


def check_file(path: Path, entry: FileEntry, advice: str = "bring it back from a backup") -> None:
    """Raise `ArchiveError` where a file is missing, or not the one that its commit record names."""
    try:
        with path.open("rb", buffering=0) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} is missing; {advice}") from error
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}; check the disk") from error
    if digest != entry.sha256:
        raise ArchiveError(f"{path} is damaged: it has not the SHA-256 that its commit record states; {advice}")
