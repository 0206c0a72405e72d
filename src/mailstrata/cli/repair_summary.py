"""What `mailstrata repair` has done, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstrata.cli.summary import as_lines
from mailstrata.cli.terminal import safe_line
from mailstrata.cli.units import format_count

if TYPE_CHECKING:
    from mailstrata.archive.repairing.report import RepairReport


def as_text(report: RepairReport) -> str:
    """For people: a line for each thing that was done, or would be."""
    would = "would be " if report.is_dry_run else ""
    rows: list[tuple[str, str]] = []
    if report.dropped_commit is not None:
        rows.append(("commits", f"commit {report.dropped_commit} {would}given up"))
    if report.root_files:
        rows.append(("format", f"README.txt and format.json {would}written anew"))
    if report.packs_saved:
        packs = ", ".join(report.packs_saved)
        rows.append(("packs", f"what is whole of {packs} {would}saved in new packs"))
    if report.packs_lost:
        rows.append(("packs", f"nothing could be saved of {', '.join(report.packs_lost)}"))
    if report.tables:
        rows.append(("index", f"{', '.join(report.tables)} {would}made anew"))
    if report.catalogue:
        rows.append(("catalogue", f"{would}made anew"))
    if report.set_aside:
        rows.append(("aside", ", ".join(report.set_aside)))
    lost = [
        format_count(count, noun)
        for count, noun in (
            (report.lost_messages, "message"),
            (report.lost_attachments, "attachment"),
            (report.lost_segments, "segment"),
        )
        if count
    ]
    if lost:
        rows.append(("lost", f"{', '.join(lost)}; mailstrata verify names them"))
    if report.remaining_count:
        rows.append(("remains", format_count(report.remaining_count, "finding that cannot be repaired", "findings")))
    if report.commit is not None:
        rows.append(("commit", str(report.commit)))
    rows.append(("archive", _state(report, has_done=len(rows) > 0)))
    return safe_lines(rows)


def safe_lines(rows: list[tuple[str, str]]) -> str:
    """Names and values, aligned; file names are made safe for the terminal."""
    return as_lines([(name, safe_line(value)) for name, value in rows])


def _state(report: RepairReport, *, has_done: bool) -> str:
    if report.remaining_count:
        return "still damaged"
    if report.is_dry_run and report.dropped_commit is not None:
        return "what else there is to do is known when the commit is given up"
    if not has_done:
        return "whole; there is nothing to repair"
    if report.is_dry_run:
        return "nothing was written"
    return (
        "repaired"
        if report.is_whole
        else "repaired, but for what is lost; if its sources exist, archive them again with --reread"
    )


def as_object(report: RepairReport) -> dict[str, Any]:
    """As JSON; the keys are documented in docs/verify.md."""
    return {
        "dry_run": report.is_dry_run,
        "whole": report.is_whole,
        "commit": report.commit,
        "dropped_commit": report.dropped_commit,
        "root_files": report.root_files,
        "catalogue": report.catalogue,
        "packs_saved": report.packs_saved,
        "packs_lost": report.packs_lost,
        "tables": report.tables,
        "set_aside": report.set_aside,
        "lost_messages": report.lost_messages,
        "lost_attachments": report.lost_attachments,
        "lost_segments": report.lost_segments,
        "remaining": report.remaining_count,
        "remaining_findings": [finding.to_json() for finding in report.remaining],
    }
