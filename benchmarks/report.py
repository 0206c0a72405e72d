"""The table: one line for each job and input, the tools side by side, and below it what could not be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.measure import Measurement

REFERENCE = "mailstrata"
BY_HAND = "by hand"


@dataclass(slots=True)
class Result:
    """All runs of one tool on one job and input, or the reason why there are none."""

    job: str
    input: str
    tool: str
    input_bytes: int
    messages: int
    runs: list[Measurement] = field(default_factory=list)
    skipped: str = ""

    @property
    def seconds(self) -> float:
        """The median of the wall-clock times."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        """The highest peak memory of all runs, in bytes."""
        return max(run.peak for run in self.runs)

    def as_json(self) -> dict[str, object]:
        """For `--json`: seconds and bytes as they are, nothing rounded."""
        return {
            "job": self.job,
            "input": self.input,
            "tool": self.tool,
            "input_bytes": self.input_bytes,
            "messages": self.messages,
            "seconds": [run.seconds for run in self.runs],
            "peak_bytes": [run.peak for run in self.runs],
            "skipped": self.skipped or None,
        }


_WIDTHS = {"msg/s": 8, "MB/s": 8, "ratio": 6, "peak": 6}


def table(results: Sequence[Result], tools: Sequence[str]) -> str:
    """The table as text, with the columns of each tool under its name."""
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for result in results:
        rows.setdefault((result.job, result.input), {})[result.tool] = result
    label = max(len(" ".join(row)) for row in [("job", ""), *rows])
    columns = {tool: _columns(tool) for tool in tools}
    names = [f"{tool:^{_width(columns[tool])}}" for tool in tools]
    heads = ["".join(f"{name:>{_WIDTHS[name]}}" for name in columns[tool]) for tool in tools]
    lines = [_line("", label, names), _line("", label, heads)]
    lines.append("-" * len(lines[1]))
    lines += [
        _line(" ".join(row), label, [_cell(by_tool, tool, columns[tool]) for tool in tools])
        for row, by_tool in rows.items()
    ]
    return "\n".join(lines)


def _columns(tool: str) -> list[str]:
    """mailstrata has no ratio, being what the others are measured by; what parses nothing has no messages."""
    left_out = {REFERENCE: "ratio", BY_HAND: "msg/s"}.get(tool)
    return [name for name in _WIDTHS if name != left_out]


def _width(columns: Sequence[str]) -> int:
    return sum(_WIDTHS[name] for name in columns)


def _line(label: str, width: int, cells: Sequence[str]) -> str:
    return " |".join([label.ljust(width), *cells]).rstrip()


def _cell(by_tool: Mapping[str, Result], tool: str, columns: Sequence[str]) -> str:
    result = by_tool.get(tool)
    if result is None or not result.runs:
        return f"{'-' if result is None else 'skipped':>{_width(columns)}}"
    seconds = result.seconds
    reference = by_tool.get(REFERENCE)
    values = {
        # Of a single message, a rate says nothing.
        "msg/s": f"{result.messages / seconds:,.0f}" if result.messages > 1 else "-",
        "MB/s": f"{result.input_bytes / seconds / 1e6:,.1f}",
        "ratio": f"{reference.seconds / seconds:.2f}" if reference and reference.runs else "-",
        "peak": f"{result.peak / 1e6:,.0f}",
    }
    return "".join(f"{values[name]:>{_WIDTHS[name]}}" for name in columns)


def notes(results: Sequence[Result]) -> list[str]:
    """A line for each result that is missing, with its reason."""
    return [
        f"skipped: {result.tool}, {result.job} {result.input}: {result.skipped}" for result in results if result.skipped
    ]
