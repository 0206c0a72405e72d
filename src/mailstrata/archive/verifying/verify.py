"""Verifying an archive: what its records promise is read again, all of it, and compared.

The order: `format.json` and `README.txt`; the chain of commit records; the digest of every file, and every member of
every pack; the files of all snapshots of all sources, put together as a stream; messages that no source has shown to be
whole; the index against the packs; the catalogue; files that nobody names. `docs/verify.md` says what that costs.

Each frame of a pack is decompressed once for its members and, in the order of the sources and through a cache of
48 MiB, about once more to put the sources together. A blob that many messages share may be decompressed again for each
of them when its frame has left the cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry, SourceSnapshot
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, key_of
from mailstrata.archive.verifying.archive import ProvenArchive
from mailstrata.archive.verifying.commits import ChainCheck, verify_root
from mailstrata.archive.verifying.derived import stray_files, verify_catalogue
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.archive.verifying.findings import Affected, Finding, FindingCode, Severity, of_sources
from mailstrata.archive.verifying.packs import PackCheck, digest_of
from mailstrata.archive.verifying.sources import SourceCheck
from mailstrata.archive.verifying.structure import known_by_catalogue, refuse_if_removed, verify_structure
from mailstrata.errors import ArchiveError
from mailstrata.sinks.progress import Progress


@dataclass(slots=True)
class VerifySummary:
    """What was looked at, and how many findings of each severity there were. Of `--quick`, members, messages,
    attachments and files of sources are 0: they are not looked at."""

    commits: int = 0
    packs: int = 0
    index_files: int = 0
    members: int = 0
    messages: int = 0
    attachments: int = 0
    sources: int = 0
    snapshots: int = 0
    source_files: int = 0
    source_folders: int = 0
    bytes_read: int = 0
    findings: dict[str, int] = field(default_factory=lambda: {severity.value: 0 for severity in Severity})

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged and nothing missing."""
        return not self.findings[Severity.DAMAGE] and not self.findings[Severity.MISSING]


