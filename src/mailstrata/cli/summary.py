"""What a command that reads sources came to: for people, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstrata.cli.terminal import pad
from mailstrata.cli.units import format_bytes, format_count, format_duration

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from mailstrata.sinks.pipeline import Report

_NAME_COLUMNS = 9

Row = tuple[str, str]


def rows(report: Report) -> list[Row]:
    """What was read, as names and values."""
    took = format_duration(report.seconds)
    if report.seconds > 1:
        took += f" ({format_bytes(report.bytes_read / report.seconds)}/s)"
    found = [
        (
            "read",
            f"{format_count(report.messages, 'message')} in {format_count(report.sources, 'source')}, "
            f"{format_bytes(report.bytes_read)} in {took}",
        ),
        (
            "parts",
            f"{format_count(report.parts, 'part')}, of them {format_count(report.attachments, 'attachment')}",
        ),
    ]
    if report.sources_unchanged or report.files_unchanged:
        unchanged = (
            f"{format_count(report.sources_unchanged, 'source')}, {format_count(report.files_unchanged, 'file')}"
        )
        found.append(("unchanged", f"{unchanged}: not read again"))
    if report.skipped_files:
        found.append(("skipped", f"{format_count(report.skipped_files, 'file')} without mail"))
    return found


def defect_rows(defects: Counter[str]) -> list[Row]:
    """Codes of defects and how often each was found, most frequent first."""
    if not defects:
        return [("defects", "none")]
    counts = [(f"{count:,}", code) for code, count in defects.most_common()]
    width = len(counts[0][0])
    return [
        ("" if at else "defects", f"{pad(count, width, right=True)} {code}") for at, (count, code) in enumerate(counts)
    ]


def as_lines(table: Sequence[Row]) -> str:
    """Names and values, aligned."""
    return "".join(f"{pad(name, _NAME_COLUMNS)}  {value}\n" for name, value in table)


def as_object(report: Report) -> dict[str, Any]:
    """The report as a JSON object; the keys are documented in docs/command-line.md."""
    return {
        "sources": report.sources,
        "sources_unchanged": report.sources_unchanged,
        "files_unchanged": report.files_unchanged,
        "messages": report.messages,
        "parts": report.parts,
        "attachments": report.attachments,
        "bytes_read": report.bytes_read,
        "decoded_bytes": report.decoded_bytes,
        "skipped_files": report.skipped_files,
        "seconds": round(report.seconds, 3),
        "defects": dict(report.defects.most_common()),
        "failed": report.failed,
        "failures": [
            {
                "source": failure.label,
                "file": failure.name.decode("utf-8", "replace") or None,
                "error": str(failure.error),
            }
            for failure in report.failures
        ],
    }
