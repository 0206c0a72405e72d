"""The chain of commit records: reading it, checking it, adding to it.

Each record names the one before it by its SHA-256; every hundredth lists all that counts, so that a reader begins
there. What a record names was synced before the record was; the record appears whole or not at all, and
never in place of another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from mailstrata.archive.commits.records import CommitRecord, Erasure, FileEntry, FullState, SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.files import write_new
from mailstrata.errors import ArchiveError, TargetError
from mailstrata.index.files import writing

FULL_EVERY = 100
"""Every record whose number is a multiple of this is a full snapshot."""

_RECORD_NAME = re.compile(r"([0-9]{8,})\.json")
_CHECK = "check permissions and disk"
_FROM_A_BACKUP = "bring the folder commits/ back from a backup"


@dataclass(slots=True)
class ArchiveState:
    """What counts after a commit: `files` by path, `snapshots` of sources by their identifier, in order of their
    first commit; `number` and `sha256` are those of its record (0 and empty before the first).

    `erasures` are all that there ever were, in order; `erased` gives for each erased message, by its SHA-256, why.
    `lost` has the names of all members that a repair has found to be gone; some may have come in again since.
    """

    number: int = 0
    sha256: str = ""
    files: dict[str, FileEntry] = field(default_factory=dict)
    snapshots: dict[str, SourceSnapshot] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    erasures: list[Erasure] = field(default_factory=list)
    erased: dict[str, str] = field(default_factory=dict)
    lost: dict[str, None] = field(default_factory=dict)

    def apply(self, record: CommitRecord, sha256: str) -> None:
        """Go on to the state after the next record. Raises `ArchiveError` where the record does not fit."""
        if record.full is not None and self.number == 0:
            self.files = {entry.path: entry for entry in record.full.files}
            self.snapshots = {snapshot.snapshot: snapshot for snapshot in record.full.snapshots}
            self._erase(record.full.erasures)
            self.lost = dict.fromkeys(record.full.lost)
        else:
            self._erase(record.erased)
            if record.lost:
                self.lost = self.lost | dict.fromkeys(record.lost)
            for path in record.removed:
                if self.files.pop(path, None) is None:
                    raise ArchiveError(f"commit {record.number} removes {path}, which is not there")
            for entry in record.added:
                if entry.path in self.files:
                    raise ArchiveError(f"commit {record.number} adds {entry.path}, which is there already")
                self.files[entry.path] = entry
            for snapshot in record.sources:
                before = self.snapshots.get(snapshot.snapshot)
                current = copy(snapshot)
                if before is not None:
                    current.segments = before.segments + snapshot.segments
                self.snapshots[snapshot.snapshot] = current
        self.totals = record.running_totals
        self.number, self.sha256 = record.number, sha256

    def _erase(self, erasures: list[Erasure]) -> None:
        # Not in place: the state before shares them.
        self.erasures = self.erasures + erasures
        self.erased = self.erased | {each.sha256: each.reason for each in erasures if each.kind == "message"}

    def full(self) -> FullState:
        """This state as a record lists it."""
        return FullState(list(self.files.values()), list(self.snapshots.values()), list(self.erasures), list(self.lost))


class CommitLog:
    """The records in a folder. `state` is that after the last one, once `load` was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = ArchiveState()

    def path(self, number: int) -> Path:
        """The file of a record."""
        return self.folder / f"{number:08d}.json"

    def numbers(self) -> list[int]:
        """The numbers of the records that lie in the folder, in order.

        Raises `ArchiveError` where one is missing between the first and the last, or the folder cannot be read.
        """
        try:
            names = (path.name for path in self.folder.iterdir())
            numbers = sorted(int(found[1]) for name in names if (found := _RECORD_NAME.fullmatch(name)))
        except OSError as error:
            raise ArchiveError(f"cannot read {self.folder}: {error.strerror}; {_CHECK}") from error
        for expected, number in enumerate(numbers, start=1):
            if number != expected:
                raise ArchiveError(f"{self.path(expected)} is missing; {_FROM_A_BACKUP}")
        return numbers

    def read(self, number: int) -> tuple[CommitRecord, str]:
        """A record and its SHA-256. Raises `ArchiveError` where it is missing or damaged."""
        path = self.path(number)
        try:
            data = path.read_bytes()
            record = CommitRecord.from_bytes(data)
        except FileNotFoundError as error:
            raise ArchiveError(f"{path} is missing; {_FROM_A_BACKUP}") from error
        except OSError as error:
            raise ArchiveError(f"cannot read {path}: {error.strerror}; {_CHECK}") from error
        except ValueError as error:
            raise ArchiveError(f"{path} is damaged: {error}; {_FROM_A_BACKUP}") from error
        if record.number != number:
            raise ArchiveError(f"{path} says that it is commit {record.number}; {_FROM_A_BACKUP}")
        return record, hashlib.sha256(data).hexdigest()

    def load(self) -> None:
        """Read the state after the last record, from the last full snapshot on, and check the chain from there.

        Raises `ArchiveError` where a record is missing, damaged, or not the one that the next one names.
        """
        numbers = self.numbers()
        last = numbers[-1] if numbers else 0
        first = max(1, last - last % FULL_EVERY)
        state = ArchiveState()
        for record, sha256 in self._chain(first, last, ""):
            if record.number == first and first > 1 and record.full is None:
                raise ArchiveError(f"{self.path(first)} is no full snapshot; {_FROM_A_BACKUP}")
            state.apply(record, sha256)
        self.state = state

    def records(self) -> Iterator[CommitRecord]:
        """All records from the first one on, the chain checked on the way. Raises `ArchiveError` as `load` does."""
        numbers = self.numbers()
        for record, _ in self._chain(1, numbers[-1] if numbers else 0, ""):
            yield record

    def _chain(self, first: int, last: int, previous: str) -> Iterator[tuple[CommitRecord, str]]:
        for number in range(first, last + 1):
            record, sha256 = self.read(number)
            if (number > first or first == 1) and record.previous != previous:
                raise ArchiveError(
                    f"{self.path(number)} does not follow {self.path(number - 1).name}, whose SHA-256 it states: "
                    f"one of the two was changed; {_FROM_A_BACKUP}"
                )
            yield record, sha256
            previous = sha256

    def append(
        self,
        *,
        created: str,
        written_by: str,
        options: dict[str, str],
        added: list[FileEntry],
        removed: list[str],
        sources: list[SourceSnapshot],
        totals: Totals,
        erased: list[Erasure] | None = None,
        lost: list[str] | None = None,
    ) -> None:
        """Commit: write the next record, durably, and go on to the state after it.

        All that it names must have been synced before. Raises `TargetError` where it cannot be written.
        """
        state = self.state
        number = state.number + 1
        for snapshot in sources:
            before = state.snapshots.get(snapshot.snapshot)
            snapshot.first_commit = number if before is None else before.first_commit
            snapshot.last_commit = number
        running = state.totals.copy()
        running.add(totals)
        record = CommitRecord(
            number, state.sha256, created, written_by, options, added, removed, sources, totals, running,
            erased=erased or [], lost=lost or [],
        )  # fmt: skip
        after = replace(state, files=dict(state.files), snapshots=dict(state.snapshots))
        after.apply(record, "")
        if number % FULL_EVERY == 0:
            record = replace(record, full=after.full())
        data = record.to_bytes()
        path = self.path(number)
        with writing(path):
            try:
                write_new(path, data)
            except FileExistsError as error:
                raise TargetError(
                    f"{path} was written by another process meanwhile; run the same command again"
                ) from error
        after.sha256 = hashlib.sha256(data).hexdigest()
        self.state = after
