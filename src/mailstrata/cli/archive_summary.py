"""What `mailstrata archive` came to: what was read, what of it was new, and what that took on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.cli import summary
from mailstrata.cli.savings import Savings
from mailstrata.cli.units import format_count

if TYPE_CHECKING:
    from mailstrata.archive.recording.sink import ArchiveSink
    from mailstrata.sinks.pipeline import Report


def _savings(sink: ArchiveSink, target: str) -> Savings:
    log = CommitLog(Layout(Path(target)).commits)
    packs = index = 0
    for number in sink.commits:
        for file in log.read(number)[0].added:
            if file.path.startswith("packs/"):
                packs += file.size
            else:
                index += file.size
    return Savings.of(sink.totals, packs_bytes=packs, index_bytes=index)


def as_text(report: Report, sink: ArchiveSink, target: str) -> str:
    """For people."""
    totals = sink.totals
    new = f"{format_count(totals.messages_new, 'message')}, {format_count(totals.blobs_new, 'blob')}"
    if totals.messages_duplicate:
        new += f"; {format_count(totals.messages_duplicate, 'message')} had been kept already"
    return summary.as_lines(
        [
            *summary.rows(report),
            ("new", new),
            *_savings(sink, target).rows(),
            *summary.defect_rows(report.defects),
        ]
    )


def as_object(report: Report, sink: ArchiveSink, target: str) -> dict[str, Any]:
    """As JSON; the keys are documented in docs/command-line.md."""
    totals = sink.totals
    return {
        **summary.as_object(report),
        "commits": sink.commits,
        "messages_new": totals.messages_new,
        "messages_duplicate": totals.messages_duplicate,
        "blobs_new": totals.blobs_new,
        **_savings(sink, target).as_object(),
    }
