"""What `mailstrata scan` does before it lists: clamd over an archive, or sources into tables of their own."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.cli.progress import ProgressBar, wanted
from mailstrata.cli.scan_list import FlaggedList
from mailstrata.cli.units import format_bytes, format_count
from mailstrata.errors import UsageError
from mailstrata.scanning.verdict import VerdictKind

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant
    from mailstrata.scanning.scan import ScanSummary


def is_tables(places: Sequence[str]) -> bool:
    """Whether the places are an archive, or a folder of tables, and not sources. Raises `UsageError` for a mixture."""
    found = [place for place in places if place != "-" and (_is_archive(place) or _is_folder_of_tables(place))]
    if found and len(places) > 1:
        raise UsageError(f"{found[0]} is an archive; scan one archive at a time, or any number of sources")
    return bool(found)


def scan_archive(archive: str, address: str, *, again: bool, quiet: bool) -> None:
    """Scan the contents of an archive with clamd, and say what that came to."""
    from mailstrata.cli.index_files import index_files
    from mailstrata.scanning.scan import scan_archive

    if not _is_archive(archive):
        raise UsageError(f"{archive} holds tables only, and no content to scan; name the archive or the sources")
    with _Bar(quiet=quiet) as bar:
        summary = scan_archive(Path(archive), index_files(archive)["parts"], address, again=again, progress=bar.update)
    _tell(summary, quiet=quiet)


def list_flagged(place: str, flags: Sequence[str], limit: int | None, writer: FlaggedList) -> bool:
    """Write the flagged parts of an archive or a folder of tables; whether there was any."""
    from mailstrata.cli.sql_session import query_rows
    from mailstrata.index.inspection.flags import Flag
    from mailstrata.scanning.flagged import flagged_query

    with query_rows(place, "DESCRIBE parts") as (_, batches):
        available = {str(row[0]) for rows in batches for row in rows}
    if any(flag.column in available for flag in Flag):
        with query_rows(place, f"SELECT count(*) FROM parts WHERE {Flag.EXECUTABLE.column} IS NULL") as (_, batches):  # noqa: S608
            unseen = sum(row[0] for rows in batches for row in rows)
    else:
        with query_rows(place, "SELECT count(*) FROM parts") as (_, batches):
            unseen = sum(row[0] for rows in batches for row in rows)
    if unseen:
        output.note(
            f"{format_count(unseen, 'part')} came in before parts had flags and cannot be listed by "
            f"them; see 'Archives "
            "of earlier versions' in docs/attachment-flags.md"
        )
    with query_rows(place, flagged_query(available, flags, limit)) as (_, batches):
        return writer.write(batches)


def scan_sources(
    sources: Sequence[str],
    address: str | None,
    flags: Sequence[str],
    limit: int | None,
    writer: FlaggedList,
    *,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    quiet: bool,
) -> tuple[int, bool]:
    """Read sources into tables in a temporary folder, with clamd if there is an address, and write what is flagged: the
    exit code of reading, and whether anything was."""
    from mailstrata.cli.running import exit_code, run
    from mailstrata.index.seen import SeenDigests
    from mailstrata.index.sink import IndexSink
    from mailstrata.scanning.scan import ClamdScan, ScanningSink
    from mailstrata.sinks.protocol import Sink

    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="mailstrata-scan-")))
        tables = folder / "tables"
        sinks: list[Sink] = [IndexSink(tables)]
        scan = None
        if address is not None:
            # Its table goes beside the tables, which are put in their place as a whole, and joins them then.
            scan = opened.enter_context(ClamdScan(folder, address))
            seen = SeenDigests(folder / "seen.sqlite")
            opened.callback(seen.close)
            sinks.append(ScanningSink(scan, seen.add))
        report = run(sources, sinks, mbox_variant=mbox_variant, max_depth=max_depth, max_parts=max_parts, quiet=quiet)
        if scan is not None:
            scan.finish()
            _tell(scan.summary, quiet=quiet)
            (folder / "scans").rename(tables / "scans")
        found = list_flagged(str(tables), flags, limit, writer)
        return exit_code(report, sources), found


def _tell(summary: ScanSummary, *, quiet: bool) -> None:
    verdicts = summary.verdicts
    for digest, reason in summary.problems:
        output.note(f"{digest}: could not be scanned: {reason}")
    if verdicts[VerdictKind.ERROR] > len(summary.problems):
        output.note(f"and {verdicts[VerdictKind.ERROR] - len(summary.problems):,} more that could not be scanned")
    if not quiet:
        output.note(
            f"{summary.engine}: {format_count(verdicts.total(), 'content')} scanned ({format_bytes(summary.bytes)}), "
            f"{verdicts[VerdictKind.FOUND]:,} found, {verdicts[VerdictKind.ERROR]:,} failed"
        )


class _Bar:
    """The progress bar of a scan; its total is not known, since only what is new is sent."""

    def __init__(self, *, quiet: bool) -> None:
        from mailstrata.sinks.progress import Progress

        self._bar = ProgressBar() if wanted(quiet, writes_results=False) else None
        self._progress = Progress()
        self._progress.begin_source("clamd", None)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(*exception)

    def update(self, summary: ScanSummary) -> None:
        """The scan has come this far."""
        if self._bar is not None:
            self._progress.bytes_read = summary.bytes
            self._progress.parts = summary.verdicts.total()
            self._bar.update(self._progress)


def _is_archive(place: str) -> bool:
    from mailstrata.archive.folder.layout import Layout

    return Layout(Path(place)).exists()


def _is_folder_of_tables(place: str) -> bool:
    from mailstrata.index.place import RECORD

    return Path(place, RECORD).is_file()
