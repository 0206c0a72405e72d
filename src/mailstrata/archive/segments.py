"""Segments: what a source holds besides its messages, as JSON lines, so that it can be put together again.

A segment is the member `sources/ID/SEGMENT.jsonl` of a pack: everything of one source between two commits, one line
a thing, in the order of the bytes. `docs/archive-format.md` documents each line. Bytes (names, `From ` lines, gaps) are
strings in which each character is the byte of its number (ISO 8859-1).
"""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from mailstrata.archive.item import Item
from mailstrata.archive.members import MemberKind, segment_name
from mailstrata.archive.records import SegmentEntry, bytes_to_json
from mailstrata.archive.totals import Totals
from mailstrata.errors import ArchiveError

if TYPE_CHECKING:
    from hashlib import _Hash

    from mailstrata.archive.store import ContentStore
    from mailstrata.message.info import MessageInfo
    from mailstrata.message.origin import FileInfo, SkippedFile, SourceInfo
    from mailstrata.sinks.protocol import OutsideKind, SourceOutcome

INLINE_BYTES = 64 << 10
"""A gap of more bytes than this is stored as a blob, and its line gives the digest."""

SEGMENT_FORMAT = "mailstrata-segment"


def source_id(path: bytes) -> str:
    """What a source is called in an archive: the first 32 hexadecimal digits of its path's SHA-256."""
    return hashlib.sha256(path).hexdigest()[:32]


class OutsideRun:
    """Bytes of one kind that belong to no message and stand one after the other: held up to 64 KiB, then an item.

    `start` is the offset of the first one in the file, `end` that after the last.
    """

    __slots__ = ("_digest", "_item", "_store", "data", "end", "kind", "start")

    def __init__(self, store: ContentStore, kind: OutsideKind, start: int) -> None:
        self._store = store
        self._item: Item | None = None
        self._digest: _Hash | None = None
        self.kind = kind
        self.start = self.end = start
        self.data = bytearray()

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self.end += len(data)
        if self._item is None:
            self.data += data
            if len(self.data) <= INLINE_BYTES:
                return
            self._item = self._store.new_item()
            self._digest = hashlib.sha256()
            data, self.data = bytes(self.data), bytearray()
        assert self._digest is not None
        self._digest.update(data)
        self._item.write(data)

    def line(self, totals: Totals) -> str:
        """The run has ended: its line. What is large is stored now, and counted in `totals`."""
        about = f'{{"type":"{self.kind.value}","start":{self.start},"size":{self.end - self.start},'
        if self._item is None:
            return f'{about}"data":{encode_basestring_ascii(bytes_to_json(bytes(self.data)))}}}\n'
        assert self._digest is not None
        sha256 = self._digest.hexdigest()
        item, self._item = self._item, None
        if self._store.keep(MemberKind.BLOB, sha256, item):
            totals.blobs_new += 1
            totals.blob_bytes_new += self.end - self.start
        return f'{about}"sha256":"{sha256}"}}\n'

    def discard(self) -> None:
        """Let go of the item, if there is one."""
        if self._item is not None:
            self._item.discard()
            self._item = None


