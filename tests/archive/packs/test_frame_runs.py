from __future__ import annotations

import io
import itertools
import random
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import unpack_without_us, write_pack

from mailstrata.archive.packs import item, pack, pack_reader, tar_format
from mailstrata.archive.packs.frame_runs import FrameRun, frame_runs, run_bytes
from mailstrata.archive.packs.frames import FrameCompressor, read_frame
from mailstrata.archive.packs.pack import PackWriter
from mailstrata.archive.packs.pack_table import Member, Place, TableBuilder
from mailstrata.errors import ArchiveError

_noise = random.Random(20261124).randbytes
BLOCK = tar_format.BLOCK


def tar_member(name: str, content: bytes) -> bytes:
    """Header, data and padding."""
    return tar_format.header(name, len(content)) + content + bytes(tar_format.padding(len(content)))


def foreign_pack(path: Path, pieces: list[bytes], *, with_table: bool = True) -> Path:
    """A pack of another writer, whose frames are cut where these pieces are cut."""
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    data = b"".join(map(compressor.compress, (*pieces, tar_format.END_OF_ARCHIVE)))
    table = TableBuilder()
    table.add(list(pack_reader.rebuild_table(io.BytesIO(data))))
    path.write_bytes(data + table.finish(len(data)) if with_table else data)
    return path


def content(path: Path, run: FrameRun) -> bytes:
    """All that the frames of a run hold."""
    file = io.BytesIO(b"".join(run_bytes(path, run)))
    found = b""
    offset = 0
    while frame := read_frame(file, offset):
        found += frame.content()
        offset += frame.length
    assert offset == run.length
    assert len(found) == run.content_size
    return found


def check(path: Path) -> list[FrameRun]:
    """Every member is in one run, in order; a whole run holds its members and nothing else. Returns the runs."""
    runs = list(frame_runs(path))
    members = unpack_without_us(path)
    assert [member for run in runs for member in run.members] == list(pack_reader.members(path))
    assert [member.name for run in runs for member in run.members] == list(members)
    end = 0
    for run in runs:
        assert run.offset >= end
        end = run.offset + run.length
        if run.is_whole:
            assert content(path, run) == b"".join(tar_member(each.name, members[each.name]) for each in run.members)
    return runs


def test_a_pack_of_ours_is_whole_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members that share frames, compressed ones, one with a frame of its own, large ones with and without padding."""
    monkeypatch.setattr(item, "LARGE_FRAME", 16_384)
    monkeypatch.setattr(pack, "OWN_FRAME", 8192)
    contents = {
        "blobs/a": b"text " * 100,
        "blobs/b": b"",
        "blobs/noise": _noise(5000),
        "blobs/own": b"own " * 2500,
        "blobs/large": _noise(40_000),
        "blobs/large without padding": _noise(BLOCK * 70),
        "mail/c": b"text " * 300,
    }
    path, _ = write_pack(tmp_path, contents)
    runs = check(path)
    assert all(run.is_whole for run in runs)
    frames = {run.members[0].name: len(run.members) for run in runs}
    assert frames["blobs/large"] == frames["blobs/large without padding"] == frames["blobs/own"] == 1


def test_a_run_is_taken_over_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another pack that is made of the runs of two packs gives all members, by its table and with tar alone."""
    monkeypatch.setattr(item, "LARGE_FRAME", 16_384)
    first = {"blobs/a": b"text " * 100, "blobs/large": _noise(40_000), "mail/c": b"c" * 600}
    second = {"blobs/d": _noise(9000), "mail/e": b""}
    placed: list[Member] = []
    target = PackWriter(tmp_path, "target", FrameCompressor(3), placed.extend)
    for name, contents in (("first", first), ("second", second)):
        path, _ = write_pack(tmp_path, contents, name)
        for run in frame_runs(path):
            target.add_frames(run_bytes(path, run), run.members, start=run.offset)
    target.finish()
    assert unpack_without_us(tmp_path / "target") == first | second
    assert list(pack_reader.members(tmp_path / "target")) == placed
    with pack_reader.PackReader() as reader:
        for name, place in placed:
            assert b"".join(reader.read(tmp_path / "target", place)) == (first | second)[name]


