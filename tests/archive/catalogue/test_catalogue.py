from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest
from support.archives import write_pack

from mailstrata.archive.catalogue.catalogue import Catalogue
from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MemberKind, content_name
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.errors import ArchiveError, TargetError

_SHA = "ab" * 32


def digest(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


class Scene:
    """An archive of packs and commits, without a sink."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self.layout = Layout(root)
        self.layout.create()
        self.log = CommitLog(self.layout.commits)

    def commit(self, numbers: range, removed: list[str] | None = None) -> dict[bytes, Place]:
        """A commit with a pack of blobs with those numbers; their places."""
        name = f"{self.log.state.number + 1:08d}-0000-0123abcd.tar.zst"
        contents = {content_name(MemberKind.BLOB, digest(n).hex()): b"%d" % n for n in numbers}
        pack, placed = write_pack(self.layout.packs, contents, name)
        self.log.append(
            created="", written_by="", options={}, sources=[], totals=Totals(), removed=removed or [],
            added=[FileEntry(f"packs/{name}", pack.stat().st_size, _SHA, len(contents))],
        )  # fmt: skip
        return {bytes.fromhex(member.name[-64:]): member.place for member in placed}

    def open(self) -> WritableCatalogue:
        return WritableCatalogue.open(self.layout, self.log)

    def known(self, numbers: range) -> list[int]:
        catalogue = self.open()
        try:
            return [n for n in numbers if catalogue.is_known(digest(n), MemberKind.BLOB)]
        finally:
            catalogue.close()

    def read(self) -> Catalogue:
        return Catalogue.open(self.layout.catalogue)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_is_staged_is_known_and_what_is_committed_is_found(scene: Scene) -> None:
    """At once for the writer, after the commit for readers."""
    catalogue = scene.open()
    place = Place(1, 2, 3, 4)
    catalogue.stage("packs/p", [Member(content_name(MemberKind.BLOB, digest(1).hex()), place)])
    assert catalogue.is_known(digest(1), MemberKind.BLOB)
    assert not catalogue.is_known(digest(1), MemberKind.MESSAGE)
    assert not catalogue.is_known(digest(2), MemberKind.BLOB)
    reader = scene.read()
    assert reader.find(MemberKind.BLOB, digest(1)) is None
    state = scene.log.state
    state.number, state.sha256 = 1, "x"
    catalogue.commit(state)
    assert reader.find(MemberKind.BLOB, digest(1)) == ("packs/p", place)
    assert reader.state() == (1, "x")
    catalogue.stage("packs/q", [Member(content_name(MemberKind.MESSAGE, digest(1).hex()), place)])
    catalogue.commit(state)
    assert reader.find(MemberKind.MESSAGE, digest(1)) == ("packs/q", place)
    reader.close()
    catalogue.close()
    assert not scene.layout.staged_catalogue.exists()


def test_what_was_not_committed_does_not_survive(scene: Scene) -> None:
    """Neither a close nor a crash, which leaves the staged database behind."""
    catalogue = scene.open()
    catalogue.stage("packs/p", [Member(content_name(MemberKind.BLOB, digest(1).hex()), Place(1, 2, 3, 4))])
    left = scene.layout.staged_catalogue.read_bytes()
    catalogue.close()
    scene.layout.staged_catalogue.write_bytes(left)
    assert scene.known(range(3)) == []


def test_a_catalogue_that_is_behind_rolls_forward(scene: Scene) -> None:
    """As after a crash between the commit record and the catalogue: the tables of the new packs are read."""
    scene.commit(range(5))
    scene.known(range(1))
    older = scene.layout.catalogue.read_bytes()
    places = scene.commit(range(5, 10))
    scene.commit(range(10, 12))
    assert scene.layout.catalogue.read_bytes() == older
    # The first pack is not looked at again.
    first = next(iter(scene.log.state.files))
    (scene.layout.root / first).unlink()
    assert scene.known(range(15)) == list(range(12))
    reader = scene.read()
    assert reader.state() == (3, scene.log.state.sha256)
    found = reader.find(MemberKind.BLOB, digest(7))
    assert found is not None
    assert found[1] == places[digest(7)]
    reader.close()


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "other history", "other format"])
def test_a_catalogue_of_no_use_is_made_anew(scene: Scene, damage: str) -> None:
    """From commits and packs alone."""
    scene.commit(range(5))
    scene.commit(range(5, 10))
    scene.known(range(1))
    path = scene.layout.catalogue
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "garbage":
        path.write_bytes(os.urandom(8192))
    else:
        with sqlite3.connect(path) as database:
            if damage == "other history":
                database.execute("UPDATE state SET record_sha256 = 'other'")
                database.execute("DELETE FROM members")
            else:
                database.execute("PRAGMA user_version = 99")
        database.close()
    assert scene.known(range(15)) == list(range(10))


def test_members_of_removed_packs_are_forgotten(scene: Scene) -> None:
    """A catalogue from before a pack was removed is made anew."""
    scene.commit(range(5))
    scene.commit(range(5, 10))
    scene.known(range(1))
    first = next(iter(scene.log.state.files))
    scene.commit(range(3, 5), removed=[first])
    (scene.layout.root / first).unlink()
    assert scene.known(range(10)) == list(range(3, 10))


def test_a_commit_that_is_gone_is_noticed(scene: Scene) -> None:
    """Going on without it would sweep its packs away."""
    scene.commit(range(5))
    scene.commit(range(5, 10))
    scene.known(range(1))
    scene.log.path(2).unlink()
    scene.log.load()
    with pytest.raises(ArchiveError, match=r"knows commit 2, but .*00000002\.json is missing"):
        scene.open()


def test_a_catalogue_that_cannot_be_written(scene: Scene) -> None:
    """Something else lies there: one line, as for any target."""
    scene.layout.catalogue.mkdir()
    with pytest.raises(TargetError, match=r"cannot write .*catalogue\.sqlite"):
        scene.open()


def test_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    """Folders may be called anything."""
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 ?#%41"))
    try:
        scene = Scene(root)
    except OSError:
        pytest.skip("the file system takes only UTF-8")
    scene.commit(range(3))
    assert scene.known(range(5)) == [0, 1, 2]
    reader = scene.read()
    assert reader.find(MemberKind.BLOB, digest(1)) is not None
    reader.close()


def test_a_temporary_catalogue_writes_nothing_in_the_archive(scene: Scene) -> None:
    """A reader may not be allowed to, or the archive lies on a disc."""
    places = scene.commit(range(5))
    before = sorted(scene.layout.root.rglob("*"))
    catalogue = Catalogue.temporary(scene.layout.root, list(scene.log.state.files))
    assert sorted(scene.layout.root.rglob("*")) == before
    found = catalogue.find(MemberKind.BLOB, digest(3))
    assert found is not None
    assert found[1] == places[digest(3)]
    catalogue.close()


def test_reading_writes_nothing(scene: Scene) -> None:
    """No journal, no lock file beside the catalogue."""
    scene.commit(range(5))
    scene.known(range(1))
    before = sorted(scene.layout.root.rglob("*"))
    reader = scene.read()
    reader.find(MemberKind.BLOB, digest(3))
    assert sorted(scene.layout.root.rglob("*")) == before
    reader.close()


def test_keys_in_a_range(scene: Scene) -> None:
    """In order, both ends included, at most so many."""
    scene.commit(range(50))
    scene.known(range(1))
    keys = sorted(digest(n) for n in range(50))
    reader = scene.read()
    assert reader.digests(MemberKind.BLOB, keys[10], keys[20], 100) == keys[10:21]
    assert reader.digests(MemberKind.BLOB, keys[10], keys[20], 3) == keys[10:13]
    assert reader.digests(MemberKind.MESSAGE, keys[10], keys[20], 3) == []
    reader.close()
