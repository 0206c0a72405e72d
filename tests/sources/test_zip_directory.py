"""The directory of a zip archive, held against the standard library."""

import contextlib
import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstrata.errors import SourceError
from mailstrata.sources.files import FileReader
from mailstrata.sources.zip_directory import ZipMember, data_of, member_start, zip_members


def zip_of(files: dict[str, bytes], comment: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.comment = comment
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def entries(path: Path, data: bytes) -> list[tuple[ZipMember, bytes]]:
    """The members and their data (which are stored, not compressed)."""
    path.write_bytes(data)
    found = []
    with FileReader(os.fsencode(path), "x.zip") as file:
        for member in zip_members(file, "x.zip"):
            start = member_start(file, member)
            assert start is not None
            found.append((member, b"".join(data_of(file, start, member.compressed_size))))
    return found


FILES = {"a.eml": b"one", "dir/ü.eml": b"two" * 100, "empty": b""}


@pytest.mark.parametrize("comment", [b"", b"a comment", b"PK\x05\x06 is the magic number of the end"])
@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nunpack me\n"])
def test_what_zipfile_writes(tmp_path: Path, comment: bytes, before: bytes) -> None:
    """Names, sizes and data come back, whatever stands before the archive or in its comment."""
    found = entries(tmp_path / "x", before + zip_of(FILES, comment))
    assert [(m.name.decode(), m.size, data) for m, data in found] == [
        (name, len(data), data) for name, data in FILES.items()
    ]


@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nunpack me\n"])
def test_the_large_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes) -> None:
    """Sizes, offsets and counts of the large form (zip64) are read."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    data = zip_of(FILES)
    assert b"PK\x06\x06" in data
    found = entries(tmp_path / "x", before + data)
    assert [(m.name.decode(), m.size, data) for m, data in found] == [
        (name, len(data), data) for name, data in FILES.items()
    ]


def test_the_large_form_in_an_entry(tmp_path: Path) -> None:
    """Numbers that stand in an extra field are taken from there, in their order."""
    data = bytearray(zip_of({"a.eml": b"one"}))
    end = data.rindex(b"PK\x05\x06")
    entry = data.index(b"PK\x01\x02")
    extra = struct.pack("<2H3Q", 1, 24, 3, 3, 0)
    struct.pack_into("<2L", data, entry + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", data, entry + 30, len(extra))
    struct.pack_into("<L", data, entry + 42, 0xFFFFFFFF)
    struct.pack_into("<L", data, end + 12, end - entry + len(extra))
    data[end:end] = extra
    ((member, content),) = entries(tmp_path / "x", bytes(data))
    assert (member.size, member.compressed_size, content) == (3, 3, b"one")


@given(st.binary(min_size=1, max_size=30), st.integers(0, 500))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_hostile_archives(tmp_path: Path, junk: bytes, position: int) -> None:
    """Overwritten anywhere, an archive gives members or `SourceError`, never anything else."""
    data = bytearray(zip_of(FILES))
    data[position : position + len(junk)] = junk
    path = tmp_path / "x"
    path.write_bytes(data)
    with FileReader(os.fsencode(path), "x") as file, contextlib.suppress(SourceError):
        for member in zip_members(file, "x"):
            start = member_start(file, member)
            if start is not None:
                assert sum(map(len, data_of(file, start, member.compressed_size))) <= len(data)


def test_memory_is_constant(tmp_path: Path) -> None:
    """Going through the directory keeps no entry."""
    path = tmp_path / "x"
    path.write_bytes(zip_of({f"{n:08}.eml": b"" for n in range(5000)}))
    with FileReader(os.fsencode(path), "x") as file:
        tracemalloc.start()
        try:
            count = sum(1 for _ in zip_members(file, "x"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count == 5000
    assert peak < 1_000_000
