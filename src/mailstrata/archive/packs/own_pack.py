"""A pack of one very large member, made of its spool file: the content is not written a second time."""

from __future__ import annotations

import os
from pathlib import Path

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import FrameCompressor, stored_frame
from mailstrata.archive.packs.item import SPOOL_START, Item
from mailstrata.archive.packs.pack import PackFile
from mailstrata.archive.packs.pack_table import Member, Place, TableBuilder
from mailstrata.index.files import sync_directory, writing
from mailstrata.sinks.background_sync import BackgroundSync
from mailstrata.sinks.stream_digest import StreamDigest

OWN_PACK = 64 << 20
"""From so many compressed bytes on a member has a pack to itself: from there on, `compact` leaves packs as they are."""

# What is read stays in the processor's cache until it is hashed.
_PIECE = 256 << 10


def make_own_pack(
    folder: Path, name: str, member: str, item: Item, compressor: FrameCompressor
) -> tuple[PackFile, Member]:
    """Make the spool file of a finished item a pack of that name, in the same folder, whose only member is the item.

    It takes its name when it is whole and synced. Raises `TargetError`; the file is then still the item's, or, where
    its name could not be made durable, one that no commit names.
    """
    spool = item.spool
    assert spool is not None
    placed = Member(member, Place(SPOOL_START, item.spool_length, 0, item.size))
    table = TableBuilder()
    table.add([placed])
    # Frames like those of other packs, so that the member can be taken over into another one as it is.
    padding = tar_format.padding(item.size)
    end = compressor.compress(bytes(padding)) if padding else b""
    end += compressor.compress(tar_format.END_OF_ARCHIVE)
    end += table.finish(SPOOL_START + item.spool_length + len(end))
    with writing(spool), spool.open("r+b") as file:
        file.write(stored_frame(tar_format.header(member, item.size)))
        file.seek(0, os.SEEK_END)
        file.write(end)
        file.flush()
        digest = _synced_digest(file.fileno(), spool)
    path = folder / name
    with writing(path):
        spool.rename(path)
        item.hand_over()
        sync_directory(folder)
    return PackFile(name, SPOOL_START + item.spool_length + len(end), digest, table.members), placed


def _synced_digest(descriptor: int, path: Path) -> str:
    """The SHA-256 of what was written, read back while the disk makes it durable.

    It cannot be had on the way: the header, with which it begins, has the name of the member, which its end tells.
    """
    digest = StreamDigest()
    sync = BackgroundSync()
    try:
        sync.sync(os.dup(descriptor))
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        sync.wait()
    finally:
        sync.close()
    return digest.hexdigest()
