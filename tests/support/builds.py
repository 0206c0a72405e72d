"""Which of the two builds is tested: the source, or the compiled one."""

from __future__ import annotations

import os
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

IS_COMPILED = os.environ.get("MAILSTRATA_COMPILED") == "1"
"""What `make test-compiled` says; `tests/compiled` proves that it is so."""

source_only = pytest.mark.skipif(IS_COMPILED, reason="looks into what is compiled, as only source lets one")
"""For tests that inherit from what is compiled, or put something in the place of its parts."""

compiled_only = pytest.mark.skipif(not IS_COMPILED, reason="runs on the compiled build: make test-compiled")


def compiled_modules() -> list[str]:
    """The modules that pyproject.toml has compiled."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    modules: list[str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["compile"]
    return modules


def is_extension(module: str) -> bool:
    """Whether a module would be imported from machine code."""
    spec = find_spec(module)
    assert spec is not None
    return str(spec.origin).endswith(tuple(EXTENSION_SUFFIXES))
