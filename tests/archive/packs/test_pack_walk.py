from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.archives import write_pack

from mailstrata.archive.packs.frames import LARGE_FRAME, Frame, FrameCompressor, read_frame
from mailstrata.archive.packs.pack_table import Member
from mailstrata.archive.packs.pack_walk import walk
from mailstrata.errors import ArchiveError

_NOISE = random.Random(5).randbytes(3 * LARGE_FRAME + 10_000)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], list[Member]]:
    """A pack with shared frames, a frame for one member, and several for one."""
    contents = {f"blobs/{n}": _NOISE[n : n + n * 501] for n in range(100)}
    contents |= {"messages/large": _NOISE, "messages/empty": b"", "messages/own": _NOISE[: 1 << 20]}
    contents |= {f"messages/{n}": _NOISE[n : n + 3000] for n in range(100)}
    folder = tmp_path_factory.mktemp("pack")
    path, placed = write_pack(folder, contents)
    return path, contents, placed


def copied(path: Path, folder: Path, change: Callable[[bytearray], object]) -> Path:
    """A copy of the pack in which something was changed."""
    data = bytearray(path.read_bytes())
    change(data)
    copy = folder / "copy.tar.zst"
    copy.write_bytes(data)
    return copy


def walked(path: Path) -> tuple[dict[str, dict[int, bytes]], list[int], list[str]]:
    """The pieces of each member by their offsets, and offsets and texts of what was damaged."""
    pieces: dict[str, dict[int, bytes]] = {}
    offsets: list[int] = []
    texts: list[str] = []

    def damaged(offset: int, error: ArchiveError) -> None:
        offsets.append(offset)
        texts.append(str(error))

    for piece in walk(path, damaged):
        pieces.setdefault(piece.name, {})[piece.offset] = bytes(piece.data)
    return pieces, offsets, texts


def whole_members(pieces: dict[str, dict[int, bytes]], contents: dict[str, bytes]) -> set[str]:
    """The members that came whole; of the others, what came must be right."""
    for name, found in pieces.items():
        assert all(contents[name][offset : offset + len(data)] == data for offset, data in found.items())
    return {name for name, found in pieces.items() if sum(map(len, found.values())) == len(contents[name])}


def frame_offsets(path: Path) -> list[int]:
    """Where the data frames of a pack begin, that of the end of the tar file included."""
    offsets = []
    with path.open("rb") as file:
        offset = 0
        while frame := read_frame(file, offset):
            if not frame.is_skippable:
                offsets.append(offset)
            offset += frame.length
    return offsets


