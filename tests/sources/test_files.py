"""Opening and reading files, and what errors of the system become."""

import errno
import os
from pathlib import Path

import pytest

from mailstrata.errors import DamagedSourceError, SourceError, SourceNotFoundError
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


def test_a_file_that_grows_is_noticed(tmp_path: Path) -> None:
    """All of a file that changes while it is read is delivered, and then said to have changed."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(b"a" * 100)
    with FileReader(os.fsencode(path), "inbox.mbox") as reader:
        chunks = reader.chunks()
        assert next(chunks) == b"a" * 100
        with path.open("ab") as file:
            file.write(b"b" * 10)
        assert next(chunks) == b"b" * 10
        with pytest.raises(DamagedSourceError, match=r"inbox.mbox changed while it was read; run .* again") as caught:
            next(chunks)
    assert caught.value.offset == 110


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
