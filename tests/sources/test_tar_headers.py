"""The members of tar archives, held against the standard library."""

import contextlib
import io
import os
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.errors import DamagedSourceError
from mailstrata.sources.chunks import ChunkReader
from mailstrata.sources.tar_headers import LONG_HEADER_BYTES, TarMember, tar_members


def reader_of(data: bytes, size: int = 1000) -> ChunkReader:
    return ChunkReader(data[start : start + size] for start in range(0, len(data), size))


def members(data: bytes, size: int = 1000) -> list[tuple[TarMember, bytes]]:
    reader = reader_of(data, size)
    return [(member, b"".join(reader.take(member.size))) for member in tar_members(reader, "x.tar")]


def make(files: list[tuple[str, bytes]], tar_format: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tar_format) as archive:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mtime = 1_700_000_000
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=120)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=1200)), max_size=5), st.integers(1, 3000))
@settings(max_examples=60)
@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_tarfile_writes(tar_format: int, files: list[tuple[str, bytes]], size: int) -> None:
    """Names of any length and script, and data of any size, come back as they were put in, for any chunks."""
    found = members(make(files, tar_format), size)
    assert [(member.name, data) for member, data in found] == [(name.encode(), data) for name, data in files]
    assert all(member.kind == "file" and member.mtime_ns == 1_700_000_000 * 10**9 for member, _ in found)


def test_ustar_prefix() -> None:
    """A long name in two fields is put together."""
    name = "/".join(["directory"] * 15) + "/file"
    assert [m.name for m, _ in members(make([(name, b"x")], tarfile.USTAR_FORMAT))] == [name.encode()]


def test_kinds() -> None:
    """Folders, links and devices are told from files, and have no data."""
    stream = io.BytesIO()
    types = {
        "folder": tarfile.DIRTYPE,
        "soft": tarfile.SYMTYPE,
        "hard": tarfile.LNKTYPE,
        "fifo": tarfile.FIFOTYPE,
        "file": tarfile.REGTYPE,
    }
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in types.items():
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)
    assert [m.kind for m, _ in members(stream.getvalue())] == ["folder", "link", "link", "other", "file"]


def test_times_and_sizes_of_pax() -> None:
    """A pax header overrides time, size and name, with fractions of a second."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.size = 3
        member.pax_headers = {"mtime": "1700000000.123456789", "comment": "x" * 3000}
        archive.addfile(member, io.BytesIO(b"abc"))
        archive.addfile(tarfile.TarInfo("b"))
    (first, data), (second, _) = members(stream.getvalue())
    assert (first.mtime_ns, data) == (1_700_000_000_123_456_789, b"abc")
    assert second.mtime_ns == 0


def test_a_time_that_no_table_holds() -> None:
    """A time of so many seconds that they do not fit into 64 bits as nanoseconds is none."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for seconds in ("9223372036.854775807", "9223372036.854775808"):
            member = tarfile.TarInfo("a")
            member.pax_headers = {"mtime": seconds}
            archive.addfile(member)
    assert [member.mtime_ns for member, _ in members(stream.getvalue())] == [2**63 - 1, None]


def test_sparse_files() -> None:
    """Sparse files are known as such, and the member after one is found."""
    block = bytearray(tarfile.TarInfo("sparse").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"00000001000\0"  # 512 bytes
    block[156:157] = tarfile.GNUTYPE_SPARSE
    block[482] = 1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    more = bytearray(512)
    more[504] = 1
    data = bytes(block) + bytes(more) + bytes(512) + b"d" * 512 + make([("after", b"x")], tarfile.GNU_FORMAT)
    assert [(m.name, m.kind) for m, _ in members(data)] == [(b"sparse", "sparse"), (b"after", "file")]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("new sparse")
        member.pax_headers = {"GNU.sparse.major": "1"}
        archive.addfile(member)
    assert [m.kind for m, _ in members(stream.getvalue())] == ["sparse"]


def test_joined_archives() -> None:
    """Archives joined with `cat` are read to the end of the last one; other bytes after the end are no matter."""
    data = make([("a", b"1")], tarfile.PAX_FORMAT) + make([("b", b"2")], tarfile.GNU_FORMAT)
    assert [m.name for m, _ in members(data)] == [b"a", b"b"]
    assert [m.name for m, _ in members(data + b"something else" * 100)] == [b"a", b"b"]


def test_cut_off_anywhere() -> None:
    """Cut off at any byte before its end mark, an archive is an error; the members before that have come."""
    data = make([("a", b"1" * 700), ("b" * 150, b"2")], tarfile.PAX_FORMAT)
    data = data[: len(data.rstrip(b"\0")) + 512]
    for end in range(1, len(data) - 1024, 100):
        with pytest.raises(DamagedSourceError, match=r"x.tar (ends|is damaged)") as caught:
            members(data[:end])
        assert "\n" not in str(caught.value)


def test_damaged_headers() -> None:
    """A header that is none is an error that says where."""
    data = bytearray(make([("a", b"1" * 512), ("b", b"2")], tarfile.GNU_FORMAT))
    data[1024 + 20] ^= 1
    with pytest.raises(DamagedSourceError, match="no member's header stands at byte 1024"):
        members(bytes(data))


@given(st.binary(max_size=600), st.integers(0, 2600))
def test_hostile_headers(junk: bytes, position: int) -> None:
    """Overwritten anywhere, an archive gives members or `DamagedSourceError`, never anything else."""
    data = bytearray(make([("a", b"1" * 700), ("b" * 150, b"2")], tarfile.PAX_FORMAT)[:5120])
    data[position : position + len(junk)] = junk
    with contextlib.suppress(DamagedSourceError):
        members(bytes(data))


def test_long_names_are_bounded() -> None:
    """A header that claims a name of gigabytes is damage, and is not read."""
    header = tarfile.TarInfo("././@LongLink")
    header.type = tarfile.GNUTYPE_LONGNAME
    header.size = LONG_HEADER_BYTES + 1
    with pytest.raises(DamagedSourceError, match="for its name"):
        members(header.tobuf(tarfile.GNU_FORMAT) + bytes(10_000))


def test_memory_is_constant() -> None:
    """Many members, each with a pax header of its own, cost no more memory than few."""
    one = make([("ü" * 60, b"x")], tarfile.PAX_FORMAT)
    one = one[: -(-len(one.rstrip(b"\0")) // 512) * 512]  # without the end mark

    def chunks() -> Iterator[bytes]:
        for _ in range(2000):
            yield one
        yield bytes(1024)

    tracemalloc.start()
    try:
        count = sum(1 for _ in tar_members(ChunkReader(chunks()), "x"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 2000
    assert peak < 300_000


def test_names_are_bytes() -> None:
    """A name that is no text comes back as the bytes it is."""
    member = tarfile.TarInfo(os.fsdecode(b"\xff\xfe.eml"))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        archive.addfile(member)
    assert [m.name for m, _ in members(stream.getvalue())] == [b"\xff\xfe.eml"]
