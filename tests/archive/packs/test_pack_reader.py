from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest
from support.archives import write_pack

from mailstrata.archive.packs.frames import LARGE_FRAME, Frame, FrameCompressor
from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES, PackReader, members, rebuild_table
from mailstrata.archive.packs.pack_table import Member, Place
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
    """A flipped bit raises when its member is read, with the pack's path and what to do."""
    pack, contents, placed = some_pack(tmp_path)
    _, place = placed[5]
    flip(pack, place.frame_offset + place.frame_length // 2)
    with PackReader(ORDERED_CACHE_BYTES) as reader:
        with pytest.raises(ArchiveError, match=r"pack\.tar\.zst: the zstd frame at byte \d+ is damaged.*backup"):
            b"".join(reader.read(pack, place))
        name, other = next(member for member in placed if member.place.frame_offset != place.frame_offset)
        assert b"".join(reader.read(pack, other)) == contents[name]


def test_damage_behind_a_member_does_not_keep_it(tmp_path: Path) -> None:
    """Of a frame only what a member needs is decompressed; reading the frame whole notices."""
    pack, contents, placed = text_pack(tmp_path)
    [first, *_, last] = [member for member in placed if member.place.frame_offset == 0]
    flip(pack, first.place.frame_length - 100)
    with PackReader() as reader:
        assert b"".join(reader.read(pack, first.place)) == contents[first.name]
        with pytest.raises(ArchiveError, match="is damaged"):
            b"".join(reader.read(pack, last.place))


def flip(pack: Path, place: int) -> None:
    """Change a bit of a file."""
    data = bytearray(pack.read_bytes())
    data[place] ^= 1
    pack.write_bytes(data)


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


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    """Shared frames last used are kept, at most so many bytes of them, and give the same."""
    pack, contents, placed = some_pack(tmp_path)
    reader = PackReader(2 << 20)
    for _ in range(2):
        random.Random(3).shuffle(placed)
        for name, place in placed[:100]:
            assert b"".join(reader.read(pack, place)) == contents[name]
            assert sum(map(len, reader._cache.values())) == reader._cached_bytes <= 2 << 20
    assert reader._cached_bytes > 0
    reader.close()
    assert reader._cached_bytes == 0


def text_pack(folder: Path) -> tuple[Path, dict[str, bytes], list[Member]]:
    """A pack of small members in shared frames, larger than a reader's usual cache."""
    source = random.Random(9)
    words = [b"%x" % source.randrange(1 << 20) for _ in range(3000)]
    contents = {f"messages/{n}": b" ".join(source.choices(words, k=8000)) for n in range(400)}
    pack, placed = write_pack(folder, contents)
    return pack, contents, placed


def test_a_frame_is_decompressed_as_far_as_the_member_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time; the second time whole, and then no more."""
    pack, contents, placed = text_pack(tmp_path)
    frame = [member for member in placed if member.place.frame_offset == 0]
    decompressed = count_decompressed(monkeypatch)
    with PackReader() as reader:
        for number, expected in (
            (3, ["prefix"]),
            (2, ["prefix"]),
            (5, ["prefix", "content"]),
            (9, ["prefix", "content"]),
        ):
            name, place = frame[number]
            assert b"".join(reader.read(pack, place)) == contents[name]
            assert [how for how, _ in decompressed] == expected
            if number == 3:
                assert reader._cached_bytes == place.offset + place.size
        assert reader._cached_bytes <= LARGE_FRAME


def test_in_the_order_of_the_archive_each_frame_is_decompressed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a cache that is larger than the writer's window, though the window has changed the order."""
    pack, contents, placed = text_pack(tmp_path)
    places = dict(placed)
    decompressed = count_decompressed(monkeypatch)
    with PackReader(ORDERED_CACHE_BYTES) as reader:
        for name, content in sorted(contents.items(), key=lambda item: random.Random(item[0]).random()):
            assert b"".join(reader.read(pack, places[name])) == content
    assert len(decompressed) == len(set(decompressed)) == len({place.frame_offset for place in places.values()}) > 4


def count_decompressed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """From now on, how and at which offset a frame was decompressed."""
    seen: list[tuple[str, int]] = []
    content, prefix = Frame.content, Frame.prefix

    def counted_content(frame: Frame) -> bytes:
        seen.append(("content", frame.offset))
        return content(frame)

    def counted_prefix(frame: Frame, size: int) -> bytes:
        seen.append(("prefix", frame.offset))
        return prefix(frame, size)

    monkeypatch.setattr(Frame, "content", counted_content)
    monkeypatch.setattr(Frame, "prefix", counted_prefix)
    return seen


def test_a_reader_survives_that_a_pack_is_removed(tmp_path: Path) -> None:
    """It has it open; another reader is told that it is missing, with the cause."""
    pack, contents, placed = some_pack(tmp_path)
    with PackReader() as reader:
        b"".join(reader.read(pack, placed[0].place))
        pack.unlink()
        for name, place in placed:
            assert b"".join(reader.read(pack, place)) == contents[name]
    with pytest.raises(ArchiveError, match="is missing") as caught:
        b"".join(reader.read(pack, placed[0].place))
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_members_can_be_read_side_by_side(tmp_path: Path) -> None:
    """The pieces of a large member come out right though others are read between them."""
    pack, contents, placed = some_pack(tmp_path)
    places = dict(placed)
    with PackReader() as reader:
        large = b""
        for piece in reader.read(pack, places["messages/large"]):
            assert b"".join(reader.read(pack, places["blobs/7"])) == contents["blobs/7"]
            large += piece
    assert large == contents["messages/large"]


def test_what_is_kept_is_had_by_name(tmp_path: Path) -> None:
    """In the order of the archive: of a frame that was read all members, until it is dropped; else nothing."""
    pack, contents, placed = text_pack(tmp_path)
    with PackReader(ORDERED_CACHE_BYTES) as reader:
        assert reader.kept(placed[0].name) is None
        for name, place in placed:
            if reader.kept(name) is None:
                assert reader.read_at_once(pack, place) == contents[name]
            assert reader.kept(name) == contents[name]
        reader._cache_bytes = LARGE_FRAME
        last = [name for name, place in placed if place.frame_offset == placed[-1].place.frame_offset]
        b"".join(reader.read(pack, placed[-1].place))
        reader._keep((pack, -1), b"")
        assert {name for name in contents if reader.kept(name) is not None} == set(last) == set(reader._members)
        reader.close()
        assert reader.kept(last[0]) is None
    with PackReader() as reader:
        reader.read_at_once(pack, placed[0].place)
        assert reader.kept(placed[0].name) is None


def test_a_member_in_frames_of_its_own_is_not_read_at_once(tmp_path: Path) -> None:
    """It comes piece by piece; an empty one is nothing, wherever it lies."""
    pack, contents, placed = some_pack(tmp_path)
    with PackReader() as reader:
        for name, place in placed:
            found = reader.read_at_once(pack, place)
            assert found == (None if name == "messages/large" else contents[name])
