"""What `mailstrata verify` has found: a line for each finding, and a summary, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstrata.cli.summary import as_lines
from mailstrata.cli.terminal import safe_line
from mailstrata.cli.units import format_bytes, format_count, format_duration

if TYPE_CHECKING:
    from mailstrata.archive.verifying.findings import Affected, Finding, Names
    from mailstrata.archive.verifying.verify import VerifySummary

_MOST_NAMED = 3
"""Names of one sort on a line for people; `--json` lists up to a thousand."""


def line(finding: Finding) -> str:
    """A finding for people: code, file, place, what is wrong, what is affected."""
    place = f" ({finding.place})" if finding.place else ""
    said = f"{finding.code.value}: {finding.path or 'archive'}{place}: {finding.text}"
    affects = _affects(finding.affected)
    return safe_line(f"{said}; affects {affects}" if affects else said)


def _affects(affected: Affected) -> str:
    sorts = (("message", affected.messages), ("attachment", affected.attachments), ("source", affected.sources))
    return ", ".join(f"{format_count(names.count, noun)} ({_named(names)})" for noun, names in sorts if names.count)


def _named(names: Names) -> str:
    shown = ", ".join(names.listed[:_MOST_NAMED])
    return shown if names.count <= _MOST_NAMED else f"{shown} and others"


def as_text(summary: VerifySummary, seconds: float, *, quick: bool) -> str:
    """The summary for people."""
    counts = summary.findings
    files = [
        format_count(summary.commits, "commit"),
        format_count(summary.packs, "pack"),
        format_count(summary.index_files, "index file"),
    ]
    rows = [("checked", f"{', '.join(files)} in {format_duration(seconds)}")]
    if not quick:
        contents = f"{format_count(summary.messages, 'message')}, {format_count(summary.attachments, 'attachment')}"
        rows.append(("read", f"{contents}, {format_bytes(summary.bytes_read)}"))
        files_of = f"{format_count(summary.source_files, 'file')} of {format_count(summary.sources, 'source')}"
        rows.append(("sources", f"{files_of} in {format_count(summary.snapshots, 'snapshot')}"))
    rows.append(
        ("found", ", ".join(f"{count:,} {severity}" for severity, count in counts.items() if count) or "nothing")
    )
    state = "whole" if summary.is_whole else "damaged; mailstrata repair saves what is whole"
    if quick and summary.is_whole:
        state = "whole in structure; without --quick all contents are compared too"
    rows.append(("archive", state))
    return as_lines(rows)


def as_object(summary: VerifySummary, seconds: float, *, quick: bool) -> dict[str, Any]:
    """The summary as JSON; the keys are documented in docs/verify.md."""
    return {
        "whole": summary.is_whole,
        "quick": quick,
        "findings": summary.findings,
        "commits": summary.commits,
        "packs": summary.packs,
        "index_files": summary.index_files,
        "members": summary.members,
        "messages": summary.messages,
        "attachments": summary.attachments,
        "sources": summary.sources,
        "snapshots": summary.snapshots,
        "source_files": summary.source_files,
        "source_folders": summary.source_folders,
        "bytes_read": summary.bytes_read,
        "seconds": round(seconds, 3),
    }
