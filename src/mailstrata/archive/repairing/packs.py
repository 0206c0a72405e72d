"""Saving what is whole in a damaged pack: each of its whole members is copied into a new one, in its order."""

from __future__ import annotations

import secrets

from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.frames import FrameCompressor
from mailstrata.archive.packs.item import Item
from mailstrata.archive.packs.pack import PackWriter
from mailstrata.archive.packs.pack_reader import PackReader
from mailstrata.archive.packs.pack_table import Member
from mailstrata.archive.verifying.archive import name_of
from mailstrata.archive.verifying.evidence import Evidence

_LEVEL = 3


def save_whole_members(layout: Layout, pack: str, evidence: Evidence, *, number: int, counter: int) -> FileEntry | None:
    """Write a new pack with all members of `pack` (path below the root) that the evidence says are whole.

    Returns its entry for the commit of that `number`, durable under its name; None where nothing is whole. Raises
    `TargetError`, and `ArchiveError` where a member can no longer be read.
    """
    if next(evidence.members_of(pack), None) is None:
        return None
    compressor = FrameCompressor(_LEVEL)
    name = f"{number:08d}-{counter:04d}-{secrets.token_hex(4)}.tar.zst"
    reader = PackReader()
    writer = PackWriter(layout.packs, name, compressor, _not_asked)
    try:
        for kind, key, place in evidence.members_of(pack):
            item = Item(layout.packs, compressor)
            try:
                for piece in reader.read(layout.root / pack, place):
                    item.write(piece)
                item.finish()
                writer.add(kind.folder, name_of(kind, key), item)
            finally:
                item.discard()
        finished = writer.finish()
    except BaseException:
        writer.discard()
        raise
    finally:
        reader.close()
    return FileEntry(f"packs/{finished.name}", finished.size, finished.sha256, finished.members)


def _not_asked(members: list[Member]) -> None:
    """The catalogue is made anew from the pack's table when all is done."""
