"""`mailstrata index`: only the Parquet tables."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant


@click.command("index", short_help="Write only the Parquet tables.")
@options.sources()
@options.target("DIR", "Where the tables go.")
@options.reading()
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    source: tuple[str, ...],
    target: str,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the tables messages, occurrences, parts and blobs of the sources to DIR, as Parquet.

    `mailstrata sql DIR` asks them; so does any Parquet reader. An index that is in DIR already is replaced."""
    from mailstrata.cli import summary
    from mailstrata.cli.running import exit_code, refuse_target_in_source, run
    from mailstrata.index.sink import IndexSink

    refuse_target_in_source(source, target)
    report = run(
        source,
        IndexSink(target),
        mbox_variant=mbox_variant,
        max_depth=max_depth,
        max_parts=max_parts,
        quiet=quiet,
    )
    if as_json:
        output.write_json(summary.as_object(report))
    elif not quiet:
        output.write(summary.as_lines([*summary.rows(report), *summary.defect_rows(report.defects)]))
    ctx.exit(exit_code(report, source))
