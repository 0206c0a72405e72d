"""Folders come back: empty ones, with their modes and times, of every kind of source that has any."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.folders import everything_below, open_folders, write_tree
from support.segments import MemorySegments, file_end_line, file_line, gap_line

from mailstrata.archive.reading.history import latest, snapshots_at
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.restoring.restore import RestoreReport, restore
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sources.discover import find_sources

MESSAGE = b"From: a@example.org\nSubject: one\n\ntext\n"

MAILDIR: dict[bytes, tuple[int, bytes | None]] = {
    b"": (0o700, None),
    b".Work": (0o750, None),
    b".Work/cur": (0o750, None),
    b".Work/new": (0o2770, None),
    b".Work/tmp": (0o755, None),
    b"cur": (0o700, None),
    b"cur/1.host:2,S": (0o600, MESSAGE),
    b"new": (0o700, None),
    b"tmp": (0o711, None),
}
TREE: dict[bytes, tuple[int, bytes | None]] = {
    b"": (0o755, None),
    b" spaces ": (0o755, None),
    b"caf\xe9 \xff": (0o700, None),
    b"caf\xe9 \xff/a\nb": (0o751, None),
    b"closed": (0o000, None),
    b"deep": (0o555, None),
    b"deep/er": (0o500, None),
    b"deep/er/1.eml": (0o440, MESSAGE),
    b"deep/er/est": (0o555, None),
    b"shared": (0o6777, None),
    b"top.eml": (0o644, MESSAGE),
}


@pytest.fixture(autouse=True)
def closed_folders(tmp_path: Path) -> Iterator[None]:
    """Folders that were closed for a test are opened behind it."""
    yield
    open_folders(tmp_path)


def keep(archive: Path, *paths: Path) -> None:
    sink = ArchiveSink(archive)
    Pipeline([sink], known=sink).run(find_sources(list(paths)))


def restored(archive: Path, target: Path, at: int | None = None) -> RestoreReport:
    with Archive.open(archive) as opened:
        return restore(opened, os.fsencode(target), latest(snapshots_at(opened, at)), manifest=False)


@pytest.mark.parametrize("tree", [MAILDIR, TREE], ids=["Maildir", "tree"])
def test_what_was_archived_is_what_comes_back(tmp_path: Path, tree: dict[bytes, tuple[int, bytes | None]]) -> None:
    """Every path, type, mode, time and content is as it was, but for setuid, setgid and the sticky bit."""
    source = tmp_path / "mail"
    write_tree(source, tree)
    keep(tmp_path / "archive", source)
    report = restored(tmp_path / "archive", tmp_path / "to")
    expected = {
        name: (kind, mode & 0o777, time, content)
        for name, (kind, mode, time, content) in everything_below(source).items()
    }
    assert everything_below(tmp_path / "to/mail") == expected
    assert report.folders == sum(content is None for _, content in tree.values())


def test_an_earlier_state_has_its_own_folders(tmp_path: Path) -> None:
    """With an earlier commit come the folders that there were then, with the modes and times that they had."""
    source = tmp_path / "mail"
    write_tree(source, MAILDIR)
    keep(tmp_path / "archive", source)
    first = everything_below(source)
    (source / "tmp").chmod(0o755)
    (source / ".Work/tmp").rmdir()
    os.utime(source / ".Work", ns=(5, 5))
    (source / ".Lists/cur").mkdir(parents=True)
    os.utime(source / "cur", ns=(7, 7))
    second = everything_below(source)
    keep(tmp_path / "archive", source)
    for at, expected in ((1, first), (2, second)):
        restored(tmp_path / "archive", tmp_path / f"to {at}", at)
        expected[b".Work/new"] = ("folder", 0o770, *expected[b".Work/new"][2:])
        assert everything_below(tmp_path / f"to {at}/mail") == expected


def test_the_folders_of_a_tar(tmp_path: Path) -> None:
    """Those that it names come back with mode and time, its `./` as the source itself; what it names twice is as it
    was named last."""
    path = tmp_path / "mail.tar"
    with tarfile.open(path, "w") as tar:
        for number, (name, mode) in enumerate([("./", 0o750), ("./a/", 0o4700), ("./a", 0o711), ("../up/", 0o700)]):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, mode, 10**9 + number
            tar.addfile(info)
    keep(tmp_path / "archive", path)
    restored(tmp_path / "archive", tmp_path / "to")
    found = everything_below(tmp_path / "to/mail.tar")
    assert {name: entry[1:3] for name, entry in found.items() if name != b"__"} == {
        b"": (0o750, 10**18),
        b"a": (0o711, 10**18 + 2 * 10**9),
        b"__/up": (0o700, 10**18 + 3 * 10**9),
    }


def test_the_folders_of_a_zip(tmp_path: Path) -> None:
    """With the mode that it says; where it was made on a system without any, as folders are made here."""
    path = tmp_path / "mail.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, system in (("a/", 3), ("b/", 0)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = system, 0o40700 << 16
            archive.writestr(info, b"")
    keep(tmp_path / "archive", path)
    restored(tmp_path / "archive", tmp_path / "to")
    (tmp_path / "made here").mkdir()
    made_here = stat.S_IMODE((tmp_path / "made here").stat().st_mode)
    found = {name: entry[1] for name, entry in everything_below(tmp_path / "to/mail.zip").items()}
    assert found == {b"": made_here, b"a": 0o700, b"b": made_here}


def test_a_maildir_without_tmp_gets_none(tmp_path: Path) -> None:
    """The three folders are made where nothing is known of folders, and only there."""
    write_tree(tmp_path / "mail", {b"": (0o700, None), b"cur": (0o700, None), b"cur/1:2,": (0o600, MESSAGE)})
    keep(tmp_path / "archive", tmp_path / "mail")
    restored(tmp_path / "archive", tmp_path / "to")
    assert everything_below(tmp_path / "to/mail") == everything_below(tmp_path / "mail")


def test_a_snapshot_without_folders(tmp_path: Path) -> None:
    """An archive that says nothing of folders is restored as far as it goes: a Maildir with its three."""
    memory = MemorySegments()
    snapshot = memory.add("s", [file_line("cur/1:2,S"), gap_line(0, b"x"), file_end_line(b"x")], label="old")
    snapshot.kind = "maildir"
    report = restore(memory.archive, os.fsencode(tmp_path / "to"), [snapshot])
    found = {name for name, entry in everything_below(tmp_path / "to/old").items() if entry[0] == "folder"}
    assert found == {b"", b"cur", b"new", b"tmp"}
    assert (report.folders, report.files) == (0, 1)
