"""`mailstrata sql`: the committed tables, nothing else, and nothing changed."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from support.command_line import Call

from mailstrata.archive.reading.reader import Archive
from mailstrata.cli import sql_session
from mailstrata.index.schema import TABLES
from mailstrata.search.texts.update import TextsUpdate


@pytest.fixture
def archive(call: Call, mbox: Path, tmp_path: Path) -> Path:
    """An archive of three messages."""
    assert call("archive", mbox, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    return tmp_path / "archive"


def rows(result: Result) -> list[dict[str, object]]:
    """The rows of a query with --format json."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("kind", ["archive", "index"])
def test_all_four_tables_can_be_asked(call: Call, mbox: Path, tmp_path: Path, kind: str) -> None:
    """Of an archive, and of a folder that `mailstrata index` wrote."""
    target = tmp_path / "target"
    assert call(kind, mbox, "--to", target, "--quiet").exit_code == 0
    counts = {
        table: rows(call("sql", target, f"SELECT count(*) AS n FROM {table}", "--format", "json"))[0]["n"]
        for table in TABLES
    }
    assert counts["messages"] == 3
    assert counts["occurrences"] == 3
    assert counts["parts"] == 5
    assert counts["blobs"] >= 1


def test_the_formats(call: Call, archive: Path) -> None:
    """An aligned table, CSV, and one JSON object a line; null is empty, dates are ISO 8601."""
    query = "SELECT subject, date, attachment_count AS n FROM messages ORDER BY subject"
    table = call("sql", archive, query).stdout
    assert table.splitlines() == [
        "subject           date                 n",
        "----------------  -------------------  -",
        "Grüße             2025-11-10T10:00:00  0",
        "The picture       2025-11-11T10:00:00  1",
        "no from, no date                       0",
    ]
    lines = call("sql", archive, query, "--format", "csv").stdout.splitlines()
    assert list(csv.reader(lines))[3] == ["no from, no date", "", "0"]
    assert rows(call("sql", archive, query, "--format", "json"))[2] == {
        "subject": "no from, no date",
        "date": None,
        "n": 0,
    }


def test_columns_of_one_name_stay_apart(call: Call, archive: Path) -> None:
    """JSON has no room for two keys of one name."""
    assert rows(call("sql", archive, "SELECT 1 AS a, 2 AS a, 3 AS a_1", "--format", "json")) == [
        {"a": 1, "a_1": 2, "a_1_1": 3}
    ]


def test_more_rows_than_a_batch_all_come(call: Call, archive: Path) -> None:
    """Rows are written as they come, none twice, none left out."""
    count = 2 * sql_session.BATCH_ROWS + 7
    lines = call("sql", archive, f"SELECT range AS n FROM range({count}) ORDER BY n").stdout.split()
    assert lines[2:] == [str(number) for number in range(count)]


@pytest.mark.parametrize("query", ["DESCRIBE messages", "SUMMARIZE parts", "SHOW TABLES", "FROM blobs", "VALUES (1);"])
def test_all_that_selects_is_run(call: Call, archive: Path, query: str) -> None:
    """Looking around is part of asking."""
    assert call("sql", archive, query).exit_code == 0


@pytest.mark.parametrize(
    "query",
    [
        "SELEC 1",
        "SELECT nothing FROM messages",
        "SELECT * FROM no_such_table",
        "SELECT CAST(subject AS INTEGER) FROM messages",
        "",
        "-- only a comment",
        "SELECT 1; SELECT 2",
    ],
)
def test_a_mistake_is_one_line(call: Call, archive: Path, query: str) -> None:
    """DuckDB's message without its picture, and exit code 2."""
    result = call("sql", archive, query)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("mailstrata: error: ")
    assert "bug" not in result.stderr


def test_no_query_reads_another_file(call: Call, archive: Path, tmp_path: Path) -> None:
    """Neither by a reader function nor by a name that is a path, not even in the archive itself."""
    secret = tmp_path / "secret.csv"
    secret.write_text("password\nhunter2\n")
    uncommitted = archive / "index" / "messages" / "uncommitted.parquet"
    committed = next((archive / "index" / "messages").glob("*.parquet"))
    uncommitted.write_bytes(committed.read_bytes())
    for query in (
        f"SELECT * FROM '{secret}'",
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM read_text('{secret}')",
        f"SELECT * FROM read_blob('{tmp_path}/*')",
        f"SELECT * FROM glob('{tmp_path}/*')",
        f"SELECT * FROM read_parquet('{uncommitted}')",
        f"SELECT * FROM '{archive}/format.json'",
        "SELECT * FROM query, paths",
    ):
        result = call("sql", archive, query)
        assert result.exit_code == 2, query
        assert "hunter2" not in result.output
    assert rows(call("sql", archive, "SELECT count(*) AS n FROM messages", "--format", "json")) == [{"n": 3}]


