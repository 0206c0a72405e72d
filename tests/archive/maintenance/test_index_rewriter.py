from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.maintenance import index_rewriter
from mailstrata.archive.maintenance.index_rewriter import MovedBlobs
from mailstrata.archive.packs.members import MemberKind, content_name
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.errors import ArchiveError
from mailstrata.index import writer as writer_module
from mailstrata.index.rows import blob_row
from mailstrata.index.schema import TABLES
from mailstrata.index.writer import IndexWriter


def digest(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def blob(number: int, pack: str | None, offset: int = 0) -> dict[str, Any]:
    """A row of `blobs`."""
    place = (100, 50, offset, number) if pack is not None else (None,) * 4
    return blob_row(
        digest(number), number, None, pack=pack, frame=place[0], frame_length=place[1], offset=place[2], length=place[3]
    )  # fmt: skip


class Scene:
    """An archive with nothing but an index and a catalogue."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layout = Layout(root)
        self.layout.create()
        self.catalogue = WritableCatalogue.open(self.layout, CommitLog(self.layout.commits))
        self.writer = IndexWriter(self.layout.index)

    def file(self, name: str, rows: list[dict[str, Any]]) -> FileEntry:
        """An old file of `blobs`."""
        for row in rows:
            self.writer.add("blobs", row)
        [written] = self.writer.checkpoint(name)
        self.writer.commit()
        return FileEntry(f"index/{written.path}", written.size, written.sha256, written.rows)

    def path(self, entry: FileEntry) -> Path:
        return self.root / entry.path

    def rewrite(self, *entries: FileEntry, change: index_rewriter.Change = index_rewriter.unchanged) -> list[pa.Table]:
        """Rewrite files of `blobs`; what the new ones hold."""
        index_rewriter.rewrite(self.root, "blobs", entries, self.writer, change)
        files = self.writer.checkpoint("new")
        self.writer.commit()
        return [pq.read_table(self.layout.index / file.path) for file in files]

    def stage(self, number: int, pack: str, place: Place) -> None:
        self.catalogue.stage(f"packs/{pack}", [Member(content_name(MemberKind.BLOB, digest(number)), place)])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.writer.abort()
    scene.catalogue.close()


def rows_of(tables: list[pa.Table]) -> list[dict[str, Any]]:
    return sorted((row for table in tables for row in table.to_pylist()), key=lambda row: str(row["sha256"]))


def in_order(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["sha256"]))


def test_small_files_become_one(scene: Scene) -> None:
    """All rows of all files, in one file, sorted as the others are."""
    rows = [blob(number, "p") for number in range(30)]
    entries = [scene.file(f"{at}", rows[at : at + 10]) for at in (0, 10, 20)]
    [table] = scene.rewrite(*entries)
    assert rows_of([table]) == in_order(*rows)
    assert table["sha256"].to_pylist() == [row["sha256"] for row in in_order(*rows)]


def test_blobs_get_their_new_places(scene: Scene) -> None:
    """Those whose pack is removed; one that lies nowhere any more has none, and the others stay as they are."""
    entry = scene.file("old", [blob(1, "old"), blob(2, "other"), blob(3, "old"), blob(4, None)])
    scene.stage(1, "new", Place(7, 8, 9, 1))
    scene.stage(2, "new", Place(70, 80, 90, 2))
    tables = scene.rewrite(entry, change=MovedBlobs(scene.catalogue, ["old"]))
    moved = blob(1, "new") | {"frame": 7, "frame_length": 8, "offset": 9}
    gone = blob(3, None)
    assert rows_of(tables) == in_order(moved, blob(2, "other"), gone, blob(4, None))


def test_a_blob_that_was_there_twice_has_one_row(scene: Scene) -> None:
    """Its rows may be in different files; of others both stay, since nobody has looked at those."""
    entries = [scene.file("1", [blob(1, "a"), blob(2, "c")]), scene.file("2", [blob(1, "b", 5), blob(2, "d")])]
    scene.stage(1, "new", Place(7, 8, 9, 1))
    scene.catalogue.stage_duplicate(MemberKind.BLOB, bytes.fromhex(digest(1)))
    tables = scene.rewrite(*entries, change=MovedBlobs(scene.catalogue, ["a", "b"]))
    moved = blob(1, "new") | {"frame": 7, "frame_length": 8, "offset": 9}
    assert rows_of(tables) == in_order(moved, blob(2, "c"), blob(2, "d"))


def test_rows_are_left_out(scene: Scene) -> None:
    """By the values of a column; where none is left, no file is written."""
    entry = scene.file("old", [blob(number, "p") for number in range(4)])
    tables = scene.rewrite(entry, change=index_rewriter.without("sha256", [digest(1), digest(3)]))
    assert rows_of(tables) == in_order(blob(0, "p"), blob(2, "p"))
    assert scene.rewrite(entry, change=index_rewriter.without("pack", ["p"])) == []


def test_whether_a_file_has_a_value(scene: Scene) -> None:
    """In any row group, and by no row that is null."""
    entry = scene.file("old", [blob(1, "p"), blob(2, None)])
    path = scene.path(entry)
    assert index_rewriter.has_any(path, "sha256", [digest(7), digest(2)])
    assert not index_rewriter.has_any(path, "sha256", [digest(7)])
    assert not index_rewriter.has_any(path, "pack", ["q"])
    assert not index_rewriter.has_any(path, "pack", [])


def test_a_batch_never_spans_row_groups(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows may be large, and then row groups have few: memory is bounded by theirs."""
    monkeypatch.setattr(writer_module, "ROW_GROUP_ROWS", 3)
    monkeypatch.setattr(writer_module, "BLOCK_BYTES", 1)
    entry = scene.file("old", [blob(number, "p") for number in range(10)])
    assert pq.read_metadata(scene.path(entry)).num_row_groups == 4
    sizes = []

    def look(batch: pa.RecordBatch) -> pa.RecordBatch:
        sizes.append(batch.num_rows)
        return batch

    assert rows_of(scene.rewrite(entry, change=look)) == in_order(*(blob(number, "p") for number in range(10)))
    assert sizes == [3, 3, 3, 1]


def test_a_file_is_full_by_its_row_groups(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small it is: merging it with others would only write it again."""
    monkeypatch.setattr(writer_module, "ROW_GROUP_ROWS", 1)
    monkeypatch.setattr(writer_module, "BLOCK_BYTES", 1)
    entry = scene.file("old", [blob(number, "p") for number in range(5)])
    assert not index_rewriter.is_full(scene.path(entry))
    monkeypatch.setattr(index_rewriter, "ROW_GROUPS_PER_FILE", 5)
    assert index_rewriter.is_full(scene.path(entry))


def test_a_file_of_an_earlier_version(scene: Scene) -> None:
    """A column that it has not is null; one that must not be null, or has another type, is an error."""
    entry = scene.file("old", [blob(1, "p")])
    whole = pq.read_table(scene.path(entry))

    def entry_of(table: pa.Table) -> FileEntry:
        path = scene.path(entry)
        pq.write_table(table, path)
        return FileEntry(entry.path, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), 1)

    [table] = scene.rewrite(entry_of(whole.drop_columns(["sniffed_type", "pack"])))
    assert table.schema.equals(TABLES["blobs"])
    assert table.to_pylist() == [blob(1, "p") | {"pack": None}]
    [table] = scene.rewrite(entry_of(whole.append_column("newer", pa.array([1]))))
    assert table.to_pylist() == [blob(1, "p")]
    with pytest.raises(ArchiveError, match=r"parquet has no column size; `mailstrata repair`"):
        scene.rewrite(entry_of(whole.drop_columns(["size"])))
    with pytest.raises(ArchiveError, match=r"cannot read .*parquet: .*; `mailstrata repair`"):
        scene.rewrite(entry_of(whole.set_column(1, "size", pa.array(["many"]))))


@pytest.mark.parametrize("damage", ["missing", "bit", "no Parquet"])
def test_a_damaged_file(scene: Scene, damage: str) -> None:
    """It is not written anew as if it were whole; the error is one line that says what to do."""
    entry = scene.file("old", [blob(number, "p") for number in range(100)])
    path = scene.path(entry)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(data if damage == "bit" else b"PAR1")
    with pytest.raises(ArchiveError, match=r"old\.parquet .*; `mailstrata repair` makes the index anew") as raised:
        scene.rewrite(entry)
    assert "\n" not in str(raised.value)
    with pytest.raises(ArchiveError, match=r"cannot read .*old\.parquet: .*; `mailstrata repair`") as raised:
        index_rewriter.has_any(path, "sha256", [digest(1)])
    assert "\n" not in str(raised.value)
