"""From what a user names to sources."""

import bz2
import errno
import gzip
import io
import lzma
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from mailstrata.errors import (
    DamagedSourceError,
    NotAMailboxError,
    SourceError,
    SourceNotFoundError,
    UsageError,
)
from mailstrata.message.origin import Failure, Source
from mailstrata.sources.discover import find_sources

Message = Callable[..., bytes]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def tar_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def failure(path: object) -> Failure:
    """The one failure that a path leads to."""
    (found,) = find_sources([path])
    assert isinstance(found, Failure), found
    assert "\n" not in str(found.error)
    return found


def source(path: object) -> Source:
    """The one source that a path leads to."""
    (found,) = find_sources([path])
    assert not isinstance(found, Failure), found.error
    return found


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_every_kind_in_every_compression(
    tmp_path: Path, read: Callable, message: Message, mbox: Callable, suffix: str
) -> None:
    """An mbox, a message, an .emlx and a tar, named by themselves, are read, plain or compressed."""
    emlx = b"%d\n%s<plist/>" % (len(message()), message())
    files = {
        "inbox": (mbox(3), "mbox", [("mbox", mbox(3))]),
        "a.eml": (message(), "eml", [("message", message())]),
        "no name": (message(), "eml", [("message", message())]),
        "7.emlx": (emlx, "eml", [("gap", b"%d\n" % len(message())), ("message", message()), ("gap", b"<plist/>")]),
        "mail.tar": (tar_of({"a.eml": message()}), "tar", [("message", message())]),
    }
    for name, (data, kind, regions) in files.items():
        path = tmp_path / (name + suffix)
        path.write_bytes(COMPRESS[suffix](data))
        found = source(path)
        assert found.info.kind == kind
        assert (found.info.label, found.info.path) == (str(path), os.fsencode(path))
        assert found.size == path.stat().st_size
        result = read(found)
        assert [file.regions for file in result.files] == [regions]
        assert result.error is None
        if kind != "tar":
            assert (result.files[0].info.compression is None) == (suffix == "")


