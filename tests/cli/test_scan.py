"""`mailstrata scan`: the same flags by every way, listed worst first; clamd, once a content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import Result
from support.clamd import FOUND, MARKER, PROGRAM, STREAM_MAX_LENGTH, RunningClamd, running_clamd
from support.command_line import Call, mbox_of
from support.suspicious import PARTS, leaf, message_of, messages

from mailstrata.cli.scan import FLAG_NAMES
from mailstrata.index.inspection.flags import FLAG_COLUMNS, Flag
from mailstrata.index.schema import PARTS as PARTS_SCHEMA


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClamd]:
    """A clamd of this session's own."""
    if PROGRAM is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    with running_clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An mbox of all suspicious parts."""
    path = tmp_path / "source.mbox"
    path.write_bytes(mbox_of(*messages()))
    return path


def parts_of(place: Path) -> list[dict[str, Any]]:
    rows = [row for path in place.rglob("parts/*.parquet") for row in pq.ParquetFile(path).read().to_pylist()]
    return sorted(rows, key=lambda row: (row["message"], row["position"]))


def listed(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code in (0, 7), result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_flags_are_the_same_by_every_way(call: Call, source: Path, tmp_path: Path) -> None:
    """Each part has the flags it should have: as tables only, in an archive (small messages whole, large ones piece by
    piece), by two processes, in tables made anew, and in one commit or many."""
    ways = {
        "tables": ["index", source, "--to", tmp_path / "tables"],
        "archive": ["archive", source, "--to", tmp_path / "archive"],
        "jobs": ["archive", source, "--to", tmp_path / "jobs", "--jobs", "2"],
        "commits": ["archive", source, "--to", tmp_path / "commits", "--commit-every", "100k"],
    }
    for words in ways.values():
        assert call(*words, "--quiet").exit_code == 0
    expected = parts_of(tmp_path / "tables")
    assert len(expected) > len(PARTS)
    found = {(row["declared_type"], frozenset(flag.value for flag in Flag if row[flag.column])) for row in expected}
    for _, declared, flags in PARTS:
        assert (declared, frozenset(flags)) in found
    wanted = {frozenset(flags) for _, _, flags in PARTS}
    assert {flags for _, flags in found} == wanted
    for way in ("archive", "jobs", "commits"):
        assert parts_of(tmp_path / way / "index") == expected, way
    for path in (tmp_path / "archive" / "index").rglob("*.parquet"):
        path.unlink()
    assert call("repair", tmp_path / "archive").exit_code == 0
    assert parts_of(tmp_path / "archive" / "index") == expected


def test_tables_without_flags_stay_readable(call: Call, source: Path, tmp_path: Path) -> None:
    """Of tables that were written before there were flags, beside newer ones: SQL works, the columns are null, and scan
    lists what it can and says how many parts it cannot tell of."""
    tables = tmp_path / "tables"
    assert call("index", source, "--to", tables, "--quiet").exit_code == 0
    [path] = (tables / "parts").iterdir()
    whole = pq.ParquetFile(path).read()
    pq.write_table(whole.drop_columns(["declared_type", *FLAG_COLUMNS]), path)
    result = call("scan", tables)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"{whole.num_rows} parts came in before parts had flags" in result.stderr
    newer = tables / "parts" / "newer.parquet"
    pq.write_table(whole, newer)
    record = json.loads((tables / "index.json").read_text())
    record["files"].append(
        next(file for file in record["files"] if file["table"] == "parts") | {"path": "parts/newer.parquet"}
    )
    (tables / "index.json").write_text(json.dumps(record))
    assert len(listed(call("scan", tables, "--json"))) > 10
    nulls = call("sql", tables, "SELECT count(*) - count(flag_macros) AS n FROM parts", "--format", "json")
    assert json.loads(nulls.stdout) == {"n": whole.num_rows}


def test_new_columns_may_be_missing() -> None:
    """Compaction and erasure write null for a column that an older file has not, where that may be null."""
    assert all(PARTS_SCHEMA.field(name).nullable for name in ("declared_type", *FLAG_COLUMNS))


def test_worst_first_with_reasons(call: Call, source: Path) -> None:
    """What a source and its archive list is the same; each row says why."""
    rows = listed(call("scan", source, "--json"))
    order = {"high": 0, "medium": 1, "low": 2}
    assert [order[row["severity"]] for row in rows] == sorted(order[row["severity"]] for row in rows)
    assert rows[0]["severity"] == "high"
    for row in rows:
        assert len(row["reasons"]) == len(row["flags"]) > 0
        assert set(row) >= {
            "message",
            "path",
            "source",
            "folder",
            "date",
            "from",
            "subject",
            "filename",
            "size",
            "blob",
        }


def test_archive_tables_and_source_list_the_same(call: Call, source: Path, tmp_path: Path) -> None:
    """Three ways to the same list."""
    assert call("archive", source, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    assert call("index", source, "--to", tmp_path / "tables", "--quiet").exit_code == 0
    lists = [listed(call("scan", place, "--json")) for place in (source, tmp_path / "archive", tmp_path / "tables")]
    assert lists[0] == lists[1] == lists[2]


def test_choosing(call: Call, source: Path) -> None:
    """By flag, one or more, and by number; the exit code says whether there was any."""
    macros = listed(call("scan", source, "--json", "--flag", "macros"))
    assert {tuple(row["flags"]) for row in macros} == {("macros",)}
    either = listed(call("scan", source, "--json", "--flag", "macros", "--flag", "ambiguous"))
    assert all({"macros", "ambiguous"} & set(row["flags"]) for row in either)
    assert len(either) > len(macros)
    assert listed(call("scan", source, "--json", "--limit", "2")) == listed(call("scan", source, "--json"))[:2]
    assert call("scan", source, "--flag", "macros").exit_code == 7
    assert call("scan", source, "--flag", "found").exit_code == 0
    assert call("scan", source, "--flag", "nonsense").exit_code == 2


def test_names_of_flags() -> None:
    """Those that the option takes are those of the table."""
    assert set(FLAG_NAMES) == {flag.value for flag in Flag} | {"found"}


def test_the_table_is_safe(call: Call, tmp_path: Path) -> None:
    """A name that turns the line around is shown with an escape."""
    path = tmp_path / "a.eml"
    path.write_bytes(message_of(1, PARTS[15][0]))
    result = call("scan", path)
    assert result.exit_code == 7
    assert "\u202e" not in result.stdout
    assert "a\\u202efdp.exe" in result.stdout
    assert "a program or a script; a name that shows something else; not the type that it says" in result.stdout


def test_nothing_flagged(call: Call, tmp_path: Path) -> None:
    """Nothing is written, and the exit code is 0."""
    path = tmp_path / "a.eml"
    path.write_bytes(message_of(1, PARTS[0][0]))
    result = call("scan", path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_source_that_is_not_there(call: Call, source: Path, tmp_path: Path) -> None:
    """The others are listed; the exit code is that of the failure."""
    result = call("scan", source, tmp_path / "missing", "--json")
    assert result.exit_code == 3
    assert result.stdout.count("\n") > 10


def test_what_cannot_be_meant(call: Call, source: Path, tmp_path: Path) -> None:
    """Two archives, an archive and a source, clamd over tables without content."""
    assert call("archive", source, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    assert call("index", source, "--to", tmp_path / "tables", "--quiet").exit_code == 0
    assert call("scan", tmp_path / "archive", source).exit_code == 2
    assert call("scan", tmp_path / "tables", "--clamd", "127.0.0.1:1").exit_code == 2
    result = call("scan", tmp_path / "archive", "--clamd", tmp_path / "nothing")
    assert result.exit_code == 1
    assert result.stderr.startswith("mailstrata: error: cannot reach clamd at ")


BODY = b"Content-Type: text/plain\n\nThis body holds " + MARKER
ATTACHED = leaf("Content-Type: application/octet-stream; name=a.bin\n", MARKER + bytes(9000))
CLEAN = leaf("Content-Type: application/octet-stream; name=b.bin\n", bytes(8000))
TOO_LARGE = leaf("Content-Type: application/octet-stream; name=c.bin\n", b"large" + bytes(STREAM_MAX_LENGTH))


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """Messages of which some hold what the signature finds: in a body, and in an attachment of two messages."""
    path = tmp_path / "marked.mbox"
    path.write_bytes(
        mbox_of(
            message_of(1, BODY, CLEAN),
            message_of(2, ATTACHED),
            message_of(3, ATTACHED, CLEAN),
            message_of(4, TOO_LARGE, b"\nnothing in particular"),
        )
    )
    return path


def scans(call: Call, archive: Path, columns: str = "verdict, count(*) AS n, count(DISTINCT blob) AS blobs") -> Any:
    query = f"SELECT {columns} FROM scans GROUP BY ALL ORDER BY ALL"
    return [json.loads(line) for line in call("sql", archive, query, "--format", "json").stdout.splitlines()]


def test_clamd_over_an_archive(call: Call, marked: Path, tmp_path: Path, clamd: RunningClamd) -> None:
    """Every distinct content is scanned once, attachments in packs and leaves in messages; a second run scans only what
    could not be; what was found is listed first, wherever it is carried, and stands in the table *scans*."""
    archive = tmp_path / "archive"
    assert call("archive", marked, "--to", archive, "--quiet").exit_code == 0
    assert scans(call, archive) == []
    result = call("scan", archive, "--clamd", clamd.socket, "--json")
    assert "5 contents scanned" in result.stderr
    assert "2 found, 1 failed" in result.stderr
    assert "INSTREAM size limit exceeded" in result.stderr
    found = [row for row in listed(result) if row["severity"] == "found"]
    assert sorted(row["subject"] for row in found) == ["Number 1", "Number 2", "Number 3"]
    assert {row["signature"] for row in found} == {FOUND}
    assert all(row["reasons"][0] == f"clamd: {FOUND}" for row in found)
    once = [
        {"verdict": "clean", "n": 2, "blobs": 2},
        {"verdict": "error", "n": 1, "blobs": 1},
        {"verdict": "found", "n": 2, "blobs": 2},
    ]
    assert scans(call, archive) == once
    again = call("scan", archive, "--clamd", clamd.tcp, "--flag", "found", "--json")
    assert "1 content scanned" in again.stderr
    assert len(listed(again)) == 3
    assert scans(call, archive, "verdict, signature, reason IS NULL AS silent")[-1] == {
        "verdict": "found",
        "signature": FOUND,
        "silent": True,
    }
    assert "5 contents scanned" in call("scan", archive, "--clamd", clamd.tcp, "--rescan").stderr
    assert call("scan", archive, "--flag", "found").exit_code == 7
    assert call("verify", archive).exit_code == 0
    assert call("compact", archive).exit_code == 0
    assert call("scan", archive, "--flag", "found").exit_code == 7


def test_clamd_over_sources(call: Call, marked: Path, tmp_path: Path, clamd: RunningClamd) -> None:
    """The same list as of an archive, and nothing is left behind."""
    result = call("scan", marked, "--clamd", clamd.socket, "--json", "--flag", "found")
    assert "5 contents scanned" in result.stderr
    assert sorted(row["subject"] for row in listed(result)) == ["Number 1", "Number 2", "Number 3"]
    assert [path.name for path in tmp_path.iterdir()] == ["marked.mbox"]


def test_a_content_that_is_damaged_is_a_row(call: Call, tmp_path: Path, clamd: RunningClamd) -> None:
    """The others, here those of a later commit, are scanned all the same."""
    archive = tmp_path / "archive"
    for number, message in enumerate([message_of(1, ATTACHED, CLEAN), message_of(2, BODY)]):
        path = tmp_path / f"{number}.eml"
        path.write_bytes(message)
        assert call("archive", path, "--to", archive, "--quiet").exit_code == 0
    query = "SELECT pack, frame + frame_length // 2 AS middle FROM blobs LIMIT 1"
    place = json.loads(call("sql", archive, query, "--format", "json").stdout)
    pack = archive / "packs" / place["pack"]
    data = bytearray(pack.read_bytes())
    data[place["middle"]] ^= 0xFF
    pack.write_bytes(bytes(data))
    result = call("scan", archive, "--clamd", clamd.socket, "--json")
    assert [row["subject"] for row in listed(result) if row["signature"]] == ["Number 2"]
    assert "1 found, 2 failed" in result.stderr
    assert result.stderr.count("could not be scanned: ") == 2
    assert [(row["verdict"], row["n"]) for row in scans(call, archive)] == [("error", 2), ("found", 1)]
