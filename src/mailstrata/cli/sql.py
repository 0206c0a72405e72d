"""`mailstrata sql`: DuckDB over the index."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import click

from mailstrata.cli import options


@click.command("sql", short_help="Ask the index in SQL.")
@options.existing_archive()
@click.argument("query", metavar="SQL")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to write the rows; json is one object a line.",
)
def command(archive: str, query: str, style: str) -> None:
    """Run one SELECT over the tables messages, occurrences, parts and blobs of an archive, or of a folder that
    `mailstrata index` wrote, and over scans, what `mailstrata scan --clamd` has found out.

    The tables are those of the last commit. The query runs in DuckDB, which can read them and nothing else, and
    change nothing. The columns are described in docs/index-schema.md; `SUMMARIZE messages` and `DESCRIBE parts`
    show them as well. A null is empty in a table and in CSV."""
    from mailstrata.cli.rows import WRITERS
    from mailstrata.cli.sql_session import query_rows

    with query_rows(archive, query) as (columns, batches):
        WRITERS[style](columns, batches)
