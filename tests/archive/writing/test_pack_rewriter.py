from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.archives import unpack_without_us, write_pack

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs import item, pack, pack_reader
from mailstrata.archive.packs.members import MemberKind, content_name, key_of
from mailstrata.archive.writing import pack_rewriter
from mailstrata.archive.writing.pack_rewriter import PackRewriter, check_file
from mailstrata.errors import ArchiveError

_noise = random.Random(20261124).randbytes


def named(*contents: bytes, kind: MemberKind = MemberKind.BLOB) -> dict[str, bytes]:
    """Contents by the names that members get."""
    return {content_name(kind, hashlib.sha256(each).hexdigest()): each for each in contents}


class Scene:
    """Old packs, a catalogue that knows nothing of them, and what rewrites them."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)
        self.layout.create()
        self.catalogue = WritableCatalogue.open(self.layout, CommitLog(self.layout.commits))
        self._count = 0

    def pack(self, contents: dict[str, bytes]) -> FileEntry:
        """An old pack."""
        self._count += 1
        path, _ = write_pack(self.layout.packs, contents, f"00000001-{self._count:04d}-00000000.tar.zst")
        data = path.read_bytes()
        return FileEntry(f"packs/{path.name}", len(data), hashlib.sha256(data).hexdigest(), len(contents))

    def rewriter(self, unwanted: dict[str, bytes] | None = None, *, regroup: bool = False) -> PackRewriter:
        """What writes the packs of commit 2."""
        return PackRewriter(
            self.layout,
            self.catalogue,
            number=2,
            level=3,
            keep=lambda name: name not in (unwanted or {}),
            regroup_small_frames=regroup,
        )

    def content(self, packs: list[FileEntry]) -> dict[str, bytes]:
        """All members of packs, by tar alone; checked: entries, places in the table, places that are staged."""
        found: dict[str, bytes] = {}
        with pack_reader.PackReader() as reader:
            for entry in packs:
                path = self.layout.root / entry.path
                check_file(path, entry)
                assert entry.size == path.stat().st_size
                members = unpack_without_us(path)
                assert entry.rows == len(members)
                assert found.keys().isdisjoint(members)
                found |= members
                for name, place in pack_reader.members(path):
                    assert b"".join(reader.read(path, place)) == members[name]
                    known = key_of(name)
                    assert known is None or self.catalogue.find_staged(*known) == (entry.path, place)
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.catalogue.close()


def data_frames(path: Path) -> bytes:
    """The bytes of a pack before the end of the tar file."""
    last = max(place.frame_offset + place.frame_length for _, place in pack_reader.members(path))
    return path.read_bytes()[:last]


def test_frames_are_taken_over_as_they_are(scene: Scene) -> None:
    """The new pack has the frames of the old ones, byte for byte, one pack after the other."""
    first, second = named(b"a" * 5000, _noise(9000)), named(b"c" * 5000, kind=MemberKind.MESSAGE)
    old = [scene.pack(first), scene.pack(second)]
    rewriter = scene.rewriter()
    for entry in old:
        rewriter.take_over(entry)
    [new] = rewriter.finish()
    assert data_frames(scene.layout.root / new.path) == b"".join(data_frames(scene.layout.root / e.path) for e in old)
    assert scene.content([new]) == first | second
    assert (rewriter.messages, rewriter.duplicates) == (1, 0)


def test_what_is_not_wanted_is_left_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """From frames that others share, from frames of its own, large ones as well; a pack of nothing else gives none."""
    monkeypatch.setattr(item, "LARGE_FRAME", 16_384)
    kept = named(b"a" * 5000, _noise(40_000))
    unwanted = named(b"b" * 5000, _noise(50_000))
    old = scene.pack(unwanted | kept)
    rewriter = scene.rewriter(unwanted)
    rewriter.take_over(old)
    assert scene.content(rewriter.finish()) == kept
    nothing = scene.rewriter(unwanted)
    nothing.take_over(scene.pack(unwanted))
    assert nothing.finish() == []
    for name in unwanted:
        digest = name[-64:]
        assert scene.catalogue.find_staged(MemberKind.BLOB, bytes.fromhex(digest)) is None


def test_what_lies_there_twice_is_written_once(scene: Scene) -> None:
    """In two packs, in one, in the window and in a pack that is finished; how often is told, and which."""
    common = named(b"a" * 5000)
    other = named(b"b" * 700, b"c" * 800)
    twice = named(b"d" * 900)
    old = [scene.pack(common | other), scene.pack(common | twice), scene.pack(twice)]
    rewriter = scene.rewriter(regroup=True)
    for entry in old:
        rewriter.take_over(entry)
    assert scene.content(rewriter.finish()) == common | other | twice
    assert rewriter.duplicates == 2
    keys = {name: bytes.fromhex(name[-64:]) for name in common | other | twice}
    asked = {
        name: [scene.catalogue.take_duplicate(MemberKind.BLOB, key) for _ in range(2)] for name, key in keys.items()
    }
    assert asked == {name: [False, name not in other] for name in keys}


def test_small_frames_are_made_one(scene: Scene) -> None:
    """Many packs of a few members each compress better together; members keep their order."""
    old = [scene.pack(named(b"The same text again and again, number %d. " % n * 20)) for n in range(20)]
    rewriter = scene.rewriter(regroup=True)
    expected = {}
    for entry in old:
        expected |= unpack_without_us(scene.layout.root / entry.path)
        rewriter.take_over(entry)
    [new] = rewriter.finish()
    found = scene.content([new])
    assert list(found.items()) == list(expected.items())
    assert len({place.frame_offset for _, place in pack_reader.members(scene.layout.root / new.path)}) == 1
    before = sum(len(data_frames(scene.layout.root / entry.path)) for entry in old)
    assert len(data_frames(scene.layout.root / new.path)) < before / 2


@pytest.mark.parametrize("regroup", [False, True])
def test_packs_do_not_grow_beyond_their_limits(scene: Scene, monkeypatch: pytest.MonkeyPatch, regroup: bool) -> None:
    """Neither in bytes nor in members, whether frames are taken over or written; a larger member has its own pack."""
    monkeypatch.setattr(item, "LARGE_FRAME", 16_384)
    monkeypatch.setattr(pack, "OWN_FRAME", 8192)
    monkeypatch.setattr(pack_rewriter, "PACK_BYTES", 60_000)
    monkeypatch.setattr(pack_rewriter, "PACK_MEMBERS", 5)
    contents = [named(*(b"%d %d" % (n, m) for m in range(3)), _noise(15_000)) for n in range(8)]
    huge = named(_noise(150_000))
    rewriter = scene.rewriter(regroup=regroup)
    for each in (*contents[:4], huge, *contents[4:]):
        rewriter.take_over(scene.pack(each))
    packs = rewriter.finish()
    expected = dict(huge)
    for each in contents:
        expected |= each
    assert scene.content(packs) == expected
    for entry in packs:
        assert entry.rows <= 5
        # What ends a tar file, and the table, come on top.
        assert entry.size <= 60_000 + 1024 or entry.rows == 1
    assert len({entry.path for entry in packs}) == len(packs) >= 5


def test_members_of_nobody_stay(scene: Scene) -> None:
    """A name that is not of the format may be somebody's one day; the catalogue does not know it."""
    contents = {"notes/mine.txt": b"note", **named(b"a" * 500)}
    rewriter = scene.rewriter(regroup=True)
    rewriter.take_over(scene.pack(contents))
    assert scene.content(rewriter.finish()) == contents


