"""The list that `mailstrata scan` writes: a table for people, or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Protocol

from mailstrata.cli.rows import Batches, plain, write_table
from mailstrata.cli.units import format_bytes
from mailstrata.index.inspection.flags import Flag, Severity
from mailstrata.scanning.flagged import COLUMNS, SCANNER_SEVERITY

_DIGEST_COLUMNS = 12
_TITLES = ("severity", "why", "file name", "type", "size", "date", "from", "message", "part")


class FlaggedList(Protocol):
    """Writes the rows of the query of `flagged_query`."""

    def write(self, batches: Batches) -> bool:
        """Write all rows as they come; whether there was any."""
        ...


class JsonList:
    """One object a line; its keys are in docs/scan.md."""

    def write(self, batches: Batches) -> bool:
        """Write all rows as they come; whether there was any."""
        from mailstrata.cli import output  # noqa: PLC0415 - as in the commands

        found = False
        for rows in batches:
            for row in rows:
                found = True
                output.write_json(_as_object(dict(zip(COLUMNS, map(plain, row), strict=True))))
        return found


class TableList:
    """A table; nothing at all where there are no rows."""

    def write(self, batches: Batches) -> bool:
        """Write all rows as they come; whether there was any."""
        iterator = iter(batches)
        first = next(iterator, [])
        if not first:
            return False
        write_table(_TITLES, _as_table(chain([first], iterator)))
        return True


def _flags(row: dict[str, Any]) -> list[Flag]:
    names = row["flags"].split(",")
    return [flag for name in names for flag in Flag if flag.value == name]


def _severity(row: dict[str, Any]) -> str:
    return "found" if row["severity"] == SCANNER_SEVERITY else Severity(row["severity"]).name.lower()


def _reasons(row: dict[str, Any]) -> list[str]:
    found = [] if row["signature"] is None else [f"clamd: {row['signature'] or 'found'}"]
    return found + [flag.reason for flag in _flags(row)]


def _as_object(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "severity": _severity(row),
        "flags": [flag.value for flag in _flags(row)],
        "reasons": _reasons(row),
    }


def _as_table(batches: Batches) -> Iterator[list[tuple[Any, ...]]]:
    for rows in batches:
        yield [_line(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _line(row: dict[str, Any]) -> tuple[Any, ...]:
    kind = row["declared_type"] or row["content_type"]
    if row["sniffed_type"] not in (None, kind):
        kind = f"{kind} ({row['sniffed_type']})"
    return (
        _severity(row),
        "; ".join(_reasons(row)),
        row["filename"],
        kind,
        None if row["size"] is None else format_bytes(row["size"]),
        None if row["date"] is None else row["date"].date(),
        row["from"],
        row["message"][:_DIGEST_COLUMNS],
        row["path"],
    )
