"""What `mailstrata restore` has done, for people and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mailstrata.archive.reading.history import last_whole
from mailstrata.cli import output
from mailstrata.cli.summary import as_lines
from mailstrata.cli.terminal import pad, safe_line
from mailstrata.cli.units import format_bytes, format_count, format_duration
from mailstrata.errors import ArchiveError

if TYPE_CHECKING:
    from mailstrata.archive.commits.records import SourceSnapshot
    from mailstrata.archive.restoring.report import Listed
    from mailstrata.archive.restoring.restore import (
        Erased,
        NotRestored,
        Partial,
        Renamed,
        RestoredSource,
        RestoreReport,
    )

MOST_LINES = 20
"""Lines on standard error about things of one kind; `--json` lists more."""

_STATUS = {"complete": "whole", "incomplete": "was not read whole", "open": "was still being read"}

_Item = TypeVar("_Item")


def text_of(name: bytes) -> str:
    """A path as text: U+FFFD for what is no UTF-8."""
    return name.decode("utf-8", "replace")


def each(items: Listed[_Item], say: Callable[[str], None], line: Callable[[_Item], str], noun: str) -> None:
    """A line for each of the first items, and one for how many more there are."""
    for item in items.items[:MOST_LINES]:
        say(line(item))
    if len(items) > MOST_LINES:
        output.note(f"and {len(items) - MOST_LINES:,} more {noun}; --json lists up to a thousand")


def write_notes(report: RestoreReport, every: Sequence[SourceSnapshot]) -> None:
    """To standard error: what is restored, but not as one might think. `every` are all snapshots there were."""
    for source in report.sources:
        snapshot = source.snapshot
        if snapshot.status != "complete":
            output.note(_not_whole(snapshot, every))
    each(report.partial, output.note, _partial_line, "files restored only in part")
    each(report.erased, output.note, _erased_line, "erased messages")
    each(report.renamed, output.note, _renamed_line, "renamed files")


def _not_whole(snapshot: SourceSnapshot, every: Sequence[SourceSnapshot]) -> str:
    why = "; ".join(snapshot.reasons) or f"it {_STATUS[snapshot.status]}"
    line = f"{snapshot.label} is restored as far as it was archived: {why}"
    whole = last_whole(every, snapshot.id)
    if whole is not None:
        line += f" (--at {whole.last_commit} restores it as it was last read whole)"
    return line


def _partial_line(partial: Partial) -> str:
    return f"{text_of(partial.name)} is restored in part: {partial.reason}"


def _erased_line(erased: Erased) -> str:
    span = erased.span
    why = f" ({span.reason})" if span.reason else ""
    return (
        f"{text_of(erased.file)}: the message {span.sha256} of {span.end - span.start:,} bytes at byte {span.start:,} "
        f"was erased{why} and is left out"
    )


def _renamed_line(renamed: Renamed) -> str:
    return f"{text_of(renamed.wanted)} is restored as {text_of(renamed.name)}"


def exit_code(report: RestoreReport) -> int:
    """Say what could not be restored; the exit code of the command."""
    each(report.failures, output.error, _failure_line, "that could not be restored")
    if not len(report.failures):
        return 0
    output.note(f"everything else was restored: {format_count(report.files, 'file')}")
    return ArchiveError.exit_code


def _failure_line(failure: NotRestored) -> str:
    return str(failure.error)


def as_text(report: RestoreReport) -> str:
    """For people: how much, and under which names."""
    took = format_duration(report.seconds)
    if report.seconds > 1:
        took += f" ({format_bytes(report.bytes / report.seconds)}/s)"
    said = f"{format_count(report.files, 'file')} with {format_count(report.messages, 'message')}"
    rows = [("restored", f"{said}, {format_bytes(report.bytes)} in {took}")]
    if len(report.failures):
        rows.append(("failed", f"{len(report.failures):,}"))
    sources = [f"{format_count(len(report.sources), 'source')}\n", *map(_source_line, report.sources)]
    return as_lines(rows) + "".join(sources)


def _source_line(source: RestoredSource) -> str:
    names = ", ".join(safe_line(text_of(name)) for name in source.entries) or "nothing"
    return f"  {names}  from {safe_line(source.snapshot.label)}\n"


def as_object(report: RestoreReport) -> dict[str, Any]:
    """As JSON; the keys are documented in docs/command-line.md."""
    return {
        "files": report.files,
        "folders": report.folders,
        "messages": report.messages,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "sources": [_source_object(source) for source in report.sources],
        "renamed": len(report.renamed),
        "renamed_files": [
            {"source": item.source, "wanted": text_of(item.wanted), "restored_as": text_of(item.name)}
            for item in report.renamed
        ],
        "partial": len(report.partial),
        "partial_files": [
            {"source": item.source, "restored_as": text_of(item.name), "reason": item.reason} for item in report.partial
        ],
        "erased": len(report.erased),
        "erased_messages": [
            {
                "source": item.source,
                "file": text_of(item.file),
                "start": item.span.start,
                "end": item.span.end,
                "sha256": item.span.sha256,
                "reason": item.span.reason,
            }
            for item in report.erased
        ],
        "failed": len(report.failures),
        "failures": [
            {"source": item.source, "file": text_of(item.file) or None, "error": str(item.error)}
            for item in report.failures
        ],
    }


def _source_object(source: RestoredSource) -> dict[str, Any]:
    return {
        **_snapshot_object(source.snapshot),
        "restored_as": [text_of(name) for name in source.entries],
        "files": source.files,
        "folders": source.folders,
        "messages": source.messages,
        "bytes": source.bytes,
    }


def _snapshot_object(snapshot: SourceSnapshot) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "label": snapshot.label,
        "path": text_of(snapshot.path),
        "kind": snapshot.kind,
        "status": snapshot.status,
        "commit": snapshot.last_commit,
    }


def list_as_text(snapshots: Sequence[SourceSnapshot]) -> str:
    """For people: the sources that can be restored."""
    rows = [
        (
            safe_line(each.label),
            each.kind,
            format_count(each.totals.messages_found + each.totals.messages_unchanged, "message"),
            format_bytes(each.totals.source_bytes + each.totals.bytes_unchanged),
            f"commit {each.last_commit}",
            _STATUS[each.status],
        )
        for each in snapshots
    ]
    if not rows:
        return "no sources\n"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(pad(text, width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def list_as_object(snapshots: Sequence[SourceSnapshot]) -> dict[str, Any]:
    """As JSON."""
    return {
        "sources": [
            {
                **_snapshot_object(each),
                "messages": each.totals.messages_found + each.totals.messages_unchanged,
                "bytes": each.totals.source_bytes + each.totals.bytes_unchanged,
            }
            for each in snapshots
        ]
    }
