"""A tar archive as a source."""

import gzip
import io
import lzma
import os
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from mailstrata.errors import DamagedSourceError, SourceChangedError, SourceNotFoundError
from mailstrata.message.origin import FolderInfo
from mailstrata.sources.tar import TarSource

Message = Callable[..., bytes]
COMPRESS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
}


def tar_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(_folder("folder"))
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o600
            member.mtime = 1_700_000_000
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., TarSource]:
    """Makes the source that a tar is which lies on disk."""

    def make(data: bytes, compression: str | None = None) -> TarSource:
        path = tmp_path / "mail.tar"
        path.write_bytes(COMPRESS[compression](data))
        return TarSource(os.fsencode(path), "mail.tar", compression)

    return make


@pytest.mark.parametrize("compression", COMPRESS)
def test_every_kind_of_member(
    source: Callable, read: Callable, message: Message, mbox: Callable, compression: str | None
) -> None:
    """Mboxes, messages, .emlx and files of Maildirs, each possibly compressed, are the files of the source."""
    files = {
        "./Mail/Inbox.mbox": mbox(2),
        "Mail/Old.mbox.gz": gzip.compress(mbox(3)),
        "Maildir/cur/1.2.host:2,SF": message(1),
        "Maildir/.Work.2024/new/2.2.host": b"no header",
        "Maildir/tmp/3.2.host": message(3),
        "letters/a.eml": message(4),
        "letters/b": message(5),
        "Messages/7.emlx": b"%d\n%s<plist/>" % (len(message(7)), message(7)),
        "letters/picture.png": b"\x89PNG\r\n\x1a\n",
        "letters/.DS_Store": b"\0",
        "inner.tar": tar_of({"x.eml": message()}),
        "inner.tar.gz": gzip.compress(tar_of({"x.eml": message()})),
    }
    result = read(source(tar_of(files), compression))
    assert result.error is None
    assert [(f.info.name.decode(), f.info.folder, f.info.flags, f.data) for f in result.files] == [
        ("./Mail/Inbox.mbox", "Inbox", "", mbox(2)),
        ("Mail/Old.mbox.gz", "Old", "", mbox(3)),
        ("Maildir/cur/1.2.host:2,SF", "INBOX", "FS", message(1)),
        ("Maildir/.Work.2024/new/2.2.host", "Work/2024", "", b"no header"),
        ("letters/a.eml", "letters", "", message(4)),
        ("letters/b", "letters", "", message(5)),
        ("Messages/7.emlx", "Messages", "", files["Messages/7.emlx"]),
    ]
    assert result.files[1].info.compression == "gzip"
    assert result.files[0].info.quoting == "mboxrd"
    assert [kind for kind, _ in result.files[6].regions] == ["gap", "message", "gap"]
    info = result.files[0].info
    assert (info.size, info.mode, info.mtime_ns) == (len(mbox(2)), 0o600, 1_700_000_000 * 10**9)
    assert {s.name.decode(): s.is_error for s in result.skipped} == {
        "Maildir/tmp/3.2.host": False,
        "letters/picture.png": False,
        "letters/.DS_Store": False,
        "inner.tar": False,
        "inner.tar.gz": False,
    }


def test_hostile_names(source: Callable, read: Callable, message: Message, tmp_path: Path) -> None:
    """Names that point elsewhere are kept as they are, and nothing is opened or made by them."""
    names = [
        "/etc/passwd",
        "../../outside.eml",
        "a/../../b.eml",
        "C:\\x.eml",
        "new\nline.eml",
        "\x1b[2J.eml",
        "x" * 300,
    ]
    before = sorted(tmp_path.iterdir())
    result = read(source(tar_of({name: message(n) for n, name in enumerate(names)})))
    assert result.names == [name.encode() for name in names]
    assert [f.data for f in result.files] == [message(n) for n in range(len(names))]
    assert sorted(tmp_path.iterdir()) == [*before, tmp_path / "mail.tar"]


