"""mailstrata.cli.rows: a query's rows as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mailstrata.cli import output
from mailstrata.cli.rows import cell, fit, plain, write_csv, write_json, write_table


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal(12), 12),
        (Decimal("1.5"), 1.5),
        (float("nan"), None),
        (b"Mail/Gr\xc3\xbc\xff", "Mail/Grü\\xff"),
        (datetime(2025, 11, 10, 10, 0, tzinfo=UTC), "2025-11-10T10:00:00+00:00"),
        (date(2025, 11, 10), "2025-11-10"),
        (timedelta(hours=1), "1:00:00"),
        ([{"code": "x", "size": Decimal(1)}], [{"code": "x", "size": 1}]),
        ({"a": (1, None)}, {"a": [1, None]}),
    ],
)
def test_every_kind_of_value_is_json(value: Any, said: Any) -> None:
    """What DuckDB gives can be written as JSON, whole numbers as whole numbers."""
    assert plain(value) == said
    json.dumps(plain(value), allow_nan=False)


def test_null_is_empty_and_structures_are_json() -> None:
    """In a table and in CSV."""
    assert cell(None) == ""
    assert cell(["a", 1]) == '["a", 1]'
    assert cell(True) == "true"


def test_a_table_is_aligned_with_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    """Wide characters take two columns, nulls none, and no line ends in spaces."""
    write_table(["name", "n"], [[("日本", 5), ("abc", None)], [("d", 1000)]])
    assert capsys.readouterr().out == "name  n\n----  -\n日本  5\nabc\nd     1000\n"


def test_an_empty_result_still_names_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """No rows is an answer too."""
    write_table(["a"], [])
    write_csv(["a"], [])
    write_json(["a"], [])
    assert capsys.readouterr().out == "a\n-\na\n"


def test_on_a_terminal_rows_fit_and_controls_are_escaped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wide column gives way, the narrow one stays whole, and no escape sequence gets through."""
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    write_table(["id", "subject"], [[(1, "\x1b[2J" + "x" * 100)]])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 30
    assert lines[2].startswith(" 1  \\x1b[2Jxxx")
    assert lines[2].endswith("…")
    write_csv(["s"], [[("\x1b[2J",)]])
    assert "\x1b" not in capsys.readouterr().out


def test_in_a_pipe_nothing_is_cut_and_csv_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads the output gets whole values; CSV reads back as what it was."""
    long = "x" * 1000
    write_table(["s"], [[(long,)]])
    assert long in capsys.readouterr().out
    rows = [('say "hi"', "two\nlines", None)]
    write_csv(["a", "b", "c"], [rows])
    # newline="" as the csv module wants it: the line break in a value stays
    read = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert read == [["a", "b", "c"], ['say "hi"', "two\nlines", ""]]


@pytest.mark.parametrize(
    ("widths", "available", "fitted"),
    [
        ([3, 4], 80, [3, 4]),
        ([3, 200], 80, [3, 75]),
        ([100, 200, 3], 80, [36, 37, 3]),
        ([50] * 3, 10, [8, 8, 8]),
    ],
)
def test_wide_columns_give_way_first(widths: list[int], available: int, fitted: list[int]) -> None:
    """Narrow columns stay whole; where there is no room at all, columns stay readable and the line is too long."""
    assert fit(widths, available) == fitted