@pytest.mark.parametrize("damage", ["missing", "bit", "cut"])
def test_a_damaged_pack_is_not_taken_over(scene: Scene, damage: str) -> None:
    """It would get a new SHA-256 and look whole. What was written so far can be taken back."""
    rewriter = scene.rewriter()
    rewriter.take_over(scene.pack(named(b"a" * 500)))
    entry = scene.pack(named(b"b" * 5000))
    path = scene.layout.root / entry.path
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data if damage == "bit" else data[:-1])
    match = "is missing" if damage == "missing" else "is damaged: it has not the SHA-256"
    with pytest.raises(ArchiveError, match=rf"{entry.path.rpartition('/')[2]} {match}"):
        rewriter.take_over(entry)
    rewriter.discard()
    rewriter.discard()
    assert not list(scene.layout.packs.glob("00000002-*"))


def test_nothing_is_open_after_a_member_cannot_be_written(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool file of a large member goes whatever happens."""
    monkeypatch.setattr(item, "LARGE_FRAME", 16_384)
    old = scene.pack(named(_noise(40_000)))
    rewriter = scene.rewriter()

    def fail(*_: object) -> None:
        raise ArchiveError("no")

    monkeypatch.setattr(pack.PackWriter, "add", fail)
    monkeypatch.setattr(pack_rewriter, "frame_runs", lambda path: [_apart(path)])
    with pytest.raises(ArchiveError, match="no"):
        rewriter.take_over(old)
    rewriter.discard()
    assert [path.name for path in scene.layout.packs.iterdir()] == ["00000001-0001-00000000.tar.zst"]


def _apart(path: Path) -> pack_rewriter.FrameRun:
    """A run that has to be taken apart."""
    members = list(pack_reader.members(path))
    return pack_rewriter.FrameRun(0, 0, 0, members, is_whole=False)
