from __future__ import annotations

import pytest

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.restoring.entries import EntryNames, SourceEntry
from mailstrata.archive.snapshots.lines import Compression, FileLine, FolderLine


def source(path: bytes, kind: str = "mbox", names: EntryNames | None = None) -> SourceEntry:
    return SourceEntry(SourceSnapshot("5" * 32, "s", "label", path, kind), names or EntryNames())


def line(name: bytes, compression: Compression | None = None) -> FileLine:
    return FileLine(0, name, "", "", None, None, None, compression, None, 0)


@pytest.mark.parametrize(
    ("path", "compression", "expected"),
    [
        (b"/home/ada/inbox.mbox", None, b"inbox.mbox"),
        (b"/home/ada/inbox.mbox.gz", "gzip", b"inbox.mbox"),
        (b"/home/ada/INBOX.MBOX.ZST", "zstd", b"INBOX.MBOX"),
        (b"/home/ada/inbox.gz", None, b"inbox.gz"),
        (b"/home/ada/packed", "xz", b"packed"),
        (b"/home/ada/.gz", "gzip", b".gz"),
        (b"-", None, b"stdin"),
        (b"/", None, b"root"),
        (b"/mail/", None, b"mail"),
        (b"/a/SHA256SUMS", None, b"SHA256SUMS (2)"),
        (b"/a/caf\xe9\n", None, b"caf\xe9\n"),
    ],
)
def test_a_source_that_is_one_file(path: bytes, compression: Compression | None, expected: bytes) -> None:
    """Has the last piece of its path for its name, without the suffix of a compression that was undone."""
    entry = source(path)
    assert entry.file(line(b"", compression)) == expected
    assert entry.names == [expected]


@pytest.mark.parametrize(
    ("name", "compression", "expected"),
    [
        (b"a/b.eml", None, b"a/b.eml"),
        (b"a/b.eml.gz", "gzip", b"a/b.eml"),
        (b"cur/1.host:2,S", "zstd", b"cur/1.host:2,S"),
        (b"a.gz/.gz", "gzip", b"a.gz/.gz"),
        (b"./a//b", None, b"a/b"),
        (b"/etc/passwd", None, b"/etc/passwd"),
        (b"../x", None, b"../x"),
        (b".", None, b"unnamed"),
        (b"/", None, b"/unnamed"),
    ],
)
def test_files_of_a_source_lie_below_its_folder(name: bytes, compression: Compression | None, expected: bytes) -> None:
    """What is hostile about a name is left for the tree that is written to, which tells of it."""
    assert source(b"/x/backup.tar.gz", "tar").file(line(name, compression)) == b"backup.tar.gz/" + expected


def test_sources_of_one_name_are_told_apart() -> None:
    """Each has a name of its own; a file and a folder of one source do, too."""
    names = EntryNames()
    entries = [source(b"/%d/inbox.mbox" % number, "mbox", names) for number in range(3)]
    assert [entry.file(line(b"")) for entry in entries] == [b"inbox.mbox", b"inbox (2).mbox", b"inbox (3).mbox"]
    assert [entry.file(line(b"")) for entry in entries] == [b"inbox.mbox", b"inbox (2).mbox", b"inbox (3).mbox"]
    assert entries[0].folder(b"a") == b"inbox (4).mbox/a"
    assert entries[0].names == [b"inbox.mbox", b"inbox (4).mbox"]


def test_names_that_cannot_be_created_are_changed() -> None:
    """As the tree would change them, so that none is taken twice."""
    names = EntryNames()
    assert names.take(b"..") == b"__"
    assert names.take(b"a\0b") == b"a_b"
    assert len(names.take(b"n" * 300)) == 255


@pytest.mark.parametrize(
    ("name", "expected"),
    [(b"", b"x.tar"), (b".", b"x.tar"), (b"./a", b"x.tar/a"), (b"a//b", b"x.tar/a/b"), (b"../a", b"x.tar/../a")],
)
def test_folders_of_a_source(name: bytes, expected: bytes) -> None:
    """The source's own folder is the source; a tar calls it `.`."""
    assert source(b"/x/x.tar", "tar").folder_of(FolderLine(0, name, None, None)) == expected


def test_the_folders_of_a_maildir() -> None:
    """Each Maildir gets its three, once, whichever of its files or folders comes first; nothing else gets any."""
    entry = source(b"/x/Maildir", "maildir")
    assert entry.new_maildir(b"cur/1:2,S") == [b"Maildir/cur", b"Maildir/new", b"Maildir/tmp"]
    assert entry.new_maildir(b"new/2") == []
    assert entry.new_maildir(b".Work/tmp") == [b"Maildir/.Work/cur", b"Maildir/.Work/new", b"Maildir/.Work/tmp"]
    assert entry.new_maildir(b".Work/new/3") == []
    assert entry.new_maildir(b"a/b") == []
    assert source(b"/x/tree", "eml-tree").new_maildir(b"cur/1:2,S") == []
