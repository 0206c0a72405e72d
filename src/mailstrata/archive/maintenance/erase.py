"""Erasure: a message is taken out of the archive for good, with the attachments that nothing else holds.

The packs that hold it are written anew without it, and so are the index files with its rows; one commit swaps them and
says what was erased. The old files are removed at once when it is durable, whoever is reading: that is what
erasing is for. In its sources a message stays as a named gap: where it was, how long, its SHA-256.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.commits.records import Erasure
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.archive.maintenance import index_rewriter
from mailstrata.archive.maintenance.erasure_plan import ErasurePlan, plan_erasure
from mailstrata.archive.writing.pack_rewriter import check_file
from mailstrata.archive.writing.session import Changes, WriterSession
from mailstrata.errors import UsageError
from mailstrata.sinks.progress import Progress

LEVEL = 3
"""The zstd level at which what shared a frame with the message is compressed again."""


@dataclass(slots=True)
class ErasureReport:
    """What erasing messages came to, or would come to.

    `commit` is the number of the commit that it made; None where nothing was to be done, or only to be told. `already`
    are messages that were erased before. `packs` and `index_files` were written anew, `pack_bytes` and `index_bytes`
    are their sizes before; those of the index are not known beforehand. `set_aside` is the number of damaged files that
    a repair has set aside: they may still hold what is erased, and nobody can tell.
    """

    messages: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    blobs_kept: list[str] = field(default_factory=list)
    packs: int = 0
    pack_bytes: int = 0
    index_files: int = 0
    index_bytes: int = 0
    set_aside: int = 0
    commit: int | None = None


def plan(
    directory: Path, messages: Collection[str], *, progress: Callable[[Progress], None] | None = None
) -> ErasureReport:
    """What `erase` would do. Takes no lock and writes nothing; raises what `erase` raises, but for `TargetError`."""
    layout = Layout(directory)
    layout.check_format()
    log = CommitLog(layout.commits)
    log.load()
    already, wanted = _split(log.state, messages)
    report = _report(plan_erasure(directory, log.state, wanted, progress)) if wanted else ErasureReport()
    report.already = already
    report.set_aside = _set_aside(layout)
    return report


def erase(
    directory: Path,
    messages: Collection[str],
    *,
    reason: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> ErasureReport:
    """Erase messages by their SHA-256s (64 hexadecimal digits); `reason` stays in the archive, for people.

    Files are removed, not overwritten: what the file system, its snapshots or a backup still have is not in our hands.
    What was erased before is passed over; where an interrupted run has left files behind they go now.

    A message that is on record as lost can be erased as well: what goes then are its rows, and nobody can tell which
    attachments it had.

    Raises `UsageError` where a message is not in the archive, `NotAnArchiveError`, `LockedError`, `ArchiveError` where
    a pack or index file that matters is missing or damaged, and `TargetError` where the archive cannot be written.
    Whatever is raised, all of it is erased or nothing; where it fails after the commit, the next writer removes the
    old files.
    """
    Layout(directory).check_format()
    session = WriterSession(directory, level=LEVEL, options={"command": "erase"}, placed=lambda *_: None)
    try:
        already, wanted = _split(session.state, messages)
        if wanted:
            report = _erase(session, wanted, reason, progress)
        else:
            report = ErasureReport()
        report.already = already
        report.set_aside = _set_aside(session.layout)
    except BaseException:
        session.abort()
        raise
    session.close()
    return report


def finish(directory: Path) -> int:
    """Remove what an erasure that was interrupted after its commit has left; returns the number of files.

    Any writer does so; this is for those who cannot name the message any more. Raises what `erase` raises.
    """
    layout = Layout(directory)
    layout.check_format()
    log = CommitLog(layout.commits)
    log.load()
    if not log.state.erasures:
        return 0
    session = WriterSession(directory, level=LEVEL, options={"command": "erase"}, placed=lambda *_: None)
    session.close()
    return session.swept


def _set_aside(layout: Layout) -> int:
    return sum(path.is_file() for path in layout.damaged.rglob("*"))


def _split(state: ArchiveState, messages: Collection[str]) -> tuple[list[str], list[str]]:
    """Those that were erased before, and those that were not."""
    digests = list(dict.fromkeys(digest.lower() for digest in messages))
    if not digests:
        raise UsageError("name at least one message")
    return [each for each in digests if each in state.erased], [each for each in digests if each not in state.erased]


def _report(found: ErasurePlan) -> ErasureReport:
    return ErasureReport(
        messages=found.messages,
        blobs=found.blobs,
        blobs_kept=found.blobs_kept,
        packs=len(found.packs),
        pack_bytes=sum(entry.size for entry in found.packs),
    )


def _erase(
    session: WriterSession,
    messages: list[str],
    reason: str,
    progress: Callable[[Progress], None] | None,
) -> ErasureReport:
    found = plan_erasure(session.layout.root, session.state, messages, progress)
    report = _report(found)
    packs = session.rewriter(lambda name: name not in found.members)
    done = 0
    for entry in found.packs:
        packs.take_over(entry)
        done += entry.size
        if progress is not None:
            progress(Progress(done, report.pack_bytes, messages=packs.messages, source="packs"))
    added = packs.finish()
    removed = [entry.path for entry in found.packs]
    for table in TABLE_NAMES:
        removed += _rewrite_table(session, table, found)
    index = [session.state.files[path] for path in removed if path.startswith("index/")]
    report.index_files, report.index_bytes = len(index), sum(entry.size for entry in index)
    erased = [Erasure(digest, "message", reason) for digest in messages]
    erased += [Erasure(digest, "blob", reason) for digest in found.blobs]
    session.stage([], Totals(), Changes(packs=added, removed=removed, erased=erased))
    session.commit()
    report.commit = session.state.number
    return report


def _rewrite_table(session: WriterSession, table: str, found: ErasurePlan) -> list[str]:
    """Write the files of a table anew that have rows of what is erased, or of blobs that lie elsewhere now; their
    paths."""
    root = session.layout.root
    files = session.state.files
    digests = found.blobs if table == "blobs" else found.messages
    names = [entry.path.removeprefix("packs/") for entry in found.packs]
    column = index_rewriter.KEYS[table]
    every = [entry for path, entry in files.items() if path.startswith(f"index/{table}/")]
    for entry in every:
        # A digest that has changed on the disk would hide the row that has to go.
        check_file(root / entry.path, entry, advice=index_rewriter.REPAIR)
    entries = [
        entry
        for entry in every
        if index_rewriter.has_any(root / entry.path, column, digests)
        or (table == "blobs" and index_rewriter.has_any(root / entry.path, "pack", names))
    ]
    without_erased = index_rewriter.without(column, digests)
    moved = index_rewriter.MovedBlobs(session.catalogue, names) if table == "blobs" else index_rewriter.unchanged

    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        return moved(without_erased(batch))

    if len(entries) == len(every) and entries:
        session.index.require_file(table)
    index_rewriter.rewrite(root, table, entries, session.index, change)
    return [entry.path for entry in entries]
