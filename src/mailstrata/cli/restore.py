"""`mailstrata restore`: the source files, byte for byte."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import os

import click

from mailstrata.cli import options, output


@click.command("restore", short_help="Get the source files back, byte for byte.")
@options.existing_archive()
@click.option("--to", "target", metavar="DIR", type=click.Path(readable=False), help="A new or empty folder.")
@click.option(
    "--at",
    "commit",
    type=click.IntRange(min=1),
    metavar="COMMIT",
    help="As the sources were after this commit. The last one where not given.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Only this source, by its label or path; can be given several times.",
)
@click.option("--list", "lists", is_flag=True, help="Show which sources there are, and write nothing.")
@click.option("--no-manifest", is_flag=True, help="Leave out the list of digests, SHA256SUMS.")
@options.as_json("Write the summary, or the list, as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    archive: str,
    target: str | None,
    commit: int | None,
    sources: tuple[str, ...],
    lists: bool,
    no_manifest: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the files of the archive's sources to DIR as they were when they were last read: mboxes with their `From `
    lines and quoting, Maildirs with names, flags and times, the members of tar and zip archives.

    Each file is compared with the SHA-256 of the original before it gets its name. What was compressed comes back
    decompressed. Nothing is written outside of DIR, and a name is changed only where it cannot be created."""
    from contextlib import nullcontext

    from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES
    from mailstrata.archive.reading.history import latest, of_sources, snapshots_at
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.archive.restoring.restore import restore
    from mailstrata.cli import restore_summary
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.cli.targets import refuse_target_in_archive
    from mailstrata.errors import UsageError

    if target is None and not lists:
        raise UsageError("name a new or empty folder with --to, or see with --list what there is to restore")
    with Archive.open(archive, cache_bytes=ORDERED_CACHE_BYTES) as opened:
        every = snapshots_at(opened, commit)
        chosen = of_sources(latest(every), sources)
        if target is None or lists:
            if as_json:
                output.write_json(restore_summary.list_as_object(chosen))
            else:
                output.write(restore_summary.list_as_text(chosen))
            return
        refuse_target_in_archive(archive, target)
        bar = ProgressBar() if wanted(quiet) else None
        try:
            with bar or nullcontext():
                report = restore(
                    opened,
                    os.fsencode(target),
                    chosen,
                    manifest=not no_manifest,
                    progress=None if bar is None else bar.update,
                )
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(
                f"interrupted; the files that {target} holds are whole; remove it and run the same command again"
            ) from interrupt
    if not quiet:
        restore_summary.write_notes(report, every)
    if as_json:
        output.write_json(restore_summary.as_object(report))
    elif not quiet:
        output.write(restore_summary.as_text(report))
    ctx.exit(restore_summary.exit_code(report))
