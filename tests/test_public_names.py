"""What `import mailstrata` offers."""

from __future__ import annotations

import ast
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import mailstrata
from mailstrata.sinks.protocol import Sink


@pytest.mark.parametrize("name", mailstrata.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """A name that is offered can be had, and is that thing's own name."""
    value = getattr(mailstrata, name)
    assert getattr(value, "__name__", name) == name


def test_a_type_checker_sees_the_same_names() -> None:
    """The imports that only a type checker reads are those that happen when a name is first used."""
    tree = ast.parse(Path(mailstrata.__file__).read_text(encoding="utf-8"))
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mailstrata.")
        for alias in node.names
    }
    offered = {f"mailstrata.{module}.{name}" for module, names in mailstrata._HOMES.items() for name in names}
    assert imported == offered


def test_the_sinks_that_the_package_offers_are_there() -> None:
    """Each entry point of pyproject.toml leads to a class that has all that a sink must have."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, value in project["entry-points"]["mailstrata.sinks"].items():
        assert issubclass(EntryPoint(name, value, "mailstrata.sinks").load(), Sink)
