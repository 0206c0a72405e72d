"""`mailstrata export`: chosen messages as .eml files, an mbox or a Maildir."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from mailstrata.archive.exporting.formats import ExportFormat, FileNames
    from mailstrata.archive.reading.reader import Archive


@click.command("export", short_help="Write chosen messages for other programs.")
@options.existing_archive()
@options.target("DEST", "A new or empty folder; for an mbox, a new file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["eml", "mbox", "maildir"]),
    required=True,
    help="One file a message, one mbox (mboxrd), or a Maildir.",
)
@click.option(
    "--message",
    "messages",
    multiple=True,
    metavar="MESSAGE",
    help="Only this message, by its SHA-256 (or its beginning) or Message-ID; can be given several times.",
)
@click.option(
    "--where",
    metavar="SQL",
    help="Only messages for which this holds: a condition over the columns of the table messages.",
)
@click.option(
    "--query",
    metavar="QUERY",
    help="Only messages that `mailstrata search` finds by this query; brings the search index up to date first.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Only messages that were found in this source (label or path); can be given several times.",
)
@click.option(
    "--names",
    type=click.Choice(["readable", "digest"]),
    default="readable",
    show_default=True,
    help="How .eml files are named: by date, subject and digest, or by digest alone.",
)
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    archive: str,
    target: str,
    form: ExportFormat,
    messages: tuple[str, ...],
    where: str | None,
    query: str | None,
    sources: tuple[str, ...],
    names: FileNames,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write messages of the archive to DEST, each distinct one once, in the order in which they first came in.

    Without a choice these are all messages; --message, --where, --query and --source narrow it down, and of several all
    must hold. A list of digests for `sha256sum -c` is written beside them: SHA256SUMS in the folder, or DEST.sha256.

    \b
    mailstrata export archive/ --to smith.mbox --format mbox \\
        --where "from_address = 'smith@example.org' AND date >= '2024-01-01'"
    """
    from mailstrata.archive.exporting.export import export
    from mailstrata.archive.exporting.formats import exporter
    from mailstrata.archive.exporting.selection import choose
    from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES
    from mailstrata.archive.reading.history import latest, of_sources
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.cli import export_summary
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.cli.targets import refuse_target_in_archive

    refuse_target_in_archive(archive, target)
    if query is not None:
        from mailstrata.cli.search_index import update_before

        update_before(archive, query, quiet=quiet)
    with Archive.open(archive, cache_bytes=ORDERED_CACHE_BYTES) as opened:
        paths = {each.path for each in of_sources(latest(opened.snapshots()), sources)} if sources else None
        bar = ProgressBar() if wanted(quiet) else None
        takes_all = not messages and where is None and query is None and paths is None
        with _digests(opened, archive, messages, where) as digests, _matches(archive, query) as within:
            try:
                with exporter(form, os.fsencode(target), names) as written, bar or nullcontext():
                    report = export(
                        opened,
                        choose(opened, digests=digests, within=within, source_paths=paths),
                        written,
                        total_bytes=opened.totals().message_bytes_new if takes_all else None,
                        progress=None if bar is None else bar.update,
                    )
            except KeyboardInterrupt as interrupt:
                left = "nothing was written" if form == "mbox" else f"the files that {target} holds are whole"
                again = "run" if form == "mbox" else "remove it and run"
                raise KeyboardInterrupt(f"interrupted; {left}; {again} the same command again") from interrupt
    if not quiet:
        export_summary.write_notes(report)
    if as_json:
        output.write_json(export_summary.as_object(report, form, target, written.manifest))
    elif not quiet:
        output.write(export_summary.as_text(report, target, written.manifest))
    ctx.exit(export_summary.exit_code(report))


@contextmanager
def _matches(path: str, query: str | None) -> Iterator[Iterator[str] | None]:
    """The messages that a query finds; None where there is none."""
    if query is None:
        yield None
        return
    from mailstrata import search

    with search.open(path) as opened:
        yield opened.ids(query)


@contextmanager
def _digests(
    archive: Archive, path: str, messages: tuple[str, ...], where: str | None
) -> Iterator[Iterator[str] | None]:
    """The messages that are chosen by name or by a condition; None where neither was given."""
    from mailstrata.errors import UsageError

    named: set[str] | None = None
    if messages:
        named = set()
        for message in messages:
            found = archive.find_messages(message)
            if archive.erased(message.strip()) is not None:
                # Reading it says that it was erased, and why.
                found = [message.strip().lower()]
            if not found:
                raise UsageError(
                    f"no message {message} in {path}; name one by its Message-ID, or by at least four characters of "
                    "its SHA-256 (mailstrata sql lists both)"
                )
            named.update(found)
    if where is None:
        yield None if named is None else iter(sorted(named))
        return
    from mailstrata.cli.sql_session import query_rows

    # On a line of its own, so that a comment at its end ends there.
    query = f"SELECT sha256 FROM messages WHERE (\n{where}\n)"  # noqa: S608 - it is the user's own, and runs confined
    with query_rows(path, query) as (_, batches):
        yield (row[0] for rows in batches for row in rows if named is None or row[0] in named)
