"""mailstrata.cli.main: errors are one line and an exit code, whatever goes wrong."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from support.command_line import Call

from mailstrata import errors
from mailstrata.cli import main, output, scan
from mailstrata.errors import MailstrataError, QueryError, SourceNotFoundError, TargetError
from mailstrata.search.query.parsing import parse_query

HEAVY = ("pyarrow", "duckdb", "rich", "magic", "pylibmagic", "zstandard", "email", "sqlite3")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make the command `info` raise."""

    def install(error: BaseException) -> None:
        @click.command("info", context_settings={"ignore_unknown_options": True})
        @click.argument("words", nargs=-1)
        def command(words: tuple[str, ...]) -> None:
            output.write_line("a result")
            raise error

        real = importlib.import_module
        fake = SimpleNamespace(command=command)
        monkeypatch.setattr(
            main.importlib, "import_module", lambda name: fake if name.endswith(".info") else real(name)
        )

    return install


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SourceNotFoundError("x.mbox: no such file; check the path"), 3, "error: x.mbox: no such file; check the path"),
        (TargetError("disk full"), 4, "error: disk full"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (KeyboardInterrupt("interrupted; go on"), 130, "interrupted; go on"),
        (MailstrataError("from a\x1b[2Jfile\nname"), 1, r"error: from a\x1b[2Jfile name"),
    ],
)
def test_an_error_is_one_line_and_its_documented_code(
    call: Call,
    failing: Callable[[BaseException], None],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    """Results come first, then one safe line on standard error, no traceback."""
    failing(error)
    result = call("info", "x")
    assert result.stdout == "a result\n"
    assert result.stderr == f"mailstrata: {line}\n"
    assert result.exit_code == code


def test_a_query_that_cannot_be_read_is_shown_with_its_place(
    call: Call, failing: Callable[[BaseException], None]
) -> None:
    """The line says what is wrong; below it stands what was written, with carets under the piece at fault."""
    with pytest.raises(QueryError) as caught:
        parse_query("contract form:ann\x1b[2J")
    failing(caught.value)
    result = call("info", "x")
    assert result.stderr.splitlines() == [
        "mailstrata: error: character 10 of the query: unknown operator form:, did you mean from:?",
        r"  contract form:ann\x1b[2J",
        "           ^^^^^",
    ]
    assert result.exit_code == 2


@pytest.mark.parametrize("error", [EOFError("early"), ZeroDivisionError(), OSError(5, "Input/output error")])
def test_a_bug_says_how_to_report_it(call: Call, failing: Callable[[BaseException], None], error: Exception) -> None:
    """What nobody foresaw is one line as well, with exit code 1, and is not taken for an interrupt."""
    failing(error)
    result = call("info", "x")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert f"unexpected {type(error).__name__}" in result.stderr
    assert "MAILSTRATA_DEBUG=1" in result.stderr


@pytest.mark.parametrize("how", ["option", "environment"])
def test_debug_shows_the_traceback(call: Call, failing: Callable[[BaseException], None], how: str) -> None:
    """Both ways of asking for it work, and the line and the code stay."""
    failing(TargetError("disk full"))
    words = ["--debug", "info", "x"] if how == "option" else ["info", "x"]
    result = call(*words, env={"MAILSTRATA_DEBUG": "1"} if how == "environment" else {})
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith("mailstrata: error: disk full\n")
    assert result.exit_code == 4


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nonsense"], "no such command 'nonsense'; see 'mailstrata --help'"),
        (["parse"], "missing argument 'SOURCE...'; see 'mailstrata parse --help'"),
        (["archive", "x"], "missing option '--to'; see 'mailstrata archive --help'"),
        (["sql", "x", "y", "--format", "xml"], "see 'mailstrata sql --help'"),
        (["archive", "x", "--to", "y", "--level", "99"], "see 'mailstrata archive --help'"),
    ],
)
def test_wrong_words_are_one_line_and_code_2(call: Call, words: list[str], line: str) -> None:
    """A usage error names where the right words are to be found."""
    result = call(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("mailstrata: error: ")
    assert line in result.stderr


def test_no_command_shows_the_help_but_is_no_success(call: Call) -> None:
    """Someone who types the bare name learns what there is; a script that forgot the command fails."""
    result = call()
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: mailstrata")


def test_version_and_help_are_results(call: Call) -> None:
    """They go to standard output and succeed."""
    for word in ("--version", "--help", "-h"):
        result = call(word)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "mailstrata" in result.stdout


def test_the_help_documents_every_exit_code(call: Call) -> None:
    """No exception has a code that `mailstrata --help` does not list."""
    listed = {line.split()[0] for line in call("--help").stdout.partition("Exit codes:")[2].splitlines() if line}
    codes = {
        str(kind.exit_code)
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, MailstrataError)
    }
    others = {0, errors.EXIT_INTERRUPTED, main.EXIT_OUTPUT_CLOSED, scan.EXIT_FOUND}
    assert codes | set(map(str, others)) == listed


@pytest.mark.parametrize(
    "words",
    [
        ("-c", "import mailstrata"),
        ("-m", "mailstrata", "--help"),
        ("-m", "mailstrata", "parse", "--json", "inbox.mbox"),
        ("-m", "mailstrata", "extract", "inbox.mbox", "--to", "parts"),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(words: tuple[str, ...], mbox: Path) -> None:
    """`import mailstrata`, `mailstrata --help` and the commands that need nothing of it stay fast."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *words], capture_output=True, text=True, check=True, cwd=mbox.parent
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.splitlines()}
    assert "mailstrata" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert words[0] == "-m" or "click" not in loaded
