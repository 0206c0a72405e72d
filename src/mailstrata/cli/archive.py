"""`mailstrata archive`: the main job."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant


@click.command("archive", short_help="Keep mailboxes: the main job.")
@options.sources()
@options.target("ARCHIVE", "A new archive, or one to add to.")
@click.option(
    "--level",
    type=click.IntRange(1, 19),
    metavar="N",
    default=3,
    show_default=True,
    help="How hard zstd tries, from 1 to 19: higher is smaller and slower.",
)
@click.option(
    "--commit-every",
    type=options.SIZE,
    metavar="SIZE",
    default="1G",
    show_default=True,
    help="Commit whenever so much was read (512M, 2G): no more than this is read again after an interruption.",
)
@click.option(
    "--jobs",
    type=options.JOBS,
    metavar="N",
    default=1,
    show_default=True,
    help="Work with so many processes, each of which takes as much memory as one alone; `auto`: one for each "
    "processor.",
)
@click.option(
    "--search/--no-search",
    "searchable",
    default=None,
    help="Bring the search index up to date at the end, or not. Without either: where ARCHIVE has one.",
)
@click.option("--reread", is_flag=True, help="Read every file, also those that look unchanged since the last run.")
@options.reading()
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    source: tuple[str, ...],
    target: str,
    level: int,
    commit_every: int,
    jobs: int,
    searchable: bool | None,
    reread: bool,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Keep every byte of the sources in ARCHIVE, each message and each attachment once, compressed, with an index.

    What is committed stays: a run that is interrupted leaves an archive that can be used, and running the same
    command again finishes the job. What has not changed since the last run is not read again: a file of the same
    size and time of change is taken for the same."""
    from mailstrata.cli.running import exit_code, refuse_target_in_source, run

    refuse_target_in_source(source, target)
    if searchable:
        from mailstrata.cli.search_index import require_package

        require_package()
    said = {
        "mbox_variant": mbox_variant or "detected",
        "level": str(level),
        "max_depth": str(max_depth),
        "max_parts": str(max_parts),
    }
    with ExitStack() as opened:
        fleet = None
        if jobs > 1:
            from mailstrata.archive.jobs.fleet import Fleet

            fleet = opened.enter_context(Fleet(jobs))
            fleet.start()
        from mailstrata.archive.jobs.coordinator_run import CoordinatorSink
        from mailstrata.archive.recording.sink import ArchiveSink
        from mailstrata.cli import archive_summary

        kind = ArchiveSink if fleet is None else CoordinatorSink
        sink = kind(target, level=level, options=said, reread=reread)
        try:
            report = run(
                source,
                sink,
                mbox_variant=mbox_variant,
                max_depth=max_depth,
                max_parts=max_parts,
                quiet=quiet,
                known=sink,
                checkpoint_bytes=commit_every,
                fleet=fleet,
            )
        except KeyboardInterrupt as interrupt:
            kept = "what was committed is kept" if sink.commits else "this run had committed nothing yet"
            raise KeyboardInterrupt(f"interrupted; {kept}; run the same command again to finish") from interrupt
    if searchable is not False:
        from mailstrata.cli.search_index import update_after

        update_after(target, "archive", wanted=searchable, quiet=quiet)
    if as_json:
        output.write_json(archive_summary.as_object(report, sink, target))
    elif not quiet:
        output.write(archive_summary.as_text(report, sink, target))
    ctx.exit(exit_code(report, source))
