"""`mailstrata show`: one message of an archive."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import click

from mailstrata.cli import options


@click.command("show", short_help="Show one message.")
@options.existing_archive()
@click.argument("message")
@click.option("--raw", is_flag=True, help="Write the message's bytes instead.")
@click.option("--part", "part_path", metavar="PATH", help="Write the decoded bytes of one part (1.2) instead.")
def command(archive: str, message: str, raw: bool, part_path: str | None) -> None:
    """Show one message of an archive: its header in short, the tree of its parts, and its text.

    MESSAGE is the message's SHA-256, or the beginning of it, or its Message-ID. Of a part that contains others, --part
    writes the body as it stands. On a terminal, control characters are shown as escapes, with --raw and --part as
    well; a file or a pipe gets the exact bytes."""
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.cli.raw_message import find_message, write_raw
    from mailstrata.errors import UsageError

    if raw and part_path is not None:
        raise UsageError("--raw and --part exclude each other; use one of them")
    with Archive.open(archive) as opened:
        digest = find_message(opened, archive, message)
        if raw:
            write_raw(opened, digest)
            return
        from mailstrata.cli.show_message import show_message, write_part

        if part_path is not None:
            write_part(opened, digest, part_path)
        else:
            show_message(opened, archive, digest)
