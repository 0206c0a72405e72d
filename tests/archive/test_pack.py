from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.archives import item_of, needs_tar_and_zstd, unpack_without_us, write_pack

from mailstrata.archive.frames import LARGE_FRAME, FrameCompressor, read_frame
from mailstrata.archive.pack import SHARED_FRAME, PackWriter
from mailstrata.archive.pack_reader import PackReader, members

_NOISE = random.Random(5).randbytes(2 * LARGE_FRAME + 100_000)
_AROUND_LIMITS = sorted(
    {
        max(0, limit + change)
        for limit in (0, 512, SHARED_FRAME - 512, SHARED_FRAME, LARGE_FRAME, 2 * LARGE_FRAME)
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


def test_small_members_share_frames_with_their_like(tmp_path: Path) -> None:
    """Frames have about 1 MiB of one kind; a large member has frames of its own, of at most 4 MiB."""
    contents = {f"{folder}/{n}": _NOISE[n : n + 5000] for n in range(500) for folder in ("blobs", "messages")}
    contents["blobs/large"] = _NOISE
    pack, placed = write_pack(tmp_path, contents)
    kinds: dict[int, set[str]] = {}
    for name, place in placed:
        kinds.setdefault(place.frame_offset, set()).add(name.partition("/")[0])
    assert all(len(found) == 1 for found in kinds.values())
    assert len(kinds) == 2 * 3 + 1
    [large] = [place for name, place in placed if name == "blobs/large"]
    assert large.offset == 0
    sizes = []
    with pack.open("rb") as file:
        offset = 0
        while frame := read_frame(file, offset):
            offset += frame.length
            sizes.append(frame.content_size)
    assert max(sizes) == LARGE_FRAME
    assert len([size for size in sizes if SHARED_FRAME <= size < SHARED_FRAME + 10_000]) == 4


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
