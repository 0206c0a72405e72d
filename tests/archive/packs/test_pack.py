from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.archives import item_of, needs_tar_and_zstd, unpack_without_us, write_pack

from mailstrata.archive.packs.frames import LARGE_FRAME, FrameCompressor, read_frame
from mailstrata.archive.packs.pack import OWN_FRAME, PackWriter
from mailstrata.archive.packs.pack_reader import PackReader, members
from mailstrata.archive.packs.pack_table import Member

_NOISE = random.Random(5).randbytes(2 * LARGE_FRAME + 100_000)
_AROUND_LIMITS = sorted(
    {
        max(0, limit + change)
        for limit in (0, 512, OWN_FRAME - 512, OWN_FRAME, LARGE_FRAME, 2 * LARGE_FRAME)
        for change in (-1, 0, 1)
    }
)


def some_contents() -> dict[str, bytes]:
    """Members of all sizes that matter, small ones of two kinds between them."""
    contents = {}
    for number, size in enumerate(_AROUND_LIMITS):
        contents[f"blobs/large/{number}"] = _NOISE[:size]
        for small in range(20):
            contents[f"messages/{number}/{small}.eml"] = b"Subject: %d\n\n" % small + _NOISE[: small * 37]
            contents[f"blobs/{number}/{small}"] = _NOISE[small : small * 41]
    return contents


@needs_tar_and_zstd
def test_tar_and_zstd_read_a_pack(tmp_path: Path) -> None:
    """`zstd -t`, `tar --zstd -xf` and `zstd -dc | tar t` succeed, say nothing, and give every member."""
    contents = some_contents()
    pack, _ = write_pack(tmp_path, contents)
    checked = subprocess.run(["zstd", "-q", "-t", pack], capture_output=True, check=True)
    assert checked.stderr == b""
    out = tmp_path / "out"
    out.mkdir()
    unpacked = subprocess.run(["tar", "--zstd", "-xf", pack, "-C", out], capture_output=True, check=True)
    assert unpacked.stderr == b""
    assert {name: (out / name).read_bytes() for name in contents} == contents
    decompressed = subprocess.run(["zstd", "-q", "-dc", pack], capture_output=True, check=True)
    listed = subprocess.run(["tar", "tf", "-"], input=decompressed.stdout, capture_output=True, check=True)
    assert listed.stderr == b""
    assert sorted(listed.stdout.decode().split()) == sorted(contents)


def test_python_alone_reads_a_pack(tmp_path: Path) -> None:
    """With tarfile and zstandard, and nothing of mailstrata."""
    contents = some_contents()
    pack, _ = write_pack(tmp_path, contents)
    assert unpack_without_us(pack) == contents


