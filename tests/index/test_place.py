from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from mailstrata.errors import LockedError, TargetError
from mailstrata.index.place import IndexPlace, write_record


def build(place: IndexPlace, content: str) -> None:
    (place.new / "messages").mkdir()
    (place.new / "messages" / "00001.parquet").write_text(content, encoding="utf-8")
    write_record(place.new, {"schema_version": 1})


def run(directory: Path, content: str) -> None:
    place = IndexPlace(directory)
    place.open()
    build(place, content)
    place.publish()
    place.close()


def read(directory: Path) -> str:
    return (directory / "messages" / "00001.parquet").read_text(encoding="utf-8")


def test_a_new_index_appears_whole(tmp_path):
    """Before `publish` nothing is at the place, after it everything; nothing else is left."""
    place = IndexPlace(tmp_path / "deep" / "index")
    place.open()
    build(place, "new")
    assert not place.directory.exists()
    place.publish()
    place.close()
    assert read(place.directory) == "new"
    assert [path.name for path in place.directory.parent.iterdir()] == ["index"]


def test_an_index_is_replaced_as_a_whole(tmp_path):
    """Until `publish` the old index is there untouched, then only the new one."""
    directory = tmp_path / "index"
    run(directory, "old")
    (directory / "messages" / "00002.parquet").write_text("of the old one", encoding="utf-8")
    place = IndexPlace(directory)
    place.open()
    build(place, "new")
    assert read(directory) == "old"
    place.publish()
    place.close()
    assert read(directory) == "new"
    assert not (directory / "messages" / "00002.parquet").exists()
    assert list(tmp_path.iterdir()) == [directory]


def test_a_run_that_ends_early_changes_nothing(tmp_path):
    """Closed without `publish`, the place is as it was."""
    directory = tmp_path / "index"
    run(directory, "old")
    place = IndexPlace(directory)
    place.open()
    build(place, "new")
    place.close()
    place.close()
    assert read(directory) == "old"
    assert list(tmp_path.iterdir()) == [directory]


def test_an_empty_folder_is_taken_with_its_permissions(tmp_path):
    """A folder that someone has made for the index keeps its mode."""
    directory = tmp_path / "index"
    directory.mkdir()
    directory.chmod(0o750)
    run(directory, "new")
    assert read(directory) == "new"
    assert directory.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("killed_after", ["nothing", "building", "the first rename", "the second rename"])
def test_a_killed_run_is_cleaned_up_by_the_next(tmp_path, killed_after):
    """Wherever a run is killed, the next one finds a whole index, the old one or the new one."""
    directory = tmp_path / "index"
    run(directory, "old")
    place = IndexPlace(directory)
    place.open()
    if killed_after != "nothing":
        build(place, "new")
    if killed_after in ("the first rename", "the second rename"):
        directory.rename(place.scratch / "previous")
    if killed_after == "the second rename":
        place.new.rename(directory)
    place._lock.close()  # as the system does for a process that is killed
    again = IndexPlace(directory)
    again.open()
    assert read(directory) == ("new" if killed_after == "the second rename" else "old")
    again.close()
    assert list(tmp_path.iterdir()) == [directory]


def test_an_index_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch):
    """Where the second rename fails, the first one is undone."""
    directory = tmp_path / "index"
    run(directory, "old")
    place = IndexPlace(directory)
    place.open()
    monkeypatch.setattr(shutil, "copymode", lambda old, new: new.rmdir())
    with pytest.raises(TargetError, match="No such file"):
        place.publish()
    assert not directory.exists()
    place.close()
    assert read(directory) == "old"
    assert list(tmp_path.iterdir()) == [directory]


def test_two_runs_at_once(tmp_path):
    """The second one is told, and does no harm to the first."""
    first, second = IndexPlace(tmp_path / "index"), IndexPlace(tmp_path / "index")
    first.open()
    build(first, "first")
    with pytest.raises(LockedError, match="another process"):
        second.open()
    second.close()
    first.publish()
    first.close()
    assert read(tmp_path / "index") == "first"


def test_a_lock_whose_file_is_gone_is_no_lock(tmp_path, monkeypatch):
    """Where the run before removes the lock file between opening and locking it, the lock does not count."""
    place = IndexPlace(tmp_path / "index")
    real = fcntl.flock

    def removed_meanwhile(file, operation):
        (place.scratch / "lock").unlink()
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", removed_meanwhile)
    with pytest.raises(LockedError):
        place.open()


def test_a_folder_with_something_else_is_refused(tmp_path):
    """A folder that holds no index of ours is named, and nothing in it is touched."""
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TargetError, match="something else than an index"):
        IndexPlace(tmp_path / "index").open()
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize("record", ["{}", "[]", "not JSON", '{"format": "something"}'])
def test_only_our_own_record_marks_an_index(tmp_path, record):
    """A file that happens to be called index.json does not make a folder ours to replace."""
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "index.json").write_text(record, encoding="utf-8")
    with pytest.raises(TargetError, match="something else than an index"):
        IndexPlace(tmp_path / "index").open()


def test_a_file_of_someone_elses_inside_an_index_is_refused(tmp_path):
    """What people have put beside the tables would be lost with the old index, so it is named instead."""
    run(tmp_path / "index", "old")
    (tmp_path / "index" / "queries.sql").write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(TargetError, match=r"queries\.sql is no part of the index"):
        IndexPlace(tmp_path / "index").open()


def test_a_file_at_the_place_is_refused(tmp_path):
    """A file is not taken for a folder."""
    (tmp_path / "index").write_text("a file", encoding="utf-8")
    with pytest.raises(TargetError, match="is a file"):
        IndexPlace(tmp_path / "index").open()


def test_the_current_folder_and_mount_points_are_refused(tmp_path, monkeypatch):
    """What cannot be swapped by a rename is refused before hours of work, with a place that works."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError, match=f"name a folder inside it, such as {tmp_path}/index"):
        IndexPlace(".").open()
    monkeypatch.setattr(Path, "is_mount", lambda self: True)
    (tmp_path / "mounted").mkdir()
    with pytest.raises(TargetError, match="name a folder inside it"):
        IndexPlace("mounted").open()


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    """Through a symbolic link the folder behind it is replaced."""
    (tmp_path / "link").symlink_to(tmp_path / "index")
    run(tmp_path / "link", "first")
    run(tmp_path / "link", "second")
    assert (tmp_path / "link").is_symlink()
    assert read(tmp_path / "index") == "second"
