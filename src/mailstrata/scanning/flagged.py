"""The query that lists what is flagged, worst first, over the tables of an index and *scans*."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from mailstrata.index.inspection.flags import Flag, Severity

FOUND_BY_SCANNER: Final = "found"
"""The name beside those of flags that asks for what a scanner has found."""

COLUMNS: Final = (
    *("severity", "flags", "signature", "filename", "content_type", "declared_type", "sniffed_type", "size", "date"),
    *("from", "subject", "source", "folder", "message", "path", "blob"),
)
"""The columns of the rows: `severity` is a number (4: a scanner has found something; else that of `Severity`), `flags`
names with commas between them."""

SCANNER_SEVERITY: Final = 1 + max(Severity)
"""Worse than any flag."""

_LATEST: Final = """
latest AS (
    SELECT blob, arg_max(verdict, scanned) AS verdict, arg_max(signature, scanned) AS signature
    FROM scans WHERE verdict <> 'error' GROUP BY blob
),
infected AS (SELECT blob, coalesce(signature, '') AS signature FROM latest WHERE verdict = 'found')"""


def flagged_query(available: Collection[str], chosen: Collection[str], limit: int | None) -> str:
    """A SELECT whose rows are the flagged parts: the worst flag first, then those with more and worse flags, then the
    newest.

    `available` are the columns that *parts* has: an index that was made before there were flags has none of them.
    `chosen` are the names of flags, or `FOUND_BY_SCANNER`, of which a part must have one; empty means any.
    """
    flags = [flag for flag in Flag if flag.column in available]
    declared = "declared_type" if "declared_type" in available else "CAST(NULL AS VARCHAR)"
    severities = [f"CASE WHEN {flag.column} THEN {int(flag.severity)} END" for flag in flags]
    worst = f"greatest(0, {', '.join(severities)})" if flags else "0"
    weight = " + ".join(f"coalesce({severity}, 0)" for severity in severities) or "0"
    ordered = sorted(flags, key=lambda flag: -flag.severity)
    names = ", ".join(f"CASE WHEN {flag.column} THEN '{flag.value}' END" for flag in ordered) or "''"
    wanted = [flag.column for flag in flags if not chosen or flag.value in chosen]
    conditions = [f"coalesce({column}, false)" for column in wanted]
    if not chosen or FOUND_BY_SCANNER in chosen:
        conditions.append("i.signature IS NOT NULL")
    # Names of columns, and words of ours; nothing comes from mail or from the command line.
    return f"""
WITH {_LATEST},
flagged AS (
    SELECT p.message, p.path, p.position, p.filename, p.content_type, {declared} AS declared_type, p.sniffed_type,
        p.size, p.blob, i.signature,
        CASE WHEN i.signature IS NOT NULL THEN {SCANNER_SEVERITY} ELSE {worst} END AS severity,
        {weight} AS weight,
        concat_ws(',', {names}) AS flags
    FROM parts p LEFT JOIN infected i ON i.blob = p.blob
    WHERE {" OR ".join(conditions) or "false"}
),
listed AS (
    SELECT f.*, m.date, m."from", m.subject FROM flagged f JOIN messages m ON m.sha256 = f.message
    ORDER BY f.severity DESC, f.weight DESC, m.date DESC NULLS LAST, f.message, f.position
    {"" if limit is None else f"LIMIT {int(limit)}"}
),
places AS (
    SELECT message, min_by(source, (source, folder)) AS source, min_by(folder, (source, folder)) AS folder
    FROM occurrences WHERE message IN (SELECT message FROM listed) GROUP BY message
)
SELECT l.severity, l.flags, l.signature, l.filename, l.content_type, l.declared_type, l.sniffed_type, l.size, l.date,
    l."from", l.subject, o.source, o.folder, l.message, l.path, l.blob
FROM listed l LEFT JOIN places o ON o.message = l.message
ORDER BY l.severity DESC, l.weight DESC, l.date DESC NULLS LAST, l.message, l.position
"""  # noqa: S608
