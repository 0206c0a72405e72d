"""What a suite reports of a fixture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(slots=True, frozen=True)
class Case:
    """One fixture of a suite and where mailstrata and its author differ, each in a few words without content:
    `1.2 content`, `1 fields`. Mail is named by its file only, so that nothing of it gets into a report."""

    fixture: str
    differences: tuple[str, ...]
    group: str = ""
    """What the page counts apart within a suite."""


class Suite(Protocol):
    """A module of this folder: one set of fixtures with what their author expects."""

    NAME: str
    TITLE: str

    def cases(self, corpora: Path) -> Iterable[Case]:
        """Every fixture with its differences, from the folder with the unpacked corpora."""
