"""`mailstrata repair`: saving what is whole of a damaged archive."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import click

from mailstrata.cli import options, output


@click.command("repair", short_help="Save what is whole of a damaged archive.")
@options.existing_archive()
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--drop-last-commit",
    is_flag=True,
    help="Give up the last commit where its record is damaged or missing, with all that it added.",
)
@options.as_json("Write what was done as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context, archive: str, dry_run: bool, drop_last_commit: bool, as_json: bool, quiet: bool
) -> None:
    """Verify an archive, make its index and catalogue anew where they are damaged, and copy what is whole in damaged
    packs into new ones. What is lost is put on record.

    Nothing damaged is removed: it goes to the folder `damaged` in the archive. The exit code is 6 where something was
    lost, or where damage remains. Copy a damaged archive before you repair it, if you can."""
    from contextlib import nullcontext

    from mailstrata.archive.repairing.repair import repair
    from mailstrata.cli import repair_summary, verify_summary
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.errors import ArchiveError

    bar = ProgressBar() if wanted(quiet) else None
    with bar or nullcontext():
        report = repair(
            archive,
            dry_run=dry_run,
            drop_last_commit=drop_last_commit,
            progress=None if bar is None else bar.update,
        )
    if as_json:
        output.write_json(repair_summary.as_object(report))
    else:
        for finding in report.remaining:
            output.error(verify_summary.line(finding))
        if not quiet:
            output.write(repair_summary.as_text(report))
    if not report.is_whole:
        ctx.exit(ArchiveError.exit_code)