def test_every_member_comes_in_order_and_each_frame_once(
    pack: tuple[Path, dict[str, bytes], list[Member]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piece by piece, with the frame that each lies in."""
    path, contents, placed = pack
    offsets: list[int] = []
    content = Frame.content

    def counted(frame: Frame) -> bytes:
        offsets.append(frame.offset)
        return content(frame)

    monkeypatch.setattr(Frame, "content", counted)
    found: dict[str, bytes] = {}
    begun: dict[str, int] = {}
    for piece in walk(path):
        assert piece.size == len(contents[piece.name])
        assert piece.offset == len(found.get(piece.name, b""))
        assert piece.frame_offset == offsets[-1]
        begun.setdefault(piece.name, piece.frame_offset)
        found[piece.name] = found.get(piece.name, b"") + bytes(piece.data)
    assert found == contents
    assert list(begun.items()) == [(name, place.frame_offset) for name, place in placed]
    assert offsets == frame_offsets(path)


@given(st.lists(st.integers(0, 3000), max_size=8), st.integers(1, 12))
def test_frames_of_another_writer_are_walked(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], blocks: int
) -> None:
    """A tar file cut anywhere between blocks."""
    buffer = io.BytesIO()
    contents = {f"blobs/{number}": _NOISE[number : number + size] for number, size in enumerate(sizes)}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    plain = buffer.getvalue()
    compressor = FrameCompressor(1)
    step = blocks * 512
    path = tmp_path_factory.mktemp("packs") / "pack"
    path.write_bytes(b"".join(compressor.compress(plain[at : at + step]) for at in range(0, len(plain), step)))
    found: dict[str, bytes] = {}
    for piece in walk(path):
        found[piece.name] = found.get(piece.name, b"") + bytes(piece.data)
    assert found == contents


def test_damage_names_pack_and_frame(pack: tuple[Path, dict[str, bytes], list[Member]], tmp_path: Path) -> None:
    """Where nobody asks to go on, it is an error; so is a pack that is not there."""
    path, _, _ = pack
    offset = frame_offsets(path)[1]

    def flip(data: bytearray) -> None:
        data[offset + 100] ^= 1

    with pytest.raises(ArchiveError, match=rf"copy\.tar\.zst: the zstd frame at byte {offset} is damaged.*backup"):
        list(walk(copied(path, tmp_path, flip)))
    with pytest.raises(ArchiveError, match="is missing"):
        list(walk(tmp_path / "other"))


@pytest.mark.parametrize("has_table", [True, False])
def test_the_walk_goes_on_behind_damage(
    pack: tuple[Path, dict[str, bytes], list[Member]], tmp_path: Path, *, has_table: bool
) -> None:
    """With any one frame damaged, all members that do not lie in it come whole, with the table and without."""
    path, contents, placed = pack
    large = dict(placed)["messages/large"].frame_offset
    offsets = frame_offsets(path)
    ends = [*offsets[1:], offsets[-1] + 20]
    for offset, end in zip(offsets, ends, strict=True):
        # In the magic number, in the header, in the first block's header or data, and in the middle.
        for place in (offset, offset + 4, offset + 12, (offset + end) // 2):

            def change(data: bytearray, place: int = place) -> None:
                data[place] ^= 1
                if not has_table:
                    del data[-10:]

            pieces, damaged, texts = walked(copied(path, tmp_path, change))
            lost = {name for name, at in placed if at.frame_offset <= offset < at.frame_offset + at.frame_length}
            if end == large and not has_table:
                # The frame with its tar header, without which its data are nobody's.
                lost |= {"messages/large"}
            assert damaged[0] == offset
            assert str(offset) in texts[0]
            assert whole_members(pieces, contents) >= set(contents) - lost
            assert not lost or whole_members(pieces, contents) != set(contents)


def test_a_member_has_a_gap_where_a_frame_of_it_is_damaged(
    pack: tuple[Path, dict[str, bytes], list[Member]], tmp_path: Path
) -> None:
    """The frames before and behind come at their offsets."""
    path, contents, placed = pack
    large = dict(placed)["messages/large"]
    second = next(offset for offset in frame_offsets(path) if offset > large.frame_offset)

    def flip(data: bytearray) -> None:
        data[second + 1000] ^= 1

    pieces, damaged, _ = walked(copied(path, tmp_path, flip))
    assert damaged == [second]
    assert list(pieces["messages/large"]) == [0, 2 * LARGE_FRAME, 3 * LARGE_FRAME]
    assert whole_members(pieces, contents) == set(contents) - {"messages/large"}


@pytest.mark.parametrize("keep", [0, 3, 100, 5_000_000, -1000, -10_000])
def test_a_pack_that_ends_early_gives_what_it_has(
    pack: tuple[Path, dict[str, bytes], list[Member]], tmp_path: Path, keep: int
) -> None:
    """And the walk ends, having said so."""
    path, contents, placed = pack
    size = path.stat().st_size
    end = keep if keep >= 0 else max(at.frame_offset + at.frame_length for _, at in placed) + keep

    def cut(data: bytearray) -> None:
        del data[end:]

    assert end < size
    pieces, damaged, _ = walked(copied(path, tmp_path, cut))
    assert len(damaged) == 1
    assert whole_members(pieces, contents) >= {n for n, at in placed if at.frame_offset + at.frame_length <= end}


@given(data=st.binary(max_size=200), place=st.integers(0, 10**9), flips=st.integers(1, 4), has_table=st.booleans())
def test_whatever_is_damaged_the_walk_ends(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int, flips: int, *, has_table: bool
) -> None:
    """No bytes make it raise anything, or go on for ever; whatever member comes whole by name and size is one."""
    folder = tmp_path_factory.mktemp("packs")
    contents = {f"blobs/{n}": data * n for n in range(20)}
    path, _ = write_pack(folder, contents)

    def change(pack: bytearray) -> None:
        if not has_table:
            del pack[-5:]
        source = random.Random(place)
        for _ in range(flips):
            pack[source.randrange(len(pack))] ^= 1 << source.randrange(8)

    pieces, _, _ = walked(copied(path, folder, change))
    assert set(pieces) <= set(contents)
