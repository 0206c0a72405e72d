"""`mailstrata extract`: every part to the filesystem."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant


@click.command("extract", short_help="Write every part to a file.")
@options.sources()
@options.target("DIR", "Where the files go.")
@click.option("--attachments-only", is_flag=True, help="Leave out the text of messages.")
@options.reading()
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    source: tuple[str, ...],
    target: str,
    attachments_only: bool,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the decoded parts of every message of the sources to files in DIR, under safe names.

    Nothing that is there already is overwritten."""
    from mailstrata.cli import summary
    from mailstrata.cli.running import exit_code, refuse_target_in_source, run
    from mailstrata.cli.units import format_bytes
    from mailstrata.sinks.filesystem import FilesystemSink

    refuse_target_in_source(source, target)
    report = run(
        source,
        FilesystemSink(target, attachments_only=attachments_only),
        mbox_variant=mbox_variant,
        max_depth=max_depth,
        max_parts=max_parts,
        quiet=quiet,
    )
    if as_json:
        output.write_json(summary.as_object(report))
    elif not quiet:
        decoded = ("decoded", f"{format_bytes(report.decoded_bytes)} of content")
        output.write(summary.as_lines([*summary.rows(report), decoded, *summary.defect_rows(report.defects)]))
    ctx.exit(exit_code(report, source))
