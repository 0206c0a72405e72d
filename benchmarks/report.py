"""The tables, one for each job, as text and as Markdown; what a figure rests on stands in footnotes below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.measure import Measurement

REFERENCE = "mailstrata"
LIMIT = "limit (by hand)"


@dataclass(slots=True)
class Result:
    """All runs of one tool on one job and input, or the reason why there are none. `mode` says how it does the job,
    `cut` after how much time no further run was begun."""

    job: str
    input: str
    tool: str
    input_bytes: int
    messages: int
    runs: list[Measurement] = field(default_factory=list)
    skipped: str = ""
    mode: str = ""
    cut: str = ""

    @property
    def seconds(self) -> float:
        """The median of the wall-clock times."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        """The highest peak memory of all runs, in bytes."""
        return max(run.peak for run in self.runs)

    @property
    def found(self) -> str:
        """What it says that it found; empty for programs that say nothing."""
        printed = self.runs[-1].printed
        found = [f"{printed['messages']:,} messages"] if "messages" in printed else []
        if self.job in ("parse", "extract") and "attachments" in printed:
            found.append(f"{printed['attachments']:,} attachments")
        if self.job == "extract" and "attachment_bytes" in printed:
            found[-1] += f" of {printed['attachment_bytes']:,} bytes"
        if printed.get("failed"):
            found.append(f"{printed['failed']:,} messages failed")
        return ", ".join(found)


@dataclass(slots=True)
class Table:
    """One job: a title, the columns' names, rows of cells, and lines below. The first `names` columns are words."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    footnotes: list[str]
    names: int = 2

    def as_text(self) -> str:
        """For the terminal: figures to the right, names to the left, a line between inputs."""
        widths = [max(len(row[place]) for row in [self.columns, *self.rows]) for place in range(len(self.columns))]
        lines = [self.title, "", self._line(self.columns, widths)]
        rule = "-" * sum(widths, 2 * len(widths) - 2)
        before = ""
        for row in self.rows:
            # A line between inputs; where each row is named by one word only, one below the head.
            if row[0] != before and (self.names > 1 or not before):
                lines.append(rule)
            lines.append(self._line(["" if row[0] == before else row[0], *row[1:]], widths))
            before = row[0]
        return "\n".join([*lines, "", *(f"  {line}" for line in self.footnotes)]).rstrip()

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        count = self.names
        names = [f"{cell:<{width}}" for cell, width in zip(cells[:count], widths[:count], strict=True)]
        figures = [f"{cell:>{width}}" for cell, width in zip(cells[count:], widths[count:], strict=True)]
        return "  ".join([*names, *figures]).rstrip()

    def as_markdown(self) -> str:
        """The same for a page."""
        rules = ["---" if place < self.names else "--:" for place in range(len(self.columns))]
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.columns, rules, *self.rows)]
        title = [f"### {self.title}", ""] if self.title else []
        return "\n".join([*title, *lines, "", *(f"- {line}" for line in self.footnotes)]).rstrip()


_COLUMNS = ["input", "tool", "runs", "seconds", "msg/s", "MB/s", "x mailstrata", "% of limit", "peak MB", "note"]


def job_table(job: str, results: Iterable[Result]) -> Table:
    """The table of a job. Every mode is a footnote, named by a number; tools that were not measured stand below, and
    what each found in mail that others have written, where nobody knows how much is right."""
    rows, notes, missing = [], [], []
    found: dict[str, list[str]] = {}
    chosen = [result for result in results if result.job == job]
    for result in chosen:
        if not result.runs:
            missing.append(f"not measured: {result.tool}, {result.input}: {result.skipped}")
            continue
        if result.mode and result.mode not in notes:
            notes.append(result.mode)
        number = f"({notes.index(result.mode) + 1})" if result.mode else ""
        rows.append([*_cells(result, chosen), number])
        if result.input == "real" and result.tool != LIMIT and result.found:
            found.setdefault(result.found, []).append(result.tool)
    footnotes = [f"({number}) {note}" for number, note in enumerate(notes, 1)]
    footnotes += [f"found in real: {what}: {', '.join(tools)}" for what, tools in found.items()]
    return _without_empty(Table(job, list(_COLUMNS), rows, footnotes + missing))


def start_table(results: Iterable[Result], base: str) -> Table:
    """What it takes to start, beside an interpreter that does nothing (`base`)."""
    chosen = [result for result in results if result.job == "start" and result.runs]
    empty = next((result.seconds for result in chosen if result.tool == base), None)
    rows = [
        [
            "-",
            result.tool,
            str(len(result.runs)),
            f"{result.seconds * 1000:,.0f}",
            f"{result.seconds / empty:.2f}" if empty else "-",
            f"{result.peak / 1e6:,.0f}",
        ]
        for result in chosen
    ]
    return Table("start", ["input", "command", "runs", "ms", f"x {base}", "peak MB"], rows, [])


def find(results: Iterable[Result], job: str, kind: str, tool: str) -> Result | None:
    """The result of a tool, if it has runs."""
    for result in results:
        if (result.job, result.input, result.tool) == (job, kind, tool) and result.runs:
            return result
    return None


def _cells(result: Result, results: Sequence[Result]) -> list[str]:
    seconds = result.seconds
    ours = find(results, result.job, result.input, REFERENCE)
    limit = find(results, result.job, result.input, LIMIT)
    return [
        result.input,
        result.tool,
        f"{len(result.runs)} ({result.cut})" if result.cut else str(len(result.runs)),
        f"{seconds:,.2f}",
        # Of a single message, a rate says nothing.
        f"{result.messages / seconds:,.0f}" if result.messages > 1 else "-",
        f"{result.input_bytes / seconds / 1e6:,.1f}",
        f"{ours.seconds / seconds:.2f}" if ours else "-",
        f"{100 * limit.seconds / seconds:.0f}" if limit else "-",
        f"{result.peak / 1e6:,.0f}",
    ]


def _without_empty(table: Table) -> Table:
    """The same without the columns in which no row has a figure."""
    kept = [
        place
        for place in range(len(table.columns))
        if place < 2 or any(row[place] not in ("", "-") for row in table.rows)
    ]
    table.columns = [table.columns[place] for place in kept]
    table.rows = [[row[place] for place in kept] for row in table.rows]
    return table
