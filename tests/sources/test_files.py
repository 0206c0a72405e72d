"""Opening and reading files, and what errors of the system become."""

import errno
import os
from pathlib import Path

import pytest

from mailstrata.errors import SourceChangedError, SourceError, SourceNotFoundError
from mailstrata.sources.chunks import CHUNK_BYTES
from mailstrata.sources.files import FileReader, access_error, display, join_label


def test_chunks_are_the_file(tmp_path: Path) -> None:
    """A file of several chunks comes whole, in chunks of at most the usual size; looking into it moves nothing."""
    data = os.urandom(2 * CHUNK_BYTES + 5)
    path = tmp_path / "x"
    path.write_bytes(data)
    with FileReader(os.fsencode(path), "x") as reader:
        chunks = reader.chunks()
        first = next(chunks)
        assert reader.read_at(7, 10) == data[7:17]
        assert reader.read_at(len(data) - 3, 10) == data[-3:]
        rest = list(chunks)
        assert first + b"".join(rest) == data
        assert max(len(first), *map(len, rest)) <= CHUNK_BYTES
    for start in (0, 1, CHUNK_BYTES, len(data) - 1, len(data)):
        with FileReader(os.fsencode(path), "x") as reader:
            assert b"".join(reader.chunks(start)) == data[start:]


def test_a_file_that_grows_is_noticed(tmp_path: Path) -> None:
    """Of a file that grows while it is read, what was there at first is delivered; then it is said to have changed."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(b"a" * 100)
    with FileReader(os.fsencode(path), "inbox.mbox") as reader:
        chunks = reader.chunks()
        assert next(chunks) == b"a" * 100
        with path.open("ab") as file:
            file.write(b"b" * 10)
        with pytest.raises(
            SourceChangedError, match=r"inbox.mbox changed while it was read; .* run .* again"
        ) as caught:
            next(chunks)
    assert caught.value.offset == 100
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", ["cut off", "written over", "grown before it was opened"])
def test_every_change_is_noticed(tmp_path: Path, change: str) -> None:
    """A file that gets shorter or other bytes, or had another size or time when it was found, has changed."""
    path = tmp_path / "x"
    path.write_bytes(b"a" * 100)
    status = path.stat()
    if change == "grown before it was opened":
        path.write_bytes(b"a" * 200)
    with FileReader(os.fsencode(path), "x", (status.st_size, status.st_mtime_ns)) as reader:
        chunks = reader.chunks(10)
        if change == "cut off":
            os.truncate(path, 40)
        elif change == "written over":
            path.write_bytes(b"b" * 100)
            os.utime(path, ns=(0, status.st_mtime_ns + 1))
        expected = {"cut off": b"a" * 30, "written over": b"b" * 90}.get(change, b"a" * 90)
        assert next(chunks) == expected
        with pytest.raises(SourceChangedError) as caught:
            next(chunks)
    assert caught.value.offset == 10 + len(expected)


def test_a_file_larger_than_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file system hides behind a size that is too small does not get lost without a word."""
    path = tmp_path / "x"
    path.write_bytes(b"a" * 100)
    real = path.stat()
    smaller = os.stat_result((*real[:6], 60, *real[7:]), {"st_mtime_ns": real.st_mtime_ns})
    monkeypatch.setattr(os, "fstat", lambda _descriptor: smaller)
    with FileReader(os.fsencode(path), "x") as reader:
        chunks = reader.chunks()
        assert len(next(chunks)) == 60
        with pytest.raises(SourceChangedError):
            next(chunks)


def test_a_file_that_moves_is_the_same(tmp_path: Path) -> None:
    """New flags in a Maildir rename a file; that, other permissions and its deletion change nothing of what is read."""
    path = tmp_path / "1:2,"
    path.write_bytes(b"a" * 100)
    with FileReader(os.fsencode(path), "x") as reader:
        path = path.rename(tmp_path / "1:2,S")
        path.chmod(0o600)
        path.unlink()
        assert list(reader.chunks()) == [b"a" * 100]


def test_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An I/O error comes after what was read, with the offset to go on from."""
    path = tmp_path / "x"
    path.write_bytes(b"a" * (CHUNK_BYTES + 1))
    read = os.read
    calls: list[int] = []

    def failing(descriptor: int, size: int) -> bytes:
        calls.append(size)
        if len(calls) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, size)

    with FileReader(os.fsencode(path), "x") as reader:
        monkeypatch.setattr(os, "read", failing)
        chunks = reader.chunks()
        assert len(next(chunks)) == CHUNK_BYTES
        with pytest.raises(SourceError, match="Input/output error") as caught:
            next(chunks)
    assert caught.value.offset == CHUNK_BYTES


def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, forbidden and special files are errors of one line that name the file."""
    with pytest.raises(SourceNotFoundError, match="no such file"):
        FileReader(os.fsencode(tmp_path / "missing"), "missing")
    with pytest.raises(SourceNotFoundError):
        FileReader(b"a\0b", "a")
    with pytest.raises(SourceError, match="is a folder, not a file"):
        FileReader(os.fsencode(tmp_path), "x")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(SourceError, match="is a named pipe, not a file"):
        FileReader(os.fsencode(fifo), "x")
    path = tmp_path / "x"
    path.touch()

    def forbidden(*_: object) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(SourceError, match="x: no permission to read it; change") as caught:
        FileReader(os.fsencode(path), "x")
    assert "\n" not in str(caught.value)


def test_other_errors_say_their_reason() -> None:
    """An error of the system that has no line of its own keeps the system's words."""
    error = access_error("x", OSError(errno.ELOOP, "Too many levels of symbolic links"))
    assert "Too many levels" in str(error)
    assert not isinstance(error, SourceNotFoundError)


def test_display() -> None:
    """A name is shown without surrogates, and without characters that could steer a terminal."""
    assert display("Entwürfe".encode()) == "Entwürfe"
    assert display(b"a\xff\x1b[2J\nb") == "a\ufffd\ufffd[2J\ufffdb"
    assert join_label("dir/", b"a/b") == "dir/a/b"
    assert join_label("dir", b"") == "dir"
