"""docs/conformance.md, made of what the suites say and of the table of deviations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.conformance.corpora import ROOT
from tests.conformance.deviations import DECIDED_BY, Table, Verdict, judge
from tests.conformance.suites import mailbagit, mime4j, mime_is_broken, mime_tools, ponymail, standard_library
from tests.conformance.suites.case import Suite

PAGE = ROOT / "docs" / "conformance.md"
SUITES: tuple[Suite, ...] = (mime4j, mime_tools, mailbagit, ponymail, mime_is_broken, standard_library)

_INTRODUCTION = """\
# Conformance

What the authors of other parsers expect of their fixtures, held against what mailstrata makes of them through its
public interface. This page is made by `python -m tests.conformance`, and a test sees that it is current. The fixtures
are mail of others and no part of this project: where they are missing, the tests are skipped.

Every deviation is listed in `tests/conformance/deviations.toml`, by fixture and down to the part, with its class. One
that is not listed fails the tests, and so does a listed one that is not there any more.
"""
_COMPARED = """\
## What is compared

- **mime4j**: of every message the kind of each entity, its header fields, preamble, epilogue and body as they stand,
  and its decoded content, byte for byte; the messages of an mbox.
- **MIME-tools**: of every part that a reference describes type, encoding, charset, disposition, file name, decoded
  size, boundary, Subject, From and To; that there are no other parts; the content of its encoded files.
- **Mailbagit**: type, date, addresses, subject, Message-ID, and the decoded text and HTML with their charsets.
- **Pony Mail**: where messages begin and end in an mbox, their Message-IDs, and of every attachment type, size, name
  and SHA-256.
- **mime-is-broken**: whether a part's decoded content is the hidden attachment, byte for byte, or its file name has
  the hidden extension. The author's levels say how valid a trick is: 3 no trick, 2 within the standard, an edge case, 1
  not as the standard was meant, 0 off the standard. At the levels 2 and 3 nothing may stay hidden; below, readers
  disagree, and the table says which reading is ours.
- **Python's email package** (of Python 3.11): the fourteen sets of fixtures that bring no expectations. Compared are
  the tree of parts with their types, the decoded content of every leaf, file names, and subjects. What two readers
  agree on is not proven right, but where they differ the reason is given.
"""
_DECISIONS = {
    "RFC": "An RFC decides",
    "our choice": "No RFC decides, or it leaves a choice: this is ours",
    "their choice": "The other side chose something else",
    "their slip": "The expectation contradicts its own message",
}


def verdicts(corpora: Path, table: Table) -> list[Verdict]:
    """Run all suites."""
    return [judge(suite.NAME, suite.cases(corpora), table) for suite in SUITES]


def render(found: list[Verdict], table: Table) -> str:
    """The page."""
    sections = [_INTRODUCTION, _suites(found), _COMPARED, _groups(found)]
    sections.extend(_classes(decision, found, table) for decision in DECIDED_BY)
    return "\n".join(sections)


def _suites(found: list[Verdict]) -> str:
    titles = {suite.NAME: suite.TITLE for suite in SUITES}
    rows = []
    for verdict in found:
        listed = {fixture for fixtures in verdict.classes.values() for fixture in fixtures}
        unlisted = len({fixture for fixture, _ in verdict.unlisted})
        rows.append((titles[verdict.suite], len(verdict.cases), verdict.passed, len(listed), unlisted))
    rows.append(("All", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))))
    return _table(("suite", "messages", "as expected", "with listed deviations", "unlisted"), rows)


def _groups(found: list[Verdict]) -> str:
    rows = []
    for verdict in found:
        cases = [case for case in verdict.cases if case.group]
        passed = Counter(case.group for case in cases if not case.differences)
        for group, count in sorted(Counter(case.group for case in cases).items(), reverse=True):
            rows.append((f"{verdict.suite}, {group}", count, passed[group], count - passed[group]))
    return _table(("hidden", "messages", "found", "listed deviations"), rows)


def _classes(decision: str, found: list[Verdict], table: Table) -> str:
    rows = []
    for name, described in table.classes.items():
        if described.decided_by == decision:
            counts = [f"{verdict.suite} {len(verdict.classes[name])}" for verdict in found if name in verdict.classes]
            rows.append((described.title, ", ".join(counts), described.reason))
    return f"## {_DECISIONS[decision]}\n\n{_table(('deviation', 'messages', 'reason'), rows)}"


def _table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    def lines() -> Iterator[str]:
        names = [str(name) for name in head]
        yield _row(names)
        yield _row(["---"] * len(names))
        for row in rows:
            yield _row([str(cell).replace("|", "\\|") for cell in row])

    return "\n".join(lines()) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
