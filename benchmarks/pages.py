"""Puts what was measured into pages, so that no figure is typed by hand.

A page says where, with two comments; what lies between them is replaced, the rest is left alone:

    <!-- benchmarks: tables -->     everything: the machine, a table for each job, the targets
    <!-- benchmarks: short -->      one table, the median seconds of the main peers
    <!-- benchmarks: profiles -->   what the time goes to (`benchmarks.profiles`)
    <!-- benchmarks: growth-... --> of how cost grows (`benchmarks.growth.page`)
    <!-- benchmarks: end -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.contestants import COMPILED, TWO_JOBS
from benchmarks.report import LIMIT, REFERENCE, Result, Table, find

SECTIONS = ("tables", "short")
MAIN = (
    *(COMPILED, TWO_JOBS, "standard library, compat32", "fast-mail-parser", "GMime (C)", "ripmime"),
    *("mu index", "notmuch new", LIMIT),
)
"""Who stands in the short table beside mailstrata."""


class NoPlaceError(Exception):
    """A page has no place for what was measured."""


def filled(page: str, sections: Mapping[str, str]) -> str:
    """The page with its sections replaced.

    Raises `NoPlaceError` where it has none.
    """
    names = "|".join(map(re.escape, sections))
    place = re.compile(rf"(<!-- benchmarks: ({names}) -->\n).*?(<!-- benchmarks: end -->)", re.DOTALL)
    page, count = place.subn(lambda match: f"{match[1]}\n{sections[match[2]]}\n\n{match[3]}", page)
    if not count:
        raise NoPlaceError(
            f"no line <!-- benchmarks: {next(iter(sections))} --> with <!-- benchmarks: end --> after it"
        )
    return page


def check(path: Path) -> None:
    """See beforehand that a page can be filled.

    Raises `NoPlaceError` where it cannot, `OSError` where it cannot be read.
    """
    try:
        filled(path.read_text(encoding="utf-8"), dict.fromkeys(SECTIONS, ""))
    except NoPlaceError as error:
        raise NoPlaceError(f"{path}: {error}") from None


def fill(path: Path, sections: Mapping[str, str]) -> None:
    """Replace the sections of a page.

    Raises `NoPlaceError` where it has none.
    """
    path.write_text(filled(path.read_text(encoding="utf-8"), sections), encoding="utf-8")


def short_table(results: Sequence[Result]) -> Table:
    """A row for each job and input: the median seconds of mailstrata and of the main peers, and in brackets how their
    speed compares with mailstrata's. Who was not measured at all has no column."""
    rows = list(dict.fromkeys((result.job, result.input) for result in results if result.job != "start"))
    names = [name for name in MAIN if any(find(results, job, kind, name) for job, kind in rows)]
    table = Table("", ["job", "input", f"{REFERENCE}, s", *names], [], [])
    for job, kind in rows:
        ours = find(results, job, kind, REFERENCE)
        others = (find(results, job, kind, name) for name in names)
        cells = ["" if other is None else _seconds(other, ours) for other in others]
        table.rows.append([job, kind, f"{ours.seconds:,.2f}" if ours else "-", *cells])
    return table


def _seconds(result: Result, ours: Result | None) -> str:
    speed = f" ({ours.seconds / result.seconds:.2f} x)" if ours else ""
    return f"{result.seconds:,.2f}{speed}"
