"""Readers beside writers: a reader is never blocked, never disturbed, and never changes anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.archive_runs import COMMANDS, content_of

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.writing.session import WriterSession
from mailstrata.errors import ArchiveError

ARCHIVE, AGAIN, COMPACT, ERASE = COMMANDS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of several small commits."""
    for command in (ARCHIVE, AGAIN):
        command(tmp_path / "archive", tmp_path / "sources")
    return tmp_path / "archive"


def read(archive: Archive, digests: list[str], blobs: list[str]) -> None:
    """Read all of it; nothing may be missing or changed."""
    for digest in digests:
        assert hashlib.sha256(b"".join(archive.read_message(digest))).hexdigest() == digest
    for digest in blobs:
        assert hashlib.sha256(b"".join(archive.read_blob(digest))).hexdigest() == digest


def as_it_lies(root: Path) -> Iterator[tuple[str, int, int, bytes]]:
    """Every file and folder, with times and content."""
    for path in sorted(root.rglob("*")):
        status = path.stat()
        yield str(path), status.st_mtime_ns, status.st_mode, path.read_bytes() if path.is_file() else b""


@pytest.mark.parametrize("is_catalogue_there", [True, False])
def test_a_reader_goes_on_while_others_write(root: Path, tmp_path: Path, *, is_catalogue_there: bool) -> None:
    """Opened before a compaction, it reads everything after it, and after the next writer has swept the old files."""
    content = content_of(root)
    if not is_catalogue_there:
        # Then a reader has places of its own, which no writer brings up to date.
        Layout(root).catalogue.unlink()
    with Archive.open(root) as early, Archive.open(root) as slow, Archive.open(root) as idle:
        read(early, content.messages[:2], content.blobs[:1])
        read(slow, content.messages[:1], [])
        COMPACT(root, tmp_path / "sources")
        read(early, content.messages, content.blobs)
        # The next writer removes the files in which they have been reading, or were about to.
        WriterSession(root, level=3, options={}, placed=lambda *_: None).close()
        read(early, content.messages, content.blobs)
        read(slow, content.messages, content.blobs)
        read(idle, content.messages, content.blobs)


def test_a_reader_in_the_midst_of_a_writer(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before and after each step of each commit, everything that is committed can be read, whoever reads."""
    content = content_of(root)
    steps = []

    def reading(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def step(*arguments: object, **named: object) -> object:
            for number in range(2):
                with Archive.open(root) as late:
                    read(late, content.messages, content.blobs)
                read(early, content.messages, content.blobs)
                if number == 0:
                    result = real(*arguments, **named)
            steps.append(name)
            return result

        monkeypatch.setattr(owner, name, step)

    with Archive.open(root) as early:
        reading(WriterSession, "stage")
        reading(WriterSession, "commit")
        COMPACT(root, tmp_path / "sources")
        AGAIN(root, tmp_path / "sources")
    assert set(steps) == {"stage", "commit"}


def test_what_was_erased_is_gone_for_readers_as_well(root: Path, tmp_path: Path) -> None:
    """A reader opened before reads all the rest, and is told that the one message was erased."""
    before = content_of(root)
    with Archive.open(root) as early:
        ERASE(root, tmp_path / "sources")
        after = content_of(root)
        read(early, after.messages, after.blobs)
        for digest in set(before.messages) - set(after.messages):
            with pytest.raises(ArchiveError):
                b"".join(early.read_message(digest))


def test_reading_changes_nothing_and_waits_for_nobody(root: Path) -> None:
    """While a writer holds the lock everything can be read; no file is written, removed, or touched."""
    (root / "packs" / "00000099-0000-0123abcd.tar.zst").write_bytes(b"left by somebody who was killed")
    lock = WriterLock(Layout(root).lock)
    lock.acquire()
    try:
        before = list(as_it_lies(root))
        content_of(root)
        assert list(as_it_lies(root)) == before
    finally:
        lock.release()