def test_links_and_devices(source: Callable, read: Callable, message: Message) -> None:
    """Links and devices are passed over, with a reason."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in (("link.eml", tarfile.SYMTYPE), ("hard.eml", tarfile.LNKTYPE), ("null", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/passwd"
            archive.addfile(member)
    result = read(source(stream.getvalue()))
    assert result.files == []
    assert [s.name for s in result.skipped] == [b"link.eml", b"hard.eml", b"null"]


@pytest.mark.parametrize("compression", COMPRESS)
def test_cut_off(source: Callable, read: Callable, message: Message, tmp_path: Path, compression: str | None) -> None:
    """A truncated archive gives all it holds; then the member and the source say that they end too early."""
    body = b"".join(b"%d\n" % random.Random(1).getrandbits(200) for _ in range(1))
    words = random.Random(2)
    body = b"".join(b"%d\n" % words.getrandbits(200) for _ in range(20_000))
    data = tar_of({"a.eml": message(1), "b.eml": message(2, body), "c.eml": message(3)})
    found = source(data, compression)
    path = tmp_path / "mail.tar"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = read(found)
    first, second = result.files
    assert first.data == message(1)
    assert second.error is not None
    assert second.error.offset == len(second.data) > 0
    assert message(2, body).startswith(second.data)
    assert isinstance(result.error, DamagedSourceError)


def test_damage_inside_a_member(source: Callable, read: Callable, message: Message, mbox: Callable) -> None:
    """A member with damaged compression is an error by itself; the members after it are read."""
    packed = gzip.compress(mbox(3))
    files = {"a.mbox.gz": packed[:-10], "b.mbox.gz": packed[:5], "c.eml": message()}
    result = read(source(tar_of(files)))
    assert result.names == [b"a.mbox.gz", b"c.eml"]
    assert isinstance(result.files[0].error, DamagedSourceError)
    assert mbox(3).startswith(result.files[0].data)
    (skipped,) = result.skipped
    assert (skipped.name, skipped.is_error) == (b"b.mbox.gz", True)
    assert skipped.reason.startswith("ends too early: its gzip data are cut off")
    assert result.error is None


def test_folders(source: Callable, read: Callable) -> None:
    """Folders come as they stand in the archive, however often, without the slash at their ends."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, mode in (("./", 0o755), ("./a/", 0o2700), ("caf\udce9", 0), ("./a", 0o711)):
            member = _folder(name)
            member.mode, member.mtime = mode, 5
            archive.addfile(member)
    assert read(source(stream.getvalue())).folders == [
        FolderInfo(b".", 0o755, 5 * 10**9),
        FolderInfo(b"./a", 0o2700, 5 * 10**9),
        FolderInfo(b"caf\xe9", 0, 5 * 10**9),
        FolderInfo(b"./a", 0o711, 5 * 10**9),
    ]


def test_members_that_are_not_read(source: Callable, message: Message) -> None:
    """Who does not read a member, or not to its end, still gets the ones after it."""
    found = source(tar_of({f"{n}.eml": message(n, b"x" * 3_000_000) for n in range(3)}))
    names = []
    for file in found.files():
        if isinstance(file, FolderInfo):
            continue
        names.append(file.info.name)
        if len(names) == 2:
            next(next(file.regions()).chunks)
    assert names == [b"0.eml", b"1.eml", b"2.eml"]


def test_it_closes_when_left_early(source: Callable, message: Message) -> None:
    """Leaving the files early closes the archive (see the fixture that counts open files)."""
    files = source(tar_of({"a.eml": message(), "b.eml": message()})).files()
    next(files)
    files.close()


@pytest.mark.parametrize("compression", COMPRESS)
def test_an_archive_that_changes(source: Callable, message: Message, tmp_path: Path, compression: str | None) -> None:
    """An archive that is written to meanwhile is said to have changed, whatever else is wrong with it then."""
    noise = random.Random(1).randbytes(3 << 20)
    found = source(tar_of({"a.eml": message(), "b.eml": message(body=noise)}), compression)
    files = found.files()
    next(files)
    with (tmp_path / "mail.tar").open("r+b") as archive:
        archive.truncate(archive.seek(0, 2) - 5)
    with pytest.raises(SourceChangedError, match=r"mail\.tar changed while it was read"):
        list(files)


def test_the_source_itself(source: Callable, tmp_path: Path) -> None:
    """It knows its kind, path and size; when it is gone, that is an error."""
    found = source(tar_of({}))
    path = tmp_path / "mail.tar"
    status = path.stat()
    assert (found.info.kind, found.info.path, found.size) == ("tar", os.fsencode(path), status.st_size)
    assert found.stamp == (status.st_size, status.st_mtime_ns)
    path.unlink()
    with pytest.raises(SourceNotFoundError):
        list(found.files())
