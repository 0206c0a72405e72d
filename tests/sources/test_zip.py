"""A zip archive as a source."""

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from mailstrata.errors import DamagedSourceError, NotAMailboxError, SourceChangedError
from mailstrata.message.origin import FolderInfo
from mailstrata.sources.zip import ZipSource

Message = Callable[..., bytes]
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.fixture
def source(tmp_path: Path) -> Callable[[bytes], ZipSource]:
    """Makes the source that a zip is which lies on disk."""

    def make(data: bytes) -> ZipSource:
        path = tmp_path / "takeout.zip"
        path.write_bytes(data)
        return ZipSource(os.fsencode(path), "takeout.zip")

    return make


@pytest.mark.parametrize("method", METHODS)
def test_takeout(source: Callable, read: Callable, mbox: Callable, message: Message, method: int) -> None:
    """An archive of Google Takeout gives its mboxes, with folders by their names; the rest is passed over."""
    files = {
        "Takeout/archive_browser.html": b"<!DOCTYPE html>",
        "Takeout/Mail/Posteingang.mbox": mbox(200),
        "Takeout/Mail/Entwürfe.mbox": mbox(1),
        "Takeout/Mail/empty.mbox": b"",
        "letters/a.eml": message(),
        "Maildir/cur/1.a.host:2,S": message(2),
        "letters/": b"",
        "__MACOSX/._a.eml": b"\0\5\x16\7",
    }
    result = read(source(zip_of(files, method)))
    assert result.error is None
    assert [(f.info.folder, f.info.flags, f.data) for f in result.files] == [
        ("Posteingang", "", mbox(200)),
        ("Entwürfe", "", mbox(1)),
        ("empty", "", b""),
        ("letters", "", message()),
        ("INBOX", "S", message(2)),
    ]
    assert all(f.error is None for f in result.files)
    assert result.files[1].info.name == "Takeout/Mail/Entwürfe.mbox".encode()
    assert [(s.name, s.is_error) for s in result.skipped] == [
        (b"Takeout/archive_browser.html", False),
        (b"__MACOSX/._a.eml", False),
    ]


def test_zstd(source: Callable, read: Callable, message: Message) -> None:
    """Members compressed with zstd (method 93) are read."""
    packed = zstandard.ZstdCompressor().compress(message())
    data = bytearray(zip_of({"a.eml": packed}, zipfile.ZIP_STORED))
    import zlib  # noqa: PLC0415

    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<H", data, entry + 10, 93)
    struct.pack_into("<L", data, entry + 16, zlib.crc32(message()))
    struct.pack_into("<L", data, entry + 24, len(message()))
    (found,) = read(source(bytes(data))).files
    assert (found.data, found.error) == (message(), None)


def test_what_cannot_be_read(source: Callable, read: Callable, message: Message) -> None:
    """Encrypted members and unknown methods are errors of the member; the others are read."""
    data = bytearray(zip_of({"a.eml": message(1), "b.eml": message(2), "c.eml": message(3)}))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 1)
    data[first + 8] |= 1
    struct.pack_into("<H", data, second + 10, 9)
    result = read(source(bytes(data)))
    assert result.names == [b"c.eml"]
    assert [(s.name, s.is_error) for s in result.skipped] == [(b"a.eml", True), (b"b.eml", True)]
    assert "password" in result.skipped[0].reason
    assert "method 9" in result.skipped[1].reason


def test_damage_is_noticed(source: Callable, read: Callable, message: Message) -> None:
    """A wrong checksum, a wrong size or overwritten data are errors after what could be read."""
    data = zip_of({"a.eml": message(1, b"text\n" * 100), "b.eml": message(2)}, zipfile.ZIP_STORED)
    changed = bytearray(data)
    changed[data.index(b"text\n")] ^= 1
    first = read(source(bytes(changed))).files[0]
    assert isinstance(first.error, DamagedSourceError)
    assert first.error.offset == len(first.data) == len(message(1, b"text\n" * 100))
    packed = bytearray(zip_of({"a.eml": message(1, b"text\n" * 100)}))
    struct.pack_into("<L", packed, packed.rindex(b"PK\x01\x02") + 20, 40)  # the compressed size
    result = read(source(bytes(packed)))
    assert isinstance(result.files[0].error, DamagedSourceError)
    assert message(1, b"text\n" * 100).startswith(result.files[0].data)


