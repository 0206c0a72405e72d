"""`python -m tests.conformance.differential` reads all mail with four readers and writes docs/differential.md.

A difference that no class explains and no table lists is printed, by its place, and so is a listed one that is not
there; then the exit code is 1.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mailstrata
from benchmarks.peers import gmime
from tests.conformance.corpora import find_corpora
from tests.conformance.defect_counts import SETS
from tests.conformance.difference import Class, differing
from tests.conformance.differences import CLASSES
from tests.conformance.differences_of_fixtures import FIXTURE_CLASSES
from tests.conformance.differential_page import PAGE, render
from tests.conformance.readers import FAST, GMIME, STDLIB, by_fast_mail_parser, by_gmime, by_stdlib, ours
from tests.conformance.singular import TABLE, Key, read_table

FIXTURES = ("conformance",)
ALL_CLASSES = CLASSES + FIXTURE_CLASSES
"""What explains fixtures. Real mail has to do with the first."""
READERS = {STDLIB: by_stdlib, GMIME: by_gmime, FAST: by_fast_mail_parser}


@dataclass(slots=True)
class Found:
    """What was compared. Each reading agrees, or is in classes with all its differences, or has one that is listed, or
    has one that is in none. `classes` counts by reader and title; `unexplained` has places, never what the mail
    says."""

    messages: int = 0
    readings: int = 0
    agreeing: int = 0
    in_classes: int = 0
    singly: int = 0
    in_none: int = 0
    classes: Counter[tuple[str, str]] = field(default_factory=Counter)
    used: set[Key] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    unexplained: list[str] = field(default_factory=list)

    def stale(self, listed: Mapping[Key, str]) -> list[Key]:
        """What is listed of the readers that were asked, and was not met."""
        return [key for key in listed if key[0] in self.asked and key not in self.used]


def messages(
    corpora: Path, names: tuple[str, ...], step: int, always: Collection[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """Every `step`-th message below these folders, and those that are `always` wanted, each with its place."""
    number = 0
    for name in names:
        for message in mailstrata.open(corpora / name):
            number += 1
            file = f"{message.source.label}/{message.file.name.decode('utf-8', 'replace')}"
            place = f"{file.removeprefix(f'{corpora}/').rstrip('/')} at {message.start}"
            if number % step == 0 or place in always:
                yield place, b"".join(message.raw())


def compare(
    mail: Iterator[tuple[str, bytes]], classes: tuple[Class, ...] = CLASSES, listed: Mapping[Key, str] | None = None
) -> Found:
    """Read each message with every reader that is installed."""
    listed = listed or {}
    found = Found()
    for place, data in mail:
        found.messages += 1
        expected = ours(data)
        for reader, read in READERS.items():
            reading = read(data)
            if reading is None:
                continue
            found.readings += 1
            found.asked.add(reader)
            differences = differing(expected, reading, reader)
            singly, in_none = 0, 0
            for about in differences:
                fitting = (case for case in classes if case.about == about and reader in case.readers)
                title = next((case.title for case in fitting if case.holds(expected, reading)), None)
                if title is not None:
                    found.classes[reader, title] += 1
                elif (reader, about, place) in listed:
                    found.used.add((reader, about, place))
                    singly += 1
                else:
                    found.unexplained.append(f"{reader}, {about}: {place}")
                    in_none += 1
            found.agreeing += not differences
            found.in_none += in_none > 0
            found.singly += singly > 0 and not in_none
            found.in_classes += bool(differences) and not singly and not in_none
    return found


def main() -> int:
    """Read everything, and write the page."""
    if gmime.program() is None:
        sys.stderr.write(gmime.HOW_TO_INSTALL + "\n")
        return 2
    corpora = find_corpora()
    listed = read_table(TABLE.read_text("utf-8"))
    real = compare(messages(corpora, SETS, 1))
    fixtures = compare(messages(corpora, FIXTURES, 1), ALL_CLASSES, listed)
    PAGE.write_text(render(real, fixtures, listed), encoding="utf-8")
    wrong = [f"unexplained: {line}" for line in real.unexplained + fixtures.unexplained]
    wrong += [f"listed, but not there: {', '.join(key)}" for key in fixtures.stale(listed)]
    met = {title for _, title in fixtures.classes}
    wrong += [
        f"a class of nothing: {title}" for title in dict.fromkeys(c.title for c in FIXTURE_CLASSES) if title not in met
    ]
    for line in wrong:
        sys.stdout.write(line + "\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
