from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mailstrata.errors import TargetError
from mailstrata.index import writer as writer_module
from mailstrata.index.schema import TABLES
from mailstrata.index.writer import IndexWriter


def visible(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


@pytest.fixture
def writer(tmp_path):
    writer = IndexWriter(tmp_path / "index")
    yield writer
    writer.abort()


def test_rows_come_back_as_they_went_in(writer, make_part):
    """Every value of every row, nested ones and nulls included, is in the file."""
    rows = [make_part(n, defects=[{"code": "x", "start": n, "end": 9}] * (n % 3)) for n in range(1000)]
    for row in rows:
        writer.add("parts", row)
    (file,) = writer.checkpoint("00000001")
    writer.commit()
    found = pq.read_table(writer.directory / file.path).to_pylist()
    assert sorted(found, key=lambda row: row["blob"]) == sorted(rows, key=lambda row: row["blob"])


def test_hostile_values_are_kept(writer, make_part):
    """NUL characters, the longest texts and characters beyond the BMP are values like any other."""
    names = ["a\x00b", "\x00", "", "\U0001f4e7" * 65_536, "\ufffd\u202e", "'; DROP TABLE parts; --"]
    for number, name in enumerate(names):
        writer.add("parts", make_part(number, message=f"{number}", filename=name))
    (file,) = writer.checkpoint("00000001")
    writer.commit()
    path = writer.directory / file.path
    assert pq.read_table(path)["filename"].to_pylist() == names
    query = "SELECT filename FROM read_parquet(?) ORDER BY message"
    assert [row[0] for row in duckdb.execute(query, [str(path)]).fetchall()] == names


def test_a_checkpoint_says_what_it_wrote(writer, make_part, make_blob):
    """Path, rows, size and SHA-256 are those of the files that the commit makes visible."""
    for number in range(10):
        writer.add("parts", make_part(number))
    writer.add("blobs", make_blob(1))
    files = writer.checkpoint("00000007")
    writer.commit()
    assert [file.path for file in files] == ["parts/00000007.parquet", "blobs/00000007.parquet"]
    assert [file.rows for file in files] == [10, 1]
    for file in files:
        content = (writer.directory / file.path).read_bytes()
        assert file.size == len(content)
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert pq.read_metadata(writer.directory / file.path).num_rows == file.rows


def test_nothing_is_visible_before_the_commit(writer, make_part):
    """Between checkpoint and commit no Parquet file can be found by a glob, hidden folders included."""
    writer.add("parts", make_part(1))
    writer.checkpoint("00000001")
    assert not [name for name in visible(writer.directory) if name.endswith(".parquet")]
    writer.commit()
    assert [name for name in visible(writer.directory) if name.endswith(".parquet")] == ["parts/00000001.parquet"]


def test_every_checkpoint_has_its_own_rows(writer, make_blob):
    """A writer goes on after a commit, and a checkpoint without rows writes nothing."""
    for number in range(3):
        writer.add("blobs", make_blob(number))
        (file,) = writer.checkpoint(f"{number}")
        assert file.rows == 1
        writer.commit()
    assert writer.checkpoint("3") == []
    writer.commit()
    assert visible(writer.directory) == ["blobs/0.parquet", "blobs/1.parquet", "blobs/2.parquet"]
    assert pq.read_table(writer.directory / "blobs").num_rows == 3


def test_a_file_of_no_rows_for_every_table(writer):
    """Asked for every table, a glob over each folder finds a file with all columns and no rows."""
    files = writer.checkpoint("00000001", every_table=True)
    writer.commit()
    assert [file.table for file in files] == list(TABLES)
    for name, schema in TABLES.items():
        result = duckdb.execute(f"SELECT * FROM '{writer.directory}/{name}/*.parquet'")
        assert [column[0] for column in result.description] == schema.names
        assert result.fetchall() == []


def test_abort_leaves_what_was_committed_and_nothing_else(writer, make_part, monkeypatch):
    """Rows in memory, in a file under way and in a checkpoint are all dropped."""
    monkeypatch.setattr(writer_module, "BLOCK_BYTES", 1)
    monkeypatch.setattr(writer_module, "BUFFERED_BYTES", 1)
    writer.add("parts", make_part(1))
    writer.checkpoint("1")
    writer.commit()
    writer.add("parts", make_part(2))
    writer.checkpoint("2")
    writer.add("parts", make_part(3))
    monkeypatch.setattr(writer_module, "BLOCK_BYTES", 1 << 20)
    writer.add("parts", make_part(4))
    writer.abort()
    writer.abort()
    assert visible(writer.directory) == ["parts/1.parquet"]
    assert not (writer.directory / ".staging").exists()


def test_leftovers_of_a_killed_run_are_cleared(tmp_path):
    """A new writer removes the staged files that its predecessor left."""
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "parts-1.parquet.tmp").write_bytes(b"half of a file")
    IndexWriter(tmp_path / "index", staging).close()
    assert not staging.exists()


