from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest
from support.archives import write_pack

from mailstrata.archive import pack_reader
from mailstrata.archive.frames import LARGE_FRAME, FrameCompressor
from mailstrata.archive.pack_reader import PackReader, members, rebuild_table
from mailstrata.archive.pack_table import Member, Place
from mailstrata.errors import ArchiveError

_NOISE = random.Random(5).randbytes(LARGE_FRAME + 10_000)


def some_pack(folder: Path) -> tuple[Path, dict[str, bytes], list[Member]]:
    contents = {f"blobs/{n}": _NOISE[n : n + n * 501] for n in range(150)}
    contents |= {"messages/large": _NOISE, "messages/empty": b"", "messages/block": _NOISE[:512]}
    pack, placed = write_pack(folder, contents)
    return pack, contents, placed


def rebuilt(data: bytes) -> tuple[list[Member], bool]:
    """The members found from the front, and whether the end was reached."""
    found: list[Member] = []
    try:
        found.extend(rebuild_table(io.BytesIO(data)))  # type: ignore[arg-type]
    except ArchiveError:
        return found, False
    return found, True


def test_a_lost_table_is_rebuilt_from_the_front(tmp_path: Path) -> None:
    """The tar headers say the same as the table did."""
    pack, _, placed = some_pack(tmp_path)
    with pack.open("rb") as file:
        assert list(rebuild_table(file)) == placed
    data = pack.read_bytes()
    for cut in (1, 30, 64, 100):
        pack.write_bytes(data[:-cut])
        assert list(members(pack)) == placed


def test_members_before_the_damage_are_found(tmp_path: Path) -> None:
    """A pack that is cut off anywhere gives all members that lie whole before that, and then says so."""
    pack, _, placed = some_pack(tmp_path)
    data = pack.read_bytes()
    end_of_tar = max(place.frame_offset + place.frame_length for _, place in placed)
    for end in [*range(0, end_of_tar, end_of_tar // 10), end_of_tar - 1, end_of_tar]:
        found: list[Member] = []
        with pytest.raises(ArchiveError, match=r"ends early|no zstd frame"):
            for member in rebuild_table(io.BytesIO(data[:end])):
                found.append(member)  # noqa: PERF402 - what was given before it raises counts
        assert found == [m for m in placed if m.place.frame_offset + m.place.frame_length <= end]


def test_a_pack_of_other_frames_is_read(tmp_path: Path) -> None:
    """A tar file cut into frames anywhere between blocks, by another writer, is read as well."""
    buffer = io.BytesIO()
    contents = {f"blobs/{n}": _NOISE[n : n + n * 300] for n in range(20)}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    plain = buffer.getvalue()
    for step in (512, 1024, 2560, 1 << 20):
        pieces = [plain[start : start + step] for start in range(0, len(plain), step)]
        pack = tmp_path / f"{step}.tar.zst"
        pack.write_bytes(b"".join(map(FrameCompressor(1).compress, pieces)))
        reader = PackReader()
        assert {name: b"".join(reader.read(pack, place)) for name, place in members(pack)} == contents


def test_damage_is_an_archive_error(tmp_path: Path) -> None:
    """A flipped bit in a frame raises when its member is read, with the pack's path and what to do."""
    pack, contents, placed = some_pack(tmp_path)
    data = bytearray(pack.read_bytes())
    _, place = placed[5]
    data[place.frame_offset + place.frame_length // 2] ^= 1
    pack.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"pack\.tar\.zst: the zstd frame at byte 0 is damaged.*backup"):
        b"".join(PackReader().read(pack, place))
    name, place = placed[-1]
    assert b"".join(PackReader().read(pack, place)) == contents[name]


def test_a_wrong_place_is_an_archive_error(tmp_path: Path) -> None:
    """A place that is not in the pack, as a stale catalogue may give it."""
    pack, _, placed = some_pack(tmp_path)
    place = placed[5].place
    for wrong in (
        place._replace(frame_offset=place.frame_offset + 1),
        place._replace(offset=1 << 30),
        place._replace(size=1 << 30),
        Place(1 << 40, 10, 0, 10),
    ):
        with pytest.raises(ArchiveError):
            b"".join(PackReader().read(pack, wrong))
    with pytest.raises(ArchiveError, match="is missing"):
        b"".join(PackReader().read(tmp_path / "other", place))


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared frames last used are kept, at most so many bytes of them, and give the same."""
    pack, contents, placed = some_pack(tmp_path)
    monkeypatch.setattr(pack_reader, "_CACHE_BYTES", 2 << 20)
    reader = PackReader()
    for _ in range(2):
        random.Random(3).shuffle(placed)
        for name, place in placed[:100]:
            assert b"".join(reader.read(pack, place)) == contents[name]
            assert sum(map(len, reader._cache.values())) == reader._cached_bytes <= 2 << 20
    assert reader._cached_bytes > 0
