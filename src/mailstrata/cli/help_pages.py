"""The help of every command, as docs/command-line.md shows it. Bring the page up to date with

    python -m mailstrata.cli.help_pages docs/command-line.md

The page holds a place for each command, between `<!-- help: NAME -->` and `<!-- end -->`; `mailstrata` stands for the
command without a command.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

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


def updated(page: str) -> str:
    """The page with the help texts as they are now. Raises KeyError for a place of a command that does not exist."""
    pages = help_pages()
    return _PLACE.sub(lambda match: f"{match[1]}{match[2]}```text\n{pages[match[1]]}\n```\n", page)


def places(page: str) -> list[str]:
    """The commands that the page has a place for."""
    return [match[1] for match in _PLACE.finditer(page)]


def main() -> None:
    """Update the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(updated(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