class Verification:
    """Verifies the archive in a folder: iterate over it once for the findings, in the order in which they are made.

    `quick` looks at the structure only: the records, whether every file is there in its size, tables of packs and
    footers of tables, ledgers. `progress` is called about once a MiB with the same object every time. `summary` is
    whole when the iteration has ended. `evidence` is where what the packs hold is noted; one of its own if not given.

    Iterating raises `NotAnArchiveError`, `UnsupportedFormatError`, `TargetError` where there is no room for temporary
    files, and `ArchiveError` where another process changes the archive meanwhile. Nothing is written to the archive.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        quick: bool = False,
        progress: Callable[[Progress], None] | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self._evidence = evidence
        self.layout = Layout(Path(path))
        self.summary = VerifySummary()
        self.log = CommitLog(self.layout.commits)
        self._quick = quick
        self._on_progress = progress
        self._progress = Progress(source="records")

    def __iter__(self) -> Iterator[Finding]:
        for finding in self._findings():
            self.summary.findings[finding.severity.value] += 1
            yield finding

    def _findings(self) -> Iterator[Finding]:
        yield from verify_root(self.layout)
        chain = ChainCheck(self.layout)
        yield from chain.findings()
        self.log = chain.log()
        state = self.log.state
        self.summary.commits = chain.commits
        self.summary.bytes_read += chain.bytes_read
        self.summary.snapshots = len(state.snapshots)
        self.summary.sources = len({snapshot.id for snapshot in state.snapshots.values()})
        self.summary.packs = sum(path.startswith("packs/") for path in state.files)
        self.summary.index_files = len(state.files) - self.summary.packs
        if self._quick:
            yield from verify_structure(self.layout, self.log)
            yield from verify_catalogue(self.layout, self.log, None)
            yield from self._all_losses()
        else:
            self._expect_bytes()
            with Evidence() if self._evidence is None else nullcontext(self._evidence) as evidence:
                yield from self._everything(evidence)
        yield from stray_files(self.layout, self.log)

    def _all_losses(self) -> Iterator[Finding]:
        affected = Affected()
        for name in self.log.state.lost:
            _add_lost(affected, name)
        yield from self._named_losses(affected)

    # Everything ------------------------------------------------------------------------------------------------

    def _everything(self, evidence: Evidence) -> Iterator[Finding]:
        packs = PackCheck(self.layout.root, evidence, self._segments(), self._note_bytes)
        broken_tables: set[str] = set()
        for entry in self.log.state.files.values():
            self._progress.source = entry.path.rpartition("/")[2]
            if entry.path.startswith("packs/"):
                self._verify_pack(entry, packs)
            else:
                finding = self._index_file(entry)
                if finding is not None:
                    broken_tables.add(entry.path.split("/")[1])
                    yield finding
        evidence.finish()
        self.summary.members = packs.members
        self.summary.messages = sum(evidence.count(kind) for kind in MESSAGE_KINDS)
        self.summary.attachments = evidence.count(MemberKind.BLOB)
        with closing(ProvenArchive(self.layout, self.log, evidence)) as archive:
            yield from self._missing_segments(archive, evidence, packs)
            yield from self._sources(archive, evidence, packs)
            yield from self._unproven(archive, evidence, packs)
            for loss in packs.losses:
                loss.finding.affected = evidence.affected(loss.number)
                yield loss.finding
            yield from self._still_lost(archive, evidence)
        for kind, key, pack in evidence.repeated():
            yield Finding(
                FindingCode.MEMBER_TWICE, pack, key.decode() if kind is MemberKind.SEGMENT else key.hex(),
                f"the {kind.name.lower()} is stored twice; `mailstrata compact` drops one",
            )  # fmt: skip
        yield from self._index(evidence, broken_tables, is_whole=not packs.losses)
        # Of a damaged pack the catalogue knows more than can be read: that is no fault of the catalogue.
        yield from verify_catalogue(self.layout, self.log, None if packs.losses else evidence)

    def _segments(self) -> dict[str, Any]:
        return {
            segment.name: segment
            for snapshot in self.log.state.snapshots.values()
            for segment in snapshot.segments
        }  # fmt: skip

    def _verify_pack(self, entry: FileEntry, packs: PackCheck) -> None:
        try:
            packs.verify(entry)
        except FileNotFoundError:
            refuse_if_removed(self.layout, entry)
            packs.missing(entry, known_by_catalogue(self.layout, entry.path))
        except OSError as error:
            packs.unreadable(entry, str(error.strerror))

    def _index_file(self, entry: FileEntry) -> Finding | None:
        try:
            sha256, size = digest_of(self.layout.root / entry.path, self._note_bytes)
        except FileNotFoundError:
            refuse_if_removed(self.layout, entry)
            text = "the file is missing; `mailstrata repair` makes the index anew"
            return Finding(FindingCode.INDEX_MISSING, entry.path, "", text)
        except OSError as error:
            return Finding(FindingCode.INDEX_DAMAGED, entry.path, "", f"cannot be read: {error.strerror}")
        if (sha256, size) == (entry.sha256, entry.size):
            return None
        text = f"it has {size} bytes, its commit says {entry.size}"
        if size == entry.size:
            text = f"its SHA-256 is {sha256}, its commit says {entry.sha256}"
        return Finding(FindingCode.INDEX_DAMAGED, entry.path, "", f"{text}; `mailstrata repair` makes the index anew")

    def _missing_segments(self, archive: ProvenArchive, evidence: Evidence, packs: PackCheck) -> Iterator[Finding]:
        for snapshot in self.log.state.snapshots.values():
            for segment in snapshot.segments:
                known = key_of(segment.name)
                if known is not None and (evidence.find(*known) is not None or archive.is_named(*known)):
                    continue
                for loss in () if known is None else evidence.blame(*known, packs.unknown_losses):
                    evidence.affect_source(loss, snapshot.label)
                text = "no pack holds the segment whole, which a commit names"
                yield Finding(FindingCode.SEGMENT_MISSING, segment.name, "", text, of_sources([snapshot.label]))

    def _sources(self, archive: ProvenArchive, evidence: Evidence, packs: PackCheck) -> Iterator[Finding]:
        check = SourceCheck(archive, evidence, packs.unknown_losses, self._note_bytes)
        sources: dict[str, list[SourceSnapshot]] = {}
        for snapshot in self.log.state.snapshots.values():
            sources.setdefault(snapshot.id, []).append(snapshot)
        for snapshots in sources.values():
            self._progress.source = snapshots[0].label
            yield from check.verify(snapshots)
            self.summary.source_files = check.files
            self.summary.source_folders = check.folders

    def _unproven(self, archive: ProvenArchive, evidence: Evidence, packs: PackCheck) -> Iterator[Finding]:
        """Messages that are in no source as far as it could be read: each is put together by itself."""
        self._progress.source = "messages"
        for key in evidence.unproven():
            if archive.erased(key.hex()) is not None:
                continue
            try:
                for piece in archive.read_skeleton(key):
                    self._note_bytes(len(piece))
            except ArchiveError as error:
                for kind, each in archive.missing_for(key):
                    for loss in evidence.blame(kind, each, packs.unknown_losses):
                        evidence.affect_message(loss, key)
                affected = Affected()
                affected.messages.add(key.hex())
                found = evidence.find(MemberKind.SKELETON, key)
                path = "" if found is None else found[0]
                yield Finding(FindingCode.MESSAGE_DAMAGED, path, f"message {key.hex()}", str(error), affected)

    def _still_lost(self, archive: ProvenArchive, evidence: Evidence) -> Iterator[Finding]:
        affected = Affected()
        for name in self.log.state.lost:
            known = key_of(name)
            if known is None:
                continue
            kind, key = known
            is_back = not archive.missing_for(key) if kind in MESSAGE_KINDS else evidence.find(kind, key) is not None
            if not is_back:
                _add_lost(affected, name)
        yield from self._named_losses(affected)

    def _named_losses(self, affected: Affected) -> Iterator[Finding]:
        count = affected.messages.count + affected.attachments.count + affected.sources.count
        if count:
            advice = "archive their sources again with --reread, if they exist"
            text = f"{count} members of packs are on record as lost; {advice}"
            yield Finding(FindingCode.LOST, "commits", "", text, affected)

    def _index(self, evidence: Evidence, broken_tables: set[str], *, is_whole: bool) -> Iterator[Finding]:
        """Compare the index with the packs; where either is damaged they differ, and that is found already."""
        if broken_tables or not is_whole or not self.log.state.number:
            return
        from mailstrata.archive.verifying.index import IndexCheck, tables_of  # noqa: PLC0415 - as above

        self._progress.source = "index"
        self._note_bytes(0)
        known = map(key_of, self.log.state.lost)
        lost = {each[1] for each in known if each is not None and each[0] in MESSAGE_KINDS}
        yield from IndexCheck(self.layout.root, tables_of(self.log.state.files), evidence, lost).findings()

    # Progress --------------------------------------------------------------------------------------------------

    def _expect_bytes(self) -> None:
        state = self.log.state
        files = sum(entry.size * (2 if path.startswith("packs/") else 1) for path, entry in state.files.items())
        totals = [snapshot.totals for snapshot in state.snapshots.values()]
        self._progress.bytes_total = files + sum(each.source_bytes + each.bytes_unchanged for each in totals)

    def _note_bytes(self, size: int) -> None:
        self.summary.bytes_read += size
        self._progress.bytes_read += size
        if self._on_progress is not None:
            self._progress.messages = self.summary.messages
            self._on_progress(self._progress)


def _add_lost(affected: Affected, name: str) -> None:
    known = key_of(name)
    if known is None or known[0] is MemberKind.SEGMENT:
        affected.sources.add(name)
    elif known[0] is MemberKind.BLOB:
        affected.attachments.add(known[1].hex())
    else:
        affected.messages.add(known[1].hex())
