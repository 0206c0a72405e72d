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
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Write the message as one safe page of HTML, which must not be there yet; - is standard output.",
)
@click.option("--thread", is_flag=True, help="Show the conversation of the message instead.")
@options.as_json("With --thread: write each message of it as a JSON object, one a line.")
def command(
    archive: str, message: str, raw: bool, part_path: str | None, page: str | None, thread: bool, as_json: bool
) -> None:
    """Show one message of an archive: its header in short, the tree of its parts, and its text.

    MESSAGE is the message's SHA-256, or the beginning of it, or its Message-ID. Of a part that contains others, --part
    writes the body as it stands. On a terminal, control characters are shown as escapes, with --raw and --part as
    well; a file or a pipe gets the exact bytes. A page that --html writes runs nothing and loads nothing from
    elsewhere."""
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.cli.raw_message import find_message, write_raw
    from mailstrata.errors import UsageError

    ways = [
        name
        for name, given in (("--raw", raw), ("--part", part_path), ("--html", page), ("--thread", thread))
        if given is not None and given is not False
    ]
    if len(ways) > 1:
        raise UsageError(f"{ways[0]} and {ways[1]} exclude each other; use one of them")
    if as_json and not thread:
        raise UsageError("--json writes a conversation: use it with --thread (mailstrata parse --json writes messages)")
    with Archive.open(archive) as opened:
        digest = find_message(opened, archive, message)
        if raw:
            write_raw(opened, digest)
        elif page is not None:
            from mailstrata.cli.show_page import write_page

            write_page(opened, archive, digest, page)
        elif thread:
            from mailstrata.cli.show_thread import show_thread

            show_thread(opened, digest, as_json=as_json)
        else:
            from mailstrata.cli.show_message import show_message, write_part

            if part_path is not None:
                write_part(opened, digest, part_path)
            else:
                show_message(opened, archive, digest)
