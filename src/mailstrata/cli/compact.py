"""`mailstrata compact`: few large files instead of many small ones."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output

if TYPE_CHECKING:
    from mailstrata.archive.maintenance.compact import Compaction


@click.command("compact", short_help="Merge the small files that many small runs leave.")
@options.existing_archive()
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
def command(archive: str, as_json: bool, quiet: bool) -> None:
    """Merge small packs and index files of ARCHIVE into large ones. The mail, its history and what is restored stay the
    same, to the byte.

    The files that were merged stay on disk until the archive is next written to, so that whoever is reading can go on:
    run the command again to free the space at once."""
    from contextlib import nullcontext
    from pathlib import Path

    from mailstrata.archive.maintenance.compact import compact
    from mailstrata.cli.progress import ProgressBar, wanted

    bar = ProgressBar() if wanted(quiet) else None
    try:
        with bar or nullcontext():
            result = compact(Path(archive), progress=None if bar is None else bar.update)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("interrupted; the archive is as it was before") from interrupt
    if as_json:
        output.write_json(dataclasses.asdict(result))
    elif not quiet:
        output.write(_as_text(result))


def _as_text(result: Compaction) -> str:
    from mailstrata.cli.summary import as_lines
    from mailstrata.cli.units import format_bytes, format_count

    before, after = result.before, result.after
    rows = []
    if result.commit is None:
        rows.append(("compact", "there is nothing to merge"))
    else:
        rows += [
            ("packs", _change(before.packs, before.pack_bytes, after.packs, after.pack_bytes)),
            ("index", _change(before.index_files, before.index_bytes, after.index_files, after.index_bytes)),
            ("commit", str(result.commit)),
        ]
    if result.duplicates:
        rows.append(("twice", f"{format_count(result.duplicates, 'member')} kept once now"))
    if result.swept:
        rows.append(("removed", f"{format_count(result.swept, 'file')} that earlier runs had left"))
    if result.removed_bytes:
        rows.append(
            ("to go", f"{format_bytes(result.removed_bytes)} of old files, when the archive is next written to")
        )
    return as_lines(rows)


def _change(files_before: int, bytes_before: int, files_after: int, bytes_after: int) -> str:
    from mailstrata.cli.units import format_bytes

    return f"{files_before:,} of {format_bytes(bytes_before)} -> {files_after:,} of {format_bytes(bytes_after)}"
