"""Rows of a query as an aligned table, as JSON lines or as CSV, written while they come."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from mailstrata.cli import output
from mailstrata.cli.terminal import cut, display_width, pad, safe_line

Batches = Iterable[list[tuple[Any, ...]]]
"""The rows in bounded lists."""

_GAP = "  "
_LEAST_COLUMN_WIDTH = 8


def plain(value: Any) -> Any:
    """A value as JSON can say it: dates as ISO 8601, bytes as text (with escapes where they are no UTF-8)."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        # Sums of integers come as decimals without a fraction.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)


def cell(value: Any) -> str:
    """A value as text: empty for null, JSON for what has a structure."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _safe_cell(value: Any) -> str:
    return safe_line(cell(value))


def write_json(columns: Sequence[str], batches: Batches) -> None:
    """One object a line."""
    for rows in batches:
        for row in rows:
            output.write_json(dict(zip(columns, map(plain, row), strict=True)))


def write_csv(columns: Sequence[str], batches: Batches) -> None:
    """RFC 4180 with a header line, and LF as the line break, for the tools that read lines."""
    # A terminal is shown escapes; a file gets the values as they are.
    text = _safe_cell if output.is_terminal() else cell
    for rows in chain([[tuple(columns)]], batches):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([text(value) for value in row] for row in rows)
        output.write(buffer.getvalue())


def write_table(columns: Sequence[str], batches: Batches) -> None:
    """Aligned columns, as wide as the first batch needs; numbers to the right.

    On a terminal the widest columns are cut to make a row fit a line. Elsewhere nothing is cut; a later row that needs
    more room than the first batch is wider than its column.
    """
    iterator = iter(batches)
    first = next(iterator, [])
    numeric = [
        all(row[index] is None or _is_number(row[index]) for row in first) and bool(first)
        for index in range(len(columns))
    ]
    names = [safe_line(name) for name in columns]
    texts = [[_safe_cell(value) for value in row] for row in first]
    widths = [max(map(display_width, column)) for column in zip(names, *texts, strict=True)]
    cuts = output.is_terminal()
    if cuts:
        widths = fit(widths, shutil.get_terminal_size().columns)

    def line(texts: Sequence[str]) -> str:
        pieces = [
            pad(cut(text, width) if cuts else text, width, right=right)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        ]
        return _GAP.join(pieces).rstrip() + "\n"

    output.write(line(names) + _GAP.join("-" * width for width in widths) + "\n")
    output.write("".join(map(line, texts)))
    for rows in iterator:
        output.write("".join(line([_safe_cell(value) for value in row]) for row in rows))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def fit(widths: Sequence[int], available: int) -> list[int]:
    """Column widths that fill at most `available` columns: those that are too wide for an equal share give way,
    down to a width that can still be read."""
    room = available - len(_GAP) * (len(widths) - 1)
    if sum(widths) <= room:
        return list(widths)
    fitted = list(widths)
    # From the narrowest on: what a narrow column leaves of its share is for the wider ones.
    for left, index in zip(range(len(widths), 0, -1), sorted(range(len(widths)), key=widths.__getitem__), strict=True):
        fitted[index] = min(widths[index], max(room // left, _LEAST_COLUMN_WIDTH))
        room -= fitted[index]
    return fitted


WRITERS: dict[str, Callable[[Sequence[str], Batches], None]] = {
    "table": write_table,
    "json": write_json,
    "csv": write_csv,
}