def test_words_of_every_type(tmp_path: Path, mbox: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word is text, bytes or a path; the label is what was written, the path absolute."""
    (tmp_path / "in").write_bytes(mbox(1))
    (tmp_path / "in").rename(tmp_path / "in\udcff")
    monkeypatch.chdir(tmp_path)
    for word in (b"in\xff", "in\udcff", Path("in\udcff")):
        found = source(word)
        assert found.info.label == "in\ufffd"
        assert found.info.path == os.fsencode(tmp_path) + b"/in\xff"
    with pytest.raises(UsageError, match="list of paths"):
        list(find_sources("in"))


def test_a_zip(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """A zip is a source; inside of a gzip file it is none."""
    write(tmp_path, {"a.zip": zip_of({"Inbox.mbox": mbox(2)}), "a.zip.gz": gzip.compress(zip_of({}))})
    assert read(source(tmp_path / "a.zip")).files[0].data == mbox(2)
    assert "decompress it first" in str(failure(tmp_path / "a.zip.gz").error)


def test_mailbox_folders(tmp_path: Path, read: Callable, message: Message, mbox: Callable) -> None:
    """A Maildir and a folder of Apple Mail are one source each, with a slash at the end or without."""
    write(tmp_path, {"M/cur/1.a:2,S": message(), "Old.mbox/mbox": mbox(2)})
    for end in ("", "/"):
        found = source(f"{tmp_path}/M{end}")
        assert (found.info.kind, found.info.path) == ("maildir", os.fsencode(tmp_path / "M"))
        assert [f.info.folder for f in read(found).files] == ["INBOX"]
        found = source(f"{tmp_path}/Old.mbox{end}")
        assert (found.info.kind, found.info.path) == ("apple-mail", os.fsencode(tmp_path / "Old.mbox"))
        assert [f.info.folder for f in read(found).files] == ["Old"]


def test_a_folder_of_everything(tmp_path: Path, read: Callable, message: Message, mbox: Callable) -> None:
    """Mailboxes in a folder are a source each, in the order of their names; loose messages are one, the last."""
    write(
        tmp_path,
        {
            "1.eml": message(1),
            "letters/2": message(2),
            "letters/3.txt": mbox(1),
            "letters/2011-May.txt": mbox(2),
            "Mail/INBOX/cur/1.a:2,S": message(),
            "Mail/Sent/new/1.a": message(),
            "Mail/Sent/cur/2.a:2,": message(),
            "Maildir/cur/1.a": message(),
            "Old.mbox/mbox": mbox(2),
            "Takeout.zip": zip_of({"Inbox.mbox": mbox(2)}),
            "backup.tar.gz": gzip.compress(tar_of({"a.eml": message()})),
            "inbox": mbox(5),
            "empty.mbox": b"",
            "one.mbox": mbox(1),
            "list.mbox.xz": lzma.compress(mbox(2)),
            "picture.png": PNG,
            "notes.txt": b"Buy milk\n",
            "report.docx": zip_of({"[Content_Types].xml": b""}),
            ".DS_Store": b"\0",
            ".git/config": message(),
        },
    )
    os.mkfifo(tmp_path / "fifo")
    found = list(find_sources([tmp_path]))
    assert all(not isinstance(item, Failure) for item in found)
    prefix = f"{tmp_path}/"
    assert [(item.info.kind, item.info.label.removeprefix(prefix)) for item in found] == [
        ("maildir", "Mail/INBOX"),
        ("maildir", "Mail/Sent"),
        ("maildir", "Maildir"),
        ("apple-mail", "Old.mbox"),
        ("zip", "Takeout.zip"),
        ("tar", "backup.tar.gz"),
        ("mbox", "empty.mbox"),
        ("mbox", "inbox"),
        ("mbox", "letters/2011-May.txt"),
        ("mbox", "list.mbox.xz"),
        ("mbox", "one.mbox"),
        ("eml-tree", str(tmp_path)),
    ]
    results = [read(item) for item in found]
    assert all(result.error is None for result in results)
    assert all(file.error is None for result in results for file in result.files)
    assert results[-1].names == [b"1.eml", b"letters/2", b"letters/3.txt"]
    assert [file.regions[0][0] for file in results[-1].files] == ["message", "message", "mbox"]
    assert [s.name for s in results[-1].skipped] == [b"fifo", b"notes.txt", b"picture.png", b"report.docx"]
    assert not any(s.is_error for s in results[-1].skipped)
    folders = [file.info.folder for result in results[:3] for file in result.files]
    assert folders == ["Mail/INBOX", "Mail/Sent", "Mail/Sent", "INBOX"]


def test_it_is_lazy(tmp_path: Path, mbox: Callable) -> None:
    """A source comes before the folder has been walked to its end."""
    write(tmp_path, {"a.mbox": mbox(1), "b/c.mbox": mbox(1)})
    found = find_sources([tmp_path, tmp_path / "missing"])
    assert next(found).info.label.endswith("a.mbox")
    (tmp_path / "b/c.mbox").unlink()
    assert [type(item) for item in found] == [Failure]


def test_missing_files(tmp_path: Path) -> None:
    """What is not there is a failure; other words are done nevertheless."""
    found = failure(tmp_path / "missing.mbox")
    assert isinstance(found.error, SourceNotFoundError)
    assert found.label == str(tmp_path / "missing.mbox")
    assert str(found.error).startswith(found.label)
    assert isinstance(failure("a\0b").error, SourceNotFoundError)
    assert isinstance(failure("").error, SourceNotFoundError)
    (tmp_path / "x.mbox").touch()
    kinds = [type(item).__name__ for item in find_sources([tmp_path / "missing", tmp_path / "x.mbox"])]
    assert kinds == ["Failure", "MboxSource"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("photo.mbox", PNG, "photo.mbox is a PNG image, not a mailbox; name an mbox"),
        ("photo.eml", PNG, "is a PNG image, not a mailbox"),
        ("mail.pst", b"!BDN", "is an Outlook data file (PST or OST), not a mailbox; convert it"),
        ("mail.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "export it as mbox or .eml files"),
        ("notes.txt", b"Buy milk\n", "is a text that begins with neither header fields nor a From line"),
        ("data", b"\0\1\2", "is binary data, not a mailbox"),
        ("empty", b"", "is empty, not a mailbox"),
        ("a.gz", gzip.compress(PNG, mtime=0), "is a PNG image inside a gzip file"),
        (
            "a.gz.gz",
            gzip.compress(gzip.compress(b"x", mtime=0), mtime=0),
            "is a gzip file inside a gzip file, not a mailbox; decompress",
        ),
    ],
)
def test_what_is_no_mail(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """What was named and holds no mail is a failure that says what it is and what to do."""
    (tmp_path / name).write_bytes(data)
    found = failure(tmp_path / name)
    assert isinstance(found.error, NotAMailboxError)
    assert words in str(found.error)


def test_empty_mailboxes(tmp_path: Path, read: Callable) -> None:
    """An empty file that is called mbox is an empty mailbox, an empty .eml an empty message; compressed ones, too."""
    cases = {"a.mbox": b"", "mbox": b"", "b.eml": b"", "c.mbox.gz": gzip.compress(b"")}
    write(tmp_path, cases)
    assert [read(source(tmp_path / name)).files[0].regions for name in cases] == [
        [("mbox", b"")],
        [("mbox", b"")],
        [("message", b"")],
        [("mbox", b"")],
    ]


def test_mailboxes_whose_beginning_was_lost(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """Where `From ` lines follow, text or half a message at the start does not keep a named file from being an mbox."""
    write(
        tmp_path,
        {
            "a.mbox": b"Subject: half a message\n\ntext\n\n" + mbox(2),
            "b": b"some junk\n\n" + mbox(2),
            "c.mbox": b"Subject: a message\n\n",
        },
    )
    assert [read(source(tmp_path / name)).files[0].regions[0][0] for name in ("a.mbox", "b", "c.mbox")] == [
        "mbox",
        "mbox",
        "message",
    ]
    assert [item.info.kind for item in find_sources([tmp_path])] == ["mbox", "eml-tree"]


def test_damaged_files(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """A truncated gzip file is a source up to where it ends; damaged from the start, it is a failure."""
    packed = gzip.compress(mbox(2000))
    write(tmp_path, {"a.mbox.gz": packed[:-100], "b.mbox.gz": packed[:10] + b"\xff" * 10})
    (found,) = read(source(tmp_path / "a.mbox.gz")).files
    assert isinstance(found.error, DamagedSourceError)
    assert len(found.data) == found.error.offset > 0
    assert isinstance(failure(tmp_path / "b.mbox.gz").error, DamagedSourceError)


def test_a_damaged_file_beside_mail_is_named(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """A file below a folder that is damaged from the start is an error, also where nothing else is loose."""
    write(tmp_path, {"a.mbox": mbox(1), "b.mbox.gz": gzip.compress(mbox(1))[:10] + b"\xff" * 10})
    _, tree = find_sources([tmp_path])
    (skipped,) = read(tree).skipped
    assert (skipped.name, skipped.is_error) == (b"b.mbox.gz", True)


def test_folders_without_mail(tmp_path: Path) -> None:
    """A folder in which nothing is mail is a failure; an Outlook file in it is named."""
    assert isinstance(failure(tmp_path).error, NotAMailboxError)
    write(tmp_path, {"a.png": PNG, "b/c.txt": b"text"})
    assert "a folder without mail" in str(failure(tmp_path).error)
    write(tmp_path, {"b/old.pst": b"!BDN"})
    assert "b/old.pst is an Outlook data file" in str(failure(tmp_path).error)


def test_outlook_files_beside_mail_are_named(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """An Outlook file among mailboxes is not passed over in silence."""
    write(tmp_path, {"a.mbox": mbox(1), "old.pst": b"!BDN"})
    _, tree = find_sources([tmp_path])
    (skipped,) = read(tree).skipped
    assert (skipped.name, skipped.reason) == (b"old.pst", "an Outlook data file (PST or OST)")


def test_unreadable_things(tmp_path: Path, read: Callable, mbox: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named file or folder without permission is a failure; below a folder it is an error of the tree."""
    write(tmp_path, {"a.mbox": mbox(1), "b.mbox": mbox(1), "locked/c.mbox": mbox(1)})
    opened, scandir = os.open, os.scandir

    def forbidding_open(path: bytes, *rest: int) -> int:
        if os.fsencode(path).endswith(b"b.mbox"):
            raise PermissionError(errno.EACCES, "no")
        return opened(path, *rest)

    def forbidding(path: bytes) -> object:
        if os.fsencode(path).endswith(b"locked"):
            raise PermissionError(errno.EACCES, "no")
        return scandir(path)

    monkeypatch.setattr(os, "open", forbidding_open)
    monkeypatch.setattr(os, "scandir", forbidding)
    assert "no permission to read it" in str(failure(tmp_path / "b.mbox").error)
    assert "no permission to read it" in str(failure(tmp_path / "locked").error)
    found = list(find_sources([tmp_path]))
    assert [item.info.kind for item in found] == ["mbox", "eml-tree"]
    result = read(found[1])
    assert [(s.name, s.is_error) for s in result.skipped] == [(b"b.mbox", True), (b"locked", True)]
    assert result.files == []


def test_a_folder_in_place_of_a_file(tmp_path: Path, message: Message, read: Callable) -> None:
    """A folder that is named like a message is walked like any other."""
    write(tmp_path, {"a.eml/b": message()})
    assert read(source(tmp_path)).names == [b"a.eml/b"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, read: Callable, mbox: Callable) -> None:
    """`-` is standard input, and takes the variant that the user says."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mbox(2))))
    (found,) = find_sources(["-"], mbox_variant="mboxcl2")
    result = read(found)
    assert (result.files[0].data, result.files[0].info.quoting) == (mbox(2), "mboxcl2")


def test_a_named_pipe(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """A named pipe, as a shell's `<(...)` makes one, is read as a stream."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(gzip.compress(mbox(3))))
    writer.start()
    found = source(path)
    result = read(found)
    writer.join()
    assert (found.info.kind, found.info.path) == ("stdin", os.fsencode(path))
    assert result.files[0].data == mbox(3)


def test_the_variant_reaches_every_mbox(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """What the user says of mboxes holds in archives, folders of Apple Mail and loose files."""
    write(
        tmp_path,
        {
            "a.mbox": mbox(2),
            "b.tar": tar_of({"x": mbox(2)}),
            "c.zip": zip_of({"x": mbox(2)}),
            "D.mbox/mbox": mbox(2),
            "e": mbox(1),
        },
    )
    found = list(find_sources([tmp_path], mbox_variant="mboxo"))
    assert [file.info.quoting for item in found for file in read(item).files] == ["mboxo"] * 5


def test_a_folder_that_fails_while_it_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that has gone between being named and being listed is a failure."""

    def gone(_: bytes) -> object:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", gone)
    found = failure(tmp_path)
    assert isinstance(found.error, SourceError)
    assert "Input/output error" in str(found.error)
