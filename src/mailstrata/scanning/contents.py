"""The distinct contents of an archive, in the order in which they lie on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, key_of
from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES, members
from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import ArchiveError
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.quoting import EventStream
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.scanning.content import Content
from mailstrata.scanning.leaves import LeafSink
from mailstrata.scanning.wanted import Wanted
from mailstrata.sinks.delivery import Delivery

Lost = Callable[[MemberKind, str, ArchiveError], None]
"""Called with what cannot be read, a blob or a message: its digest, and why."""

_NOWHERE = SourceInfo("", b"", "eml")


class ArchiveContents:
    """Finds what is `wanted` in an archive: blobs in its packs, and then leaves that only messages hold, for which each
    message that has one is put together and taken apart once.

    `found` is called with each content, and `lost` with what the archive cannot give back: the digest of a blob, or of
    a message that has leaves which are wanted, and why. Raises `ArchiveError` where a pack is missing or its table
    cannot be read.
    """

    def __init__(self, path: Path, wanted: Wanted, found: Callable[[Content], None], lost: Lost) -> None:
        self._path = path
        self._wanted = wanted
        self._found = found
        self._lost = lost

    def run(self) -> None:
        """Go through the packs twice: for blobs, and for messages."""
        with Archive.open(self._path, cache_bytes=ORDERED_CACHE_BYTES) as archive:
            for kind, key, size in self._members(archive):
                if kind is MemberKind.BLOB and self._wanted.take(key):
                    self._blob(archive, key.hex(), size)
            self._wanted.gather_messages()
            sink = LeafSink(lambda digest: self._wanted.take(bytes.fromhex(digest)), self._found)
            sink.open()
            for kind, key, _ in self._members(archive):
                if kind in MESSAGE_KINDS and self._wanted.take_message(key):
                    self._message(archive, sink, key.hex())
            sink.close()

    def _members(self, archive: Archive) -> Iterator[tuple[MemberKind, bytes, int]]:
        for pack in archive.pack_files():
            for name, place in members(pack):
                known = key_of(name)
                if known is not None:
                    yield *known, place.size

    def _blob(self, archive: Archive, digest: str, size: int) -> None:
        try:
            self._found(Content(digest, size, lambda: archive.read_blob(digest)))
        except ArchiveError as error:
            self._lost(MemberKind.BLOB, digest, error)

    def _message(self, archive: Archive, sink: LeafSink, digest: str) -> None:
        # As the index was made, unless with other limits: what these cut off differently is scanned as it is cut now.
        limits = Limits()
        delivery = Delivery([sink], limits)
        stream = EventStream(Parser("message", limits=limits), None)
        try:
            for _ in delivery.deliver(stream, archive.read_message(digest), _NOWHERE, FileInfo(), 0):
                pass
        except ArchiveError as error:
            self._lost(MemberKind.MESSAGE, digest, error)
