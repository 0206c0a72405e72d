"""`mailstrata search`: find messages."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from mailstrata.search.engine.finding import Sort
    from mailstrata.search.engine.search import Search


@click.command("search", short_help="Find messages.")
@options.existing_archive()
@click.argument("query", metavar="QUERY", nargs=-1, required=True)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show so many at most. Without it 20, and with --format ids all.",
)
@click.option(
    "--sort",
    type=click.Choice(["relevance", "date"]),
    help="The best first, or the newest. Without it the best; with --format ids and no --limit the newest.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "ids"]),
    default="table",
    show_default=True,
    help="How to write the messages; json is one object a line, ids is one SHA-256 a line.",
)
@options.as_json("The same as --format json.")
@click.option("--no-update", is_flag=True, help="Search the index as it is, without what was archived since.")
@click.option("--rebuild", is_flag=True, help="Make the search index from nothing first.")
@options.quiet()
def command(
    archive: str,
    query: tuple[str, ...],
    limit: int | None,
    sort: Sort | None,
    style: str,
    as_json: bool,
    no_update: bool,
    rebuild: bool,
    quiet: bool,
) -> None:
    """Find messages in ARCHIVE by words and by Gmail's operators, as in

    \b
    mailstrata search archive/ from:ann has:attachment '"signed contract"' after:2024-03

    All that is asked for must hold; OR, - and parentheses are there, too. docs/search.md has the language. The search
    index is made by the first search, and brought up to date by each."""
    from mailstrata.errors import UsageError

    if no_update and rebuild:
        raise UsageError("--no-update and --rebuild exclude each other; give one of them")
    from mailstrata import search
    from mailstrata.cli import search_results
    from mailstrata.cli.search_index import require_package, update_before
    from mailstrata.search.query.parsing import parse_query

    text = " ".join(query)
    require_package()
    if no_update:
        parse_query(text)
    else:
        update_before(archive, text, quiet=quiet, rebuild=rebuild)
    with search.open(archive) as opened:
        if not opened.is_current and not quiet:
            output.note("the search index does not cover all of the archive as it is now")
        _write(opened, text, "json" if as_json else style, limit, sort, search_results.DEFAULT_LIMIT, quiet=quiet)


def _write(
    opened: Search, query: str, style: str, limit: int | None, sort: Sort | None, default_limit: int, *, quiet: bool
) -> None:
    from mailstrata.cli import search_results

    if style == "ids":
        # Without a limit they may be more than there is memory for.
        in_order = limit is not None or sort == "relevance"
        digests = (
            (hit.sha256 for hit in opened.list(query, limit or opened.count(query) or 1, sort or "relevance"))
            if in_order
            else opened.ids(query)
        )
        for sha256 in digests:
            output.write_line(sha256)
        return
    hits = opened.search(query, limit or default_limit, sort or "relevance")
    if style == "json":
        for hit in hits:
            output.write_json(search_results.as_object(hit))
        return
    search_results.write_table(hits)
    if not quiet:
        count = opened.count(query) if len(hits) == (limit or default_limit) else len(hits)
        output.note(search_results.summary(len(hits), count))
