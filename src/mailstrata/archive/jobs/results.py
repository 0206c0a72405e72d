"""What passes between the coordinator and its workers: orders one way, answers the other, each as a plain tuple.

Orders (`Order`), in the order in which a worker carries them out::

    ("open", directory, level, limits, name)    the first one
    ("begin", number)               a commit was written, or the first one comes; runs are numbered from there on
    ("files", runs)                 read files, of each run those of one source, from beginning to end
    ("piece", piece)                read a part of a region, whose bytes follow:
        ("data", slot)                  the next ones
        ("cut", end, blank, ahead)      it ends at `end`, behind a blank line; the line `ahead` should begin a message
        ("end",)                        it ends with its region
    ("slots", slots)                an order that is too large for a pipe, pickled
    ("commit", bases)               finish packs and index files; `bases` are the messages before each run since "begin"
    ("end",)                        let go of everything, and end

`number` is that of a *run*: a stretch of one source that one worker does at once and answers for at once. Numbers grow
in the order of the sources. A worker answers (`Answer`)::

    ("free", slot number)       what stood in the slot was read
    ("run", RunResult)          a run has ended
    ("done", None)              all runs of an order have ended
    ("ready", WorkerFiles)      packs and index files are finished
    ("failed", exception)       it cannot go on, and ends
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import NUMBERS, Totals
from mailstrata.message.origin import Failure, FileInfo, RegionKind, SourceFile, SourceInfo

Order = tuple[Any, ...]
Answer = tuple[str, Any]

KnownPlace = tuple[int, int, str]
"""Where the snapshot before had the last message of a file: start, end, SHA-256."""


@dataclass(slots=True)
class SourceOrder:
    """The source of a run, as its rows and lines name it."""

    info: SourceInfo
    snapshot: str


@dataclass(slots=True)
class Piece:
    """A part of a region from byte `start` of its file on, in which the snapshot before had a message at the place
    `known`. `lengths` is the file itself, where Content-Length fields may be asked about."""

    number: int
    source: SourceOrder
    known: KnownPlace | None
    file: FileInfo
    kind: RegionKind
    start: int
    lengths: SourceFile | None = None


@dataclass(slots=True)
class RunResult:
    """What a run came to.

    `lines` are those of its snapshot, or the path of a file that holds them, `own_lines` counts them. `totals` and
    `corrections` (to runs whose number stands with them) are counts by name, with those of defects beneath `defects`.
    `is_confirmed` says that a message begins where the run was to end.
    """

    number: int
    end: int = 0
    lines: bytes = b""
    spooled: str = ""
    own_lines: int = 0
    totals: dict[str, Any] = field(default_factory=dict)
    corrections: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    is_confirmed: bool = True
    messages: int = 0
    parts: int = 0
    attachments: int = 0
    decoded_bytes: int = 0
    bytes_read: int = 0
    defects: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class WorkerFiles:
    """What a worker has finished for a commit: files under their names, and the database of its packs' members."""

    files: list[FileEntry]
    catalogue: str
    packs: dict[int, str]


def packed(totals: Totals) -> dict[str, Any]:
    """The counts that are not 0."""
    counts: dict[str, Any] = {name: count for name in NUMBERS if (count := getattr(totals, name))}
    if totals.defects:
        counts["defects"] = dict(totals.defects)
    return counts


def add_counts(totals: Totals, counts: dict[str, Any]) -> None:
    """Add what `packed` gave."""
    for name, count in counts.items():
        if name == "defects":
            totals.defects.update(count)
        else:
            setattr(totals, name, getattr(totals, name) + count)
