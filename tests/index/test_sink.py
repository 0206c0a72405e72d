from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mailstrata.errors import LockedError, TargetError
from mailstrata.index.schema import TABLES
from mailstrata.index.sink import IndexSink
from mailstrata.message.origin import SourceInfo
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sinks.protocol import Checkpoint, SourceOutcome, Wants
from mailstrata.sources.discover import find_sources

NOTE = (
    b"From: Ann <ann@a.example>\nTo: bob@b.example\nSubject: Report\nDate: Mon, 1 Jan 2024 10:00:00 +0100\n"
    b"Message-ID: <1@a.example>\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\n\nHere it is.\n--b\nContent-Type: application/octet-stream; name=report.pdf\n\n%PDF-1.4 hello\n--b--\n"
)
ANSWER = b"From: bob@b.example\nSubject: Re: Report\nMessage-ID: <2@b.example>\nReferences: <1@a.example>\n\nThanks.\n"


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "index"


def ask(place: Path, query: str) -> list[tuple]:
    session = duckdb.connect()
    for table in TABLES:
        session.execute(f"CREATE VIEW {table} AS SELECT * FROM '{place}/{table}/*.parquet'")
    return session.execute(query).fetchall()


@pytest.fixture
def index(deliver, place):
    """Index messages, as a run that goes well does."""

    def run(*messages: bytes, **options) -> None:
        sink = IndexSink(place)
        sink.open()
        try:
            deliver(sink, *messages, **options)
        finally:
            sink.close()

    return run


def test_the_four_tables_join(index, place):
    """DuckDB reads all tables and finds its way from a file to a message, its parts and their content."""
    index(NOTE, ANSWER)
    assert ask(
        place,
        """SELECT o.file, m.from_address, m."from", m.subject, p.path, p.filename, p.sniffed_type, b.size
        FROM occurrences o JOIN messages m ON m.sha256 = o.message JOIN parts p ON p.message = m.sha256
        JOIN blobs b ON b.sha256 = p.blob WHERE p.is_attachment""",
    ) == [("0", "ann@a.example", "Ann <ann@a.example>", "Report", "1.2", "report.pdf", "application/pdf", 14)]
    assert ask(place, "SELECT subject FROM messages WHERE thread_root_id = '1@a.example' ORDER BY date NULLS LAST") == [
        ("Report",),
        ("Re: Report",),
    ]
    ((date,),) = ask(place, "SELECT date FROM messages WHERE date >= '2024-01-01' AND date < '2024-01-02'")
    assert date.isoformat() == "2024-01-01T09:00:00"
    assert ask(place, "SELECT count(*) FROM parts p ANTI JOIN blobs b ON p.blob = b.sha256 WHERE NOT is_container") == [
        (0,)
    ]
    query = "SELECT [a.address for a in to_addresses] FROM messages WHERE has_attachment"
    assert ask(place, query) == [(["bob@b.example"],)]


