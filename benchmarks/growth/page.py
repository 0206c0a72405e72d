"""The tables of how cost grows, for the terminal and for `docs/growth.md`, and the pictures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.growth.age import ARCHIVE, AT_ONCE, COMPACTED, READING, YOUNG
from benchmarks.growth.curves import AGE, NAMES, SIZES, START, Curve
from benchmarks.growth.judge import Verdict, judge
from benchmarks.growth.pictures import age_picture, size_picture
from benchmarks.growth.store import Point, Store
from benchmarks.pages import fill, filled
from benchmarks.report import Table

PAGE = "growth.md"
PICTURES = "growth"
VERDICTS = "growth-verdicts"


def section(curve: str) -> str:
    """The name of a curve's place in the page."""
    return f"growth-{curve}"


def size_table(curve: Curve, store: Store) -> Table | None:
    """A row for each amount: seconds and peak memory of each job. None where nothing was measured."""
    amounts = sorted({point.amount for point in store.points if point.curve == curve.name})
    if not amounts:
        return None
    table = Table(curve.name, [_unit_title(curve), "input, MB"], [], [], names=1)
    table.columns += [title for job in curve.jobs for title in (f"{job}, s", "MB")]
    for amount in amounts:
        found = [store.find(curve.name, job, amount) for job in curve.jobs]
        size = max(point.input_bytes for point in found if point)
        table.rows.append(
            [_amount(curve, amount), f"{size / 1e6:,.2f}", *(cell for each in found for cell in _cells(each))]
        )
    return table


def _unit_title(curve: Curve) -> str:
    return "attachment" if curve.unit == "MiB" else f"{curve.unit}s"


def _amount(curve: Curve, amount: int) -> str:
    if amount == START:
        return "start"
    if curve.unit != "MiB":
        return f"{amount:,}"
    return f"{amount} MiB" if amount < 1024 else f"{amount // 1024} GiB"


def _cells(point: Point | None) -> list[str]:
    return ["-", "-"] if point is None else [f"{point.seconds:,.2f}", f"{point.peak / 1e6:,.0f}"]


def age_table(store: Store) -> Table | None:
    """A row for some of the runs, each with the run before it and what reading costs after it."""
    readings = store.of(AGE, READING[-1])
    if not readings:
        return None
    columns = ["after run", "files", "archive, MB", "this run, s", "MB"]
    table = Table("age", columns + [title for job in READING for title in (f"{job}, s", "MB")], [], [], names=1)
    last = readings[-1].amount
    for point in readings:
        done = store.find(AGE, ARCHIVE, point.amount)
        table.rows.append(_age_row(store, f"{point.amount}", "{}", point.amount, done))
    for title, name in ((f"{last}, compacted", COMPACTED), ("archived at once", AT_ONCE)):
        done = store.find(AGE, YOUNG, last) if name == AT_ONCE else None
        if store.find(AGE, name.format(READING[-1]), last):
            table.rows.append(_age_row(store, title, name, last, done))
    return table


def _age_row(store: Store, title: str, name: str, amount: int, done: Point | None) -> list[str]:
    found = [store.find(AGE, name.format(job), amount) for job in READING]
    facts = next(point.facts for point in found if point)
    return [
        *(title, f"{facts['files']:,}", f"{facts['archive_bytes'] / 1e6:,.1f}", *_cells(done)),
        *(cell for each in found for cell in _cells(each)),
    ]


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """What the judge says."""
    columns = ["curve", "job", "between", "growth of time", "for one more", "peak MB", "growth of memory", "judgement"]
    rows = [
        [
            *(
                each.curve,
                each.job,
                f"{each.first:,} and {each.last:,}" if each.first != each.last else f"{each.last:,}",
            ),
            "-" if each.growth is None else f"{each.growth:.2f}" + (" x" if each.curve == AGE else ""),
            f"{each.each:,.2f} s" if each.curve == AGE else f"{each.each * 1e3:,.3f} ms",
            *(f"{each.peak / 1e6:,.0f}", f"{each.memory:.2f} x", each.text),
        ]
        for each in verdicts
    ]
    below = [
        "growth of time: the exponent of processor time between the two amounts, the start subtracted; 1 is linear."
        " Against age: the ratio to a young archive, or to one made at once",
        "for one more: processor time of one more message, MiB or attachment. Against age: of the whole job",
    ]
    return Table("judgement", columns, rows, below)


def tables(store: Store) -> list[Table]:
    """All of them: a curve each, and the judgement last."""
    found = [size_table(curve, store) for curve in SIZES]
    return [table for table in (*found, age_table(store), verdict_table(judge(SIZES, store))) if table is not None]


def publish(store: Store, head: Sequence[str], docs: Path) -> None:
    """Fill the page in a folder, draw the pictures, and put the points beside them.

    Raises `NoPlaceError` where the page has no place, `OSError` where it is not there.
    """
    page = docs / PAGE
    found = {section(table.title): _untitled(table) for table in tables(store) if table.title in NAMES}
    found[VERDICTS] = "\n".join(f"- {line}" for line in head) + "\n\n" + _untitled(verdict_table(judge(SIZES, store)))
    filled(page.read_text(encoding="utf-8"), found)
    folder = docs / PICTURES
    folder.mkdir(exist_ok=True)
    for curve in SIZES:
        if store.of(curve.name, curve.jobs[0]):
            (folder / f"{curve.name}.svg").write_text(size_picture(curve, store), encoding="utf-8")
    if store.of(AGE, ARCHIVE):
        (folder / f"{AGE}.svg").write_text(age_picture(store), encoding="utf-8")
    store.write(folder / "points.json")
    fill(page, found)


def _untitled(table: Table) -> str:
    return Table("", table.columns, table.rows, table.footnotes, table.names).as_markdown()
