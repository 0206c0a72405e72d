"""Segments: what a source holds besides its messages, as JSON lines, so that it can be put together again.

A segment is the member `sources/ID/SEGMENT.jsonl` of a pack: everything of one source between two commits, one line
a thing, in the order of the bytes. `docs/archive-format.md` documents each line. Bytes (names, `From ` lines, gaps) are
strings in which each character is the byte of its number (ISO 8859-1).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Final

from mailstrata.archive.commits.records import SegmentEntry, bytes_to_json
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.packs.item import Item
from mailstrata.archive.packs.members import MemberKind, segment_name
from mailstrata.archive.snapshots.lines import (
    SEGMENT_FORMAT,
    FileEndLine,
    FileLine,
    FolderLine,
    GapLine,
    Line,
    MessageLine,
    SeparatorLine,
    SkippedLine,
)
from mailstrata.errors import ArchiveError
from mailstrata.index.rows import framing_defects
from mailstrata.sinks.protocol import OutsideKind

if TYPE_CHECKING:
    from hashlib import _Hash

    from mailstrata.archive.writing.store import ContentStore
    from mailstrata.message.info import MessageInfo
    from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo
    from mailstrata.sinks.protocol import FileOutcome, SourceOutcome

INLINE_BYTES = 64 << 10
"""A gap of more bytes than this is stored as a blob, and its line gives the digest."""

_HELD_LINES: Final = 256
_SEPARATOR: Final = OutsideKind.SEPARATOR


def source_id(path: bytes) -> str:
    """What a source is called in an archive: the first 32 hexadecimal digits of its path's SHA-256."""
    return hashlib.sha256(path).hexdigest()[:32]


