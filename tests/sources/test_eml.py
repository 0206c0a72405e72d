"""One message in a file, and trees of loose messages."""

import bz2
import os
from collections.abc import Callable
from pathlib import Path

from mailstrata.message.origin import FolderInfo
from mailstrata.sources.eml import EmlSource, EmlTreeSource

Message = Callable[..., bytes]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0"


def test_one_message(tmp_path: Path, read: Callable, message: Message) -> None:
    """One .eml is one message, with what the file system says of it."""
    path = tmp_path / "a.eml"
    path.write_bytes(message())
    path.chmod(0o640)
    source = EmlSource(os.fsencode(path), "a.eml")
    assert (source.info.kind, source.info.path, source.size) == ("eml", os.fsencode(path), len(message()))
    (found,) = read(source).files
    assert found.regions == [("message", message())]
    assert (found.info.name, found.info.mode, found.info.mtime_ns) == (b"", 0o640, path.stat().st_mtime_ns)


def test_a_from_line_stays_in_the_message(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """An .eml is one message, even where it begins with a `From ` line."""
    path = tmp_path / "a.eml"
    path.write_bytes(mbox(1))
    (found,) = read(EmlSource(os.fsencode(path), "a.eml")).files
    assert found.regions == [("message", mbox(1))]
    assert found.info.quoting is None


def test_the_folders_of_a_tree(tmp_path: Path, read: Callable, message: Message) -> None:
    """All that are walked through come, with mode and time; a Maildir among them is a source of its own."""
    for name in ("a/empty", "Maildir/cur", ".hidden"):
        (tmp_path / "tree" / name).mkdir(parents=True)
    (tmp_path / "tree/a/1.eml").write_bytes(message())
    (tmp_path / "tree/a").chmod(0o751)
    os.utime(tmp_path / "tree/a", ns=(1, 10**18 + 3))
    found = read(EmlTreeSource(os.fsencode(tmp_path / "tree"), "tree")).folders
    assert [folder.name for folder in found] == [b"", b"a", b"a/empty"]
    assert found[1] == FolderInfo(b"a", 0o751, 10**18 + 3)


def test_a_tree(tmp_path: Path, read: Callable, message: Message, mbox: Callable) -> None:
    """All loose messages come in the order of their names, whatever they are called; the rest is named or left out."""
    files = {
        "1": message(1),
        "a/b/2.eml": message(2),
        "a/3.eml.bz2": bz2.compress(message(3)),
        "a/4.emlx": b"%d\n%s<plist/>" % (len(message(4)), message(4)),
        "a/5.txt": mbox(1),
        "a/picture.png": PNG,
        "b.mbox": mbox(3),
        "c.txt": mbox(2),
        "empty": b"",
        "empty.eml": b"",
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "M/cur").mkdir(parents=True)
    (tmp_path / "M/cur/1").write_bytes(message(9))
    result = read(EmlTreeSource(os.fsencode(tmp_path), "tree"))
    assert [(f.info.name, f.info.folder) for f in result.files] == [
        (b"1", ""),
        (b"a/3.eml.bz2", "a"),
        (b"a/4.emlx", "a"),
        (b"a/5.txt", "a"),
        (b"a/b/2.eml", "a/b"),
        (b"empty.eml", ""),
    ]
    assert [[kind for kind, _ in f.regions] for f in result.files] == [
        ["message"],
        ["message"],
        ["gap", "message", "gap"],
        ["mbox"],
        ["message"],
        ["message"],
    ]
    assert result.files[3].info.quoting == "mboxrd"
    assert result.files[1].info.compression == "bzip2"
    assert result.files[1].data == message(3)
    assert [(s.name, s.reason, s.is_error) for s in result.skipped] == [
        (b"a/picture.png", "a PNG image", False),
        (b"empty", "empty", False),
    ]


def test_named_as_mail_but_none(tmp_path: Path, read: Callable) -> None:
    """What is called .eml or .mbox and is none ought to have been read: an error."""
    (tmp_path / "a.eml").write_bytes(PNG)
    (tmp_path / "b.mbox").write_bytes(b"nothing")
    result = read(EmlTreeSource(os.fsencode(tmp_path), "tree"))
    assert [(s.name, s.is_error) for s in result.skipped] == [(b"a.eml", True), (b"b.mbox", True)]


def test_unreadable_files(tmp_path: Path, read: Callable, message: Message) -> None:
    """A damaged file among the messages is an error that names it, and the others are read."""
    (tmp_path / "a.eml").write_bytes(message())
    (tmp_path / "b.eml.gz").write_bytes(b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 20)
    result = read(EmlTreeSource(os.fsencode(tmp_path), "tree"))
    assert result.names == [b"a.eml"]
    (skipped,) = result.skipped
    assert skipped.is_error
    assert skipped.reason.startswith("is damaged: its gzip data are corrupt")
