"""Repairing an archive: saving what is whole, naming what is lost, making anew what is derived.

What cannot be made again from the archive itself is never invented: a damaged commit record needs a backup, or the
word of whoever gives up the last commit. The order, each step synced before the next: damaged files get a second name
in the folder `damaged`; new packs; new tables; the catalogue goes; one commit record, which also names what is lost;
the damaged packs lose their old names; a new catalogue. Interrupted anywhere, the archive is as it was before, or
repaired but for the catalogue, and running it again finishes.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.files import remove
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout, utc_now, written_by
from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, key_of
from mailstrata.archive.packs.pack_reader import members
from mailstrata.archive.repairing.files import keep_aside, remove_named, write_root_files
from mailstrata.archive.repairing.packs import save_whole_members
from mailstrata.archive.repairing.report import MOST_REMAINING, Damage, RepairReport
from mailstrata.archive.verifying.archive import ProvenArchive, name_of
from mailstrata.archive.verifying.commits import ChainCheck
from mailstrata.archive.verifying.derived import catalogue_commit
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.archive.verifying.findings import FindingCode
from mailstrata.archive.verifying.verify import Verification
from mailstrata.errors import ArchiveError, NotAnArchiveError, UsageError
from mailstrata.index.files import writing
from mailstrata.sinks.progress import Progress

_PACK_CODES = frozenset(
    {
        FindingCode.PACK_MISSING,
        FindingCode.PACK_DAMAGED,
        FindingCode.PACK_TABLE,
        FindingCode.MEMBER_DAMAGED,
        FindingCode.SEGMENT_DAMAGED,
    }
)
_ROOT_CODES = frozenset(
    {
        FindingCode.FORMAT_MISSING,
        FindingCode.FORMAT_DAMAGED,
        FindingCode.README_MISSING,
        FindingCode.README_DAMAGED,
    }
)
_RECORD_CODES = frozenset(
    {
        FindingCode.COMMIT_MISSING,
        FindingCode.COMMIT_DAMAGED,
        FindingCode.COMMIT_CHAIN,
        FindingCode.COMMIT_INCONSISTENT,
    }
)
_INDEX_CODES = frozenset({FindingCode.INDEX_MISSING, FindingCode.INDEX_DAMAGED, FindingCode.INDEX_WRONG})
# What follows from lost packs: once that is on record it is no damage any more.
_CONSEQUENCES = frozenset({FindingCode.SEGMENT_MISSING, FindingCode.SOURCE_DAMAGED, FindingCode.MESSAGE_DAMAGED})
_PACK_NUMBER = re.compile(r"([0-9]{8,})-.*\.tar\.zst")


def repair(
    path: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    drop_last_commit: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> RepairReport:
    """Verify the archive in a folder and repair what can be repaired; with `dry_run` only say what would be done.

    `drop_last_commit` gives up the last commit, whose record is damaged or missing: packs that only it named go to the
    folder `damaged`. Raises `NotAnArchiveError`, `UnsupportedFormatError`, `LockedError`, `TargetError`, `ArchiveError`
    where the commit records do not say what the archive holds, and `UsageError` where there is no damaged last commit
    to drop.
    """
    layout = Layout(Path(path))
    if not layout.commits.is_dir():
        raise NotAnArchiveError(f"{layout.root} is not a mailstrata archive; name the folder that it wrote")
    with ExitStack() as stack:
        if not dry_run:
            lock = WriterLock(layout.lock)
            lock.acquire()
            stack.callback(lock.release)
        evidence = stack.enter_context(Evidence())
        return _Repair(layout, evidence, RepairReport(dry_run), progress).run(drop_last_commit=drop_last_commit)


class _Repair:
    def __init__(
        self,
        layout: Layout,
        evidence: Evidence,
        report: RepairReport,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._layout = layout
        self._evidence = evidence
        self._report = report
        self._progress = progress
        self._log = CommitLog(layout.commits)

    def run(self, *, drop_last_commit: bool) -> RepairReport:
        """Do it all."""
        report = self._report
        self._check_records(drop=drop_last_commit)
        if report.is_dry_run and report.dropped_commit is not None:
            # The rest can only be told when the commit is gone.
            return report
        self._log.load()
        damage = self._verify()
        lost = self._lost_names(damage)
        report.root_files = damage.root_files
        report.tables = sorted(self._tables(damage))
        report.catalogue = damage.catalogue or bool(damage.packs or lost) or not self._layout.catalogue.is_file()
        for pack in damage.packs:
            is_saved = next(self._evidence.members_of(pack), None) is not None
            (report.packs_saved if is_saved else report.packs_lost).append(pack)
        if not (damage.packs or lost):
            for finding in damage.consequences:
                report.remain(finding)
            report.remaining_count += damage.other_consequences
        if report.is_dry_run:
            return report
        if damage.root_files:
            report.set_aside += write_root_files(self._layout)
        if damage.packs or lost or report.tables:
            self._commit(damage, lost)
        if report.catalogue:
            self._make_catalogue()
        return report

    # Commit records --------------------------------------------------------------------------------------------

    def _check_records(self, *, drop: bool) -> None:
        """Raise `ArchiveError` where the records do not say what the archive holds, unless it is only the last."""
        numbers = self._log.numbers()
        last = numbers[-1] if numbers else 0
        problem: ArchiveError | None = None
        if last:
            try:
                self._log.read(last)
            except ArchiveError as error:
                problem = error
        known = catalogue_commit(self._layout)
        missing = known[0] if known is not None and known[0] > last else 0
        if problem is None and not missing:
            if drop:
                raise UsageError(
                    f"the record of the last commit, {last}, is whole; run the command without dropping it"
                )
            return
        number = missing or last
        if not drop:
            reason = str(problem) if problem is not None else f"{self._log.path(missing)} is missing"
            advice = f"without a backup, `mailstrata repair --drop-last-commit` gives up what commit {number} added"
            raise ArchiveError(f"{reason}; {advice}")
        self._report.dropped_commit = number
        if not self._report.is_dry_run:
            self._drop(last if problem is not None else 0)

    def _drop(self, record: int) -> None:
        """Set the record aside, if it is there, and all packs that only it, or a missing one, can have named."""
        layout, log = self._layout, CommitLog(self._layout.commits)
        for finding in ChainCheck(layout).findings():
            if finding.path != f"commits/{record:08d}.json" and finding.code in _RECORD_CODES:
                raise ArchiveError(f"{layout.root / finding.path}: {finding.text}; the last commit was not dropped")
        if record:
            aside = keep_aside(layout, log.path(record))
            self._report.set_aside.append(aside)
            remove_named(log.path(record))
        log.load()
        for path in sorted(layout.packs.iterdir()):
            found = _PACK_NUMBER.fullmatch(path.name)
            if found and int(found[1]) > log.state.number and f"packs/{path.name}" not in log.state.files:
                self._report.set_aside.append(keep_aside(layout, path))
                remove_named(path)
        for path in (layout.catalogue, layout.catalogue_journal):
            with writing(path):
                remove(path)

    # What is damaged -------------------------------------------------------------------------------------------

    def _verify(self) -> Damage:
        damage = Damage()
        report = self._report
        for finding in Verification(self._layout.root, progress=self._progress, evidence=self._evidence):
            code = finding.code
            if code in _PACK_CODES:
                damage.packs[finding.path] = None
            elif code in _INDEX_CODES:
                damage.index_files.add(finding.path)
                damage.tables.add(finding.path.split("/")[1])
            elif code in _ROOT_CODES:
                damage.root_files = True
            elif code is FindingCode.CATALOGUE:
                damage.catalogue = True
            elif code in _CONSEQUENCES:
                if len(damage.consequences) < MOST_REMAINING:
                    damage.consequences.append(finding)
                else:
                    damage.other_consequences += 1
            elif finding.is_damage:
                report.remain(finding)
        return damage

    def _lost_by_index(self, damage: Damage) -> Iterator[str]:
        """Messages of which only the index still knows: what named them in their sources is lost as well."""
        from mailstrata.archive.verifying.index import messages_of  # noqa: PLC0415 - pyarrow takes a tenth of a second

        state, find = self._log.state, self._evidence.find
        for path in state.files:
            if path.startswith("index/messages/") and path not in damage.index_files:
                for key in messages_of(self._layout.root / path):
                    name = name_of(MemberKind.MESSAGE, key)
                    is_known = key.hex() in state.erased or name in state.lost
                    if not is_known and all(find(kind, key) is None for kind in MESSAGE_KINDS):
                        yield name

    def _lost_names(self, damage: Damage) -> list[str]:
        """The names of what cannot be had any more, and is not on record as lost."""
        report, state = self._report, self._log.state
        names: dict[str, None] = {}
        for kind, key in self._evidence.lost():
            # Whatever a message was kept as, it is named as what it is.
            named = MemberKind.MESSAGE if kind in MESSAGE_KINDS else kind
            if named is MemberKind.MESSAGE and key.hex() in state.erased:
                continue
            name = name_of(named, key)
            if name not in state.lost:
                names[name] = None
        if names or damage.packs:
            names.update(dict.fromkeys(self._lost_by_index(damage)))
        for name in names:
            known = key_of(name)
            assert known is not None
            report.lost_messages += known[0] is MemberKind.MESSAGE
            report.lost_attachments += known[0] is MemberKind.BLOB
            report.lost_segments += known[0] is MemberKind.SEGMENT
        return list(names)

    def _tables(self, damage: Damage) -> frozenset[str]:
        """The tables that have to be made anew."""
        tables = {table for table in damage.tables if table in TABLE_NAMES}
        if tables & {"messages", "parts"}:
            # Both come from taking the messages apart once.
            tables |= {"messages", "parts"}
        if damage.packs:
            tables.add("blobs")
        return frozenset(tables)

    # Writing ---------------------------------------------------------------------------------------------------

    def _commit(self, damage: Damage, lost: list[str]) -> None:
        layout, report, state = self._layout, self._report, self._log.state
        number = state.number + 1
        removed = [path for path in damage.packs if path in state.files]
        for pack in removed:
            if (layout.root / pack).is_file():
                report.set_aside.append(keep_aside(layout, layout.root / pack))
        added = []
        for counter, pack in enumerate(removed):
            saved = save_whole_members(layout, pack, self._evidence, number=number, counter=counter)
            if saved is not None:
                added.append(saved)
        files = {path: entry for path, entry in state.files.items() if path not in damage.packs}
        files.update((entry.path, entry) for entry in added)
        tables = frozenset(report.tables)
        if tables:
            made = self._make_tables(tables, files, lost, number)
            removed += [path for path in files if path.startswith("index/") and path.split("/")[1] in tables]
            added += made
        # A catalogue that is behind would forget what lies in a removed pack and in another one as well.
        for path in (layout.catalogue, layout.catalogue_journal):
            with writing(path):
                remove(path)
        report.catalogue = True
        self._log.append(
            created=utc_now(),
            written_by=written_by(),
            options={"command": "repair"},
            added=added,
            removed=removed,
            sources=[],
            totals=Totals(),
            lost=lost,
        )
        report.commit = number
        for pack in damage.packs:
            if (layout.root / pack).is_file():
                remove_named(layout.root / pack)

    def _make_tables(
        self, tables: frozenset[str], files: dict[str, FileEntry], lost: list[str], number: int
    ) -> list[FileEntry]:
        from mailstrata.archive.repairing.index import TableRebuild  # noqa: PLC0415 - pyarrow takes a tenth of a second

        log = CommitLog(self._layout.commits)
        log.state = replace(self._log.state, files=files, lost=self._log.state.lost | dict.fromkeys(lost))
        with Evidence() as evidence:
            for path in files:
                if path.startswith("packs/"):
                    pack = evidence.add_pack(path)
                    for name, place in members(self._layout.root / path):
                        known = key_of(name)
                        if known is not None:
                            evidence.add(pack, *known, place)
            evidence.finish()
            kept = [entry for path, entry in files.items() if path.startswith("index/parts/")]
            with closing(ProvenArchive(self._layout, log, evidence)) as archive:
                rebuild = TableRebuild(self._layout, archive, evidence, tables, kept)
                rebuild.run(f"{number:08d}-{secrets.token_hex(4)}")
        return rebuild.files

    def _make_catalogue(self) -> None:
        layout = self._layout
        for path in (layout.catalogue, layout.catalogue_journal):
            with writing(path):
                remove(path)
        WritableCatalogue.open(layout, self._log).close()
