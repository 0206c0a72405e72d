"""`mailstrata erase`: take messages out of an archive for good."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailstrata.archive.maintenance.erase import ErasureReport

_DIGEST = re.compile("[0-9a-fA-F]{64}")


@click.command("erase", short_help="Take messages out for good.")
@options.existing_archive()
@click.argument("message", nargs=-1, required=True, metavar="MESSAGE...")
@click.option("--all", "take_all", is_flag=True, help="Where a Message-ID stands for several messages, erase them all.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stays in the archive, so name no one in it.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
def command(
    archive: str,
    message: tuple[str, ...],
    take_all: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Erase messages from ARCHIVE, with the attachments that no other message holds. This cannot be undone.

    MESSAGE is the whole SHA-256 of a message, or its Message-ID. In its mailbox a named gap stays: where the message
    was, how long, its SHA-256, and with it the `From ` line or file name. A message that was erased is not archived
    again. What backups and snapshots of the disk hold is not touched."""
    from contextlib import nullcontext
    from pathlib import Path

    from mailstrata.archive.maintenance import erase
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.errors import UsageError

    try:
        digests = _digests(archive, message, take_all)
    except UsageError:
        if not dry_run:
            # The rows go before the files do: after an interruption between the two, a Message-ID finds nothing.
            erase.finish(Path(archive))
        raise
    bar = ProgressBar() if wanted(quiet) else None
    progress = None if bar is None else bar.update
    try:
        with bar or nullcontext():
            if dry_run:
                report = erase.plan(Path(archive), digests, progress=progress)
            else:
                report = erase.erase(Path(archive), digests, reason=reason, progress=progress)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(
            "interrupted; run the same command again: it finishes what was begun, or does not find the message any more"
        ) from interrupt
    if not dry_run:
        from mailstrata.cli.search_index import forget_after

        forget_after(archive, quiet=quiet)
    if as_json:
        output.write_json(_as_object(report))
    elif not quiet:
        output.write(_as_text(report, dry_run=dry_run))


def _digests(archive: str, identifiers: Sequence[str], take_all: bool) -> list[str]:
    """The digests that are meant. Raises `UsageError` for an identifier that stands for no message, or for several."""
    from mailstrata.archive.reading.reader import MOST_FOUND, Archive
    from mailstrata.errors import UsageError

    found: list[str] = []
    with Archive.open(archive) as opened:
        for identifier in map(str.strip, identifiers):
            if _DIGEST.fullmatch(identifier):
                found.append(identifier.lower())
                continue
            # In angle brackets it is never taken for the beginning of a digest.
            messages = opened.find_messages(f"<{identifier.removeprefix('<').removesuffix('>')}>")
            if not messages:
                raise UsageError(
                    f"no message with the Message-ID {identifier} in {archive}; name a message by its Message-ID or "
                    "its whole SHA-256 (mailstrata sql lists both)"
                )
            if len(messages) >= MOST_FOUND:
                raise UsageError(
                    f"the Message-ID {identifier} stands for {MOST_FOUND:,} messages or more; name those that are "
                    "meant by their SHA-256"
                )
            if len(messages) > 1 and not take_all:
                raise UsageError(
                    f"the Message-ID {identifier} stands for {len(messages)} messages ({', '.join(messages[:5])}"
                    f"{' ...' if len(messages) > 5 else ''}); name one by its SHA-256, or erase them with --all"
                )
            found += messages
    return found


def _as_text(report: ErasureReport, *, dry_run: bool) -> str:
    from mailstrata.cli.summary import as_lines
    from mailstrata.cli.units import format_bytes, format_count

    verb = "would go" if dry_run else "erased"
    rows = [(verb if not at else "", digest) for at, digest in enumerate(report.messages)]
    if report.messages:
        blobs = f"{format_count(len(report.blobs), 'attachment')} that no other message holds"
        if report.blobs_kept:
            blobs += f"; {format_count(len(report.blobs_kept), 'attachment')} that others hold stay"
        written = f"{format_count(report.packs, 'pack')} of {format_bytes(report.pack_bytes)}"
        if not dry_run:
            written += f", {format_count(report.index_files, 'index file')} of {format_bytes(report.index_bytes)}"
        rows += [("with", blobs), ("rewritten" if not dry_run else "to write", written)]
    if report.commit is not None:
        rows.append(("commit", str(report.commit)))
    if report.set_aside:
        files = format_count(report.set_aside, "damaged file")
        rows.append(("damaged/", f"has {files} that a repair has set aside, and what they hold: delete them"))
    rows += [("before" if not at else "", f"{digest} had been erased") for at, digest in enumerate(report.already)]
    return as_lines(rows)


def _as_object(report: ErasureReport) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(report)
