"""docs/parse-json.md: its examples are what the program writes, and its tables say of each key what it can be.

`UPDATE_DOCS=1 pytest tests/docs` writes the examples anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailstrata.cli.main import cli
from samples.generate import all_letters
from samples.letters import Letter
from samples.mailboxes import mbox, write_maildir

PAGE = Path(__file__).parents[2] / "docs" / "parse-json.md"
_WIDTH = 118

EXAMPLES = (
    (
        "nested-forward",
        "A message in a message: containers have no size, and offsets of inner parts are those of the file.",
    ),
    ("advance-signed", "A signed message: a text and its signature, in a multipart."),
    ("utf8-header", "Header fields in UTF-8 as they stand (RFC 6532); the only part is the message itself."),
    ("invalid-date", "A date that is none, and so is null; the defect says so."),
    ("base64-truncated", "An attachment that was cut off in the middle: what is left of it is decoded."),
)

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int and value >= 0,
    "list of strings": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "list of objects": lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
}


@pytest.fixture(scope="module")
def letters() -> dict[str, Letter]:
    """The sample messages by name."""
    return {letter.slug: letter for letter in all_letters()}


def parse(path: str) -> list[dict[str, Any]]:
    """What the command writes."""
    result = CliRunner().invoke(cli, ["parse", path, "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def shown(value: Any, indent: int = 0) -> str:
    """JSON with what is short on one line, and otherwise as many keys on a line as there is room for."""
    text = json.dumps(value, ensure_ascii=False)
    if indent + len(text) <= _WIDTH or not isinstance(value, (dict, list)):
        return text
    brackets = "{}" if isinstance(value, dict) else "[]"
    keys = [f"{json.dumps(key)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    items = value.values() if isinstance(value, dict) else value
    lines = [""]
    for key, item in zip(keys, items, strict=True):
        entry = key + shown(item, indent + 1)
        if lines[-1] and ("\n" in entry or "\n" in lines[-1] or indent + len(lines[-1]) + len(entry) + 3 > _WIDTH):
            lines[-1] += ","
            lines.append(entry)
        else:
            lines[-1] += (", " if lines[-1] else "") + entry
    space = "\n" + " " * (indent + 1)
    return brackets[0] + space + space.join(lines) + "\n" + " " * indent + brackets[1]


def render(letters: dict[str, Letter]) -> str:
    """The examples, in the folder that is the current one."""
    sections = []
    for slug, what in EXAMPLES:
        Path(f"{slug}.eml").write_bytes(letters[slug].data)
        (said,) = parse(f"{slug}.eml")
        source = letters[slug].data.decode().rstrip("\n")
        sections.append(f"### {slug}.eml\n\n{what}\n\n```text\n{source}\n```\n\n```json\n{shown(said)}\n```\n")
    folders: dict[str, list[tuple[Letter, str | None]]] = {"": [], ".Sent": [(letters["proposal"], "S")]}
    write_maildir(Path("Maildir"), folders)
    Path("inbox.mbox").write_bytes(mbox([letters["title-1"], letters["title-4"]]))
    places = [*parse("Maildir"), *parse("inbox.mbox")]
    keys = ("source", "file", "folder", "index", "start", "end", "size", "sha256")
    lines = "\n".join(shown({key: said[key] for key in keys}) for said in places)
    sections.append(
        "### Where a message lies\n\nOf a Maildir with one message, and of an mbox with two, the first keys:\n\n"
        f"```json\n{lines}\n```\n"
    )
    return "\n".join(sections)


def test_the_examples_are_what_the_program_writes(letters, tmp_path, monkeypatch) -> None:
    """To the byte."""
    monkeypatch.chdir(tmp_path)
    expected = render(letters)
    head, mark, found = PAGE.read_text("utf-8").partition("Each object is shown on several lines.\n\n")
    assert mark
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(head + mark + expected, "utf-8")
        found = expected
    assert found == expected


def test_the_examples_are_json_of_the_input_beside_them(tmp_path, monkeypatch) -> None:
    """Whoever copies an input from the page gets the output that stands there."""
    monkeypatch.chdir(tmp_path)
    pairs = re.findall(r"### (\S+\.eml)\n.*?```text\n(.*?)```\n\n```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(pairs) == len(EXAMPLES)
    for name, source, said in pairs:
        Path(name).write_bytes(source.encode())
        assert parse(name) == [json.loads(said)]


def tables() -> list[list[tuple[str, str]]]:
    """Key and type of each row: of a message, and of a part."""
    sections = PAGE.read_text("utf-8").split("\n## ")[1:3]
    return [re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", section, re.MULTILINE) for section in sections]


def test_every_key_is_in_the_tables_with_its_type(letters, tmp_path, monkeypatch) -> None:
    """Over all samples: the keys in their order, and no value that is not what the table says."""
    monkeypatch.chdir(tmp_path)
    of_message, of_part = tables()
    seen_null: set[str] = set()
    Path("inbox.mbox").write_bytes(mbox(list(letters.values())))
    messages = parse("inbox.mbox")
    assert len(messages) == len(letters)
    for message in messages:
        for table, described in ((of_message, message), *((of_part, part) for part in message["parts"])):
            assert list(described) == [key for key, _ in table]
            for key, kind in table:
                name, _, nullable = kind.partition(" or ")
                value = described[key]
                if value is None:
                    assert nullable == "null", key
                    seen_null.add(key)
                else:
                    assert key == "date_offset_minutes" or _TYPES[name](value), (key, value)
        for defect in message["defects"]:
            assert list(defect) == ["code", "start", "end"]
        for address in message["from_addresses"]:
            assert list(address) == ["name", "address"]
    assert {"date", "date_offset_minutes", "size", "sha256", "charset", "filename", "disposition"} <= seen_null