def test_every_member_is_read_by_its_place(tmp_path: Path) -> None:
    """What `placed` was told, and the table, both say where each member is."""
    contents = some_contents()
    pack, placed = write_pack(tmp_path, contents)
    assert list(members(pack)) == placed
    assert {member.name for member in placed} == set(contents)
    reader = PackReader()
    random.Random(1).shuffle(placed)
    for name, place in placed:
        assert b"".join(reader.read(pack, place)) == contents[name]


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_contents_come_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Packs of any members, of sizes around every limit."""
    sizes = data.draw(
        st.lists(st.one_of(st.integers(0, 3000), st.sampled_from(_AROUND_LIMITS)), min_size=0, max_size=12)
    )
    contents = {f"{'blobs' if n % 3 else 'sources'}/{n}": _NOISE[n : n + size] for n, size in enumerate(sizes)}
    pack, placed = write_pack(tmp_path_factory.mktemp("packs"), contents)
    reader = PackReader()
    assert {name: b"".join(reader.read(pack, place)) for name, place in members(pack)} == contents
    assert list(members(pack)) == placed


def test_the_same_members_give_the_same_pack(tmp_path: Path) -> None:
    """No clock, owner or chance goes into a pack."""
    contents = some_contents()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert write_pack(tmp_path / "a", contents)[0].read_bytes() == write_pack(tmp_path / "b", contents)[0].read_bytes()


def frame_sizes(pack: Path) -> list[int]:
    """The sizes of the contents of all frames, -1 for the table."""
    sizes = []
    with pack.open("rb") as file:
        offset = 0
        while frame := read_frame(file, offset):
            offset += frame.length
            sizes.append(frame.content_size)
    return sizes


def some_text(number: int, size: int) -> bytes:
    """Text that compresses, another one for each number."""
    source = random.Random(number)
    return b" ".join(b"%x" % source.randrange(5000) for _ in range(size // 4))[:size]


def test_small_members_share_frames_with_their_like(tmp_path: Path) -> None:
    """A group has frames of its own, of at most 4 MiB and about the same size, but for what is left at the end."""
    contents = {f"{folder}/{n}": some_text(n, 50_000) for n in range(180) for folder in ("blobs", "messages")}
    pack, placed = write_pack(tmp_path, contents)
    kinds: dict[int, list[str]] = {}
    for name, place in placed:
        kinds.setdefault(place.frame_offset, []).append(name.partition("/")[0])
    assert sorted(len(set(found)) for found in kinds.values()) == [1, 1, 1, 1, 1, 1]
    sizes = frame_sizes(pack)[: len(kinds)]
    assert max(sizes) <= LARGE_FRAME
    assert min(sizes) > 0.9 * max(sizes)


def test_what_is_left_shares_one_frame(tmp_path: Path) -> None:
    """A small pack is one frame, whatever is in it, so that what its members have in common is there once."""
    contents = {f"{folder}/{n}": some_text(n, 3000) for n in range(20) for folder in ("blobs", "messages", "sources")}
    pack, placed = write_pack(tmp_path, contents)
    assert len({place.frame_offset for _, place in placed}) == 1
    folders = ("blobs", "messages", "sources")
    assert [name for name, _ in placed] == [f"{folder}/{n}" for folder in folders for n in range(20)]
    assert len(frame_sizes(pack)) == 3
    assert unpack_without_us(pack) == contents


def test_compressed_members_have_frames_of_their_own(tmp_path: Path) -> None:
    """Noise does not stand between texts, and is not held back until there is much of it."""
    contents: dict[str, bytes] = {}
    for n in range(100):
        contents[f"blobs/noise/{n}"] = _NOISE[n : n + 50_000]
        contents[f"blobs/text/{n}"] = some_text(n, 5000)
    pack, placed = write_pack(tmp_path, contents)
    kinds: dict[int, list[str]] = {}
    for name, place in placed:
        kinds.setdefault(place.frame_offset, []).append(name.split("/")[1])
    assert [set(found) for found in kinds.values()] == [{"noise"}] * 4 + [{"text"}, {"noise"}]
    assert all(OWN_FRAME <= size < OWN_FRAME + 60_000 for size in frame_sizes(pack)[:4])


def test_a_large_member_has_frames_of_its_own(tmp_path: Path) -> None:
    """From 1 MiB on one frame with header and padding, beyond 4 MiB several of at most 4 MiB."""
    pack, placed = write_pack(tmp_path, {"blobs/a": _NOISE[:OWN_FRAME], "blobs/b": _NOISE, "blobs/c": b"c"})
    assert [place.offset for _, place in placed] == [512, 0, 512]
    padding = -len(_NOISE) % 512
    last = len(_NOISE) - 2 * LARGE_FRAME
    assert frame_sizes(pack) == [512 + OWN_FRAME, 512, LARGE_FRAME, LARGE_FRAME, last, padding, 1024, 1024, -1]


def test_frames_of_another_pack_are_taken_over(tmp_path: Path) -> None:
    """As they are, several of a large member or one that is shared; places, table and tar file are right."""
    contents = {f"messages/{n}": some_text(n, 2000) for n in range(20)} | {"blobs/large": _NOISE}
    old, placed = write_pack(tmp_path, contents, "old.tar.zst")
    data = old.read_bytes()
    shared = [member for member in placed if member.name != "blobs/large"]
    [large] = [member for member in placed if member.name == "blobs/large"]
    start, length = shared[0].place.frame_offset, shared[0].place.frame_length
    compressor = FrameCompressor(3)
    moved: list[Member] = []
    pack = PackWriter(tmp_path, "new.tar.zst", compressor, moved.extend)
    new = item_of(tmp_path, b"new", compressor)
    pack.add("blobs", "blobs/new", new)
    pack.add_frame(data[start : start + length], [(name, place.offset, place.size) for name, place in shared])
    assert 0 < large.place.frame_offset < start
    pack.add_frames([data[:100], data[100:start]], [large], start=0)
    assert pack.members == 22
    assert pack.finish().members == 22
    path = tmp_path / "new.tar.zst"
    assert path.read_bytes().startswith(data[start : start + length] + data[:start])
    assert unpack_without_us(path) == contents | {"blobs/new": b"new"}
    assert list(members(path)) == moved
    with PackReader() as reader:
        for name, place in moved:
            assert b"".join(reader.read(path, place)) == (contents | {"blobs/new": b"new"})[name]


def test_what_is_held_back_is_known(tmp_path: Path) -> None:
    """So that a writer can close a pack before it grows beyond its limit."""
    compressor = FrameCompressor(3)
    pack = PackWriter(tmp_path, "name.tar.zst", compressor, lambda _: None)
    for content in (some_text(1, 10_000), _NOISE[:10_000]):
        pack.add("blobs", f"blobs/{len(content)}", item_of(tmp_path, content, compressor))
    assert pack.size == 0
    assert pack.held >= 20_000
    pack.finish()
    assert pack.held == 0


def test_a_pack_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    """Until then it is called `.part`; discarded, it is gone."""
    compressor = FrameCompressor(3)
    pack = PackWriter(tmp_path, "name.tar.zst", compressor, lambda _: None)
    item = item_of(tmp_path, b"x", compressor)
    pack.add("blobs", "blobs/x", item)
    assert [path.name for path in tmp_path.iterdir()] == ["name.tar.zst.part"]
    finished = pack.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["name.tar.zst"]
    data = (tmp_path / "name.tar.zst").read_bytes()
    assert (finished.size, finished.sha256, finished.members) == (len(data), hashlib.sha256(data).hexdigest(), 1)
    other = PackWriter(tmp_path, "other.tar.zst", compressor, lambda _: None)
    other.add("blobs", "blobs/x", item)
    other.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["name.tar.zst"]