def test_no_statement_writes_anything(call: Call, archive: Path, tmp_path: Path) -> None:
    """Files that the session may read could be written over by COPY; nothing but SELECT is run."""

    def content() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}

    before = content()
    committed = next((archive / "index" / "messages").glob("*.parquet"))
    for query in (
        f"COPY (SELECT 1) TO '{committed}' (FORMAT parquet, USE_TMP_FILE false)",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{tmp_path}/out.csv' (USE_TMP_FILE false)",
        f"EXPORT DATABASE '{tmp_path}/out'",
        f"ATTACH '{tmp_path}/out.db'",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW messages",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        f"SELECT * FROM enable_logging(storage := 'file', storage_config := {{'path': '{tmp_path}/log'}})",
    ):
        result = call("sql", archive, query)
        assert result.exit_code == 2, query
        assert len(result.stderr.splitlines()) == 1
    assert content() == before


@pytest.mark.parametrize("name", [b"Mail [2024] *?", b"it's", b"Gr\xfc\xdfe"])
def test_the_archive_may_be_called_anything(call: Call, mbox: Path, tmp_path: Path, name: bytes) -> None:
    """DuckDB takes a path for a pattern, in UTF-8; ours need be neither."""
    target = os.fsencode(tmp_path) + b"/" + name
    words = ["archive", str(mbox), "--quiet", "--to", os.fsdecode(target)]
    assert call(*words).exit_code == 0
    assert rows(call("sql", os.fsdecode(target), "SELECT count(*) AS n FROM messages", "--format", "json")) == [
        {"n": 3}
    ]


def test_a_table_without_rows_is_a_table(call: Call, tmp_path: Path) -> None:
    """An empty archive answers with nothing, not with an error."""
    empty = tmp_path / "empty.mbox"
    empty.write_bytes(b"")
    assert call("archive", empty, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    assert rows(call("sql", tmp_path / "archive", "SELECT count(subject) AS n FROM messages", "--format", "json")) == [
        {"n": 0}
    ]


@pytest.mark.parametrize("damage", [b"", b"PAR1 no more of it PAR1"])
def test_a_damaged_table_is_an_error_of_the_archive(call: Call, archive: Path, damage: bytes) -> None:
    """Exit code 6, and not a mistake in the SQL."""
    next((archive / "index" / "messages").glob("*.parquet")).write_bytes(damage)
    result = call("sql", archive, "SELECT 1")
    assert result.exit_code == 6
    assert "index cannot be read" in result.stderr


def test_a_folder_of_tables_whose_record_is_damaged(call: Call, mbox: Path, tmp_path: Path) -> None:
    """What anyone may have written into index.json leads to an error, not to other files."""
    target = tmp_path / "tables"
    assert call("index", mbox, "--to", target, "--quiet").exit_code == 0
    record = target / "index.json"
    said = json.loads(record.read_text())
    said["files"] = [{"path": "../../secret.parquet"}]
    record.write_text(json.dumps(said))
    assert rows(call("sql", target, "SELECT count(*) AS n FROM messages", "--format", "json")) == [{"n": 0}]
    record.write_text("{")
    result = call("sql", target, "SELECT 1")
    assert result.exit_code == 6
    assert "index.json" in result.stderr
    said["schema_version"] = 99
    record.write_text(json.dumps(said))
    assert "newer version" in call("sql", target, "SELECT 1").stderr


def test_a_query_beyond_the_memory_limit_says_so(call: Call, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither a mistake in the SQL nor a bug."""
    monkeypatch.setattr(sql_session, "MEMORY_LIMIT", "8MB")
    result = call("sql", archive, "SELECT list(range) FROM range(10000000)")
    assert result.exit_code == 1
    assert "could not be run" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_texts_of_an_archive_are_a_table_where_they_are_there(call: Call, archive: Path) -> None:
    """An archive without a search index has no such table; DuckDB says so in one line."""
    assert call("sql", archive, "SELECT * FROM texts").exit_code == 2
    with Archive.open(archive) as opened:
        for _ in TextsUpdate(opened).files():
            pass
    query = "SELECT count(*) AS n FROM texts JOIN messages USING (sha256) WHERE kind = 'body'"
    assert rows(call("sql", archive, query, "--format", "json")) == [{"n": 3}]
