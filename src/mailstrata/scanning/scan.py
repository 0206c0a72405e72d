"""Scanning with clamd: every distinct content once, what is said of it into the table *scans*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailstrata.archive.packs.members import MemberKind
from mailstrata.errors import ArchiveError
from mailstrata.scanning.clamd import Clamd
from mailstrata.scanning.content import Content
from mailstrata.scanning.contents import ArchiveContents
from mailstrata.scanning.leaves import LeafSink
from mailstrata.scanning.table import ScansWriter, scan_files
from mailstrata.scanning.verdict import Verdict, VerdictKind, failed
from mailstrata.scanning.wanted import Wanted

MOST_PROBLEMS = 100
"""Contents that could not be scanned of which a summary keeps the reason."""


@dataclass(slots=True)
class ScanSummary:
    """What a scan came to. `bytes` are those of the contents sent; `problems` holds the first hundred contents that
    could not be scanned: a SHA-256, and why."""

    engine: str = ""
    signatures: str = ""
    verdicts: Counter[VerdictKind] = field(default_factory=Counter)
    bytes: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)


class ClamdScan:
    """Scans contents with the clamd at `address` and adds what it says to the table of `folder`, an archive or a folder
    of tables. Use it in a `with` statement; raises what `Clamd` and `ScansWriter` raise."""

    def __init__(self, folder: Path, address: str, *, progress: Callable[[ScanSummary], None] | None = None) -> None:
        self._clamd = Clamd(address)
        self._writer = ScansWriter(folder, self._clamd.engine, self._clamd.signatures)
        self._progress = progress
        self.summary = ScanSummary(self._clamd.engine, self._clamd.signatures)

    def __enter__(self) -> ClamdScan:
        self._writer.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._clamd.close()
        self._writer.__exit__(None, None, None)

    def scan(self, content: Content) -> None:
        """Scan a content; small ones may be answered later. What `Content.read` raises is passed on."""
        self.summary.bytes += content.size
        for done, verdict in self._clamd.scan(content):
            self.note(done.blob, verdict)

    def finish(self) -> None:
        """Wait for all answers, and write them."""
        for done, verdict in self._clamd.finish():
            self.note(done.blob, verdict)
        self._writer.flush()

    def note(self, blob: str, verdict: Verdict) -> None:
        """Add what was said of a content."""
        self._writer.add(blob, verdict)
        self.summary.verdicts[verdict.kind] += 1
        if verdict.reason is not None:
            self.note_problem(blob, verdict.reason)
        if self._progress is not None:
            self._progress(self.summary)

    def note_lost_message(self, digest: str, reason: str) -> None:
        """Count a message whose leaves could not be scanned; there is no row for it."""
        self.summary.verdicts[VerdictKind.ERROR] += 1
        self.note_problem(digest, reason)

    def note_problem(self, digest: str, reason: str) -> None:
        """Add to the summary what could not be scanned."""
        if len(self.summary.problems) < MOST_PROBLEMS:
            self.summary.problems.append((digest, reason))


def scan_archive(
    archive: Path,
    parts: Sequence[Path],
    address: str,
    *,
    again: bool = False,
    progress: Callable[[ScanSummary], None] | None = None,
) -> ScanSummary:
    """Scan every distinct content of an archive that was not scanned by the same clamd with the same signatures before;
    with `again` all of them. `parts` are the committed files of the table *parts*.

    Memory is bounded, however many contents there are. What was found out is kept, also when an error or Ctrl-C ends
    the scan. Raises what `ClamdScan`, `Wanted` and `ArchiveContents` raise.
    """
    with ClamdScan(archive, address, progress=progress) as scan, Wanted() as wanted:
        if not again:
            wanted.leave_out(scan_files(archive), scan.summary.engine, scan.summary.signatures)
        wanted.add(parts)

        def lost(kind: MemberKind, digest: str, error: ArchiveError) -> None:
            if kind is MemberKind.BLOB:
                scan.note(digest, failed(str(error)))
            else:
                # Which of its leaves were to be scanned is not known without reading it.
                scan.note_lost_message(digest, str(error))

        ArchiveContents(archive, wanted, scan.scan, lost).run()
        scan.finish()
        return scan.summary


class ScanningSink(LeafSink):
    """Scans each distinct leaf of sources as it streams by. `is_new` says of a digest whether it is the first time."""

    def __init__(self, scan: ClamdScan, is_new: Callable[[str], bool]) -> None:
        super().__init__(is_new, scan.scan)
