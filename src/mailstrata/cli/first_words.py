"""What `mailstrata` answers without loading the command line: `--help`, `--version`, and no words at all.

Click alone takes longer to import than Python takes to start. The help pages therefore lie beside this module as text,
one for each of the two usual widths, made by `python -m mailstrata.cli.help_pages`; the tests hold them to what click
writes. Whatever is out of the ordinary is left to click: another width, another output than plain bytes, an error.
"""

# ruff: noqa: PTH118, PTH120, PTH123 - pathlib takes long to import

from __future__ import annotations

import os
import sys

from mailstrata import __version__

# Of `typing`, which takes longer to import than all the rest here, type checkers need no more.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HELP_WIDTHS = (80, 100)
"""Columns of the pages at hand: the width where there is no terminal, and the largest that click fills."""

COMPLETION = "_MAILSTRATA_COMPLETE"
"""The variable with which a shell asks click to complete words."""

_EXIT_USAGE = 2


def help_page(columns: int) -> str:
    """The path of the page for a terminal of so many columns, whether it is at hand or not."""
    return os.path.join(os.path.dirname(__file__), f"help_{min(columns, HELP_WIDTHS[-1])}.txt")


def answer(words: Sequence[str]) -> int | None:
    """Answer the words after the program's name and return the exit code; None where the command line has to."""
    if words not in ([], ["-h"], ["--help"], ["--version"]) or os.environ.get(COMPLETION):
        return None
    stream = sys.stdout if words else sys.stderr
    try:
        if words == ["--version"]:
            text = f"mailstrata {__version__}\n".encode()
        else:
            with open(help_page(_columns()), "rb") as page:
                text = page.read()
        # Straight to the file, so that nothing is left to be flushed where writing fails.
        _write(stream.fileno(), text)
    except (OSError, AttributeError, ValueError):
        # No such page, or no such output (closed, replaced, full): the command line can say what is wrong.
        return None
    return 0 if words else _EXIT_USAGE


def _columns() -> int:
    """The width of the terminal as `shutil.get_terminal_size` has it, whose module takes long to import."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns > 0:
        return columns
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or HELP_WIDTHS[0]  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return HELP_WIDTHS[0]


def _write(descriptor: int, text: bytes) -> None:
    written = 0
    while written < len(text):
        written += os.write(descriptor, text[written:])