@pytest.mark.parametrize("with_table", [True, False])
def test_frames_that_are_cut_otherwise(tmp_path: Path, with_table: bool) -> None:
    """Headers, data and padding of several members in a frame, in several, and across: other writers may do so. What
    is not whole says so, and no member is missed."""
    a, b, c, d = (
        tar_member(f"blobs/{name}", _noise(size)) for name, size in zip("abcd", (3000, 2000, 700, 0), strict=True)
    )
    path = foreign_pack(
        tmp_path / "pack", [a[:BLOCK], a[BLOCK:2000], a[2000:] + b[:BLOCK], b[BLOCK:], c, d], with_table=with_table
    )
    runs = check(path)
    whole = {run.members[0].name[-1]: run.is_whole for run in runs}
    assert whole == {"a": False, "b": False, "c": True, "d": True}


def test_the_end_of_a_large_member_shares_its_frame(tmp_path: Path) -> None:
    """Its data look like those of one of ours until the last frame, where the next member is as well."""
    a, b = tar_member("blobs/a", _noise(3000)), tar_member("blobs/b", _noise(100))
    path = foreign_pack(tmp_path / "pack", [a[:BLOCK], a[BLOCK:2000], a[2000:] + b])
    assert [(run.members[0].name, run.is_whole) for run in check(path)] == [("blobs/a", False), ("blobs/b", False)]


def test_the_padding_of_a_large_member_shares_its_frame(tmp_path: Path) -> None:
    """The member's frames cannot be taken over without those of the next one."""
    a, b = tar_member("blobs/a", _noise(3000)), tar_member("blobs/b", _noise(100))
    end = BLOCK + 3000
    path = foreign_pack(tmp_path / "pack", [a[:BLOCK], a[BLOCK:2000], a[2000:end], a[end:] + b])
    assert [(run.members[0].name, run.is_whole) for run in check(path)] == [("blobs/a", False), ("blobs/b", False)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 511, 512, 513, 1024, 3000]), min_size=1, max_size=6),
    st.lists(st.integers(0, 12_000), max_size=8),
)
def test_frames_that_are_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cuts: list[int]
) -> None:
    """Every member is in one run, whatever the frames; headers alone must not be cut."""
    tar = [tar_member(f"blobs/{at}", _noise(size)) for at, size in enumerate(sizes)]
    starts = [sum(map(len, tar[:at])) for at in range(len(tar))]
    whole = b"".join(tar)
    allowed = {cut for cut in cuts if 0 < cut < len(whole) and not any(s < cut < s + BLOCK for s in starts)}
    edges = [0, *sorted(allowed), len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(edges)]
    check(foreign_pack(tmp_path_factory.mktemp("pack") / "pack", pieces))


def test_places_that_are_not_in_the_pack(tmp_path: Path) -> None:
    """Where the table names a frame that is none, the pack is damaged."""
    path = foreign_pack(tmp_path / "pack", [tar_member("blobs/a", b"a" * 600)], with_table=False)
    data = path.read_bytes()
    for place in (Place(7, 40, BLOCK, 600), Place(len(data) + 5, 40, BLOCK, 600)):
        table = TableBuilder()
        table.add([Member("blobs/a", place)])
        path.write_bytes(data + table.finish(len(data)))
        with pytest.raises(ArchiveError, match="its table of members names places that are not in it"):
            list(frame_runs(path))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A pack that is missing, or ends within a run, is named."""
    with pytest.raises(ArchiveError, match=r"pack is missing"):
        list(frame_runs(tmp_path / "pack"))
    path, _ = write_pack(tmp_path, {"blobs/a": _noise(5000)})
    [run] = frame_runs(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ArchiveError, match=r"pack\.tar\.zst: the pack ends early"):
        list(run_bytes(path, run))


def test_an_empty_pack(tmp_path: Path) -> None:
    """It has no runs."""
    PackWriter(tmp_path, "empty", FrameCompressor(3), lambda _: None).finish()
    assert list(frame_runs(tmp_path / "empty")) == []
