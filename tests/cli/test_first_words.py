"""mailstrata.cli.first_words: the answers that need no command line are those of the command line."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import mailstrata
from mailstrata.cli.first_words import COMPLETION, HELP_WIDTHS, answer, help_page
from mailstrata.cli.help_pages import first_page

_LONG_WAY = "from mailstrata.cli.main import main; main()"
_LOADED = """
import sys
from mailstrata.__main__ import main
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def run(*words: str, columns: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python without a terminal, or as on one of so many columns."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if columns is not None:
        environment["COLUMNS"] = columns
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("columns", HELP_WIDTHS)
def test_the_pages_in_the_package_are_up_to_date(columns: int) -> None:
    """Bring them up to date with: python -m mailstrata.cli.help_pages docs/command-line.md."""
    assert Path(help_page(columns)).read_text("ascii") == first_page(columns)


@pytest.mark.parametrize("columns", [None, "0", "x", "60", "80", "100", "200"])
@pytest.mark.parametrize("words", [(), ("-h",), ("--help",), ("--version",)])
def test_the_answer_is_that_of_the_command_line(words: tuple[str, ...], columns: str | None) -> None:
    """The same bytes, on the same stream, with the same exit code, at any width."""
    short = run("-m", "mailstrata", *words, columns=columns)
    long = run("-c", _LONG_WAY, *words, columns=columns)
    assert (short.returncode, short.stdout, short.stderr) == (long.returncode, long.stdout, long.stderr)
    assert short.stdout or short.stderr


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"], []])
def test_an_answer_loads_next_to_nothing(words: list[str]) -> None:
    """Neither click nor any module of the standard library that takes long."""
    ended = run("-S", "-c", f"import sys; sys.path[:0] = {[_source()]!r}\n" + _LOADED, *words)
    loaded = set(ended.stderr.splitlines()[-1].split())
    heavy = {"click", "typing", "re", "enum", "json", "shutil", "pathlib", "asyncio", "rich", "pyarrow", "duckdb"}
    assert loaded & heavy == set()
    ours = {"mailstrata", "mailstrata.__main__", "mailstrata.cli", "mailstrata.cli.first_words"}
    assert {name for name in loaded if name.startswith("mailstrata")} == ours


def test_other_words_are_for_the_command_line() -> None:
    """Also those that begin or end with such a word."""
    for words in (["parse"], ["parse", "--help"], ["--help", "parse"], ["--debug"], ["--debug", "--help"]):
        assert answer(words) is None


def test_a_shell_that_completes_words_is_for_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Click answers it, whatever the words are."""
    monkeypatch.setenv(COMPLETION, "bash_source")
    assert answer([]) is None


def test_the_width_is_that_of_the_terminal() -> None:
    """Asked of the terminal itself where COLUMNS does not say it."""
    leader, follower = pty.openpty()
    try:
        os.set_blocking(leader, False)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        subprocess.run([sys.executable, "-m", "mailstrata", "--help"], stdout=follower, check=True, env=environment)
        shown = os.read(leader, 65536).decode().replace("\r\n", "\n")
    finally:
        os.close(leader)
        os.close(follower)
    assert shown.startswith("Usage: mailstrata")
    assert first_page(120).startswith(shown[:2000])


def _source() -> str:
    """The folder that the package under test lies in."""
    return str(Path(mailstrata.__file__).parents[1])
