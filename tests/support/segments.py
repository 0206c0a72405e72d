"""Snapshots whose segments lie in memory, for what reads their lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from mailstrata.archive.commits.records import SegmentEntry, SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import UsageError

SOURCE_ID = "5" * 32

FILE: dict[str, Any] = {
    "type": "file",
    "name": "inbox.mbox",
    "folder": "",
    "flags": "",
    "mode": None,
    "mtime_ns": None,
    "size": None,
    "compression": None,
    "quoting": None,
    "offset": 0,
}


def file_line(name: str = "a", **keys: Any) -> dict[str, Any]:
    """A `file` line; keys that are not given say nothing."""
    return {**FILE, "name": name, **keys}


def gap_line(start: int, data: bytes, kind: str = "gap") -> dict[str, Any]:
    """A `gap` or `separator` line that holds its bytes."""
    return {"type": kind, "start": start, "size": len(data), "data": data.decode("latin-1")}


def message_line(start: int, content: bytes, **keys: Any) -> dict[str, Any]:
    """The line of an unquoted message."""
    size = len(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return {"type": "message", "start": start, "end": start + size, "size": size, "sha256": sha256, **keys}


def file_end_line(content: bytes | None, length: int | None = None, **keys: Any) -> dict[str, Any]:
    """The `file-end` line of a file with these bytes; without a digest where they are None."""
    sha256 = None if content is None else hashlib.sha256(content).hexdigest()
    length = len(content or b"") if length is None else length
    return {"type": "file-end", "length": length, "sha256": sha256, "complete": True, "changed": False, **keys}


def copy_line(snapshot: str, first: int, count: int) -> dict[str, Any]:
    """A `copy` line."""
    return {"type": "copy", "snapshot": snapshot, "first": first, "count": count}


def source_end_line() -> dict[str, Any]:
    """The last line of a snapshot that was read whole."""
    return {"type": "source-end", "complete": True, "reasons": [], "totals": Totals().to_json()}


class MemorySegments:
    """What `SnapshotLines` and `rebuild_files` need of an archive: snapshots, their segments, contents."""

    def __init__(self, piece_bytes: int = 1 << 20) -> None:
        self.piece_bytes = piece_bytes
        self.segments: dict[str, bytes] = {}
        self.contents: dict[str, bytes] = {}
        self.erasures: dict[str, str] = {}
        self._snapshots: list[SourceSnapshot] = []

    @property
    def archive(self) -> Archive:
        """Itself, by the name of what it stands for."""
        return cast(Archive, self)

    def add(
        self, name: str, *segments: Sequence[dict[str, Any]], source: str = SOURCE_ID, label: str = "inbox"
    ) -> SourceSnapshot:
        """A snapshot with these segments, each given by its lines but the first."""
        snapshot = SourceSnapshot(source, name, label, b"/" + label.encode(), "mbox", status="complete")
        for number, lines in enumerate(segments):
            head = {
                "type": "segment",
                "format": "mailstrata-segment",
                "version": 1,
                "source": source,
                "snapshot": name,
                "number": number,
                "label": label,
                "path": f"/{label}",
                "kind": "mbox",
            }
            self.store(snapshot, b"".join(json.dumps(line).encode() + b"\n" for line in (head, *lines)))
        self._snapshots.append(snapshot)
        return snapshot

    def store(self, snapshot: SourceSnapshot, data: bytes) -> None:
        """Add a segment of these bytes."""
        name = f"sources/{snapshot.id}/{snapshot.snapshot}-{len(snapshot.segments):04d}.jsonl"
        self.segments[name] = data
        snapshot.segments.append(SegmentEntry(name, len(data), hashlib.sha256(data).hexdigest()))

    def keep(self, content: bytes) -> bytes:
        """Keep the content of a message or blob; returns it."""
        self.contents[hashlib.sha256(content).hexdigest()] = content
        return content

    # As in Archive -------------------------------------------------------------------------------------------

    def snapshots(self) -> list[SourceSnapshot]:
        return list(self._snapshots)

    def read_segment(self, name: str) -> Iterator[bytes]:
        return self._pieces(self.segments[name])

    def read_message(self, digest: str) -> Iterator[bytes]:
        if digest not in self.contents:
            raise UsageError(f"memory has no content {digest}")
        return self._pieces(self.contents[digest])

    read_blob = read_message

    def erased(self, digest: str) -> str | None:
        return self.erasures.get(digest)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self.piece_bytes):
            yield data[start : start + self.piece_bytes]
