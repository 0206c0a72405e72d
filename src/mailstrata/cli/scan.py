"""`mailstrata scan`: parts that are not what they say, worst first."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailstrata.cli import options

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant

EXIT_FOUND = 7
"""Something was listed."""

FLAG_NAMES = (
    *("type-mismatch", "executable", "double-extension", "deceptive-name", "macros", "encrypted", "holds-executable"),
    *("active-content", "suspicious-encoding", "external-body", "ambiguous", "found"),
)


@click.command("scan", short_help="List parts that are not what they say.")
@click.argument("source", nargs=-1, required=True, type=click.Path(readable=False, allow_dash=True), metavar="PLACE...")
@click.option(
    "--flag",
    "flags",
    multiple=True,
    type=click.Choice(FLAG_NAMES),
    metavar="NAME",
    help="Only parts with this flag; may be given more than once. `found`: what a scanner has found.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many parts.")
@click.option(
    "--clamd",
    "address",
    metavar="ADDRESS",
    help="First scan every content with the clamd at HOST:PORT, or at the path of its socket.",
)
@click.option(
    "--rescan", is_flag=True, help="With --clamd: scan also what was scanned with the same signatures before."
)
@options.reading()
@options.as_json("One JSON object a line and part; its keys are in docs/scan.md.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    source: tuple[str, ...],
    flags: tuple[str, ...],
    limit: int | None,
    address: str | None,
    rescan: bool,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """List the parts that are flagged, worst first, with the reasons: of an ARCHIVE, of a folder that `mailstrata
    index` wrote, or of any SOURCEs.

    The flags are described in docs/attachment-flags.md. With --clamd each distinct content is scanned once, however
    many messages carry it, and what was found is kept in the archive. The exit code is 7 where anything is listed."""
    from mailstrata.cli import scan_list, scan_runs

    writer = scan_list.JsonList() if as_json else scan_list.TableList()
    if scan_runs.is_tables(source):
        if address is not None:
            scan_runs.scan_archive(source[0], address, again=rescan, quiet=quiet)
        code = 0
        found = scan_runs.list_flagged(source[0], flags, limit, writer)
    else:
        code, found = scan_runs.scan_sources(
            source,
            address,
            flags,
            limit,
            writer,
            mbox_variant=mbox_variant,
            max_depth=max_depth,
            max_parts=max_parts,
            quiet=quiet,
        )
    ctx.exit(code or (EXIT_FOUND if found else 0))
