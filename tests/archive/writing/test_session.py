from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.writing.session import WriterSession
from mailstrata.errors import TargetError
from mailstrata.index.rows import blob_row
from mailstrata.index.schema import TABLES


def session_in(root: Path) -> WriterSession:
    return WriterSession(root, level=1, options={}, placed=lambda *_: None)


def add(session: WriterSession, content: bytes) -> None:
    item = session.store.new_item()
    item.write(content)
    digest = hashlib.sha256(content).hexdigest()
    session.store.keep(MemberKind.BLOB, digest, item)
    session.index.add("blobs", blob_row(digest, len(content), None))
    session.stage([], Totals(blobs_new=1))


def blobs(root: Path) -> int:
    with Archive.open(root) as archive:
        return archive.totals().blobs_new


def names(root: Path, *folders: str) -> list[str]:
    return [path.name for folder in folders for path in (root / folder).rglob("*") if path.is_file()]


def test_packs_and_index_are_durable_before_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of writing, by what is synced: pack, its folder, index file, its folder, record, its folder."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell which file is synced")
    session = session_in(tmp_path)
    add(session, b"first")
    session.commit()
    synced: list[str] = []

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        name = path.relative_to(tmp_path).as_posix()
        synced.append(name if path.is_dir() else f"{path.parent.name}/*{path.suffix or path.name[:5]}")

    monkeypatch.setattr(os, "fsync", fsync)
    add(session, b"x")
    session.commit()
    session.close()
    # The folder of staged files comes before that in which they are seen.
    assert synced == [
        "packs/*.part",
        "packs",
        ".staging/*.tmp",
        "index/.staging",
        "index/blobs",
        "index",
        "commits/*.tmp-",
        "commits",
    ]


def test_what_is_staged_is_not_visible(tmp_path: Path) -> None:
    """Not to a reader of the archive, nor to a glob over the index."""
    session = session_in(tmp_path)
    add(session, b"x")
    assert blobs(tmp_path) == 0
    assert not list(tmp_path.glob("index/*/*.parquet"))
    session.commit()
    assert blobs(tmp_path) == 1
    assert len(list(tmp_path.glob("index/*/*.parquet"))) == 4
    session.close()


def test_every_table_has_a_file_from_the_first_commit_on(tmp_path: Path) -> None:
    """A glob over the folder of an empty table would fail in every SQL engine; later commits add no empty files."""
    session = session_in(tmp_path)
    for content in (b"x", b"y"):
        add(session, content)
        session.commit()
    session.close()
    counts = {table: len(list(tmp_path.glob(f"index/{table}/*.parquet"))) for table in TABLES}
    assert counts == {"messages": 1, "occurrences": 1, "parts": 1, "blobs": 2}


def test_a_commit_without_anything_new_writes_nothing(tmp_path: Path) -> None:
    """Nor does a second commit of the same."""
    session = session_in(tmp_path)
    add(session, b"x")
    session.commit()
    session.commit()
    session.stage([], Totals())
    session.commit()
    session.close()
    assert len(names(tmp_path, "commits")) == 1


def test_an_abort_after_staging_removes_it(tmp_path: Path) -> None:
    """Finished packs and index files too, and the next run does the same again."""
    session = session_in(tmp_path)
    add(session, b"x")
    session.commit()
    add(session, b"y")
    session.abort()
    assert len(names(tmp_path, "packs", "index/blobs", "commits")) == 3
    session = session_in(tmp_path)
    add(session, b"y")
    session.commit()
    session.close()
    assert blobs(tmp_path) == 2


def test_an_abort_keeps_what_a_record_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the catalogue fails after the record was written, the commit stands, and the next run catches up."""

    def fail(self: WritableCatalogue, *_: object) -> None:
        raise TargetError("no room for the catalogue")

    session = session_in(tmp_path)
    add(session, b"x")
    monkeypatch.setattr(WritableCatalogue, "commit", fail)
    with pytest.raises(TargetError, match="no room"):
        session.commit()
    session.abort()
    monkeypatch.undo()
    assert blobs(tmp_path) == 1
    assert len(names(tmp_path, "packs", "index/blobs")) == 2
    session = session_in(tmp_path)
    add(session, b"x")
    session.close()
    assert len(names(tmp_path, "packs")) == 1


def test_an_interrupt_at_the_record_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the record's appearance and anything after it: what it names is not swept."""
    real = Path.hardlink_to

    def interrupted(self: Path, target: Path) -> None:
        real(self, target)
        if self.parent.name == "commits":
            raise KeyboardInterrupt

    session = session_in(tmp_path)
    add(session, b"x")
    monkeypatch.setattr(Path, "hardlink_to", interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.commit()
    session.abort()
    monkeypatch.undo()
    assert blobs(tmp_path) == 1
    with Archive.open(tmp_path) as archive:
        assert b"".join(archive.read_blob(hashlib.sha256(b"x").hexdigest())) == b"x"


def test_a_writer_sweeps_what_another_one_left(tmp_path: Path) -> None:
    """Packs, spools and index files that no commit names."""
    session = session_in(tmp_path)
    add(session, b"x")
    session.commit()
    session.close()
    before = sorted(names(tmp_path, "packs", "index", "commits"))
    for name in ("packs/00000002-0000-0123abcd.tar.zst", "packs/.spool-0123", "index/blobs/00000002-0123abcd.parquet"):
        (tmp_path / name).write_bytes(b"left")
    session_in(tmp_path).close()
    assert sorted(names(tmp_path, "packs", "index", "commits")) == before


def test_a_lost_index_folder_is_made_again(tmp_path: Path) -> None:
    """The index is derived: a writer goes on without it."""
    session = session_in(tmp_path)
    add(session, b"x")
    session.commit()
    session.close()
    shutil.rmtree(tmp_path / "index")
    session = session_in(tmp_path)
    add(session, b"y")
    session.commit()
    session.close()
    assert blobs(tmp_path) == 2
