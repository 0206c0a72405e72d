"""The table of deviations: where mailstrata reads a fixture otherwise than its author, and why that is right.

`deviations.toml` is the table. A class says what differs, who decided it and the reason; a deviation names the fixtures
of one suite and what exactly differs in each of them. Both ways count: a difference that is not listed is a
failure, and so is a listed one that is not there any more.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance.suites.case import Case

TABLE = Path(__file__).with_name("deviations.toml")
DECIDED_BY = ("RFC", "our choice", "their choice", "their slip")
"""Who may have decided: an RFC, where it leaves no choice; we or they, where it does; or a mistake of theirs."""


@dataclass(slots=True, frozen=True)
class DeviationClass:
    """Deviations with one cause."""

    name: str
    title: str
    decided_by: str
    reason: str


@dataclass(slots=True)
class Table:
    """The classes by name, and the class of each listed (suite, fixture, difference)."""

    classes: dict[str, DeviationClass] = field(default_factory=dict)
    listed: dict[tuple[str, str, str], str] = field(default_factory=dict)


@dataclass(slots=True)
class Verdict:
    """What became of one suite."""

    suite: str
    cases: list[Case]
    classes: dict[str, list[str]]
    """The fixtures that deviate, by class."""
    unlisted: list[tuple[str, str]]
    """Differences that the table does not list, each with its fixture."""
    stale: list[tuple[str, str]]
    """Differences that the table lists and that are not there, each with its fixture."""

    @property
    def passed(self) -> int:
        """Fixtures without any difference."""
        return sum(1 for case in self.cases if not case.differences)


def read_table(text: str) -> Table:
    """The table of a TOML text. Raises `ValueError` where it contradicts itself."""
    document = tomllib.loads(text)
    table = Table()
    for name, entry in document.get("class", {}).items():
        if entry["decided_by"] not in DECIDED_BY:
            raise ValueError(f"class {name} is decided by {entry['decided_by']!r}, which is none of {DECIDED_BY}")
        reason = " ".join(entry["reason"].split())
        table.classes[name] = DeviationClass(name, entry["title"], entry["decided_by"], reason)
    used = set()
    for entry in document.get("deviation", []):
        if entry["class"] not in table.classes:
            raise ValueError(f"there is no class {entry['class']}")
        used.add(entry["class"])
        for fixture in entry["fixtures"]:
            for difference in entry["differs"]:
                key = (entry["suite"], fixture, difference)
                if key in table.listed:
                    raise ValueError(f"listed twice: {key}")
                table.listed[key] = entry["class"]
    if unused := table.classes.keys() - used:
        raise ValueError(f"classes without a deviation: {sorted(unused)}")
    return table


def judge(suite: str, cases: Iterable[Case], table: Table) -> Verdict:
    """Hold the cases of a suite against the table."""
    verdict = Verdict(suite, list(cases), {}, [], [])
    found = set()
    for case in verdict.cases:
        for difference in case.differences:
            key = (suite, case.fixture, difference)
            found.add(key)
            name = table.listed.get(key)
            if name is None:
                verdict.unlisted.append((case.fixture, difference))
                continue
            fixtures = verdict.classes.setdefault(name, [])
            if case.fixture not in fixtures:
                fixtures.append(case.fixture)
    expected = [key for key in table.listed if key[0] == suite]
    verdict.stale = [
        (fixture, difference) for _, fixture, difference in expected if (suite, fixture, difference) not in found
    ]
    return verdict