@dataclass(slots=True)
class CopiedLines:
    """Lines that stand in another snapshot of the source: `count` of them from number `first` on."""

    snapshot: str
    first: int
    count: int


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
        # What most runs have comes in one piece, which is not copied.
        self.data: bytes | bytearray = b""

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self.end += len(data)
        if self._item is None:
            if not self.data:
                self.data = data
            else:
                if not isinstance(self.data, bytearray):
                    self.data = bytearray(self.data)
                self.data += data
            if len(self.data) <= INLINE_BYTES:
                return
            self._item = self._store.new_item()
            self._digest = hashlib.sha256()
            data, self.data = bytes(self.data), b""
        assert self._digest is not None
        self._digest.update(data)
        self._item.write(data)

    def line(self, totals: Totals) -> str:
        """The run has ended: its line. What is large is stored now, and counted in `totals`."""
        about = f'{{"type":"{self.kind!s}","start":{self.start},"size":{self.end - self.start},'
        if self._item is None:
            return f'{about}"data":{encode_basestring_ascii(bytes_to_json(self.data))}}}\n'
        assert self._digest is not None
        sha256 = self._digest.hexdigest()
        item, self._item = self._item, None
        totals.large_gap_bytes += self.end - self.start
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
        self._position = 0
        self._copied: CopiedLines | None = None
        self._own_lines = 0
        # Lines that are not in the item yet: a few hundred at a time are hashed and written in one step.
        self._held: list[str] = []
        self._held_size = 0

    # Files ---------------------------------------------------------------------------------------------------

    def begin_file(self, file: FileInfo, offset: int = 0) -> None:
        """A file begins, or goes on at `offset`, up to which its lines were copied from an earlier snapshot."""
        self._file = file
        self._position = offset
        self.totals.files += 1
        self._write_file_line(offset)

    def _write_file_line(self, offset: int) -> None:
        assert self._file is not None
        self._write_object(_file_form(self._file, offset))

    def end_file(self, outcome: FileOutcome) -> None:
        """The file has ended, or could not be read further."""
        self._end_run()
        self._advance(outcome.length, outcome.length)
        self._write_object(_file_end_form(outcome))
        self._file = None
        self._continue_at = None

    def skipped_file(self, file: SkippedFile) -> None:
        """A file was passed over."""
        self.totals.files_skipped += 1
        self._write_object(_skipped_form(file))

    def folder(self, folder: FolderInfo, *, is_known: bool = False) -> None:
        """A folder of the source. `is_known`: the snapshot before has it with another time, which alone is no reason
        for a new one."""
        self.totals.folders += 1
        form = _folder_form(folder.name, folder.mode, folder.mtime_ns)
        if is_known:
            self._end_copy()
            self._put(form)
        else:
            self._write_object(form)

    # Their bytes ---------------------------------------------------------------------------------------------

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Bytes that belong to no message."""
        self._advance(start, start + len(data))
        if kind is _SEPARATOR:
            self.totals.separator_bytes += len(data)
        else:
            self.totals.gap_bytes += len(data)
        self.totals.source_bytes += len(data)
        run = self._run
        if run is None or run.kind is not kind:
            self._end_run()
            run = self._run = OutsideRun(self._store, kind, start)
        run.add(data)

    def begin_message(self) -> None:
        """A message begins: what stood before it has ended."""
        self._end_run()

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
        if framing := framing_defects(message):
            stated = [(defect.code.value, defect.start, defect.end) for defect in framing]
            recipe += f',"defects":{json.dumps(stated, separators=(",", ":"))}'
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
        self._end_run()
        self._end_copy()
        self._put(
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
        self._end_copy()
        self._write_held()
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
        self._held.clear()
        if self._run is not None:
            self._run.discard()
        if self._item is not None:
            self._item.discard()
            self._item = None

    # Lines ---------------------------------------------------------------------------------------------------

    def copy(self, snapshot: str, first: int, count: int) -> None:
        """The next lines are `count` lines of an earlier snapshot of the source, from its line `first` on."""
        copied = self._copied
        if copied is not None and copied.snapshot == snapshot and copied.first + copied.count == first:
            copied.count += count
            return
        self._end_copy()
        self._copied = CopiedLines(snapshot, first, count)

    def _end_copy(self) -> None:
        if self._copied is not None:
            copied, self._copied = self._copied, None
            self._put(
                {"type": "copy", "snapshot": copied.snapshot, "first": copied.first, "count": copied.count},
            )

    @property
    def has_only_copies(self) -> bool:
        """Whether everything so far was taken over from another snapshot, times of folders aside."""
        return not self._own_lines and not self._segments

    def write_copied(self, line: Line) -> None:
        """Write a line of an earlier snapshot out again."""
        self._end_copy()
        self._put(_stored_form(line))

    def _write_object(self, line: dict[str, object]) -> None:
        self._write(json.dumps(line, separators=(",", ":")) + "\n")

    def _put(self, line: dict[str, object]) -> None:
        self._write_held()
        self._append(_encoded(line))

    def _write(self, line: str) -> None:
        if self._copied is not None:
            self._end_copy()
        self._own_lines += 1
        self._held.append(line)
        self._held_size += len(line)
        if len(self._held) >= _HELD_LINES or self._held_size >= INLINE_BYTES:
            self._write_held()

    def _write_held(self) -> None:
        if self._held:
            data = "".join(self._held).encode("ascii")
            self._held.clear()
            self._held_size = 0
            self._append(data)

    def _append(self, data: bytes) -> None:
        if self._item is None:
            self._begin_segment()
        self._digest.update(data)
        assert self._item is not None
        self._item.write(data)

    def _begin_segment(self) -> None:
        self._item = self._store.new_item()
        self._digest = hashlib.sha256()
        source = self._source
        header: dict[str, object] = {
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
        self._append(_encoded(header))
        if self._continue_at is not None:
            offset, self._continue_at = self._continue_at, None
            assert self._file is not None
            self._own_lines += 1
            self._append(_encoded(_file_form(self._file, offset)))


def _encoded(line: dict[str, object]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


def _stored_form(line: Line) -> dict[str, object]:
    """A line that was read, as it is written."""
    match line:
        case FileLine():
            return _file_form(line, line.offset)
        case FolderLine():
            return _folder_form(line.name, line.mode, line.mtime_ns)
        case GapLine():
            kind = "separator" if isinstance(line, SeparatorLine) else "gap"
            stored: dict[str, object] = {"type": kind, "start": line.start, "size": line.size}
            if line.data is None:
                return stored | {"sha256": line.sha256}
            return stored | {"data": bytes_to_json(line.data)}
        case MessageLine():
            stored = {
                "type": "message",
                "start": line.start,
                "end": line.end,
                "size": line.size,
                "sha256": line.sha256,
            }
            if line.unquoted_lines:
                stored["unquoted_lines"] = line.unquoted_lines
            if line.quoting_end is not None:
                stored["quoting_end"] = line.quoting_end
            if line.defects:
                stored["defects"] = line.defects
            return stored
        case FileEndLine():
            return _file_end_form(line)
        case SkippedLine():
            return _skipped_form(line)
    raise TypeError(f"a line of type {type(line).__name__} is never copied")


def _file_form(file: FileInfo | FileLine, offset: int) -> dict[str, object]:
    return {
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


def _folder_form(name: bytes, mode: int | None, mtime_ns: int | None) -> dict[str, object]:
    return {"type": "folder", "name": bytes_to_json(name), "mode": mode, "mtime_ns": mtime_ns}


def _file_end_form(end: FileOutcome | FileEndLine) -> dict[str, object]:
    return {
        "type": "file-end",
        "length": end.length,
        "sha256": end.sha256,
        "complete": end.complete,
        "changed": end.changed,
    }


def _skipped_form(file: SkippedFile | SkippedLine) -> dict[str, object]:
    return {"type": "skipped", "name": bytes_to_json(file.name), "reason": file.reason, "error": file.is_error}
