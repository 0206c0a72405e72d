"""Making tables of the index anew from packs and segments.

`messages` and `parts` by taking every message apart again, `blobs` from the places of blobs in the packs, `occurrences`
from the lines of all snapshots. The rows are those of the first time, unless messages were taken apart with other
limits than the default. A message that was found again at the same place by a later snapshot has one row.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mailstrata.archive.commits.records import FileEntry, SourceSnapshot
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.folder.temporary import temporary_database
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind
from mailstrata.archive.snapshots.lines import BrokenLine, FileEndLine, FileLine, MessageLine, SeparatorLine
from mailstrata.archive.snapshots.snapshot_lines import lines_or_damage
from mailstrata.archive.verifying.archive import ProvenArchive
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.errors import ArchiveError
from mailstrata.index.message_rows import MessageRows
from mailstrata.index.rows import blob_row, occurrence_row
from mailstrata.index.writer import IndexWriter
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.quoting import EventStream
from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.sinks.delivery import Delivery
from mailstrata.sinks.protocol import RawKind, Sink, Wants

_NOWHERE = SourceInfo("", b"", "eml")
_CACHE_KIB = 16 << 10
_DEFECT_CODES = {code.value: code for code in DefectCode}

_Add = Callable[[str, dict[str, Any]], None]
_NoteType = Callable[[str, str | None], None]


class TableRebuild:
    """Makes the tables of `tables` anew; `kept` are the files of `parts`, if that is not one of them.

    `files` are those written, durable in their places, once `run` has ended; no commit names them yet. Raises
    `TargetError` where they cannot be written, `ArchiveError` where the archive cannot be read.
    """

    def __init__(
        self,
        layout: Layout,
        archive: ProvenArchive,
        evidence: Evidence,
        tables: frozenset[str],
        kept: Sequence[FileEntry],
    ) -> None:
        self._layout = layout
        self._archive = archive
        self._evidence = evidence
        self._tables = tables
        self._kept = kept
        self._rows = MessageRows(layout.packs)
        # Types of blobs, and places where messages were found: in a temporary file, bounded by its page cache.
        self._database = sqlite3.connect("", isolation_level=None)
        self.files: list[FileEntry] = []

    def run(self, name: str) -> None:
        """Make the tables; `name` is that of their files."""
        writer = IndexWriter(self._layout.index)
        try:
            with closing(self._database), closing(self._rows), temporary_database():
                for statement in (
                    f"PRAGMA cache_size = -{_CACHE_KIB}",
                    "PRAGMA journal_mode = OFF",
                    "BEGIN",
                    "CREATE TABLE types (key BLOB PRIMARY KEY, type TEXT NOT NULL) WITHOUT ROWID",
                    "CREATE TABLE places (key BLOB PRIMARY KEY) WITHOUT ROWID",
                ):
                    self._database.execute(statement)
                counts = self._fill(writer)
                every_table = any(not counts[table] for table in self._tables)
                made = writer.checkpoint(name, every_table=every_table)
            writer.commit()
        except BaseException:
            writer.abort()
            raise
        writer.close()
        self.files = [FileEntry(f"index/{file.path}", file.size, file.sha256, file.rows) for file in made]

    def _fill(self, writer: IndexWriter) -> dict[str, int]:
        counts = dict.fromkeys(self._tables, 0)

        def add(table: str, row: dict[str, Any]) -> None:
            if table in counts:
                counts[table] += 1
                writer.add(table, row)

        if self._tables & {"messages", "parts"}:
            sink = _RowSink(self._rows, add, self._note_type)
            for key in self._evidence.messages():
                self._message(sink, key.hex())
        elif "blobs" in self._tables:
            self._read_types()
        if "blobs" in self._tables:
            self._blobs(add)
        if "occurrences" in self._tables:
            sources: dict[str, list[SourceSnapshot]] = {}
            for snapshot in self._archive.snapshots():
                sources.setdefault(snapshot.id, []).append(snapshot)
            for snapshots in sources.values():
                self._database.execute("DELETE FROM places")
                for snapshot in snapshots:
                    self._occurrences(snapshot, add, is_only=len(snapshots) == 1)
        return counts

    # Messages, parts -------------------------------------------------------------------------------------------

    def _message(self, sink: _RowSink, digest: str) -> None:
        limits = Limits()
        delivery = Delivery([sink], limits)
        stream = EventStream(Parser("message", limits=limits), None)
        try:
            for _ in delivery.deliver(stream, self._archive.read_message(digest), _NOWHERE, FileInfo(), 0):
                pass
        except ArchiveError:
            # It cannot be had any more: verification has said so, and the commit to come names it as lost.
            if not self._archive.missing_for(bytes.fromhex(digest)):
                raise

    def _note_type(self, blob: str, sniffed_type: str | None) -> None:
        key = bytes.fromhex(blob)
        if sniffed_type is not None and self._evidence.find(MemberKind.BLOB, key) is not None:
            self._database.execute("INSERT OR IGNORE INTO types VALUES (?, ?)", (key, sniffed_type))

    def _read_types(self) -> None:
        for entry in self._kept:
            with pq.ParquetFile(self._layout.root / entry.path) as file:
                for batch in file.iter_batches(columns=["blob", "sniffed_type"]):
                    for blob, sniffed_type in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        if blob is not None:
                            self._note_type(blob, sniffed_type)

    # Blobs, occurrences ----------------------------------------------------------------------------------------

    def _blobs(self, add: _Add) -> None:
        for key, places in self._evidence.places(MemberKind.BLOB):
            found = self._database.execute("SELECT type FROM types WHERE key = ?", (key,)).fetchone()
            pack, place = places[0]
            add(
                "blobs",
                blob_row(
                    key.hex(),
                    place.size,
                    None if found is None else found[0],
                    pack=Path(pack).name,
                    frame=place.frame_offset,
                    frame_length=place.frame_length,
                    offset=place.offset,
                    length=place.size,
                ),
            )

    def _occurrences(self, snapshot: SourceSnapshot, add: _Add, *, is_only: bool) -> None:
        source = SourceInfo(snapshot.label, snapshot.path, snapshot.kind)  # type: ignore[arg-type]
        file = FileInfo()
        separator = b""
        index = 0
        for line in lines_or_damage(self._archive, snapshot):
            match line:
                case FileLine():
                    file = FileInfo(
                        line.name,
                        line.folder,
                        line.flags,
                        line.mode,
                        line.mtime_ns,
                        line.size,
                        line.compression,
                        line.quoting,
                    )
                    separator = b""
                case SeparatorLine():
                    separator = line.data or b""
                case MessageLine():
                    is_new = is_only or self._is_new_place(file, line)
                    if is_new and self._is_held(line.sha256):
                        message = _message_info(source, file, index, separator, line)
                        add("occurrences", occurrence_row(message, snapshot.snapshot))
                    index += 1
                    separator = b""
                case FileEndLine() | BrokenLine():
                    separator = b""

    def _is_new_place(self, file: FileInfo, line: MessageLine) -> bool:
        """Whether no earlier snapshot of the source had the same message there."""
        place = b"%d %d %s " % (line.start, line.end, line.sha256.encode("ascii")) + file.name
        key = hashlib.sha256(place).digest()[:16]
        return self._database.execute("INSERT OR IGNORE INTO places VALUES (?)", (key,)).rowcount > 0

    def _is_held(self, digest: str) -> bool:
        key = bytes.fromhex(digest)
        return any(self._evidence.find(kind, key) is not None for kind in MESSAGE_KINDS)


def _message_info(source: SourceInfo, file: FileInfo, index: int, separator: bytes, line: MessageLine) -> MessageInfo:
    root = Entity(None, 1, 0, line.start)
    root.end = line.end
    # A code that a later version has added is not ours to name.
    root.defects.extend(
        Defect(_DEFECT_CODES[code], start, end) for code, start, end in line.defects if code in _DEFECT_CODES
    )
    message = MessageInfo(source, file, index, PartInfo(root, Headers(b"", line.start), None), separator)
    message.size, message.sha256 = line.size, line.sha256
    return message


class _RowSink(Sink):
    """Takes a message and its parts, and adds their rows when it has ended."""

    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS

    def __init__(self, rows: MessageRows, add: _Add, note_type: _NoteType) -> None:
        self._rows = rows
        self._add = add
        self._note_type = note_type

    def begin_message(self, message: MessageInfo) -> None:
        self._rows.begin_message(message)

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        self._rows.begin_part(message, part)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        self._rows.raw(message, part, kind, data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        self._rows.decoded(message, part, data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        row = self._rows.end_part(message, part)
        if part.sha256 is not None:
            self._note_type(part.sha256, row["sniffed_type"])

    def end_message(self, message: MessageInfo) -> None:
        self._add("messages", self._rows.message_row(message))
        for row in self._rows.part_rows(message):
            self._add("parts", row)
