"""What a writer does to the catalogue when packs go: the same must come out as of a catalogue made anew."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import write_pack
from support.histories import members_by_catalogue, members_by_packs

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind, content_name
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.errors import TargetError

BLOB = MemberKind.BLOB
_SHA = "ab" * 32


def key(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def name(number: int) -> str:
    return content_name(BLOB, key(number).hex())


class Scene:
    """An archive of packs and commits, without a sink. `packs` are those that count, and what they hold."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)
        self.layout.create()
        self.log = CommitLog(self.layout.commits)
        self.packs: dict[str, list[int]] = {}

    def open(self) -> WritableCatalogue:
        return WritableCatalogue.open(self.layout, self.log)

    def commit(self, contents: list[list[int]], removed: list[str], catalogue: WritableCatalogue | None) -> None:
        """A commit of packs with those numbers; into the catalogue as well, where there is one."""
        added = []
        for at, numbers in enumerate(contents):
            file_name = f"{self.log.state.number + 1:08d}-{at:04d}-0123abcd.tar.zst"
            pack, _ = write_pack(self.layout.packs, {name(n): b"%d" % n for n in numbers}, file_name)
            path = f"packs/{file_name}"
            self.packs[path] = numbers
            added.append(FileEntry(path, pack.stat().st_size, _SHA, len(numbers)))
            if catalogue is not None:
                catalogue.stage(path, list(pack_reader.members(pack)))
        self.log.append(
            created="", written_by="", options={}, sources=[], totals=Totals(), removed=removed, added=added
        )
        for path in removed:
            (self.layout.root / path).unlink()
            del self.packs[path]
        if catalogue is not None:
            catalogue.commit(self.log.state, removed)

    def check(self) -> None:
        """The catalogue is that of the packs. Of a member that lies in several, it may name any."""
        found, expected = members_by_catalogue(self.layout.root), members_by_packs(self.layout.root)
        assert {row[:2] for row in found} == {row[:2] for row in expected}
        assert len(found) == len(expected)
        places = {
            (int(BLOB), bytes.fromhex(member[-64:]), path, *place)
            for path in self.packs
            for member, place in pack_reader.members(self.layout.root / path)
        }
        assert found <= places


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def opened(scene: Scene) -> Iterator[WritableCatalogue]:
    catalogue = scene.open()
    yield catalogue
    catalogue.close()


_NUMBERS = st.lists(st.integers(0, 40), max_size=8, unique=True)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(_NUMBERS, max_size=3), st.integers(0, 7), st.integers(0, 20), st.booleans()), max_size=6
    )
)
def test_any_commits(
    tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[list[list[int]], int, int, bool]]
) -> None:
    """Packs come and go, members lie in several, some are gone with their pack; the catalogue is merged at once, or is
    behind and catches up: it is always the one that is made anew from the packs."""
    scene = Scene(tmp_path_factory.mktemp("archive"))
    for contents, going, erased, is_at_once in commits:
        removed = list(scene.packs)[-going:] if going else []
        # What the removed packs held and is not erased lies in a new one, as the format rules.
        moved = sorted({number for path in removed for number in scene.packs[path]} - {erased})
        catalogue = scene.open() if is_at_once else None
        scene.commit([*contents, *([moved] if moved else [])], removed, catalogue)
        if catalogue is None:
            catalogue = scene.open()
        catalogue.close()
        scene.check()


def test_what_goes_is_overwritten(scene: Scene, opened: WritableCatalogue) -> None:
    """Deleted entries do not stay in the free space of pages, and no journal is left that has them."""
    chosen = random.Random(1)
    for first in range(0, 4000, 400):
        scene.commit([chosen.sample(range(first, first + 400), 400)], [], opened)
    third = list(scene.packs)[2]
    gone = set(chosen.sample(scene.packs[third], 40))
    scene.commit([[n for n in scene.packs[third] if n not in gone]], [third], opened)
    opened.close()
    data = scene.layout.catalogue.read_bytes()
    assert all(key(number) not in data for number in gone)
    assert all(key(number) in data for number in set(range(4000)) - gone)
    assert not scene.layout.catalogue_journal.exists()


def test_where_what_is_staged_lies(opened: WritableCatalogue) -> None:
    """By pack and place, until it is committed."""
    for number in range(6):
        opened.stage(f"packs/{number % 3}", [Member(name(number), Place(number, 1, 2, 3))])
    for number in range(6):
        assert opened.find_staged(BLOB, key(number)) == (f"packs/{number % 3}", Place(number, 1, 2, 3))
        assert opened.find(BLOB, key(number)) is None
    assert opened.find_staged(MemberKind.MESSAGE, key(1)) is None
    assert opened.count() == 0


def test_what_is_staged_is_forgotten_with_the_commit(scene: Scene, opened: WritableCatalogue) -> None:
    """The next commit begins with nothing, noted duplicates included."""
    opened.stage_duplicate(BLOB, key(1))
    scene.commit([[1, 2]], [], opened)
    assert opened.find_staged(BLOB, key(1)) is None
    assert [opened.take_duplicate(BLOB, key(1)) for _ in range(2)] == [False, False]
    assert opened.count() == 2


def test_of_a_duplicate_the_first_is_told_from_the_others(opened: WritableCatalogue) -> None:
    """However often it was noted; what was not noted is none."""
    for _ in range(3):
        opened.stage_duplicate(BLOB, key(1))
    assert [opened.take_duplicate(BLOB, key(1)) for _ in range(3)] == [False, True, True]
    assert [opened.take_duplicate(BLOB, key(2)) for _ in range(3)] == [False, False, False]
    assert not opened.take_duplicate(MemberKind.MESSAGE, key(1))


def test_a_merge_that_fails_changes_nothing(
    scene: Scene, opened: WritableCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither packs nor members nor the commit at which it stands; the next writer catches up."""
    scene.commit([[1, 2], [3]], [], opened)
    before = members_by_catalogue(scene.layout.root)
    forget: Callable[..., None] = WritableCatalogue._forget

    def fail(catalogue: WritableCatalogue, packs: list[str]) -> None:
        forget(catalogue, packs)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(WritableCatalogue, "_forget", fail)
    with pytest.raises(TargetError, match=r"cannot write .*catalogue\.sqlite: disk I/O error"):
        scene.commit([[2, 4]], [next(iter(scene.packs))], opened)
    opened.close()
    monkeypatch.setattr(WritableCatalogue, "_forget", forget)
    assert members_by_catalogue(scene.layout.root) == before
    scene.open().close()
    scene.check()
