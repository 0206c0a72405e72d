"""Walking through folders."""

import inspect
import os
import socket
import sys
from pathlib import Path

import pytest

from mailstrata.errors import SourceError, SourceNotFoundError
from mailstrata.message.origin import FolderInfo, SkippedFile
from mailstrata.sources.walk import folder_info, is_maildir, mailbox_kind, walk


def names(root: Path) -> list[tuple[str, bytes]]:
    """What a walk finds but for folders: (kind, name), and `skipped` or `error` for what it passes over."""
    return [(kind, name) for kind, name in everything(root) if kind != "folder"]


def everything(root: Path) -> list[tuple[str, bytes]]:
    """What a walk finds, folders that are walked through as well."""
    found = []
    for item in walk(os.fsencode(root), "root"):
        if isinstance(item, SkippedFile):
            found.append(("error" if item.is_error else "skipped", item.name))
        else:
            assert item.path == os.fsencode(root) + (b"/" + item.name if item.name else b"")
            found.append((item.kind, item.name))
    return found


def test_order_and_hidden_files(tmp_path: Path) -> None:
    """Files come in the order of their whole names as bytes; hidden files and folders do not come at all."""
    for name in ("b/z", "b/a", "a", "b.txt", "b/c/d", ".hidden", ".git/config", "A"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [name for _, name in names(tmp_path)]
    assert found == [b"A", b"a", b"b.txt", b"b/a", b"b/c/d", b"b/z"]
    assert found == sorted(found)


def test_mailbox_folders_are_not_entered(tmp_path: Path) -> None:
    """Maildirs, hidden ones too, and Apple Mail's folders come as a whole."""
    for name in ("Mail/Work/cur", ".maildir/new", ".maildir/tmp", "Old.mbox/Messages", "Other.mbox/x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "Other.mbox/x/note").touch()
    assert names(tmp_path) == [
        ("maildir", b".maildir"),
        ("maildir", b"Mail/Work"),
        ("apple-mail", b"Old.mbox"),
        ("file", b"Other.mbox/x/note"),
    ]
    assert names(tmp_path / "Mail/Work") == [("maildir", b"")]
    inside = walk(os.fsencode(tmp_path / "Other.mbox"), "x", enter_mailboxes=True)
    assert [item.name for item in inside] == [b"", b"x", b"x/note"]


def test_folders_come_before_what_lies_in_them(tmp_path: Path) -> None:
    """Every folder that is walked through comes, empty ones as well, but neither hidden ones nor links to folders."""
    for name in (b"b/empty", b"b \xff/c", b".git/objects", b"a/cur"):
        (tmp_path / os.fsdecode(name)).mkdir(parents=True)
    (tmp_path / "b/z").touch()
    (tmp_path / "link").symlink_to("b")
    assert everything(tmp_path) == [
        ("folder", b""),
        ("maildir", b"a"),
        ("folder", b"b \xff"),
        ("folder", b"b \xff/c"),
        ("folder", b"b"),
        ("folder", b"b/empty"),
        ("file", b"b/z"),
        ("skipped", b"link"),
    ]


def test_what_a_folder_is_like(tmp_path: Path) -> None:
    """Mode and time are those of the folder, through a link as well; of what is none, or gone, there is nothing."""
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o2750)
    os.utime(folder, ns=(1, 10**18 + 7))
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("folder")
    for name in ("folder", "link"):
        assert folder_info(os.fsencode(tmp_path / name), b"x") == FolderInfo(b"x", 0o2750, 10**18 + 7)
    assert folder_info(os.fsencode(tmp_path / "file"), b"x") is None
    assert folder_info(os.fsencode(tmp_path / "gone"), b"x") is None


def test_special_files_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes, sockets, and links to folders or to nowhere are passed over; a link to a file is a file."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "null").symlink_to("/dev/null")
    assert names(tmp_path) == [
        ("skipped", b"fifo"),
        ("file", b"file"),
        ("file", b"link"),
        ("skipped", b"loop"),
        ("skipped", b"nowhere"),
        ("skipped", b"null"),
        ("skipped", b"socket"),
    ]


def test_unreadable_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subfolder that cannot be listed is an error among the files; the first folder is one that is raised."""
    (tmp_path / "a").touch()
    (tmp_path / "b").mkdir()
    scandir = os.scandir

    def forbidding(path: bytes) -> object:
        if path.endswith(b"/b"):
            raise PermissionError(13, "no")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidding)
    assert names(tmp_path) == [("file", b"a"), ("error", b"b")]
    with pytest.raises(SourceError, match="no permission"):
        list(walk(os.fsencode(tmp_path / "b"), "b"))
    with pytest.raises(SourceNotFoundError):
        list(walk(os.fsencode(tmp_path / "c"), "c"))


def test_depth_needs_no_recursion(tmp_path: Path) -> None:
    """Folders inside of each other take no stack frame each."""
    depth = 150
    deepest = tmp_path.joinpath(*["d"] * depth)
    deepest.mkdir(parents=True)
    (deepest / "f").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + depth // 2)
    try:
        found = names(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert found == [("file", b"d/" * depth + b"f")]


def test_what_a_maildir_is(tmp_path: Path) -> None:
    """`cur` makes a Maildir; `new` does with `tmp` beside it, or with names of deliveries in it."""
    (tmp_path / "a/cur").mkdir(parents=True)
    (tmp_path / "b/new").mkdir(parents=True)
    (tmp_path / "c/new").mkdir(parents=True)
    (tmp_path / "c/tmp").mkdir()
    (tmp_path / "d/new").mkdir(parents=True)
    (tmp_path / "d/new/1700000000.M1P2.host").touch()
    (tmp_path / "b/new/notes.txt").touch()
    kinds = {name: is_maildir(os.fsencode(tmp_path / name)) for name in "abcd"}
    assert kinds == {"a": True, "b": False, "c": True, "d": True}


def test_what_an_apple_mailbox_is(tmp_path: Path) -> None:
    """A folder `NAME.mbox` with a file `mbox`, messages, or `UUID/Data` in it; a name alone is not enough."""
    for name in ("a.mbox/UUID/Data/Messages", "b.mbox/notes", "c/Messages", "d.mbox", "e.mbox/f.mbox"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "d.mbox/mbox").touch()
    found = [p.name for p in sorted(tmp_path.iterdir()) if mailbox_kind(os.fsencode(p)) == "apple-mail"]
    assert found == ["a.mbox", "d.mbox", "e.mbox"]