def test_the_queries_of_the_page_work(index, place):
    """Every question that docs/index-schema.md asks has an answer."""
    index(NOTE, ANSWER, NOTE)
    page = (Path(__file__).parents[2] / "docs" / "index-schema.md").read_text(encoding="utf-8")
    section = page.partition("## Asking questions")[2].partition("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    queries = "\n".join(lines).replace("'DIR/", f"'{place}/").split(";")
    assert len(queries) > 4
    for query in queries[:-1]:
        duckdb.execute(query).fetchall()


def test_a_distinct_message_has_one_row(index, place):
    """The same message in several files has one row and its parts once, but an occurrence for each; the same content
    in different messages has one row among the blobs."""
    index(NOTE, ANSWER, NOTE, NOTE, NOTE.replace(b"Report", b"Again"))
    counts = "SELECT (FROM messages SELECT count(*)), (FROM occurrences SELECT count(*)), (FROM parts SELECT count(*))"
    assert ask(place, counts) == [(3, 5, 7)]
    assert ask(place, "SELECT count(*), count(DISTINCT sha256) FROM blobs") == [(3, 3)]
    query = "SELECT index FROM occurrences WHERE message IN (SELECT sha256 FROM messages WHERE subject = 'Report')"
    assert sorted(ask(place, query)) == [(0,), (2,), (3,)]


def test_a_quoted_message_is_the_same_as_an_unquoted_one(index, place, deliver):
    """A message in an mbox and the same one in a file of its own have one row and the same offsets."""
    message = b"Subject: x\n\n>From me\n"
    sink = IndexSink(place)
    sink.open()
    mbox = b"From a@b.example Mon Jan  1 00:00:00 2024\nSubject: x\n\n>>From me\n\n"
    deliver(sink, mbox, quoting="mboxrd")
    sink.close()
    ((digest, size),) = ask(place, "SELECT sha256, size FROM messages")
    index(message)
    assert ask(place, "SELECT sha256, size FROM messages") == [(digest, size)]


def test_nothing_is_visible_before_the_final_commit(place, deliver):
    """Commits within a run show nothing: an index is there whole or not at all."""
    sink = IndexSink(place)
    sink.open()
    seen = []

    real = sink.commit

    def commit():
        seen.append(place.exists())
        real()

    sink.commit = commit  # type: ignore[method-assign]
    deliver(sink, NOTE, ANSWER)
    assert seen == [False, False, False]
    assert place.exists()
    sink.close()
    assert [path.name for path in place.parent.iterdir()] == ["index"]


def test_running_again_replaces_the_index(index, place):
    """The second run's index is the whole index."""
    index(NOTE, ANSWER)
    index(ANSWER)
    assert ask(place, "SELECT subject FROM messages") == [("Re: Report",)]
    assert sorted(path.name for path in place.iterdir()) == sorted([*TABLES, "index.json"])


def test_an_empty_run_leaves_an_empty_index(index, place):
    """Without messages every table is there, with all columns and no rows."""
    index()
    for table, schema in TABLES.items():
        assert ask(place, f"SELECT * FROM {table}") == []
        assert [row[0] for row in ask(place, f"DESCRIBE {table}")] == schema.names


def test_an_aborted_run_leaves_what_was_there(index, place, deliver):
    """Aborted at any point before the final commit, the old index is as it was and nothing else is left."""
    index(ANSWER)
    sink = IndexSink(place)
    sink.open()
    sink.abort()
    sink = IndexSink(place)
    sink.open()
    sink.commit = lambda: None  # type: ignore[method-assign]
    deliver(sink, NOTE)
    sink.abort()
    assert ask(place, "SELECT subject FROM messages") == [("Re: Report",)]
    assert [path.name for path in place.parent.iterdir()] == ["index"]


def test_aborted_after_the_final_commit_the_index_stays(place, deliver):
    """Where another sink fails at the very end, what was committed is kept."""
    sink = IndexSink(place)
    sink.open()
    deliver(sink, NOTE)
    sink.abort()
    assert ask(place, "SELECT subject FROM messages") == [("Report",)]


KILLED = """
import os, sys
from mailstrata.index.sink import IndexSink
from mailstrata.sinks.protocol import Checkpoint
sink = IndexSink(sys.argv[1])
sink.open()
sink.checkpoint(Checkpoint(final=True))
os._exit(9)
"""


def test_a_kill_before_the_final_commit(index, place):
    """The old index is intact, and the next run clears up and does its work."""
    index(ANSWER)
    done = subprocess.run([sys.executable, "-c", KILLED, str(place)], check=False)
    assert done.returncode == 9
    assert ask(place, "SELECT subject FROM messages") == [("Re: Report",)]
    index(NOTE)
    assert ask(place, "SELECT subject FROM messages") == [("Report",)]
    assert [path.name for path in place.parent.iterdir()] == ["index"]


def test_the_record_says_what_is_there(index, place):
    """index.json lists files with rows and sizes, and the sources with how they ended."""
    index(NOTE, ANSWER)
    record = json.loads((place / "index.json").read_text(encoding="utf-8"))
    assert (record["format"], record["schema_version"], record["complete"]) == ("mailstrata-index", 1, True)
    assert [(file["table"], file["rows"]) for file in record["files"]] == [
        ("messages", 2),
        ("occurrences", 2),
        ("parts", 4),
        ("blobs", 3),
    ]
    for file in record["files"]:
        assert (place / file["path"]).stat().st_size == file["size"]
    (source,) = record["sources"]
    assert (source["source"], source["complete"], source["messages"]) == ("inbox", True, 2)


def test_a_source_that_was_not_read_whole_is_told(place):
    """What could be read is indexed all the same, and index.json says that it is not all."""
    sink = IndexSink(place)
    sink.open()
    source = SourceInfo("inbox", b"/mail/inbox", "mbox")
    sink.begin_source(source)
    sink.end_source(source, SourceOutcome(complete=False, reasons=["truncated"]))
    sink.checkpoint(Checkpoint(final=True))
    sink.commit()
    sink.close()
    record = json.loads((place / "index.json").read_text(encoding="utf-8"))
    assert record["complete"] is False
    assert record["sources"][0]["reasons"] == ["truncated"]


def test_the_pipeline_drives_it(tmp_path, place):
    """From a mailbox on disk to the tables, through the real sources and the real pipeline."""
    mailbox = tmp_path / "inbox.mbox"
    line = b"From a@b.example Mon Jan  1 00:00:00 2024\n"
    mailbox.write_bytes(line + NOTE + b"\n" + line + ANSWER + b"\n" + line + ANSWER + b"\n")
    report = Pipeline([IndexSink(place)]).run(find_sources([str(mailbox)]))
    assert report.failures == []
    assert ask(place, "SELECT count(*) FROM messages") == [(2,)]
    query = "SELECT source_kind, source_path, index, separator FROM occurrences ORDER BY index"
    separator = line.decode().rstrip()
    assert ask(place, query) == [("mbox", str(mailbox), index, separator) for index in range(3)]


def test_the_same_messages_make_the_same_files(index, place):
    """Two runs over the same input write the same bytes."""
    index(NOTE, ANSWER)
    first = {path.name: path.read_bytes() for path in place.rglob("*.parquet")}
    index(NOTE, ANSWER)
    assert {path.name: path.read_bytes() for path in place.rglob("*.parquet")} == first


def test_a_target_that_cannot_be_used_is_refused_at_once(place):
    """`open` raises before anything is read, and leaves nothing behind."""
    place.mkdir()
    (place / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TargetError, match="something else"):
        IndexSink(place).open()
    assert [path.name for path in place.parent.iterdir()] == ["index"]


def test_a_second_run_at_once_is_refused(place):
    """One writer at a time; the first one is not disturbed."""
    first = IndexSink(place)
    first.open()
    with pytest.raises(LockedError):
        IndexSink(place).open()
    first.checkpoint(Checkpoint(final=True))
    first.commit()
    first.close()
    assert ask(place, "SELECT count(*) FROM messages") == [(0,)]


def test_a_failed_open_lets_go_of_everything(place, monkeypatch):
    """Where the last of what `open` needs cannot be had, nothing stays open or locked."""

    class RefusedError(Exception):
        pass

    def refuse(path: Path) -> None:
        raise RefusedError

    with monkeypatch.context() as patched:
        patched.setattr("mailstrata.index.sink.SeenDigests", refuse)
        with pytest.raises(RefusedError):
            IndexSink(place).open()
    assert list(place.parent.iterdir()) == []


def test_it_asks_for_what_it_needs():
    """Offsets come from raw bytes, types from decoded ones, names from digests."""
    assert IndexSink("x").wants == Wants.RAW | Wants.DECODED | Wants.DIGESTS
    assert IndexSink.name == "index"


def test_importing_the_package_loads_no_heavy_library():
    """Only the modules that use pyarrow load it."""
    code = (
        "import sys, mailstrata.index, mailstrata.index.rows, mailstrata.index.sniff\n"
        "print([name for name in ('pyarrow', 'duckdb', 'magic', 'sqlite3', 'zstandard') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip() == "[]"
