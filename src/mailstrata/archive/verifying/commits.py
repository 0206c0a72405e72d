"""Verifying what stands at the root: `format.json`, `README.txt`, and the chain of commit records from the first on.

Where a record is damaged or missing, what the archive holds is made out as far as the other records tell, so that the
rest can still be verified.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.commits.records import CommitRecord
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.folder.seal import check_seal
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind, key_of
from mailstrata.archive.verifying.derived import catalogue_commit
from mailstrata.archive.verifying.findings import Affected, Finding, FindingCode, of_sources
from mailstrata.errors import ArchiveError, NotAnArchiveError

_RECORD_NAME = re.compile(r"([0-9]{8,})\.json")
_RESTORE = "bring it back from a backup"


def verify_root(layout: Layout) -> Iterator[Finding]:
    """Check `format.json` and `README.txt`.

    Raises `NotAnArchiveError` where no archive lies there, and `UnsupportedFormatError` where a whole `format.json`
    asks for a newer version.
    """
    name = layout.format.name
    readme_sha256 = None
    try:
        data = layout.format.read_bytes()
    except FileNotFoundError as error:
        if not layout.commits.is_dir() or not layout.packs.is_dir():
            raise _no_archive(layout) from error
        yield Finding(FindingCode.FORMAT_MISSING, name, "", "the file is missing; `mailstrata repair` writes it anew")
    except NotADirectoryError as error:
        raise _no_archive(layout) from error
    except OSError as error:
        yield Finding(FindingCode.FORMAT_DAMAGED, name, "", f"cannot be read: {error.strerror}")
    else:
        try:
            check_seal(data)
        except ValueError as error:
            yield Finding(FindingCode.FORMAT_DAMAGED, name, "", f"{error}; `mailstrata repair` writes it anew")
        else:
            layout.check_format()
            readme_sha256 = json.loads(data).get("readme_sha256")
    yield from _verify_readme(layout, readme_sha256)


def _no_archive(layout: Layout) -> NotAnArchiveError:
    return NotAnArchiveError(f"{layout.root} is not a mailstrata archive; name the folder that it wrote")


def _verify_readme(layout: Layout, sha256: str | None) -> Iterator[Finding]:
    name = layout.readme.name
    try:
        data = layout.readme.read_bytes()
    except FileNotFoundError:
        yield Finding(FindingCode.README_MISSING, name, "", "the file is missing; `mailstrata repair` writes it anew")
    except OSError as error:
        yield Finding(FindingCode.README_DAMAGED, name, "", f"cannot be read: {error.strerror}")
    else:
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            yield Finding(
                FindingCode.README_DAMAGED, name, "", "its SHA-256 is not that which format.json states for it"
            )


class ChainCheck:
    """Reads every record from the first one on. `state` is what the archive holds after the last one, as far as the
    records tell; `is_whole` says whether all of them could be relied on; `commits` is the number of the last."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.state = ArchiveState()
        self.is_whole = True
        self.commits = 0
        self.bytes_read = 0
        # Whether `state` has everything that the records so far have added.
        self._knows_all = True
        self._previous: str | None = ""
        self._running = Totals()
        self._unreadable: list[tuple[FindingCode, int, str]] = []

    def log(self) -> CommitLog:
        """A log that stands at `state`."""
        log = CommitLog(self._layout.commits)
        log.state = self.state
        return log

    def findings(self) -> Iterator[Finding]:
        """Check the chain, once."""
        numbers = self._numbers()
        self.commits = max(numbers, default=0)
        if not numbers and any(self._layout.packs.glob("*.tar.zst")) and not self._is_first_run_unfinished():
            yield Finding(
                FindingCode.COMMIT_MISSING, "commits", "", f"there are packs, but not a single record; {_RESTORE}"
            )
        for number in range(1, self.commits + 1):
            yield from self._record(number)
        # What an unreadable record added may stand in a later full one; what does not is affected.
        for code, number, text in self._unreadable:
            yield Finding(code, _path(number), "", text, self._added_by(number))

    def _is_first_run_unfinished(self) -> bool:
        """Whether a run that never came to its first commit left the packs: the catalogue, which follows each commit,
        knows of none, and every pack was written for the first. Where the catalogue is gone too, nobody can tell."""
        state = catalogue_commit(self._layout)
        packs = self._layout.packs.glob("*.tar.zst")
        return state is not None and state[0] == 0 and all(path.name.startswith("00000001-") for path in packs)

    def _numbers(self) -> set[int]:
        try:
            names = [path.name for path in self._layout.commits.iterdir()]
        except OSError:
            return set()
        return {int(found[1]) for name in names if (found := _RECORD_NAME.fullmatch(name))}

    def _record(self, number: int) -> Iterator[Finding]:
        path = self._layout.root / _path(number)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            self._cannot_read(FindingCode.COMMIT_MISSING, number, f"the record is missing; {_RESTORE}")
            return
        except OSError as error:
            self._cannot_read(FindingCode.COMMIT_DAMAGED, number, f"cannot be read: {error.strerror}; {_RESTORE}")
            return
        self.bytes_read += len(data)
        previous, self._previous = self._previous, hashlib.sha256(data).hexdigest()
        try:
            record = CommitRecord.from_bytes(data)
        except ValueError as error:
            self._previous = None
            yield from self._damaged(number, data, error)
            return
        if record.number != number:
            self._cannot_read(
                FindingCode.COMMIT_DAMAGED, number, f"it says that it is commit {record.number}; {_RESTORE}"
            )
            return
        if previous is not None and record.previous != previous:
            self.is_whole = False
            yield Finding(
                FindingCode.COMMIT_CHAIN,
                _path(number),
                "previous_sha256",
                f"it does not follow {number - 1:08d}.json as that lies there: one of them was exchanged; {_RESTORE}",
                of_sources([snapshot.label for snapshot in record.sources]),
            )
        yield from self._apply(record)

    def _cannot_read(self, code: FindingCode, number: int, text: str) -> None:
        self.is_whole = self._knows_all = False
        self._previous = None
        self._unreadable.append((code, number, text))

    def _damaged(self, number: int, data: bytes, error: ValueError) -> Iterator[Finding]:
        text = f"the record is damaged: {error}; {_RESTORE}"
        try:
            record = CommitRecord.from_damaged_bytes(data)
        except ValueError:
            self._cannot_read(FindingCode.COMMIT_DAMAGED, number, text)
            return
        self.is_whole = self._knows_all = False
        affected = of_sources([snapshot.label for snapshot in record.sources])
        yield Finding(FindingCode.COMMIT_DAMAGED, _path(number), "", text, affected)
        # Most of it is as it was: enough to tell what of the archive is whole.
        self._apply_what_fits(record)

    def _apply(self, record: CommitRecord) -> Iterator[Finding]:
        path = _path(record.number)
        if not self._knows_all:
            if record.full is not None:
                self.state = ArchiveState()
                self.state.apply(record, self._previous or "")
                self._knows_all = True
            else:
                self._apply_what_fits(record)
            self._running = record.running_totals.copy()
            return
        try:
            self.state.apply(record, self._previous or "")
        except ArchiveError as error:
            yield Finding(FindingCode.COMMIT_INCONSISTENT, path, "", str(error))
            self._knows_all = False
            self._apply_what_fits(record)
        if record.full is not None and self._knows_all and record.full != self.state.full():
            text = "it lists other files or sources than the records up to it"
            yield Finding(FindingCode.COMMIT_INCONSISTENT, path, "full", text)
        yield from self._verify_ledger(record)

    def _apply_what_fits(self, record: CommitRecord) -> None:
        state = self.state
        for removed in record.removed:
            state.files.pop(removed, None)
        for entry in record.added:
            state.files.setdefault(entry.path, entry)
        fitting = ArchiveState()
        fitting.snapshots = {each.snapshot: state.snapshots[each.snapshot] for each in record.sources
                             if each.snapshot in state.snapshots}  # fmt: skip
        fitting.number = record.number
        rest = CommitRecord(
            record.number, "", "", "", {}, [], [], record.sources, record.totals, record.running_totals
        )  # fmt: skip
        fitting.apply(rest, "")
        state.snapshots.update(fitting.snapshots)
        state.totals = record.running_totals
        state.number, state.sha256 = record.number, self._previous or ""

    def _verify_ledger(self, record: CommitRecord) -> Iterator[Finding]:
        path = _path(record.number)
        self._running.add(record.totals)
        if self._running != record.running_totals:
            yield Finding(
                FindingCode.LEDGER, path, "running_totals", "they are not the sum of the totals of all records up to it"
            )
            self._running = record.running_totals.copy()
        if problem := record.totals.check():
            labels = of_sources([snapshot.label for snapshot in record.sources])
            yield Finding(FindingCode.LEDGER, path, "totals", f"the ledger does not add up: {problem}", labels)
        for snapshot in record.sources:
            if problem := snapshot.totals.check():
                yield Finding(
                    FindingCode.LEDGER,
                    path,
                    f"snapshot {snapshot.snapshot}",
                    f"the ledger of {snapshot.label} does not add up: {problem}",
                    of_sources([snapshot.label]),
                )

    def _added_by(self, number: int) -> Affected:
        """What the packs hold that a commit has added, by their names, and that no record names now."""
        affected = Affected()
        for pack in sorted(self._layout.packs.glob(f"{number:08d}-*.tar.zst")):
            if f"packs/{pack.name}" not in self.state.files:
                _add_members(pack, affected)
        return affected


def _add_members(pack: Path, affected: Affected) -> None:
    try:
        for name, _ in pack_reader.members(pack):
            known = key_of(name)
            if known is None or known[0] is MemberKind.SEGMENT:
                continue
            names = affected.attachments if known[0] is MemberKind.BLOB else affected.messages
            names.add(known[1].hex())
    except ArchiveError:
        # A pack that no record names and that is damaged as well: what was listed before that point is all there is.
        return


def _path(number: int) -> str:
    return f"commits/{number:08d}.json"
