from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstrata.archive.commits import chain
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import CommitRecord, FileEntry, SegmentEntry, SourceCheckpoint, SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.seal import sealed
from mailstrata.errors import ArchiveError, TargetError

_SHA = "ab" * 32


def entry(name: str) -> FileEntry:
    return FileEntry(f"packs/{name}.tar.zst", 10, _SHA, 3)


def snapshot(name: str, number: int) -> SourceSnapshot:
    return SourceSnapshot(
        "id",
        name,
        "l\u00e4bel",
        b"/p\xe4th",
        "mbox",
        segments=[SegmentEntry(f"sources/id/{name}-{number}.jsonl", 5, _SHA)],
        totals=Totals(files=number),
        checkpoint=SourceCheckpoint(b"\xff", 7, 2),
    )


def append(log: CommitLog, **changes: Any) -> None:
    given_ = {
        "created": "2025-01-01T00:00:00Z",
        "written_by": "test",
        "options": {"level": "3"},
        "added": [],
        "removed": [],
        "sources": [],
        "totals": Totals(),
    }
    log.append(**(given_ | changes))


def filled(folder: Path, count: int) -> CommitLog:
    """A log of that many commits, each with a pack and a segment of one of two sources."""
    log = CommitLog(folder)
    for n in range(1, count + 1):
        append(log, added=[entry(str(n))], sources=[snapshot(f"s{n % 2}", n)], totals=Totals(files=1, source_bytes=n))
    return log


def loaded(folder: Path) -> CommitLog:
    log = CommitLog(folder)
    log.load()
    return log


def test_a_log_is_read_back(tmp_path: Path) -> None:
    """The state after the last commit is that of the writer: files, snapshots with all segments, totals."""
    log = filled(tmp_path, 5)
    state = loaded(tmp_path).state
    assert state == log.state
    assert state.number == 5
    assert list(state.files) == [f"packs/{n}.tar.zst" for n in range(1, 6)]
    assert [segment.name[-7:] for segment in state.snapshots["s1"].segments] == ["1.jsonl", "3.jsonl", "5.jsonl"]
    assert (state.snapshots["s1"].first_commit, state.snapshots["s1"].last_commit) == (1, 5)
    assert state.snapshots["s0"].path == b"/p\xe4th"
    assert (state.totals.files, state.totals.source_bytes) == (5, 15)


def test_records_are_named_by_number_and_by_each_other(tmp_path: Path) -> None:
    """Eight digits, and each names the one before by its SHA-256, so that anybody can check the chain."""
    filled(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000001.json", "00000002.json", "00000003.json"]
    first, second = [(tmp_path / f"0000000{n}.json").read_bytes() for n in (1, 2)]
    assert json.loads(first)["previous_sha256"] is None
    assert json.loads(second)["previous_sha256"] == hashlib.sha256(first).hexdigest()


@given(count=st.integers(0, 12))
@settings(max_examples=13, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_full_snapshot_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Read from the last full snapshot on, the state is the same as read from the first record."""
    monkeypatch.setattr(chain, "FULL_EVERY", 5)
    folder = tmp_path_factory.mktemp("commits")
    log = filled(folder, count)
    if count >= 5:
        append(log, removed=["packs/2.tar.zst"], added=[entry("merged")])
        count += 1
    state = loaded(folder).state
    assert state == log.state
    monkeypatch.setattr(chain, "FULL_EVERY", 1000)
    assert loaded(folder).state == state
    assert [record.number for record in log.records()] == list(range(1, count + 1))
    assert [record.number for record in log.records() if record.full] == [n for n in range(1, count + 1) if n % 5 == 0]


def test_a_full_snapshot_is_where_reading_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records before it are not read: opening an archive takes no longer the older it is."""
    monkeypatch.setattr(chain, "FULL_EVERY", 4)
    log = filled(tmp_path, 6)
    (tmp_path / "00000002.json").write_text("damaged")
    assert loaded(tmp_path).state == log.state
    with pytest.raises(ArchiveError, match=r"00000002\.json is damaged"):
        list(log.records())


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_changed_record_is_noticed(tmp_path: Path, number: int) -> None:
    """Any change of a record but the last breaks the chain; all of it is still JSON and makes sense."""
    filled(tmp_path, 5)
    path = tmp_path / f"{number:08d}.json"
    data = json.loads(path.read_text())
    data["totals"]["files"] = 9
    del data["sha256"]
    path.write_bytes(sealed(data))
    with pytest.raises(ArchiveError, match=f"does not follow {path.name}"):
        loaded(tmp_path)


def test_a_missing_record_is_noticed(tmp_path: Path) -> None:
    """In the middle and at the front."""
    filled(tmp_path, 5)
    for number in (3, 1):
        path = tmp_path / f"{number:08d}.json"
        data = path.read_bytes()
        path.unlink()
        with pytest.raises(ArchiveError, match=f"{path.name} is missing.*backup"):
            loaded(tmp_path)
        path.write_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"number": 7},
        {"added": [{"path": "../outside", "size": 1, "sha256": _SHA, "rows": 0}]},
        {"added": [{"path": "packs/x", "size": 1, "sha256": "no", "rows": 0}]},
        {"added": [{"path": "packs/x"}]},
        {"removed": ["packs/never.tar.zst"]},
        {"sources": [{"id": 1}]},
        {"totals": None},
        {"options": []},
    ],
)
def test_a_record_that_makes_no_sense_is_an_archive_error(tmp_path: Path, change: dict[str, object]) -> None:
    """Whatever is wrong with it: one line with the path, and no path outside of the archive."""
    filled(tmp_path, 1)
    path = tmp_path / "00000001.json"
    data = json.loads(path.read_text()) | change
    del data["sha256"]
    path.write_bytes(sealed(data))
    with pytest.raises(ArchiveError) as raised:
        loaded(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_changed_bit_of_the_last_record_is_noticed(tmp_path: Path) -> None:
    """No record names it yet: its own digest does."""
    filled(tmp_path, 2)
    path = tmp_path / "00000002.json"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"2025-01-01", b"2025-01-02"))
    with pytest.raises(ArchiveError, match=r"00000002\.json is damaged: .*SHA-256"):
        loaded(tmp_path)


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    """A second writer that does not know of the first one's commit fails, and the first one's stays."""
    first, second = CommitLog(tmp_path), CommitLog(tmp_path)
    append(first, added=[entry("first")])
    with pytest.raises(TargetError, match="written by another process"):
        append(second, added=[entry("second")])
    assert list(loaded(tmp_path).state.files) == ["packs/first.tar.zst"]
    assert second.state.number == 0


def test_other_files_in_the_folder_do_not_count(tmp_path: Path) -> None:
    """Temporary files of a crashed writer, and whatever else."""
    filled(tmp_path, 1)
    (tmp_path / ".tmp-abc").write_text("{")
    (tmp_path / "notes.txt").touch()
    assert loaded(tmp_path).state.number == 1


def test_a_record_is_read_back() -> None:
    """Bytes, checkpoints and all."""
    record = CommitRecord(
        3, _SHA, "2025-01-01T00:00:00Z", "test", {"a": "b"}, [entry("x")], ["packs/y"], [snapshot("s", 1)],
        Totals(files=1), Totals(files=4),
    )  # fmt: skip
    assert CommitRecord.from_bytes(record.to_bytes()) == record
