from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.archives import unpack_without_us

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs import own_pack
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.writing import store as module
from mailstrata.archive.writing.store import ContentStore


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.create()
    return layout


@pytest.fixture
def catalogue(layout: Layout) -> Iterator[WritableCatalogue]:
    catalogue = WritableCatalogue.open(layout, CommitLog(layout.commits))
    yield catalogue
    catalogue.close()


def keep(store: ContentStore, content: bytes) -> bool:
    item = store.new_item()
    item.write(content)
    return store.keep(MemberKind.BLOB, hashlib.sha256(content).hexdigest(), item)


def test_content_is_kept_once(layout: Layout, catalogue: WritableCatalogue) -> None:
    """While its frame is open, after it was written, and after a checkpoint; `placed` is called once for each."""
    placed: list[tuple[MemberKind, bytes, str, Place]] = []
    store = ContentStore(layout, catalogue, level=1, number=1, placed=lambda *call: placed.append(call))
    large = bytes(5 << 20)
    assert [keep(store, b"a"), keep(store, b"a"), keep(store, large), keep(store, large)] == [True, False, True, False]
    assert len(placed) == 1
    [pack] = store.checkpoint()
    assert [keep(store, b"a"), keep(store, large)] == [False, False]
    assert store.checkpoint() == []
    assert len(placed) == 2
    assert {f"packs/{call[2]}" for call in placed} == {pack.path}
    assert sorted(unpack_without_us(layout.root / pack.path).values()) == sorted([b"a", large])
    assert [path.name for path in layout.packs.iterdir()] == [Path(pack.path).name]