@pytest.mark.parametrize("method", METHODS)
def test_a_lost_member_header(source: Callable, read: Callable, message: Message, method: int) -> None:
    """A member whose own header is gone is an error of that member, however it is compressed."""
    data = bytearray(zip_of({"a.eml": message(1), "b.eml": message(2)}, method))
    data[:4] = b"junk"
    result = read(source(bytes(data)))
    assert result.names == [b"b.eml"]
    assert result.skipped[0].is_error
    data[data.index(b"PK\x01\x02") + 42 + 3] = 0x7F  # an offset far beyond the file
    assert read(source(bytes(data))).skipped[0].is_error


def test_modes_times_and_links(source: Callable, read: Callable, message: Message) -> None:
    """Mode and time come where the archive has them for certain; links are passed over."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        plain = zipfile.ZipInfo("a.eml")
        plain.create_system = 3
        plain.external_attr = (stat.S_IFREG | 0o640) << 16
        plain.extra = struct.pack("<HHBl", 0x5455, 5, 1, 1_700_000_000)
        archive.writestr(plain, message())
        dos = zipfile.ZipInfo("b.eml")
        dos.create_system = 0
        archive.writestr(dos, message())
        link = zipfile.ZipInfo("c.eml")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    result = read(source(stream.getvalue()))
    first, second = (f.info for f in result.files)
    assert (first.mode, first.mtime_ns) == (0o640, 1_700_000_000 * 10**9)
    assert (second.mode, second.mtime_ns) == (None, None)
    assert [s.name for s in result.skipped] == [b"c.eml"]


def test_folders(source: Callable, read: Callable) -> None:
    """Folders come with mode and time where the archive has them for certain."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        unix = zipfile.ZipInfo("a/b/")
        unix.create_system = 3
        unix.external_attr = (stat.S_IFDIR | 0o2750) << 16
        unix.extra = struct.pack("<HHBl", 0x5455, 5, 1, 1_700_000_000)
        archive.writestr(unix, b"")
        dos = zipfile.ZipInfo("c/")
        dos.create_system = 0
        archive.writestr(dos, b"")
    assert read(source(stream.getvalue())).folders == [
        FolderInfo(b"a/b", 0o2750, 1_700_000_000 * 10**9),
        FolderInfo(b"c", None, None),
    ]


def test_what_is_no_whole_archive(source: Callable, read: Callable, message: Message) -> None:
    """A truncated archive, and one part of several, are errors of the source."""
    data = zip_of({"a.eml": message()})
    error = read(source(data[:-30])).error
    assert isinstance(error, DamagedSourceError)
    assert "may be cut off" in str(error)
    several = bytearray(data)
    struct.pack_into("<H", several, len(data) - 18, 1)
    assert isinstance(read(source(bytes(several))).error, NotAMailboxError)


def test_a_changing_archive(source: Callable, read_file: Callable, message: Message, tmp_path: Path) -> None:
    """An archive that is written to meanwhile is said to have changed."""
    found = source(zip_of({"a.eml": message()}))
    with pytest.raises(SourceChangedError, match=r"takeout\.zip changed while it was read"):
        for file in found.files():
            read_file(file)
            with (tmp_path / "takeout.zip").open("ab") as archive:
                archive.write(b"more")


def test_members_that_are_not_read(source: Callable, message: Message, tmp_path: Path) -> None:
    """Who does not read members still gets all of them; the source knows kind, path and size."""
    found = source(zip_of({f"{n}.eml": message(n) for n in range(3)}))
    assert [f.info.name for f in found.files()] == [b"0.eml", b"1.eml", b"2.eml"]
    path = tmp_path / "takeout.zip"
    status = path.stat()
    assert (found.info.kind, found.info.path, found.size) == ("zip", os.fsencode(path), status.st_size)
    assert found.stamp == (status.st_size, status.st_mtime_ns)


@pytest.mark.parametrize("method", METHODS)
def test_a_bomb_has_bounded_chunks(source: Callable, method: int) -> None:
    """A member of zeros comes in chunks of the usual size."""
    size = 0 if method == zipfile.ZIP_STORED else 20 << 20
    (file,) = source(zip_of({"a.eml": b"Subject: x\n\n" + bytes(size)}, method)).files()
    lengths = [len(chunk) for region in file.regions() for chunk in region.chunks]
    assert sum(lengths) == size + 12
    assert max(lengths) < 2 << 20
