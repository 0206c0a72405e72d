"""`mailstrata unstrip`: the mailbox that was stripped, byte for byte."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from mailstrata.cli import options, output, stripped_options


@click.command("unstrip", short_help="Put the attachments back into a mailbox.")
@click.argument("stripped", type=stripped_options.PATH)
@stripped_options.attachments("The folder that strip wrote the attachments and the manifest to.")
@options.target("DEST", "The mailbox as it was: a new file or folder.")
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
@click.pass_context
def command(ctx: click.Context, stripped: str, attachments: str, target: str, as_json: bool, quiet: bool) -> None:
    """Write to DEST the mailbox that STRIPPED was made from, each file checked against its SHA-256.

    Names, times and modes of files come back as well. A file that does not come back byte for byte, because its
    stripped twin or an attachment was changed, is not written."""
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.cli.strip_summary import note_renamed
    from mailstrata.cli.units import format_bytes, format_count
    from mailstrata.sinks.progress import Progress
    from mailstrata.stripped.unstrip import unstrip

    bar = ProgressBar() if wanted(quiet) else None
    state = Progress(bytes_total=None)

    def tell(written: int, label: str) -> None:
        if bar is not None:
            state.bytes_read = written
            state.messages += 1
            state.source = label
            bar.update(state)

    try:
        with bar or nullcontext():
            report = unstrip(Path(stripped), Path(attachments), Path(target), progress=tell, on_renamed=note_renamed)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("interrupted; DEST was not written; run the same command again") from interrupt
    if as_json:
        output.write_json(
            {
                "files": report.files,
                "messages": report.messages,
                "attachments": report.attachments,
                "bytes_written": report.bytes_written,
                "failed": report.failed,
                "failures": [str(problem) for problem in report.problems],
                "notes": report.notes,
            }
        )
    elif not quiet:
        output.write_line(
            f"{format_count(report.messages, 'message')} in {format_count(report.files, 'file')}, "
            f"{format_bytes(report.bytes_written)}, with {format_count(report.attachments, 'attachment')} put back: "
            "as they were, by their SHA-256"
        )
    for note in report.notes:
        output.note(note)
    for problem in report.problems:
        output.error(str(problem))
    if report.failed > len(report.problems):
        output.note(f"and {report.failed - len(report.problems):,} more files that did not come back")
    if report.problems:
        ctx.exit(report.problems[0].exit_code)
