"""Maildirs: folders, flags, and mail programs that rename files meanwhile."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailstrata.message.origin import FolderInfo, SkippedFile
from mailstrata.sources.maildir import MaildirSource, flags_of, unique_name

Message = Callable[..., bytes]


@pytest.fixture
def maildir(tmp_path: Path, message: Message) -> Path:
    """A Maildir++ with subfolders."""
    files = {
        "cur/1.a.host:2,SF": 1,
        "cur/2.a.host!2,": 2,
        "new/3.a.host": 3,
        "tmp/4.a.host": 4,
        ".Work.2024/cur/5.a.host;2,RS": 5,
        ".Work.2024/new/6.a.host": 6,
        ".Entw&APw-rfe/cur/7.a.host:2,D": 7,
        "Lists/deep/cur/8.a.host:2,S": 8,
    }
    for name, number in files.items():
        path = tmp_path / "Maildir" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(message(number))
    return tmp_path / "Maildir"


def source(path: Path) -> MaildirSource:
    return MaildirSource(os.fsencode(path), "Maildir")


def test_folders_and_flags(maildir: Path, read: Callable, message: Message) -> None:
    """All of `cur` and `new`, of all folders, in the order of their names, with folder and flags; not `tmp`."""
    result = read(source(maildir))
    assert [(f.info.name, f.info.folder, f.info.flags) for f in result.files] == [
        (b".Entw&APw-rfe/cur/7.a.host:2,D", "Entwürfe", "D"),
        (b".Work.2024/cur/5.a.host;2,RS", "Work/2024", "RS"),
        (b".Work.2024/new/6.a.host", "Work/2024", ""),
        (b"Lists/deep/cur/8.a.host:2,S", "Lists/deep", "S"),
        (b"cur/1.a.host:2,SF", "INBOX", "FS"),
        (b"cur/2.a.host!2,", "INBOX", ""),
        (b"new/3.a.host", "INBOX", ""),
    ]
    assert result.names == sorted(result.names)
    assert [f.data for f in result.files] == [message(n) for n in (7, 5, 6, 8, 1, 2, 3)]
    assert all([kind for kind, _ in f.regions] == ["message"] for f in result.files)
    assert result.skipped == []
    info = result.files[4].info
    status = (maildir / "cur/1.a.host:2,SF").stat()
    assert (info.size, info.mtime_ns, info.mode) == (status.st_size, status.st_mtime_ns, status.st_mode & 0o7777)


def test_a_folder_of_its_own_name(maildir: Path, read: Callable) -> None:
    """A Maildir that is one of several is called by its name, and its subfolders lie in it."""
    result = read(MaildirSource(os.fsencode(maildir), "x", top="alice"))
    assert {f.info.folder for f in result.files} == {"alice", "alice/Entwürfe", "alice/Work/2024", "alice/Lists/deep"}


def test_what_servers_keep_is_ignored(maildir: Path, read: Callable) -> None:
    """Indexes of mail servers are ignored; any other file beside the folders is named as passed over."""
    for name in (
        "dovecot-uidlist",
        "dovecot.index.log",
        "maildirfolder",
        "maildirsize",
        "subscriptions",
        ".uidvalidity",
    ):
        (maildir / name).touch()
    for name in ("courierimapkeywords/1.a", ".notmuch/xapian", "cur/.hidden"):
        (maildir / name).parent.mkdir(exist_ok=True)
        (maildir / name).touch()
    (maildir / "old.mbox").touch()
    (maildir / "cur/folder").mkdir()
    (maildir / "elsewhere").symlink_to("/tmp")
    result = read(source(maildir))
    assert len(result.files) == 7
    assert [(skipped.name, skipped.is_error) for skipped in result.skipped] == [
        (b"elsewhere", False),
        (b"old.mbox", False),
    ]


def test_compressed_messages(maildir: Path, read: Callable, message: Message) -> None:
    """Messages that the server has compressed (Dovecot's zlib plugin) are decompressed."""
    path = maildir / "cur/1.a.host:2,SF"
    path.write_bytes(gzip.compress(message(1)))
    found = read(source(maildir)).files[4]
    assert found.info.compression == "gzip"
    assert found.data == message(1)


def test_anything_in_cur_is_a_message(maildir: Path, read: Callable) -> None:
    """Content never keeps a file of a Maildir from being read, and an empty one is an empty message."""
    (maildir / "cur/1.a.host:2,SF").write_bytes(b"\x89PNG\r\n\x1a\n")
    (maildir / "cur/2.a.host!2,").write_bytes(b"")
    files = read(source(maildir)).files
    assert files[4].regions == [("message", b"\x89PNG\r\n\x1a\n")]
    assert files[5].regions == [("message", b"")]


def test_folders_come_before_what_lies_in_them(maildir: Path, read: Callable) -> None:
    """The Maildir itself, its parts and those of its subfolders, `tmp` and empty ones as well, with mode and time; what
    belongs to the server does not."""
    (maildir / ".Entw&APw-rfe/tmp").mkdir(mode=0o700)
    (maildir / "empty").mkdir()
    (maildir / ".dovecot").mkdir()
    maildir.chmod(0o2750)
    os.utime(maildir, ns=(1, 10**18 + 1))
    found = read(source(maildir)).folders
    names = [b".Entw&APw-rfe", b".Work.2024", b"Lists", b"Lists/deep", b"cur", b"empty", b"new", b"tmp"]
    assert [folder.name for folder in found if folder.name.rpartition(b"/")[2] not in (b"cur", b"new", b"tmp")] == [
        b"",
        *names[:4],
        b"empty",
    ]
    below = [folder.name for folder in found if folder.name.startswith(b".")]
    assert below == [
        b".Entw&APw-rfe",
        b".Entw&APw-rfe/cur",
        b".Entw&APw-rfe/tmp",
        b".Work.2024",
        b".Work.2024/cur",
        b".Work.2024/new",
    ]
    assert found[0] == FolderInfo(b"", 0o2750, 10**18 + 1)
    order = [entry.name if isinstance(entry, FolderInfo) else entry.info.name for entry in source(maildir).files()]
    assert order == sorted(order)


def test_no_file_is_looked_at_for_the_folders(maildir: Path, read: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder costs one more call of stat, a file none."""
    real = os.stat
    looked_at = []

    def counting(path: object, **options: object) -> os.stat_result:
        looked_at.append(path)
        return real(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", counting)
        result = read(source(maildir))
    assert [path for path in looked_at if Path(os.fsdecode(path)).is_file()] == []
    assert len(result.folders) == 12


def test_files_renamed_meanwhile(maildir: Path, read_file: Callable, message: Message) -> None:
    """A file that gets flags, or moves from `new` to `cur`, after it was listed is found again and read once."""
    read = []
    for file in source(maildir).files():
        if isinstance(file, FolderInfo):
            continue
        assert not isinstance(file, SkippedFile)
        read.append(read_file(file))
        if file.info.name.startswith(b"cur/1."):
            (maildir / "cur/2.a.host!2,").rename(maildir / "cur/2.a.host:2,S")
            (maildir / "new/3.a.host").rename(maildir / "cur/3.a.host:2,RS")
    assert [(f.info.name, f.info.flags) for f in read[-2:]] == [
        (b"cur/2.a.host:2,S", "S"),
        (b"cur/3.a.host:2,RS", "RS"),
    ]
    assert [f.data for f in read[-2:]] == [message(2), message(3)]


def test_a_file_in_both_lists_comes_once(maildir: Path, monkeypatch: pytest.MonkeyPatch, read: Callable) -> None:
    """A file that moves to `cur` between the two listings is read from there, and not missed."""
    scandir = os.scandir
    listed = []

    def moving(path: bytes) -> object:
        if os.fsencode(path).endswith((b"Maildir/cur", b"Maildir/new")):
            listed.append(path)
            if len(listed) == 2:
                (maildir / "new/3.a.host").rename(maildir / "cur/3.a.host:2,")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", moving)
    result = read(source(maildir))
    assert [name for name in result.names if b"/3." in name] == [b"cur/3.a.host:2,"]
    assert len(result.names) == 7


def test_files_deleted_meanwhile(maildir: Path, read: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is gone is named as an error; the folder is not listed again for each."""
    for number in range(100, 150):
        (maildir / f"cur/{number}.a.host:2,").touch()
    listed = []
    scandir = os.scandir

    def counting(path: bytes) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counting)
    skipped = []
    for file in source(maildir).files():
        if isinstance(file, SkippedFile):
            skipped.append(file)
        elif not isinstance(file, FolderInfo) and file.info.name == b"cur/1.a.host:2,SF":
            for number in range(100, 150):
                (maildir / f"cur/{number}.a.host:2,").unlink()
    assert len(skipped) == 50
    assert all(s.is_error and "run the command again" in s.reason for s in skipped)
    assert sum(os.fsencode(path).endswith(b"Maildir/cur") for path in listed) == 2


def test_unreadable_parts(maildir: Path, read: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part or subfolder that cannot be listed, and a file that cannot be opened, are errors; the rest is read."""
    scandir = os.scandir
    opened = os.open

    def forbidding(path: bytes) -> object:
        if path.endswith((b".Work.2024", b"Lists/deep/cur")):
            raise PermissionError(13, "no")
        return scandir(path)

    def forbidding_open(path: bytes, *rest: int) -> int:
        if bytes(path).endswith(b"2.a.host!2,"):
            raise PermissionError(13, "no")
        return opened(path, *rest)

    monkeypatch.setattr(os, "scandir", forbidding)
    monkeypatch.setattr(os, "open", forbidding_open)
    result = read(source(maildir))
    assert [s.name for s in result.skipped] == [b".Work.2024", b"Lists/deep/cur", b"cur/2.a.host!2,"]
    assert all(s.is_error for s in result.skipped)
    assert len(result.files) == 3


def test_only_new(tmp_path: Path, read: Callable, message: Message) -> None:
    """A Maildir without `cur` is read, too."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new/1700000000.M1.host").write_bytes(message())
    assert read(source(tmp_path)).names == [b"new/1700000000.M1.host"]


@pytest.mark.parametrize(
    ("name", "flags", "unique"),
    [
        (b"1.a.host:2,SF", "FS", b"1.a.host"),
        (b"1.a.host,S=12,W=13:2,abS", "Sab", b"1.a.host,S=12,W=13"),
        (b"1.a.host!2,SS", "S", b"1.a.host"),
        (b"1.a.host;2,", "", b"1.a.host"),
        (b"1.a.host:1,SF", "", b"1.a.host"),
        (b"1.a.host", "", b"1.a.host"),
    ],
)
def test_names(name: bytes, flags: str, unique: bytes) -> None:
    """Flags follow `2,` after a colon or what stands for it; what comes before is the unique name."""
    assert flags_of(name) == flags
    assert unique_name(name) == unique
