"""Files that are read as mail."""

import gzip
import hashlib
import os
from pathlib import Path
from typing import get_args

import pytest

from mailstrata.errors import SourceChangedError, SourceError, SourceNotFoundError, UsageError
from mailstrata.message.origin import FileInfo
from mailstrata.sources.chunks import CHUNK_BYTES
from mailstrata.sources.compression import Compression
from mailstrata.sources.content import DiskFile, StreamedFile


def test_a_file_can_be_read_again(tmp_path: Path) -> None:
    """Each pass over the regions opens the file anew; one that is left early closes it."""
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: x\n\n" + b"text\n" * 1000)
    file = DiskFile(os.fsencode(path), "a.eml", "message", FileInfo())
    first = file.regions()
    next(next(first).chunks)
    first.close()
    assert [b"".join(region.chunks) for region in file.regions()] == [path.read_bytes()]
    assert file.length_check is None


def test_nothing_is_opened_before_it_is_read(tmp_path: Path) -> None:
    """A file that has gone is an error of the regions, not of the object."""
    file = DiskFile(os.fsencode(tmp_path / "x"), "x", "mbox", FileInfo(), check_lengths=True)
    regions = file.regions()
    assert file.length_check is not None
    assert not file.length_check(0)
    with pytest.raises(SourceNotFoundError):
        next(regions)


def test_a_stream() -> None:
    """A streamed file is its chunks; it cannot be asked about lengths."""
    file = StreamedFile("mbox", iter([b"a", b"b"]), FileInfo(quoting="mboxcl2"))
    assert [(region.kind, list(region.chunks)) for region in file.regions()] == [("mbox", [b"a", b"b"])]
    assert file.length_check is None
    assert not file.can_start
    assert file.prefix_digest(0, 0) is None
    with pytest.raises(UsageError, match="ask `can_start`"):
        file.regions(1)


def disk_file(path: Path, content: str = "mbox", **info: object) -> DiskFile:
    status = path.stat()
    return DiskFile(
        os.fsencode(path), path.name, content, FileInfo(size=status.st_size, mtime_ns=status.st_mtime_ns, **info)
    )


def test_starting_inside_of_a_file(tmp_path: Path) -> None:
    """A plain mbox can be read from any byte on; nothing else can, and says so."""
    path = tmp_path / "x"
    data = os.urandom(CHUNK_BYTES + 10)
    path.write_bytes(data)
    file = disk_file(path)
    assert file.can_start
    for start in (0, 1, CHUNK_BYTES + 1, len(data)):
        assert b"".join(b"".join(region.chunks) for region in file.regions(start)) == data[start:]
    others = [disk_file(path, "message"), disk_file(path, "emlx")]
    others += [disk_file(path, compression=compression) for compression in get_args(Compression)]
    for other in others:
        assert not other.can_start
        with pytest.raises(UsageError, match="x can only be read from its first byte"):
            other.regions(1)


@pytest.mark.parametrize("at", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 7, 2 * CHUNK_BYTES])
def test_the_digest_of_a_beginning(tmp_path: Path, at: int) -> None:
    """The digest is that of so many bytes, and its state at a byte before can be gone on with."""
    path = tmp_path / "x"
    data = os.urandom(2 * CHUNK_BYTES + 3)
    path.write_bytes(data)
    for length in (at, CHUNK_BYTES + 7, len(data)):
        if length >= at:
            found = disk_file(path, "message").prefix_digest(length, at)
            assert found is not None
            assert found.sha256 == hashlib.sha256(data[:length]).hexdigest()
            assert found.at.hexdigest() == hashlib.sha256(data[:at]).hexdigest()


def test_beginnings_without_a_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too short, compressed or written to meanwhile has none; one that cannot be read is an error."""
    path = tmp_path / "x"
    path.write_bytes(b"a" * 100)
    file = disk_file(path)
    assert file.prefix_digest(100, 100) is not None
    assert file.prefix_digest(101, 0) is None
    assert disk_file(path, compression="gzip").prefix_digest(10, 0) is None
    with pytest.raises(UsageError):
        file.prefix_digest(10, 11)
    with path.open("ab") as delivery:
        delivery.write(b"b")
    assert file.prefix_digest(100, 100) is None
    os.truncate(path, 50)
    assert file.prefix_digest(100, 0) is None
    path.unlink()
    with pytest.raises(SourceNotFoundError):
        file.prefix_digest(100, 0)

    def failing(*_arguments: object) -> bytes:
        raise OSError(5, "Input/output error")

    path.write_bytes(b"a" * 100)
    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(SourceError, match="x cannot be read beyond byte 0"):
        disk_file(path).prefix_digest(100, 0)


def read_until_error(file: DiskFile) -> tuple[bytes, SourceError | None]:
    data = b""
    try:
        for region in file.regions():
            for chunk in region.chunks:
                data += chunk
    except SourceError as error:
        return data, error
    return data, None


def test_a_change_between_two_readings(tmp_path: Path) -> None:
    """A file that changed since it was found, or since its beginning was hashed, is not what it was taken for."""
    path = tmp_path / "x"
    path.write_bytes(b"a" * 100)
    file = disk_file(path)
    assert file.prefix_digest(100, 50) is not None
    assert read_until_error(file) == (b"a" * 100, None)
    path.write_bytes(b"b" * 120)
    data, error = read_until_error(file)
    assert data == b"b" * 100
    assert isinstance(error, SourceChangedError)


def test_a_compressed_file_that_is_being_written(tmp_path: Path) -> None:
    """That it changed is said of a file rather than that it is cut off; one that did not change is damaged."""
    path = tmp_path / "x.gz"
    packed = gzip.compress(os.urandom(1000))
    path.write_bytes(packed[:500])
    file = disk_file(path, compression="gzip")
    path.write_bytes(packed)
    data, error = read_until_error(file)
    assert isinstance(error, SourceChangedError)
    assert error.offset == len(data) > 0
    damaged = packed[:500] + bytes(3 * CHUNK_BYTES)
    path.write_bytes(damaged)
    file = disk_file(path, compression="gzip")
    data, error = read_until_error(file)
    assert "its gzip data are corrupt" in str(error)
    path.write_bytes(damaged + b"more")
    again, error = read_until_error(file)
    assert isinstance(error, SourceChangedError)
    assert error.offset == len(again) == len(data) > 0
