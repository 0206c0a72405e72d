"""docs/command-line.md shows the commands as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args

import click
import pytest
from support.command_line import Call

from mailstrata.cli.help_pages import help_pages, places, updated
from mailstrata.cli.main import cli
from mailstrata.cli.options import MBOX_VARIANTS
from mailstrata.message.origin import MboxVariant


@pytest.fixture
def page(pytestconfig: pytest.Config) -> str:
    """docs/command-line.md."""
    return (pytestconfig.rootpath / "docs/command-line.md").read_text("utf-8")


def test_the_page_is_up_to_date(page: str) -> None:
    """Bring it up to date with: python -m mailstrata.cli.help_pages docs/command-line.md."""
    assert updated(page) == page


def test_every_command_is_on_the_page(page: str) -> None:
    """Each has its place, once, and there is none for a command that does not exist."""
    assert sorted(places(page)) == sorted(help_pages())


def test_every_option_says_what_it_is_for() -> None:
    """No option without a help text, no command without a line in the list."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.short_help
        assert command.help
        assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


def test_the_variants_are_those_of_the_library() -> None:
    """The list is written down again so that --help need not import the library."""
    assert get_args(eval(MboxVariant, {"Literal": Literal})) == MBOX_VARIANTS


def test_every_key_of_parse_json_is_documented(page: str, call: Call, mbox: Path) -> None:
    """And the example on the page has exactly the keys that the command writes."""

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    messages = [json.loads(line) for line in call("parse", mbox, "--json").stdout.splitlines()]
    assert [key for key in sorted(keys(messages)) if f"`{key}`" not in page] == []
    example = json.loads(page.partition("<!-- example: parse -->\n```json\n")[2].partition("```")[0])
    assert set(example) == set(messages[0])
    assert set(example["parts"][0]) == set(messages[1]["parts"][0])
    assert keys(example) == keys(messages)


def test_every_key_of_info_json_is_documented(page: str, call: Call, mbox: Path, tmp_path: Path) -> None:
    """What a script reads of an archive."""
    call("archive", mbox, "--to", tmp_path / "archive", "--quiet")
    info = json.loads(call("info", tmp_path / "archive", "--json").stdout)
    section = page.partition("\n## info\n")[2].partition("\n## ")[0]
    names = [*info, *info["ledger"], *info["sources"][0]]
    assert [name for name in names if f"`{name}`" not in section] == []
