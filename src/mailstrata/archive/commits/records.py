"""Commit records: what each says, and how it stands in its JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.seal import check_seal, sealed
from mailstrata.archive.packs.members import key_of

RECORD_FORMAT = "mailstrata-commit"

SnapshotStatus = Literal["open", "complete", "incomplete"]

_DIGEST = re.compile("[0-9a-f]{64}")
_PATH = re.compile(r"(?:packs|index/[a-z]+)/[A-Za-z0-9][A-Za-z0-9._-]*")


def bytes_to_json(data: bytes | bytearray) -> str:
    """Bytes as a JSON string: each character is the byte of its number (ISO 8859-1)."""
    return data.decode("latin-1")


def bytes_from_json(text: str) -> bytes:
    """The bytes that such a string stands for; ValueError where it has other characters."""
    return text.encode("latin-1")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the archive: path below its root with `/`, size in bytes, SHA-256; `rows` of a table, or members
    of a pack."""

    path: str
    size: int
    sha256: str
    rows: int

    def to_json(self) -> dict[str, Any]:
        """As an object of a record."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256, "rows": self.rows}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FileEntry:
        """From an object of a record. Raises KeyError, TypeError or ValueError for what is none."""
        entry = cls(str(data["path"]), int(data["size"]), str(data["sha256"]), int(data["rows"]))
        if not _PATH.fullmatch(entry.path) or not _DIGEST.fullmatch(entry.sha256):
            raise ValueError(f"not a file of an archive: {entry.path}")
        return entry


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment of a source: the name of its member in a pack, its size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """As an object of a record."""
        return {"name": self.name, "size": self.size, "sha256": self.sha256}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SegmentEntry:
        """From an object of a record. Raises KeyError or TypeError for what is none."""
        return cls(str(data["name"]), int(data["size"]), str(data["sha256"]))


@dataclass(frozen=True, slots=True)
class SourceCheckpoint:
    """How far a source that is still being read has come: the file, the offset in it up to which all is committed
    (bytes, decompressed), the messages of the source before that, and the SHA-256 of the file's bytes before the
    offset (None where it is not known)."""

    file: bytes
    offset: int
    messages: int
    sha256: str | None = None


@dataclass(slots=True)
class SourceSnapshot:
    """A source as one run read it; identified by `snapshot`.

    `totals` are those of the snapshot so far. In a record, `segments` are those that the record adds; in a full
    snapshot and in memory, all. `status` is `open` until the source has ended. `stamp` is size in bytes and time of
    change in nanoseconds of the one file that the source was, when reading began (None where it is none). `depth` is
    how many snapshots one has to read behind each other because lines are copied from the one before; 0 where
    none are.
    """

    id: str
    snapshot: str
    label: str
    path: bytes
    kind: str
    status: SnapshotStatus = "open"
    reasons: list[str] = field(default_factory=list)
    segments: list[SegmentEntry] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    checkpoint: SourceCheckpoint | None = None
    first_commit: int = 0
    last_commit: int = 0
    stamp: tuple[int, int] | None = None
    depth: int = 0

    def to_json(self) -> dict[str, Any]:
        """As an object of a record."""
        checkpoint = self.checkpoint
        return {
            "id": self.id,
            "snapshot": self.snapshot,
            "label": self.label,
            "path": bytes_to_json(self.path),
            "kind": self.kind,
            "status": self.status,
            "reasons": self.reasons,
            "checkpoint": checkpoint
            and {
                "file": bytes_to_json(checkpoint.file),
                "offset": checkpoint.offset,
                "messages": checkpoint.messages,
                "sha256": checkpoint.sha256,
            },
            "segments": [segment.to_json() for segment in self.segments],
            "totals": self.totals.to_json(),
            "first_commit": self.first_commit,
            "last_commit": self.last_commit,
            "stamp": self.stamp and list(self.stamp),
            "depth": self.depth,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SourceSnapshot:
        """From an object of a record. Raises KeyError, TypeError or ValueError for what is none."""
        checkpoint = data["checkpoint"]
        stamp = data["stamp"]
        status = data["status"]
        if status not in ("open", "complete", "incomplete"):
            raise ValueError(f"not a status of a source: {status}")
        return cls(
            id=str(data["id"]),
            snapshot=str(data["snapshot"]),
            label=str(data["label"]),
            path=bytes_from_json(data["path"]),
            kind=str(data["kind"]),
            status=status,
            reasons=[str(reason) for reason in data["reasons"]],
            segments=[SegmentEntry.from_json(segment) for segment in data["segments"]],
            totals=Totals.from_json(data["totals"]),
            checkpoint=checkpoint
            and SourceCheckpoint(
                bytes_from_json(checkpoint["file"]),
                int(checkpoint["offset"]),
                int(checkpoint["messages"]),
                None if checkpoint["sha256"] is None else str(checkpoint["sha256"]),
            ),
            first_commit=int(data["first_commit"]),
            last_commit=int(data["last_commit"]),
            stamp=stamp and (int(stamp[0]), int(stamp[1])),
            depth=int(data["depth"]),
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """A message or blob that was erased for good: its SHA-256, and why, in the words of whoever erased it.

    A blob is erased with the last message that held it; it may be kept again with another message. A message may not.
    """

    sha256: str
    kind: Literal["message", "blob"]
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As an object of a record."""
        return {"sha256": self.sha256, "kind": self.kind, "reason": self.reason}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Erasure:
        """From an object of a record. Raises KeyError, TypeError or ValueError for what is none."""
        sha256, kind = str(data["sha256"]), data["kind"]
        if kind not in ("message", "blob") or not _DIGEST.fullmatch(sha256):
            raise ValueError(f"not something that can be erased: {kind} {sha256}")
        return cls(sha256, kind, str(data["reason"]))