def test_packs_are_closed_at_a_size(
    layout: Layout, catalogue: WritableCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By bytes, so that a pack can be copied and held; a single larger member has one to itself."""
    monkeypatch.setattr(module, "PACK_BYTES", 3 << 20)
    store = ContentStore(layout, catalogue, level=1, number=7, placed=lambda *_: None)
    noise = random.Random(1).randbytes(6 << 20)
    for n in range(10):
        keep(store, noise[n : n + (1 << 20)])
    keep(store, noise)
    keep(store, b"last")
    sizes = [entry.size for entry in store.checkpoint()]
    assert len(sizes) == 7
    assert all(2 << 20 < size < 3 << 20 for size in sizes[:5])
    assert sizes[5] > 6 << 20
    assert sizes[6] < 5000


@pytest.mark.parametrize("more", [0, 1])
def test_a_very_large_member_has_its_spool_file_for_a_pack(
    layout: Layout, catalogue: WritableCatalogue, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """From so many compressed bytes on; the pack under way goes on, and a second one like it is dropped."""
    noise = random.Random(1).randbytes((6 << 20) + 5)
    item = ContentStore(layout, catalogue, level=1, number=7, placed=lambda *_: None).new_item()
    item.write(noise)
    item.finish()
    monkeypatch.setattr(own_pack, "OWN_PACK", item.spool_length + more)
    item.discard()
    placed: list[tuple[MemberKind, bytes, str, Place]] = []
    store = ContentStore(layout, catalogue, level=1, number=7, placed=lambda *call: placed.append(call))
    assert [keep(store, b"a"), keep(store, noise), keep(store, noise), keep(store, b"b")] == [True, True, False, True]
    packs = store.checkpoint()
    assert [entry.rows for entry in packs] == ([3] if more else [1, 2])
    assert len({call[2] for call in placed}) == len(packs)
    contents: list[bytes] = []
    for entry in packs:
        data = (layout.root / entry.path).read_bytes()
        assert (entry.size, entry.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        contents += unpack_without_us(layout.root / entry.path).values()
    assert sorted(contents) == sorted([b"a", b"b", noise])
    assert len(list(layout.packs.iterdir())) == len(packs)


def test_what_is_held_back_counts_for_the_size_of_a_pack(
    layout: Layout, catalogue: WritableCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pack that is closed with all that waits for its frame is no larger than allowed."""
    monkeypatch.setattr(module, "PACK_BYTES", 1 << 20)
    store = ContentStore(layout, catalogue, level=1, number=7, placed=lambda *_: None)
    noise = random.Random(1).randbytes(1 << 20)
    for n in range(3000):
        # Too small to be told from what compresses, so held back.
        keep(store, noise[n : n + 1000])
    sizes = [entry.size for entry in store.checkpoint()]
    assert 3 <= len(sizes) <= 5
    assert max(sizes) <= 1 << 20


def test_what_has_the_same_order_stands_side_by_side(layout: Layout, catalogue: WritableCatalogue) -> None:
    """Messages and skeletons with each other; each is known while it is held back, and placed once."""
    placed: list[bytes] = []
    store = ContentStore(layout, catalogue, level=1, number=7, placed=lambda kind, key, *_: placed.append(key))
    keys = []
    for n in range(12):
        kind = MemberKind.SKELETON if n % 2 else MemberKind.MESSAGE
        item = store.new_item()
        item.write(b"%d" % n)
        keys.append(hashlib.sha256(b"%d" % n).digest())
        assert store.keep(kind, keys[n].hex(), item, order=b"%d" % (n % 3))
        assert store.is_known(keys[n].hex(), kind)
    assert placed == []
    store.checkpoint()
    assert placed == [keys[n] for first in range(3) for n in range(first, 12, 3)]


def test_packs_are_closed_at_a_number_of_members(
    layout: Layout, catalogue: WritableCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what is held of the table is bounded."""
    monkeypatch.setattr(module, "PACK_MEMBERS", 10)
    store = ContentStore(layout, catalogue, level=1, number=7, placed=lambda *_: None)
    for n in range(35):
        keep(store, b"%d" % n)
    assert [entry.rows for entry in store.checkpoint()] == [10, 10, 10, 5]


def test_no_two_writers_choose_the_same_name(layout: Layout, catalogue: WritableCatalogue) -> None:
    """Names have the number of the commit to come, a counter, and chance."""
    names = []
    for _ in range(2):
        store = ContentStore(layout, catalogue, level=1, number=12, placed=lambda *_: None)
        for n in range(2):
            keep(store, b"%d %d" % (n, len(names)))
            names += [entry.path for entry in store.checkpoint()]
    assert len(set(names)) == 4
    assert [name[: len("packs/00000012-0000")] for name in names] == ["packs/00000012-0000", "packs/00000012-0001"] * 2


def test_a_discarded_store_leaves_nothing(layout: Layout, catalogue: WritableCatalogue) -> None:
    """The pack under way is gone."""
    store = ContentStore(layout, catalogue, level=1, number=1, placed=lambda *_: None)
    keep(store, b"a")
    assert list(layout.packs.iterdir())
    store.discard()
    assert not list(layout.packs.iterdir())


def test_content_in_memory_is_kept_as_an_item_is(layout: Layout, catalogue: WritableCatalogue) -> None:
    """It is known at once, lies where an item would, and counts for the size of the pack."""
    store = ContentStore(layout, catalogue, level=1, number=1, placed=lambda *_: None)
    contents = [b"a", b"", random.Random(1).randbytes(100_000), bytes(2 << 20)]
    for content in contents:
        digest = hashlib.sha256(content).hexdigest()
        assert not store.is_known(digest, MemberKind.MESSAGE)
        store.keep_new_content(MemberKind.MESSAGE, digest, content)
        assert store.is_known(digest, MemberKind.SKELETON, MemberKind.MESSAGE)
        assert not store.is_known(digest, MemberKind.BLOB)
    [pack] = store.checkpoint()
    found = unpack_without_us(layout.root / pack.path)
    names = {
        f"messages/{digest[:2]}/{digest}.eml" for digest in (hashlib.sha256(each).hexdigest() for each in contents)
    }
    assert set(found) == names
    assert sorted(found.values()) == sorted(contents)
    assert pack.rows == len(contents)
