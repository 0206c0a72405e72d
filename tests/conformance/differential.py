"""`python -m tests.conformance.differential` reads all real mail with four readers and writes docs/differential.md.

A difference that no class explains is printed, by its place, and the exit code is 1.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mailstrata
from benchmarks.peers import gmime
from tests.conformance.corpora import ROOT, find_corpora
from tests.conformance.defect_counts import SETS
from tests.conformance.differences import CLASSES, differing
from tests.conformance.readers import FAST, GMIME, STDLIB, by_fast_mail_parser, by_gmime, by_stdlib, ours

PAGE = ROOT / "docs" / "differential.md"
READERS = {STDLIB: by_stdlib, GMIME: by_gmime, FAST: by_fast_mail_parser}

_INTRODUCTION = """\
# The same mail, other readers

{messages:,} real messages (phishing, spam and ham, mailing lists), read by mailstrata, Python's email package (of
Python 3.11, default policy), GMime 3.2 and fast-mail-parser 0.2. (How fixtures of other parsers' authors are read is
in [conformance.md](conformance.md), what was made to be read in two ways in [ambiguity.md](ambiguity.md).)

Compared are the subject, and of every leaf, in order, its type, file name and decoded content. Of {all:,} readings
by the others {agreeing:,} agree with ours in everything. Each other difference is in one of the classes below, which
are code (`tests/conformance/differences.py`); {unexplained} are in none. `python -m tests.conformance.differential`
makes this page, and a test goes through a part of the mail with the readers that are installed.

| difference | email | GMime | fast-mail-parser | who is right |
|---|---:|---:|---:|---|
"""


@dataclass(slots=True)
class Found:
    """What was compared. `classes` counts by reader and title; `unexplained` has places, never what the mail says."""

    messages: int = 0
    readings: int = 0
    agreeing: int = 0
    classes: Counter[tuple[str, str]] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


def messages(corpora: Path, names: tuple[str, ...], step: int) -> Iterator[tuple[str, bytes]]:
    """Every `step`-th message below these folders, with its place."""
    number = 0
    for name in names:
        for message in mailstrata.open(corpora / name):
            number += 1
            if number % step == 0:
                place = f"{message.source.label}/{message.file.name.decode('utf-8', 'replace')} at {message.start}"
                yield place, b"".join(message.raw())


def compare(mail: Iterator[tuple[str, bytes]]) -> Found:
    """Read each message with every reader that is installed."""
    found = Found()
    for place, data in mail:
        found.messages += 1
        expected = ours(data)
        for reader, read in READERS.items():
            reading = read(data)
            if reading is None:
                continue
            found.readings += 1
            differences = differing(expected, reading, reader)
            found.agreeing += not differences
            for about in differences:
                titles = [
                    case.title
                    for case in CLASSES
                    if case.about == about and reader in case.readers and case.holds(expected, reading)
                ]
                if titles:
                    found.classes[reader, titles[0]] += 1
                else:
                    found.unexplained.append(f"{reader}, {about}: {place}")
    return found


def render(found: Found) -> str:
    """The page."""
    lines = [
        _INTRODUCTION.format(
            messages=found.messages,
            all=found.readings,
            agreeing=found.agreeing,
            unexplained=len(found.unexplained) or "none",
        )
    ]
    for case in CLASSES:
        counts = " | ".join(f"{found.classes[reader, case.title]:,}" for reader in READERS)
        lines.append(f"| {case.title} | {counts} | {case.reason} |\n")
    return "".join(lines)


def main() -> int:
    """Read everything, and write the page."""
    if gmime.program() is None:
        sys.stderr.write(gmime.HOW_TO_INSTALL + "\n")
        return 2
    corpora = find_corpora()
    found = compare(messages(corpora, SETS, 1))
    PAGE.write_text(render(found), encoding="utf-8")
    for line in found.unexplained:
        sys.stdout.write(f"unexplained: {line}\n")
    return int(bool(found.unexplained))


if __name__ == "__main__":
    sys.exit(main())
