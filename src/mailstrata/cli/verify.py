"""`mailstrata verify`: the proof that an archive is whole."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import time

import click

from mailstrata.cli import options, output


@click.command("verify", short_help="Prove that an archive is whole.")
@options.existing_archive()
@click.option("--quick", is_flag=True, help="Check structure and sizes only, not what the files hold.")
@options.as_json("Write a JSON object a line for each finding, and one for the summary.")
@options.quiet()
@click.pass_context
def command(ctx: click.Context, archive: str, quick: bool, as_json: bool, quiet: bool) -> None:
    """Read all of an archive again and compare it with what its records promise: the digest of every file, message and
    attachment, every source by putting its files together, the index against the packs.

    Each finding is a line: what is wrong, where, and which messages, attachments and sources it affects. The exit code
    is 6 where something is damaged or missing; what merely does not count (left-over files) does not change it."""
    from contextlib import nullcontext

    from mailstrata.archive.verifying.verify import Verification
    from mailstrata.cli import verify_summary
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.errors import ArchiveError

    began = time.monotonic()
    bar = ProgressBar() if wanted(quiet) else None
    verification = Verification(archive, quick=quick, progress=None if bar is None else bar.update)
    with bar or nullcontext():
        for finding in verification:
            if as_json:
                output.write_json(finding.to_json())
            elif not quiet or finding.is_damage:
                output.write_line(verify_summary.line(finding))
            output.flush()
    seconds = time.monotonic() - began
    summary = verification.summary
    if as_json:
        output.write_json(verify_summary.as_object(summary, seconds, quick=quick))
    elif not quiet:
        output.write(verify_summary.as_text(summary, seconds, quick=quick))
    if not summary.is_whole:
        ctx.exit(ArchiveError.exit_code)
