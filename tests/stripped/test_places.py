"""Where files of a source go below the target."""

import pytest

from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.stripped.places import maildir_folder, place_of_file, place_of_source


@pytest.mark.parametrize(
    ("path", "root", "place"),
    [
        (b"/mail/in.mbox", b"/mail/in.mbox", b""),
        (b"/mail/in.mbox", b"/mail", b"in.mbox"),
        (b"/mail/a/b/", b"/mail/", b"a/b"),
        (b"/mailbox", b"/mail", b"mailbox"),
        (b"/mail/in.mbox", b"/", b"mail/in.mbox"),
        (b"-", b"-", b""),
        (b"-", None, b"stdin"),
        (b"/mail/in.mbox", None, b"in.mbox"),
        (b"/", None, b"mail"),
    ],
)
def test_sources(path: bytes, root: bytes | None, place: bytes) -> None:
    """What the user named is the target itself; what lies below it lies below the target."""
    assert place_of_source(SourceInfo("label", path, "mbox"), root) == place


@pytest.mark.parametrize(
    ("source_place", "name", "compression", "place"),
    [
        (b"", b"", None, b""),
        (b"", b"", "gzip", b""),
        (b"in.mbox.gz", b"", "gzip", b"in.mbox"),
        (b"in.mbox.GZ", b"", "gzip", b"in.mbox"),
        (b"in.mbox.gz", b"", None, b"in.mbox.gz"),
        (b"a", b"b/.gz", "gzip", b"a/b/.gz"),
        (b"", b"cur/1.host:2,S", "zstd", b"cur/1.host:2,S"),
        (b"a", b"c.eml.xz", "xz", b"a/c.eml"),
    ],
)
def test_files(source_place: bytes, name: bytes, compression: str | None, place: bytes) -> None:
    """A file that is written decompressed does not keep the suffix that says it is not."""
    assert place_of_file(source_place, FileInfo(name=name, compression=compression)) == place  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source_place", "name", "folder"),
    [
        (b"", b"cur/1", b""),
        (b"", b".Work/new/1", b".Work"),
        (b"M", b"cur/1", b"M"),
        (b"M", b"a/b/cur/1", b"M/a/b"),
    ],
)
def test_maildir_folders(source_place: bytes, name: bytes, folder: bytes) -> None:
    """The folder that has the message's `cur` or `new`."""
    assert maildir_folder(source_place, FileInfo(name=name)) == folder
