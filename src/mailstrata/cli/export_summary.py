"""What `mailstrata export` has done, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstrata.cli import output
from mailstrata.cli.restore_summary import each, text_of
from mailstrata.cli.summary import as_lines
from mailstrata.cli.terminal import safe_line
from mailstrata.cli.units import format_bytes, format_count, format_duration
from mailstrata.errors import ArchiveError

if TYPE_CHECKING:
    from mailstrata.archive.exporting.export import ExportReport, NotExported


def write_notes(report: ExportReport) -> None:
    """To standard error: what is missing for a good reason."""
    each(report.erased, output.note, _erased_line, "erased messages")
    if not report.messages and not len(report.failures):
        output.note("no message was chosen")


def _erased_line(erased: NotExported) -> str:
    return f"the message {erased.sha256} was erased{f' ({erased.reason})' if erased.reason else ''} and is left out"


def exit_code(report: ExportReport) -> int:
    """Say what could not be exported; the exit code of the command."""
    each(report.failures, output.error, lambda failure: failure.reason, "messages that could not be exported")
    if not len(report.failures):
        return 0
    output.note(f"everything else was exported: {format_count(report.messages, 'message')}")
    return ArchiveError.exit_code


def as_text(report: ExportReport, target: str, manifest: bytes) -> str:
    """For people."""
    said = f"{format_count(report.messages, 'message')}, {format_bytes(report.bytes)}"
    rows = [
        ("exported", f"{said} in {format_duration(report.seconds)} to {safe_line(target)}"),
        ("digests", safe_line(text_of(manifest))),
    ]
    if len(report.failures):
        rows.insert(1, ("failed", f"{len(report.failures):,}"))
    return as_lines(rows)


def as_object(report: ExportReport, form: str, target: str, manifest: bytes) -> dict[str, Any]:
    """As JSON; the keys are documented in docs/command-line.md."""
    return {
        "format": form,
        "to": target,
        "manifest": text_of(manifest),
        "messages": report.messages,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "erased": len(report.erased),
        "erased_messages": [{"sha256": item.sha256, "reason": item.reason} for item in report.erased],
        "failed": len(report.failures),
        "failures": [{"sha256": item.sha256, "error": item.reason} for item in report.failures],
    }
