"""One mbox as a source."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailstrata.errors import DamagedSourceError, NotAMailboxError, SourceChangedError, SourceNotFoundError
from mailstrata.message.origin import SourceFile
from mailstrata.sources.mbox import MboxSource, mailbox_folder

FROM_LINE = b"From ada@example.org Mon Mar  3 10:00:00 2025\n"
BODY = b"Text\n\n" + FROM_LINE + b"and more\n"
WITH_LENGTH = FROM_LINE + b"Subject: x\nContent-Length: %d\n\n%s\n" % (len(BODY), BODY)


def source(path: Path, **options: str) -> MboxSource:
    return MboxSource(os.fsencode(path), path.name, **options)


def the_file(source: MboxSource) -> SourceFile:
    (file,) = source.files()
    return file


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_an_mbox(tmp_path: Path, read: Callable, mbox: Callable, compression: str | None) -> None:
    """An mbox is one file with one region, which is the (decompressed) file."""
    path = tmp_path / ("inbox.mbox.gz" if compression else "inbox.mbox")
    path.write_bytes(gzip.compress(mbox(3)) if compression else mbox(3))
    found = source(path)
    assert (found.info.kind, found.info.label, found.info.path) == ("mbox", path.name, os.fsencode(path))
    assert found.size == path.stat().st_size
    assert found.stamp == (found.size, path.stat().st_mtime_ns)
    result = read(found)
    assert result.files[0].regions == [("mbox", mbox(3))]
    info = result.files[0].info
    assert (info.name, info.folder, info.quoting, info.compression) == (b"", "inbox", "mboxrd", compression)
    assert (info.size, info.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)


def test_an_empty_mbox(tmp_path: Path, read: Callable) -> None:
    """An empty mbox is one without messages."""
    (tmp_path / "x.mbox").touch()
    assert read(source(tmp_path / "x.mbox")).files[0].regions == [("mbox", b"")]


def test_a_truncated_mbox(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """Of a truncated gzip file everything before the end is delivered, then the error says how much that is."""
    data = mbox(5000)
    path = tmp_path / "x.mbox.gz"
    path.write_bytes(gzip.compress(data)[:-1000])
    (found,) = read(source(path)).files
    assert isinstance(found.error, DamagedSourceError)
    assert found.error.offset is not None
    assert data[: found.error.offset].startswith(found.data)


def test_the_variant(tmp_path: Path) -> None:
    """The variant is detected, unless the user says it."""
    path = tmp_path / "x"
    path.write_bytes(WITH_LENGTH * 2)
    assert the_file(source(path)).info.quoting == "mboxcl2"
    assert the_file(source(path, variant="mboxo")).info.quoting == "mboxo"


def test_length_check(tmp_path: Path, mbox: Callable) -> None:
    """Where Content-Length fields stand, the open file tells where a message begins; nothing is held open for it."""
    path = tmp_path / "x"
    path.write_bytes(WITH_LENGTH * 2)
    file = the_file(source(path))
    check = file.length_check
    assert check is not None
    assert not check(len(WITH_LENGTH))  # not open: it cannot be told
    regions = file.regions()
    (region,) = [next(regions)]
    next(region.chunks)
    assert check(len(WITH_LENGTH))
    assert check(len(WITH_LENGTH) - 1)
    assert check(2 * len(WITH_LENGTH) - 1)
    assert check(2 * len(WITH_LENGTH))
    assert not check(2 * len(WITH_LENGTH) + 1)
    assert not check(10**18)
    assert not check(5)
    regions.close()
    with path.open("rb"):  # most likely under the same descriptor
        assert not check(len(WITH_LENGTH))


def test_no_length_check(tmp_path: Path, mbox: Callable) -> None:
    """There is none for a variant without lengths, for a mailbox that has no such fields, or a compressed one."""
    path = tmp_path / "x"
    path.write_bytes(WITH_LENGTH * 2)
    assert the_file(source(path, variant="mboxrd")).length_check is None
    assert the_file(source(path, variant="mboxcl")).length_check is not None
    path.write_bytes(gzip.compress(WITH_LENGTH * 2))
    assert the_file(source(path)).length_check is None
    path.write_bytes(mbox(2))
    assert the_file(source(path)).length_check is None


def test_a_mailbox_that_gets_mail_meanwhile(tmp_path: Path, read_file: Callable, mbox: Callable) -> None:
    """A delivery during the reading is left for the next one, and noticed when what was there has been read."""
    path = tmp_path / "x.mbox"
    path.write_bytes(mbox(2))
    file = the_file(source(path))
    regions = file.regions()
    chunks = next(regions).chunks
    data = next(chunks)
    with path.open("ab") as delivery:
        delivery.write(mbox(1))
    with pytest.raises(SourceChangedError, match="changed while it was read") as caught:
        for chunk in chunks:
            data += chunk
    regions.close()
    assert data == mbox(2)
    assert caught.value.offset == len(data)


def test_what_happened_since_it_was_found(tmp_path: Path) -> None:
    """A file that is gone, or no mailbox any more, when its turn comes is an error of the source."""
    path = tmp_path / "x.mbox"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(NotAMailboxError, match=r"x\.mbox is a PNG image, not a mailbox"):
        list(source(path).files())
    path.unlink()
    with pytest.raises(SourceNotFoundError):
        list(source(path).files())
    assert source(path).size is None


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        (b"Takeout/Mail/Inbox.mbox", "Inbox"),
        (b"Takeout/Mail/Gesendet.mbox.gz", "Gesendet"),
        (b"/home/a/INBOX", "INBOX"),
        (b"Archives.sbd/2024.sbd/Q1", "Archives/2024/Q1"),
        (b"mbox", "mbox"),
        (b"Export.mbox/mbox", "Export"),
        (b".mbox", ".mbox"),
        (b"2014-August.txt.gz", "2014-August.txt"),
        (b"list.mboxrd", "list"),
        (b"\xff.mbox", "\ufffd"),
    ],
)
def test_mailbox_folder(name: bytes, folder: str) -> None:
    """The folder is the name without its suffixes, with Thunderbird's folders around it."""
    assert mailbox_folder(name) == folder
