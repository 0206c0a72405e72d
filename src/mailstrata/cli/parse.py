"""`mailstrata parse`: the structure of each message."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailstrata.cli import options

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant


@click.command("parse", short_help="Show the structure of each message.")
@options.sources()
@options.reading()
@options.as_json("One JSON object a line and message; its keys are in docs/command-line.md.")
@click.pass_context
def command(
    ctx: click.Context,
    source: tuple[str, ...],
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    as_json: bool,
) -> None:
    """Show each message of the sources, its header in short, and its parts: type, size, file name, and what is
    wrong with them. Nothing is written to disk."""
    from mailstrata.cli.parse_sink import JsonSink, TreeSink
    from mailstrata.cli.running import exit_code, run

    report = run(
        source,
        JsonSink() if as_json else TreeSink(),
        mbox_variant=mbox_variant,
        max_depth=max_depth,
        max_parts=max_parts,
        writes_results=True,
    )
    ctx.exit(exit_code(report, source))