@dataclass(frozen=True, slots=True)
class FullState:
    """All that counts after a commit: every live file, every snapshot of every source, all that was ever erased, and
    all that was lost (see `CommitRecord`)."""

    files: list[FileEntry]
    snapshots: list[SourceSnapshot]
    erasures: list[Erasure] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """One commit: what it adds, removes and erases, and what the archive comes to with it.

    `previous` is the SHA-256 of the record before it, empty for the first. `totals` are this commit's own,
    `running_totals` those of all commits up to it. `full` is there in every hundredth record. `lost` are the names of
    members that are gone for good, by which a repair keeps account of them.
    """

    number: int
    previous: str
    created: str
    written_by: str
    options: dict[str, str]
    added: list[FileEntry]
    removed: list[str]
    sources: list[SourceSnapshot]
    totals: Totals
    running_totals: Totals
    full: FullState | None = None
    erased: list[Erasure] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """The content of the record's file."""
        data: dict[str, Any] = {
            "format": RECORD_FORMAT,
            "version": 1,
            "number": self.number,
            "previous_sha256": self.previous or None,
            "created": self.created,
            "written_by": self.written_by,
            "options": self.options,
            "added": [entry.to_json() for entry in self.added],
            "removed": self.removed,
            "erased": [erasure.to_json() for erasure in self.erased],
            "sources": [snapshot.to_json() for snapshot in self.sources],
            "totals": self.totals.to_json(),
            "running_totals": self.running_totals.to_json(),
        }
        if self.lost:
            data["lost"] = self.lost
        if self.full is not None:
            data["full"] = {
                "files": [entry.to_json() for entry in self.full.files],
                "sources": [snapshot.to_json() for snapshot in self.full.snapshots],
                "erased": [erasure.to_json() for erasure in self.full.erasures],
            }
            if self.full.lost:
                data["full"]["lost"] = self.full.lost
        return sealed(data)

    @classmethod
    def from_bytes(cls, data: bytes) -> CommitRecord:
        """Read the content of a record's file.

        Raises ValueError for what is no record of this format, or of which a single bit has changed.
        """
        check_seal(data)
        return cls.from_damaged_bytes(data)

    @classmethod
    def from_damaged_bytes(cls, data: bytes) -> CommitRecord:
        """What a record says whose bytes are not the original ones: nothing to rely on, only to say what is affected.

        Raises ValueError for what is no record of this format.
        """
        try:
            stated = json.loads(data)
            if stated["format"] != RECORD_FORMAT or stated["version"] != 1:
                raise ValueError("not a commit record of format 1")
            full = stated.get("full")
            return cls(
                number=int(stated["number"]),
                previous=str(stated["previous_sha256"] or ""),
                created=str(stated["created"]),
                written_by=str(stated["written_by"]),
                options={str(name): str(value) for name, value in stated["options"].items()},
                added=[FileEntry.from_json(entry) for entry in stated["added"]],
                removed=[str(path) for path in stated["removed"]],
                sources=[SourceSnapshot.from_json(snapshot) for snapshot in stated["sources"]],
                totals=Totals.from_json(stated["totals"]),
                running_totals=Totals.from_json(stated["running_totals"]),
                full=full
                and FullState(
                    [FileEntry.from_json(entry) for entry in full["files"]],
                    [SourceSnapshot.from_json(snapshot) for snapshot in full["sources"]],
                    [Erasure.from_json(erasure) for erasure in full["erased"]],
                    _member_names(full),
                ),
                erased=[Erasure.from_json(erasure) for erasure in stated["erased"]],
                lost=_member_names(stated),
            )
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"something is missing or of the wrong kind ({error!r})") from error


def _member_names(stated: Mapping[str, Any]) -> list[str]:
    names = [str(name) for name in stated.get("lost", [])]
    for name in names:
        if key_of(name) is None:
            raise ValueError(f"not a member of a pack: {name}")
    return names
