"""docs/differential.md, made of what the readers were found to differ in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tests.conformance.corpora import ROOT
from tests.conformance.difference import Class
from tests.conformance.differences import CLASSES
from tests.conformance.differences_of_fixtures import FIXTURE_CLASSES
from tests.conformance.readers import FAST, GMIME, STDLIB
from tests.conformance.singular import Key

if TYPE_CHECKING:
    from tests.conformance.differential import Found

PAGE = ROOT / "docs" / "differential.md"

_INTRODUCTION = """\
# The same mail, other readers

Real mail, and the fixtures of other parsers' authors, read by mailstrata, Python's email package (of Python 3.11,
default policy), GMime 3.2 and fast-mail-parser 0.2. (What the authors themselves expect of their fixtures is in
[conformance.md](conformance.md), what was made to be read in two ways in [ambiguity.md](ambiguity.md).)

Compared are the subject, and of every leaf, in order, its type, file name and decoded content. Each difference is in
one of the classes below, which are code (`tests/conformance/differences.py`, `differences_of_fixtures.py`), or listed
for itself with its reason (`tests/conformance/singular.toml`). `python -m tests.conformance.differential` makes this
page, and a test goes through a part of the mail with the readers that are installed.

| | messages | readings by the others | agree with ours | in classes | listed singly | in none |
|---|---:|---:|---:|---:|---:|---:|
"""
_HEAD = "| difference | email | GMime | fast-mail-parser | who is right |\n|---|---:|---:|---:|---|\n"
_READERS = (STDLIB, GMIME, FAST)


def render(real: Found, fixtures: Found, listed: Mapping[Key, str]) -> str:
    """The page."""
    return "".join(
        (
            _INTRODUCTION,
            _sum("real mail (phishing, spam and ham, mailing lists)", real),
            _sum("fixtures", fixtures),
            "\n## Real mail\n\n",
            _HEAD,
            *_rows(CLASSES, real),
            "\n## Fixtures\n\nMore than one class may be of one reading. First the classes of real mail, where they "
            "occur again; then those that only fixtures have.\n\n",
            _HEAD,
            *_rows((case for case in CLASSES if _count(case, fixtures)), fixtures),
            *_rows(FIXTURE_CLASSES, fixtures),
            "\n## Fixtures that are listed singly\n\n| fixture | reader | in what | reason |\n|---|---|---|---|\n",
            *(f"| `{place}` | {reader} | {about} | {reason} |\n" for (reader, about, place), reason in listed.items()),
        )
    )


def _sum(title: str, found: Found) -> str:
    numbers = (found.messages, found.readings, found.agreeing, found.in_classes, found.singly, found.in_none)
    return f"| {title} | {' | '.join(f'{number:,}' for number in numbers)} |\n"


def _count(case: Class, found: Found) -> int:
    return sum(found.classes[reader, case.title] for reader in _READERS)


def _rows(cases: Iterable[Class], found: Found) -> list[str]:
    """A row for each title: a class may be written for each reader apart."""
    rows: dict[str, str] = {}
    for case in cases:
        counts = " | ".join(f"{found.classes[reader, case.title]:,}" for reader in _READERS)
        rows[case.title] = f"| {case.title} | {counts} | {case.reason} |\n"
    return list(rows.values())
