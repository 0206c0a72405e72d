"""The help of every command, as docs/command-line.md shows it. Bring the page up to date with

    python -m mailstrata.cli.help_pages docs/command-line.md

The page holds a place for each command, between `<!-- help: NAME -->` and `<!-- end -->`; `mailstrata` stands for the
command without a command. The pages that `mailstrata --help` shows (see `first_words`) are written at the same time.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from mailstrata.cli.first_words import HELP_WIDTHS, help_page
from mailstrata.cli.main import cli

WIDTH = 100

_PLACE = re.compile(r"(?<=<!-- help: )([a-z]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def help_pages() -> dict[str, str]:
    """The help text of each command, and of `mailstrata` itself."""
    settings = {**cli.context_settings, "max_content_width": WIDTH, "terminal_width": WIDTH}
    context = click.Context(cli, info_name="mailstrata", **settings)
    pages = {"mailstrata": cli.get_help(context)}
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        pages[name] = command.get_help(click.Context(command, parent=context, info_name=name))
    return pages


def first_page(columns: int) -> str:
    """What `mailstrata --help` writes on a terminal of so many columns."""
    settings = {**cli.context_settings, "terminal_width": min(columns, WIDTH) - 2}  # as in click.HelpFormatter
    return cli.get_help(click.Context(cli, info_name="mailstrata", **settings)) + "\n"


def updated(page: str) -> str:
    """The page with the help texts as they are now. Raises KeyError for a place of a command that does not exist."""
    pages = help_pages()
    return _PLACE.sub(lambda match: f"{match[1]}{match[2]}```text\n{pages[match[1]]}\n```\n", page)


def places(page: str) -> list[str]:
    """The commands that the page has a place for."""
    return [match[1] for match in _PLACE.finditer(page)]


def main() -> None:
    """Update the page named on the command line, and the pages in the package."""
    for columns in HELP_WIDTHS:
        Path(help_page(columns)).write_text(first_page(columns), "ascii")
    path = Path(sys.argv[1])
    path.write_text(updated(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
