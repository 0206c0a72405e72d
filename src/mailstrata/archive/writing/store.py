"""Where a writing run puts content: what the archive has is dropped, what is new goes into packs.

A pack is closed at a size or a number of members, so that what is held of its table stays bounded, and at every
checkpoint. Until its frame is written a member is under way: known to the store, but not yet to the catalogue.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs import own_pack
from mailstrata.archive.packs.frames import FrameCompressor
from mailstrata.archive.packs.item import Item
from mailstrata.archive.packs.members import MemberKind, content_name, key_of
from mailstrata.archive.packs.pack import PackFile, PackWriter
from mailstrata.archive.packs.pack_table import Member, Place

PACK_BYTES = 512 << 20
"""A pack is closed before it grows beyond this many bytes; a single larger member has one to itself."""

PACK_MEMBERS = 100_000
"""A pack that has this many members is closed."""

_GROUPS = {
    MemberKind.BLOB: "blobs",
    MemberKind.MESSAGE: "mail",
    MemberKind.SKELETON: "mail",
    MemberKind.SEGMENT: "sources",
}

Placed = Callable[[MemberKind, bytes, str, Place], None]
"""Called with the kind, key, pack (file name) and place of a new member, once the place is known."""


class ContentStore:
    """Keeps content once. Methods raise `TargetError`; after that only `discard` may be called.

    `number` is that of the commit to come: with a counter and a random token it makes the packs' names, which no
    other writer can choose as well.
    """

    def __init__(
        self, layout: Layout, catalogue: WritableCatalogue, *, level: int, number: int, placed: Placed
    ) -> None:
        # Made once: a path takes longer to make than all else that a small item takes.
        self._folder = layout.packs
        self._catalogue = catalogue
        self._compressor = FrameCompressor(level)
        self._placed = placed
        self.number = number
        self._packs_begun = 0
        self._pack: PackWriter | None = None
        # Members that are still held back: their places are not known, so the catalogue has not got them.
        self._under_way: set[tuple[MemberKind, bytes]] = set()
        self._finished: list[FileEntry] = []

    def new_item(self) -> Item:
        """An item to be filled, and then handed to `keep` or discarded."""
        return Item(self._folder, self._compressor)

    def keep(self, kind: MemberKind, sha256: str, item: Item, *, order: bytes = b"") -> bool:
        """Keep a blob, message or skeleton under its digest; says whether it was new.

        The item is finished and discarded. Small members with the same `order` key are put side by side before they
        are compressed, so what is alike should have the same: messages and skeletons with each other, blobs with blobs.
        """
        if self.is_known(sha256, kind):
            item.discard()
            return False
        self.keep_new(kind, sha256, item, order=order)
        return True

    def keep_new(self, kind: MemberKind, sha256: str, item: Item, *, order: bytes = b"") -> None:
        """As `keep`, for what `is_known` has just said no to."""
        try:
            item.finish()
            self._add(kind, bytes.fromhex(sha256), content_name(kind, sha256), item, order)
        finally:
            item.discard()

    def keep_new_content(self, kind: MemberKind, sha256: str, content: bytes, *, order: bytes = b"") -> None:
        """As `keep_new`, for content that lies in memory, of at most 4 MiB."""
        key = bytes.fromhex(sha256)
        pack = self._pack_for(len(content))
        self._under_way.add((kind, key))
        pack.add_content(_GROUPS[kind], content_name(kind, sha256), content, order, is_text=kind is not MemberKind.BLOB)
        if pack.members >= PACK_MEMBERS:
            self._close_pack()

    def is_known(self, sha256: str, kind: MemberKind, other: MemberKind | None = None) -> bool:
        """Whether the archive has a member of that digest, of one of these kinds."""
        key = bytes.fromhex(sha256)
        under_way = self._under_way
        if (kind, key) in under_way or (other is not None and (other, key) in under_way):
            return True
        return self._catalogue.is_known(key, kind, other)

    def keep_segment(self, name: str, item: Item) -> None:
        """Keep a segment under its member name. The item is finished and discarded."""
        known = key_of(name)
        assert known is not None
        try:
            item.finish()
            self._add(*known, name, item, b"")
        finally:
            item.discard()

    def _add(self, kind: MemberKind, key: bytes, name: str, item: Item, order: bytes) -> None:
        if item.spool_length >= own_pack.OWN_PACK:
            self._add_own_pack(name, item)
            return
        pack = self._pack_for(item.size if item.spool is None else item.spool_length)
        self._under_way.add((kind, key))
        pack.add(_GROUPS[kind], name, item, order, is_text=kind is not MemberKind.BLOB)
        if pack.members >= PACK_MEMBERS:
            self._close_pack()

    def _add_own_pack(self, name: str, item: Item) -> None:
        finished, member = own_pack.make_own_pack(self._folder, self._new_name(), name, item, self._compressor)
        self._finished.append(_entry(finished))
        self._stage(finished.name, [member])

    def _pack_for(self, size: int) -> PackWriter:
        """The pack under way, or a new one where so many bytes more would be too many."""
        pack = self._pack
        if pack is not None:
            if not pack.members or pack.size + pack.held + size <= PACK_BYTES:
                return pack
            self._close_pack()
        pack = self._pack = self._begin_pack()
        return pack

    def _new_name(self) -> str:
        name = f"{self.number:08d}-{self._packs_begun:04d}-{secrets.token_hex(4)}.tar.zst"
        self._packs_begun += 1
        return name

    def _begin_pack(self) -> PackWriter:
        return PackWriter(self._folder, self._new_name(), self._compressor, self._members_placed)

    def _members_placed(self, members: list[Member]) -> None:
        assert self._pack is not None
        self._stage(self._pack.name, members)

    def _stage(self, pack: str, members: list[Member]) -> None:
        places = []
        for name, place in members:
            known = key_of(name)
            assert known is not None
            places.append((*known, place))
        self._catalogue.stage_places(f"packs/{pack}", places)
        under_way = self._under_way
        for kind, key, place in places:
            under_way.discard((kind, key))
            self._placed(kind, key, pack, place)

    def _close_pack(self) -> None:
        assert self._pack is not None
        finished = self._pack.finish()
        self._pack = None
        self._finished.append(_entry(finished))

    def checkpoint(self) -> list[FileEntry]:
        """Close the pack under way; returns all packs finished since the last call, durable under their names."""
        if self._pack is not None:
            self._close_pack()
        finished, self._finished = self._finished, []
        return finished

    def committed(self, number: int) -> None:
        """The commit was written; `number` is that of the next one."""
        self.number = number
        self._packs_begun = 0

    def discard(self) -> None:
        """Let go of the pack under way and remove its file."""
        if self._pack is not None:
            pack, self._pack = self._pack, None
            pack.discard()


def _entry(pack: PackFile) -> FileEntry:
    return FileEntry(f"packs/{pack.name}", pack.size, pack.sha256, pack.members)
