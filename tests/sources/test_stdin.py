"""Standard input and named pipes."""

import bz2
import gzip
import io
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mailstrata.errors import DamagedSourceError, NotAMailboxError, SourceError
from mailstrata.sources.stdin import pipe_source, stdin_source

Message = Callable[..., bytes]


@pytest.fixture
def pipe_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], io.BytesIO]:
    """Puts bytes into standard input."""

    def put(data: bytes) -> io.BytesIO:
        stream = io.BytesIO(data)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        return stream

    return put


def tar_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def test_an_mbox(read: Callable, pipe_in: Callable, mbox: Callable) -> None:
    """An mbox on standard input is a source named `-`; standard input stays open."""
    stream = pipe_in(mbox(3))
    source = stdin_source()
    assert (source.info.kind, source.info.path, source.size, source.stamp) == ("stdin", b"-", None, None)
    (found,) = read(source).files
    assert found.regions == [("mbox", mbox(3))]
    assert (found.info.quoting, found.info.name) == ("mboxrd", b"")
    assert not stream.closed


def test_a_message(read: Callable, pipe_in: Callable, message: Message) -> None:
    """A single message is known by its header."""
    pipe_in(message())
    assert read(stdin_source()).files[0].regions == [("message", message())]


def test_compressed(read: Callable, pipe_in: Callable, mbox: Callable) -> None:
    """A compressed mbox is decompressed; the variant is what the user says."""
    pipe_in(gzip.compress(mbox(3)))
    (found,) = read(stdin_source("mboxo")).files
    assert found.regions == [("mbox", mbox(3))]
    assert (found.info.compression, found.info.quoting) == ("gzip", "mboxo")


def test_a_tar(read: Callable, pipe_in: Callable, message: Message) -> None:
    """A compressed tar is read as a stream, member by member."""
    pipe_in(bz2.compress(tar_of({"a.eml": message(1), "b.eml": message(2)})))
    result = read(stdin_source())
    assert result.names == [b"a.eml", b"b.eml"]
    assert [file.data for file in result.files] == [message(1), message(2)]
    assert result.error is None


def test_truncated(read: Callable, pipe_in: Callable, mbox: Callable) -> None:
    """Truncated data are delivered as far as they go, and then reported; too short to tell what they are, at once."""
    packed = gzip.compress(mbox(100))
    pipe_in(packed[:-10])
    (found,) = read(stdin_source()).files
    assert isinstance(found.error, DamagedSourceError)
    assert mbox(100).startswith(found.data)
    assert len(found.data) == found.error.offset
    pipe_in(packed[:12])
    assert isinstance(read(stdin_source()).error, DamagedSourceError)


def test_what_is_no_mail(read: Callable, pipe_in: Callable) -> None:
    """Nothing, a picture, or a zip archive is an error that says what to do."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.eml", "Subject: x\n\n")
    cases = {
        b"": "standard input is empty",
        b"\x89PNG\r\n\x1a\n": "standard input is a PNG image, not a mailbox",
        archive.getvalue(): "name the file instead",
        gzip.compress(archive.getvalue()): "a zip archive inside a gzip file",
    }
    for data, words in cases.items():
        pipe_in(data)
        error = read(stdin_source()).error
        assert isinstance(error, NotAMailboxError)
        assert words in str(error)
        assert "\n" not in str(error)


def test_closed(monkeypatch: pytest.MonkeyPatch, read: Callable) -> None:
    """Where a program has no standard input, that is said."""
    monkeypatch.setattr(sys, "stdin", None)
    assert "closed" in str(read(stdin_source()).error)


def test_a_disk_that_fails(monkeypatch: pytest.MonkeyPatch, read: Callable, mbox: Callable) -> None:
    """An I/O error comes after what was read before it."""

    class Failing(io.RawIOBase):
        pieces = [mbox(2)]  # noqa: RUF012

        def read(self, size: int = -1) -> bytes:
            if self.pieces:
                return self.pieces.pop()
            raise OSError(5, "Input/output error")

    class Stdin:
        closed = False
        buffer = Failing()

    monkeypatch.setattr(sys, "stdin", Stdin())
    (found,) = read(stdin_source()).files
    assert found.data == mbox(2)
    assert isinstance(found.error, SourceError)
    assert found.error.offset == len(mbox(2))


def test_a_named_pipe(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """A named pipe is read as a stream, and closed."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(mbox(5000)))
    writer.start()
    (found,) = read(pipe_source(os.fsencode(path), "fifo")).files
    writer.join()
    assert found.data == mbox(5000)


def test_a_pipe_that_cannot_be_opened(tmp_path: Path, read: Callable) -> None:
    """A pipe that has gone is an error of the source."""
    assert "no such file" in str(read(pipe_source(os.fsencode(tmp_path / "x"), "x")).error)
