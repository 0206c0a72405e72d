"""`mailstrata info`: what an archive holds."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import click

from mailstrata.cli import options, output


@click.command("info", short_help="Show what is in an archive, and what it saved.")
@options.existing_archive()
@options.as_json("Write it all as one JSON object.")
def command(archive: str, as_json: bool) -> None:
    """Show what an archive holds: its messages and sources, what it takes on disk, what keeping each content once and
    compressing it has saved, and its ledger, in which every byte of every source is accounted for."""
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.cli import archive_info

    with Archive.open(archive) as opened:
        info = opened.info()
    if as_json:
        output.write_json(archive_info.as_object(info))
    else:
        output.write(archive_info.as_text(info))
