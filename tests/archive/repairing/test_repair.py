from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from support.archives import files_of as source_files
from support.faults import build, flipped, mbox, verify

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.repairing import repair as module
from mailstrata.archive.repairing.repair import repair
from mailstrata.archive.verifying.findings import FindingCode, Severity
from mailstrata.archive.verifying.verify import Verification
from mailstrata.errors import ArchiveError, LockedError, NotAnArchiveError, UsageError
from mailstrata.index.layout import LAYOUTS
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing.memory import memory_mbox


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with everything in it; not to be touched."""
    return build(tmp_path_factory.mktemp("pristine") / "archive")


@pytest.fixture
def root(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "archive"))


def state(root: Path) -> Any:
    log = CommitLog(root / "commits")
    log.load()
    return log.state


def rows(root: Path, table: str) -> list[str]:
    """The rows of a table as the commits name it, in an order of their own; of places found again, the first."""
    files = [root / path for path in state(root).files if path.startswith(f"index/{table}/")]
    found = ds.dataset([str(path) for path in files]).to_table().to_pylist()
    if table == "occurrences":
        by_snapshot = sorted(found, key=lambda row: row["snapshot"], reverse=True)
        found = list({(row["source"], row["file"], row["start"], row["message"]): row for row in by_snapshot}.values())
    return sorted(map(repr, found))


def severities(root: Path) -> set[Severity]:
    return {finding.severity for finding in verify(root)}


def damage(path: Path) -> None:
    """Flip one bit for good, in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def live(root: Path, prefix: str) -> list[FileEntry]:
    return [entry for path, entry in state(root).files.items() if path.startswith(prefix)]


def largest_shared_pack(root: Path) -> FileEntry:
    """The pack with the most members."""
    return max(live(root, "packs/"), key=lambda entry: entry.rows)


def test_a_whole_archive_is_left_alone(root: Path) -> None:
    """No commit, no new file, not a byte changed."""
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.name != ".lock"}
    report = repair(root)
    assert report.is_whole
    assert report.commit is None
    assert not report.catalogue
    assert report.set_aside + report.tables == []
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("how", ["missing", "damaged", "wrong"])
def test_the_catalogue_is_made_anew(root: Path, how: str) -> None:
    """Without a commit: it is derived."""
    path = root / "catalogue.sqlite"
    if how == "missing":
        path.unlink()
    elif how == "damaged":
        path.write_bytes(b"SQLite format 3\0 and nothing more")
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("DELETE FROM members WHERE kind = 1")
            database.commit()
    report = repair(root)
    assert report.is_whole
    assert report.catalogue
    assert report.commit is None
    assert verify(root) == []


@pytest.mark.parametrize("table", list(LAYOUTS))
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_the_index_is_made_anew(pristine: Path, root: Path, table: str, how: str) -> None:
    """With the rows that it had, whichever table it is; the damaged file counts no longer."""
    files = live(root, f"index/{table}/")
    for entry in files:
        if how == "missing":
            (root / entry.path).unlink()
        else:
            damage(root / entry.path)
    report = repair(root)
    assert report.is_whole
    assert table in report.tables
    assert rows(root, table) == rows(pristine, table)
    assert severities(root) <= {Severity.STRAY}
    assert not {entry.path for entry in files} & set(state(root).files)


def test_all_of_the_index_is_made_anew(pristine: Path, root: Path) -> None:
    """From packs and commits alone."""
    shutil.rmtree(root / "index")
    (root / "catalogue.sqlite").unlink()
    assert repair(root).is_whole
    for table in LAYOUTS:
        assert rows(root, table) == rows(pristine, table)
    assert verify(root) == []