class SegmentWriter:
    """Writes the segments of one source, and sees to it that no byte of a file goes missing between them.

    `totals` counts what was written since the last `checkpoint`. Methods raise `TargetError` where the disk does
    not take it, and `ArchiveError` where what they are given leaves out bytes of the source: the ledger would
    not add up.
    """

    def __init__(self, store: ContentStore, source: SourceInfo, snapshot: str) -> None:
        self._store = store
        self._source = source
        self.id = source_id(source.path)
        self.snapshot = snapshot
        self.totals = Totals()
        self._segments = 0
        self._item: Item | None = None
        self._digest = hashlib.sha256()
        self._run: OutsideRun | None = None
        self._file: FileInfo | None = None
        # Where in the file under way the next segment goes on, from a checkpoint until its first line.
        self._continue_at: int | None = None
        self._file_digest: _Hash | None = None
        self._position = 0

    # Files ---------------------------------------------------------------------------------------------------

    def begin_file(self, file: FileInfo) -> None:
        """A file begins."""
        self._file = file
        self._position = 0
        # The bytes of a message are those of the file unless quoting was undone.
        self._file_digest = hashlib.sha256() if file.quoting in (None, "mboxcl2") else None
        self.totals.files += 1
        self._write_file_line(0)

    def _write_file_line(self, offset: int) -> None:
        file = self._file
        assert file is not None
        self._write_object(
            {
                "type": "file",
                "name": bytes_to_json(file.name),
                "folder": file.folder,
                "flags": file.flags,
                "mode": file.mode,
                "mtime_ns": file.mtime_ns,
                "size": file.size,
                "compression": file.compression,
                "quoting": file.quoting,
                "offset": offset,
            }
        )

    def end_file(self) -> None:
        """The file has ended, or could not be read further."""
        self._end_run()
        digest = self._file_digest
        self._write_object(
            {
                "type": "file-end",
                "length": self._position,
                "sha256": None if digest is None else digest.hexdigest(),
            }
        )
        self._file = None
        self._continue_at = None

    def skipped_file(self, file: SkippedFile) -> None:
        """A file was passed over."""
        self.totals.files_skipped += 1
        self._write_object(
            {
                "type": "skipped",
                "name": bytes_to_json(file.name),
                "reason": file.reason,
                "error": file.is_error,
            }
        )

    # Their bytes ---------------------------------------------------------------------------------------------

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Bytes that belong to no message."""
        self._advance(start, start + len(data))
        if kind.value == "separator":
            self.totals.separator_bytes += len(data)
        else:
            self.totals.gap_bytes += len(data)
        self.totals.source_bytes += len(data)
        if self._file_digest is not None:
            self._file_digest.update(data)
        run = self._run
        if run is None or run.kind is not kind:
            self._end_run()
            run = self._run = OutsideRun(self._store, kind, start)
        run.add(data)

    def begin_message(self) -> None:
        """A message begins: what stood before it has ended."""
        self._end_run()

    def raw(self, data: bytes) -> None:
        """Bytes of the message under way."""
        if self._file_digest is not None:
            self._file_digest.update(data)

    def message(self, message: MessageInfo) -> None:
        """The message has ended."""
        start, end = message.start, message.end
        self._advance(start, end)
        self.totals.source_bytes += end - start
        self.totals.message_source_bytes += end - start
        recipe = ""
        if message.unquoted_lines:
            recipe += f',"unquoted_lines":{json.dumps(message.unquoted_lines, separators=(",", ":"))}'
        if message.quoting_end is not None:
            recipe += f',"quoting_end":{message.quoting_end}'
        self._write(
            f'{{"type":"message","start":{start},"end":{end},"size":{message.size},"sha256":"{message.sha256}"{recipe}}}\n'
        )

    def _advance(self, start: int, end: int) -> None:
        if start != self._position or end < start:
            name = self._file.name.decode("utf-8", "replace") if self._file else ""
            raise ArchiveError(
                f"{self._source.label} {name}: the ledger does not add up: bytes {self._position} to {start} were not "
                "delivered; this is a bug of mailstrata, nothing of this source was committed since its last checkpoint"
            )
        self._position = end

    def _end_run(self) -> None:
        if self._run is not None:
            run, self._run = self._run, None
            self._write(run.line(self.totals))

    # The source ----------------------------------------------------------------------------------------------

    def end_source(self, outcome: SourceOutcome, totals: Totals) -> None:
        """The source has ended; `totals` are those of the whole snapshot."""
        self._write_object(
            {
                "type": "source-end",
                "complete": outcome.complete,
                "reasons": outcome.reasons,
                "totals": totals.to_json(),
            }
        )

    def checkpoint(self) -> SegmentEntry | None:
        """End the segment and store it; the next line begins a new one. None where nothing was written."""
        self._end_run()
        item = self._item
        if item is None:
            return None
        self._item = None
        name = segment_name(self.id, f"{self.snapshot}-{self._segments:04d}")
        entry = SegmentEntry(name, item.size, self._digest.hexdigest())
        self._store.keep_segment(name, item)
        self.totals.segment_bytes += entry.size
        self._segments += 1
        self._continue_at = None if self._file is None else self._position
        return entry

    def discard(self) -> None:
        """Let go of what was not stored."""
        if self._run is not None:
            self._run.discard()
        if self._item is not None:
            self._item.discard()
            self._item = None

    def _write_object(self, line: dict[str, object]) -> None:
        self._write(json.dumps(line, separators=(",", ":")) + "\n")

    def _write(self, line: str) -> None:
        if self._item is None:
            self._begin_segment()
        data = line.encode("ascii")
        self._digest.update(data)
        assert self._item is not None
        self._item.write(data)

    def _begin_segment(self) -> None:
        self._item = self._store.new_item()
        self._digest = hashlib.sha256()
        source = self._source
        self._write_object(
            {
                "type": "segment",
                "format": SEGMENT_FORMAT,
                "version": 1,
                "source": self.id,
                "snapshot": self.snapshot,
                "number": self._segments,
                "label": source.label,
                "path": bytes_to_json(source.path),
                "kind": source.kind,
            }
        )
        if self._continue_at is not None:
            offset, self._continue_at = self._continue_at, None
            self._write_file_line(offset)