KILLED = """
import os, sys
from pathlib import Path
from mailstrata.index.writer import IndexWriter
writer = IndexWriter(Path(sys.argv[1]))
row = dict(sha256="00", size=1, sniffed_type=None)
row |= dict(pack=None, frame=None, frame_length=None, offset=None, length=None)
writer.add("blobs", row)
writer.checkpoint("1")
writer.commit()
writer.add("blobs", row)
writer.checkpoint("2")
os._exit(9)
"""


def test_a_kill_between_checkpoint_and_commit(tmp_path):
    """What was committed is intact, what was only staged is not visible, and the next writer works."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert [name for name in visible(tmp_path) if name.endswith(".parquet")] == ["blobs/1.parquet"]
    assert pq.read_table(tmp_path / "blobs" / "1.parquet").num_rows == 1
    IndexWriter(tmp_path).close()
    assert visible(tmp_path) == ["blobs/1.parquet"]


def test_row_groups_are_sorted_and_can_be_skipped(writer, make_part):
    """Row groups say their order, have minima and maxima, page indexes and Bloom filters that readers use."""
    for number in reversed(range(4000)):
        writer.add("parts", make_part(number))
    (file,) = writer.checkpoint("1")
    writer.commit()
    path = writer.directory / file.path
    group = pq.read_metadata(path).row_group(0)
    order = [(entry.column_index, entry.descending) for entry in group.sorting_columns]
    names = TABLES["parts"].names
    assert order == [(names.index("message"), False), (names.index("position"), False)]
    table = pq.read_table(path, columns=["message", "position"]).to_pylist()
    keys = [(row["message"], row["position"]) for row in table]
    assert keys == sorted(keys)
    column = group.column(names.index("message"))
    assert column.has_column_index
    assert column.has_offset_index
    assert (column.statistics.min, column.statistics.max) == (keys[0][0], keys[-1][0])
    assert column.compression == "ZSTD"
    if writer_module._HAS_BLOOM_FILTERS:
        probe = "SELECT bloom_filter_excludes FROM parquet_bloom_probe(?, 'blob', ?)"
        assert duckdb.execute(probe, [str(path), "0" * 64]).fetchall() == [(True,)]
        assert duckdb.execute(probe, [str(path), make_part(7)["blob"]]).fetchall() == [(False,)]


def test_messages_without_a_date_sort_last(writer):
    """Sorting by date copes with nulls, so that statistics of the rest stay tight."""
    blank = {
        field.name: [] if pa.types.is_list(field.type) else None if field.nullable else
        False if pa.types.is_boolean(field.type) else 0 if pa.types.is_integer(field.type) else ""
        for field in TABLES["messages"]
    }  # fmt: skip
    for date in (3, None, 1):
        writer.add("messages", blank | {"date": date})
    (file,) = writer.checkpoint("1")
    writer.commit()
    dates = pq.read_table(writer.directory / file.path)["date"].cast(pa.int64()).to_pylist()
    assert dates == [1, 3, None]


def test_old_versions_of_pyarrow_write_without_bloom_filters(writer, make_blob, monkeypatch):
    """The filters are an extra: without support for them the rows are written all the same."""
    monkeypatch.setattr(writer_module, "_HAS_BLOOM_FILTERS", False)
    writer.add("blobs", make_blob(1))
    (file,) = writer.checkpoint("1")
    writer.commit()
    assert pq.read_table(writer.directory / file.path).num_rows == 1


def test_buffers_are_bounded_and_files_are_rolled(writer, make_part, make_blob, monkeypatch):
    """However many rows are added, few are held; a file gets a limited number of row groups."""
    monkeypatch.setattr(writer_module, "BLOCK_BYTES", 20_000)
    monkeypatch.setattr(writer_module, "BUFFERED_BYTES", 100_000)
    monkeypatch.setattr(writer_module, "ROW_GROUPS_PER_FILE", 4)
    most = 0
    for number in range(10_000):
        writer.add("parts", make_part(number))
        writer.add("blobs", make_blob(number))
        held = sum(table.packed_bytes + table._added_bytes for table in writer._tables.values())
        most = max(most, held)
    assert most < 100_000 + 3 * 20_000
    files = [file for file in writer.checkpoint("1") if file.table == "parts"]
    writer.commit()
    assert [file.path for file in files[:2]] == ["parts/1.parquet", "parts/1-2.parquet"]
    assert sum(file.rows for file in files) == 10_000
    groups = [pq.read_metadata(writer.directory / file.path).num_row_groups for file in files]
    assert groups[:-1] == [4] * (len(files) - 1)
    assert groups[-1] <= 4


def test_large_rows_count_by_their_size(writer, make_part, monkeypatch):
    """A few rows with large texts or lists fill the buffer like many small ones."""
    monkeypatch.setattr(writer_module, "BUFFERED_BYTES", 4 << 20)
    for number in range(60):
        defects = [{"code": "c" * 50, "start": n, "end": n} for n in range(1000)]
        writer.add("parts", make_part(number, defects=defects))
        assert len(writer._tables["parts"]._rows) < 6
        writer.add("parts", make_part(number, filename="\U0001f4e7" * 60_000))
        assert sum(table.packed_bytes + table._added_bytes for table in writer._tables.values()) < 6 << 20


def test_a_missing_column_is_a_bug_that_shows(writer, make_part):
    """A row that lacks a column is refused, not written as null."""
    row = make_part(1)
    del row["charset"]
    with pytest.raises(KeyError, match="charset"):
        writer.add("parts", row)


FULL_DISK = """
import hashlib, resource, signal, sys
from pathlib import Path
from mailstrata.errors import TargetError
from mailstrata.index import writer as writer_module
from mailstrata.index.writer import IndexWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.unraisablehook = lambda what: sys.exit(print("unraisable", what))
writer_module.BUFFERED_BYTES = 1 << 20
writer = IndexWriter(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for number in range(100_000):
        digest = hashlib.sha256(b"%d" % number).hexdigest()
        row = dict(sha256=digest, size=1, sniffed_type=None)
        row |= dict(pack=None, frame=None, frame_length=None, offset=None, length=None)
        writer.add("blobs", row)
    writer.checkpoint("1")
except TargetError as error:
    print(error)
writer.abort()
writer.abort()
print(sorted(path.name for path in Path(sys.argv[1]).rglob("*")))
"""


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    """A write that fails in the middle of a row group is a TargetError, and the half-written file goes away."""
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], check=True, capture_output=True, text=True)
    first, last = done.stdout.splitlines()
    assert first.startswith(f"cannot write {tmp_path}/.staging/blobs-1.parquet.tmp: File too large; ")
    assert last == "[]"
    assert done.stderr == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_line(tmp_path):
    """A target that may not be written is a TargetError that names it."""
    tmp_path.chmod(0o500)
    with pytest.raises(TargetError, match="Permission denied"):
        IndexWriter(tmp_path / "index")


def test_a_file_in_the_way_is_one_line(tmp_path):
    """A file where the folder should be is a TargetError that names it."""
    (tmp_path / "index").write_text("in the way", encoding="utf-8")
    with pytest.raises(TargetError, match=r"cannot write .*index"):
        IndexWriter(tmp_path / "index")