def test_how_messages_stood_in_their_mailbox_is_not_forgotten(tmp_path: Path) -> None:
    """Defects of framing, which no message tells of, come from the lines of the source; also from lines taken over."""
    root = tmp_path / "archive"
    start = b"From a@example.org Mon Nov 10 10:00:00 2025\nSubject: one\n\n"
    data = start + b"text\nFrom here on all is text\n" + start + b"text\n\n"
    for added in (b"", start, start):
        data += added
        Pipeline([sink := ArchiveSink(root)], known=sink).run([memory_mbox("in.mbox", data)])
    before = rows(root, "occurrences")
    assert any("from-line" in row for row in before)
    shutil.rmtree(root / "index")
    assert repair(root).is_whole
    assert rows(root, "occurrences") == before


def test_a_damaged_pack_is_set_aside_and_what_is_whole_is_saved(root: Path) -> None:
    """The damaged file is kept byte for byte, what is lost is on record, and nothing else is damage any more."""
    entry = largest_shared_pack(root)
    path = root / entry.path
    damage(path)
    damaged = path.read_bytes()
    others = {each.path: (root / each.path).read_bytes() for each in live(root, "packs/") if each != entry}
    found = [finding for finding in verify(root) if finding.code is FindingCode.PACK_DAMAGED]
    report = repair(root)
    assert report.packs_saved == [entry.path]
    assert not report.is_whole
    assert report.remaining == []
    assert (root / "damaged" / path.name).read_bytes() == damaged
    assert not path.exists()
    assert {path: (root / path).read_bytes() for path in others} == others
    after = verify(root)
    assert {finding.severity for finding in after} <= {Severity.NOTE, Severity.STRAY}
    (lost,) = [finding for finding in after if finding.code is FindingCode.LOST]
    assert set(lost.affected.messages.listed) == set(found[0].affected.messages.listed)
    assert set(lost.affected.attachments.listed) == set(found[0].affected.attachments.listed)
    assert len(state(root).lost) == report.lost_messages + report.lost_attachments + report.lost_segments


def test_a_missing_pack_is_put_on_record(root: Path) -> None:
    """All that it held is named, by the catalogue or, without one, by what the sources miss."""
    entry = largest_shared_pack(root)
    (root / entry.path).unlink()
    (root / "catalogue.sqlite").unlink()
    report = repair(root)
    assert report.packs_lost == [entry.path]
    assert report.lost_segments
    assert severities(root) <= {Severity.NOTE, Severity.STRAY}


def test_a_lost_table_of_members_loses_nothing(root: Path) -> None:
    """The pack is read from the front, and all of it saved."""
    entry = largest_shared_pack(root)
    path = root / entry.path
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    report = repair(root)
    assert report.is_whole
    assert report.packs_saved == [entry.path]
    assert severities(root) <= {Severity.STRAY}


