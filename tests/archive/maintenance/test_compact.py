from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.archives import write_pack
from support.histories import (
    POOL,
    archive_sources,
    damage_in,
    digest_of,
    everything_in,
    mbox_source,
    members_by_catalogue,
    members_by_packs,
    small_limits,
    strays,
)

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.maintenance.compact import Compaction, compact
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.writing.pack_rewriter import check_file
from mailstrata.archive.writing.session import WriterSession
from mailstrata.errors import ArchiveError, LockedError, NotAnArchiveError
from mailstrata.sinks.pipeline import Progress


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of one small commit for each message of the pool."""
    root = tmp_path / "archive"
    for number, each in enumerate(POOL):
        archive_sources(root, mbox_source(str(number), [each]), checkpoint_bytes=1 << 30)
    return root


def log_of(root: Path) -> CommitLog:
    log = CommitLog(Layout(root).commits)
    log.load()
    return log


def files(root: Path, kind: str) -> list[FileEntry]:
    return [entry for path, entry in log_of(root).state.files.items() if path.startswith(kind)]


def duplicate(root: Path, entry: FileEntry) -> None:
    """Commit another pack with the same members, as nobody should."""
    contents = {}
    with pack_reader.PackReader() as reader:
        for name, place in pack_reader.members(root / entry.path):
            contents[name] = b"".join(reader.read(root / entry.path, place))
    session = WriterSession(root, level=3, options={}, placed=lambda *_: None)
    try:
        path, _ = write_pack(root / "packs", contents, f"{session.state.number + 1:08d}-0000-0123abcd.tar.zst")
        added = FileEntry(f"packs/{path.name}", path.stat().st_size, digest_of(path.read_bytes()), len(contents))
        session.log.append(
            created="", written_by="", options={}, sources=[], totals=Totals(), removed=[], added=[added]
        )
    finally:
        session.close()


def test_many_small_files_become_few(root: Path) -> None:
    """One pack, and one file a table; what is said of sizes is so. The old files are there until the next writer."""
    before = files(root, "packs"), files(root, "index")
    told: list[Progress] = []
    result = compact(root, progress=told.append)
    after = files(root, "packs"), files(root, "index")
    assert (len(before[0]), len(after[0]), len(after[1])) == (len(POOL), 1, 4)
    for sizes, (packs, index) in ((result.before, before), (result.after, after)):
        assert (sizes.packs, sizes.pack_bytes) == (len(packs), sum(entry.size for entry in packs))
        assert (sizes.index_files, sizes.index_bytes) == (len(index), sum(entry.size for entry in index))
    for entry in (*after[0], *after[1]):
        check_file(root / entry.path, entry)
    assert result.commit == log_of(root).state.number
    assert sum(strays(root)) == result.removed_bytes == result.before.pack_bytes + result.before.index_bytes
    assert (told[-1].bytes_read, told[-1].bytes_total) == (result.before.pack_bytes, result.before.pack_bytes)
    assert told[-1].messages == len(POOL)
    again = compact(root)
    assert again.swept == len(before[0]) + len(before[1])
    assert strays(root) == []


def test_nothing_to_merge(root: Path, tmp_path: Path) -> None:
    """An archive of one commit stays as it is, and so does one without any: no commit is made."""
    archive_sources(tmp_path / "one", mbox_source("a", POOL), checkpoint_bytes=1 << 30)
    names = sorted(path.name for path in (tmp_path / "one").rglob("*"))
    result = compact(tmp_path / "one")
    assert result.commit is None
    assert result.before == result.after
    assert sorted(path.name for path in (tmp_path / "one").rglob("*")) == names
    Layout(tmp_path / "empty").make_folder()
    Layout(tmp_path / "empty").create()
    assert compact(tmp_path / "empty") == Compaction(result.before.of([]), result.before.of([]))


def test_large_files_are_left_alone(root: Path) -> None:
    """Packs by bytes or by members; a single small one has nobody to be merged with."""
    packs = files(root, "packs")
    sizes = sorted(entry.size for entry in packs)
    for limit in (sizes[0], sizes[1]):
        compact(root, small_pack=limit, small_index_file=0)
        assert files(root, "packs") == packs
    result = compact(root, small_pack=sizes[3], small_index_file=0)
    assert result.after.packs == len(packs) - 2
    kept = {entry.path for entry in packs if entry.size >= sizes[3]}
    assert kept < {entry.path for entry in files(root, "packs")}


def test_a_pack_of_many_members_is_not_small(root: Path) -> None:
    """It may be as large as packs get, however few its bytes: it would be written again each time."""
    with small_limits():
        archive_sources(root, mbox_source("many", POOL[:6]), mbox_source("b", POOL[2:5]), mbox_source("c", []))
        compact(root)
        packs = files(root, "packs")
        many = {entry.path for entry in packs if entry.rows >= 5}
        assert many
        archive_sources(root, mbox_source("d", POOL[:1]))
        archive_sources(root, mbox_source("e", POOL[:2]))
        compact(root)
        assert many <= {entry.path for entry in files(root, "packs")}


@pytest.mark.parametrize("small_pack", [0, 1 << 30])
def test_what_is_stored_twice_is_kept_once(root: Path, small_pack: int) -> None:
    """Whatever the sizes of the packs; the index has one row for it, and verification finds nothing to say."""
    before = everything_in(root)
    packs = files(root, "packs")
    duplicate(root, packs[3])
    assert sum(entry.rows for entry in files(root, "packs")) > len(members_by_packs(root))
    result = compact(root, small_pack=small_pack)
    assert result.duplicates == packs[3].rows
    assert sum(entry.rows for entry in files(root, "packs")) == len(members_by_packs(root))
    assert members_by_catalogue(root) == members_by_packs(root)
    assert damage_in(root) == []
    after = everything_in(root)
    assert (after.messages, after.blobs, after.rows) == (before.messages, before.blobs, before.rows)
    assert compact(root, small_pack=0).commit is None


@pytest.mark.parametrize("what", ["pack", "index"])
@pytest.mark.parametrize("damage", ["bit", "missing"])
def test_damaged_files_are_not_merged(root: Path, what: str, damage: str) -> None:
    """The error names the file; the archive is as it was, and nothing is left of what was written."""
    entry = files(root, "packs" if what == "pack" else "index/parts")[4]
    path = root / entry.path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    if damage == "bit":
        path.write_bytes(data)
    number, names = log_of(root).state.number, sorted(each.name for each in root.rglob("*"))
    with pytest.raises(ArchiveError, match=path.name):
        compact(root)
    assert log_of(root).state.number == number
    assert sorted(each.name for each in root.rglob("*")) == names
    path.unlink(missing_ok=True)
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert compact(root).commit == number + 1


def test_an_interrupt_leaves_the_archive_as_it_was(root: Path) -> None:
    """Wherever it comes."""
    before = everything_in(root)
    names = sorted(path.name for path in root.rglob("*"))

    def interrupt(progress: Progress) -> None:
        if progress.messages >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compact(root, progress=interrupt)
    assert sorted(path.name for path in root.rglob("*")) == names
    assert everything_in(root) == before


def test_whoever_reads_finds_the_old_files(root: Path, tmp_path: Path) -> None:
    """An archive from before, opened with the records of then, is whole until the next writer comes."""
    records = tmp_path / "records"
    shutil.copytree(root / "commits", records)
    before = everything_in(root)
    compact(root)
    shutil.rmtree(root / "commits")
    records.rename(root / "commits")
    assert everything_in(root) == before


def test_what_cannot_be_compacted(root: Path, tmp_path: Path) -> None:
    """No archive, and one that somebody writes to."""
    with pytest.raises(NotAnArchiveError):
        compact(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive"]
    lock = WriterLock(Layout(root).lock)
    lock.acquire()
    try:
        with pytest.raises(LockedError):
            compact(root)
    finally:
        lock.release()
