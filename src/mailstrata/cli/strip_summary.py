"""What `mailstrata strip` came to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mailstrata.cli import output, summary
from mailstrata.cli.units import format_bytes, format_count, format_share

if TYPE_CHECKING:
    from mailstrata.sinks.pipeline import Report
    from mailstrata.stripped.sink_run import StripTotals


def note_renamed(wanted: bytes, got: bytes) -> None:
    """Say that a file could not keep its name."""
    output.note(f"{wanted.decode('utf-8', 'replace')} is called {got.decode('utf-8', 'replace')} there")


def as_text(report: Report, totals: StripTotals, minimum_bytes: int) -> str:
    """For people."""
    counts = totals.counts
    out = (
        f"{format_count(totals.taken_out, 'part')} of {format_count(totals.messages_stripped, 'message')}, "
        f"{format_bytes(totals.taken_out_bytes)}; new in the folder: {totals.attachments_new:,}, "
        f"{format_bytes(totals.attachment_bytes_new)}"
    )
    left = []
    if counts.parts_too_small:
        left.append(f"{counts.parts_too_small:,} smaller than {format_bytes(minimum_bytes)}")
    if counts.parts_kept:
        left.append(f"{counts.parts_kept:,} that could not be put back exactly")
    saved = totals.source_bytes - totals.stripped_bytes
    rows = [
        *summary.rows(report),
        ("taken out", out),
        ("left in", ", ".join(left) or "none of those asked for"),
        (
            "mailbox",
            f"{format_bytes(totals.source_bytes)} before, {format_bytes(totals.stripped_bytes)} now "
            f"({format_share(max(0, saved), totals.source_bytes)} less)",
        ),
    ]
    if totals.attachments_repaired:
        rows.append(("repaired", f"{format_count(totals.attachments_repaired, 'attachment')} that lay there damaged"))
    return summary.as_lines([*rows, *summary.defect_rows(report.defects)])


def as_object(report: Report, totals: StripTotals) -> dict[str, Any]:
    """As JSON; the keys are documented in docs/strip.md."""
    fields = asdict(totals)
    counts = fields.pop("counts")
    del fields["messages"]  # as the report has it
    return {**summary.as_object(report), **fields, **counts}