def test_what_was_lost_may_come_back(tmp_path: Path) -> None:
    """The source is archived again: nothing is lost any more."""
    root = tmp_path / "archive"
    Pipeline([ArchiveSink(root)]).run([mbox(4)])
    (entry,) = live(root, "packs/")
    (root / entry.path).unlink()
    assert not repair(root).is_whole
    Pipeline([ArchiveSink(root, reread=True)]).run([mbox(6)])
    found = verify(root)
    assert not [finding for finding in found if finding.is_damage]
    with Archive.open(root) as archive:
        assert source_files(archive, archive.sources()[0])[b""] == mbox(6).contents[0].contents[0][1]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["README.txt", "format.json"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_the_files_at_the_root_are_written_anew(pristine: Path, root: Path, name: str, how: str) -> None:
    """And the damaged one is kept."""
    if how == "missing":
        (root / name).unlink()
    else:
        damage(root / name)
    report = repair(root)
    assert report.is_whole
    assert report.root_files
    assert (f"damaged/{name}" in report.set_aside) == (how == "damaged")
    assert verify(root) == []
    Layout(root).check_format()
    if name == "README.txt":
        stated = json.loads((root / "format.json").read_bytes())
        assert stated["id"] == json.loads((pristine / "format.json").read_bytes())["id"]
        assert stated["readme_sha256"] == hashlib.sha256((root / name).read_bytes()).hexdigest()


def test_a_damaged_last_record_is_given_up_only_when_told(root: Path) -> None:
    """Never silently; its packs are kept aside, and the archive is as it was before that commit."""
    last = state(root).number
    path = root / f"commits/{last:08d}.json"
    added = [entry["path"] for entry in json.loads(path.read_bytes())["added"] if entry["path"].startswith("packs/")]
    damage(path)
    with pytest.raises(ArchiveError, match="--drop-last-commit"):
        repair(root)
    assert path.exists()
    assert repair(root, dry_run=True, drop_last_commit=True).dropped_commit == last
    assert path.exists()
    report = repair(root, drop_last_commit=True)
    assert report.is_whole
    assert report.dropped_commit == last
    assert (root / "damaged" / path.name).is_file()
    assert all((root / "damaged" / Path(pack).name).is_file() for pack in added)
    assert state(root).number == last - 1
    assert severities(root) <= {Severity.STRAY}


def test_a_missing_last_record_is_given_up_only_when_told(root: Path) -> None:
    """The catalogue knows of it."""
    last = state(root).number
    (root / f"commits/{last:08d}.json").unlink()
    with pytest.raises(ArchiveError, match="--drop-last-commit"):
        repair(root)
    assert repair(root, drop_last_commit=True).is_whole
    assert severities(root) <= {Severity.STRAY}


def test_a_damaged_record_further_back_needs_a_backup(root: Path) -> None:
    """Nothing is done, whatever is said about the last commit."""
    damage(root / "commits/00000002.json")
    for drop in (False, True):
        with pytest.raises((ArchiveError, UsageError)):
            repair(root, drop_last_commit=drop)
    damage(root / f"commits/{4:08d}.json")
    with pytest.raises(ArchiveError, match=r"00000002\.json.*not dropped"):
        repair(root, drop_last_commit=True)
    assert (root / f"commits/{4:08d}.json").exists()


def test_a_whole_last_commit_is_not_given_up(root: Path) -> None:
    """Whoever asks for it is told that it is whole."""
    with pytest.raises(UsageError, match="is whole"):
        repair(root, drop_last_commit=True)


def test_a_dry_run_writes_nothing(root: Path) -> None:
    """And says what a repair would do."""
    entry = largest_shared_pack(root)
    damage(root / entry.path)
    damage(root / "README.txt")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    report = repair(root, dry_run=True)
    assert report.is_dry_run
    assert report.packs_saved == [entry.path]
    assert report.root_files
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("step", ["save_whole_members", "CommitLog.append", "remove_named", "WritableCatalogue.open"])
def test_an_interrupted_repair_can_be_run_again(root: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whichever step it dies before: the damaged pack is still there or aside, and the next repair finishes."""
    entry = largest_shared_pack(root)
    damage(root / entry.path)
    damaged = (root / entry.path).read_bytes()

    def die(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    owner, _, name = step.rpartition(".")
    monkeypatch.setattr(getattr(module, owner) if owner else module, name, die)
    with pytest.raises(KeyboardInterrupt):
        repair(root)
    monkeypatch.undo()
    repair(root)
    assert (root / "damaged" / Path(entry.path).name).read_bytes() == damaged
    assert severities(root) <= {Severity.NOTE, Severity.STRAY}


def test_nobody_repairs_while_another_writes(root: Path) -> None:
    """The second one is told at once."""
    lock = WriterLock(root / ".lock")
    lock.acquire()
    try:
        with pytest.raises(LockedError):
            repair(root)
    finally:
        lock.release()


def test_what_is_no_archive_is_not_repaired(tmp_path: Path) -> None:
    """A folder of something else stays as it is."""
    with pytest.raises(NotAnArchiveError):
        repair(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_flip_that_is_mended_needs_no_repair(root: Path) -> None:
    """A dry run says what the damage would cost before anything is done about it."""
    entry = largest_shared_pack(root)
    with flipped(root / entry.path, 4 * entry.size):
        assert not repair(root, dry_run=True).is_whole
    assert repair(root).is_whole
    assert Verification(root, quick=True).summary.is_whole
