from __future__ import annotations

import base64
import hashlib
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from support.archives import unpack_without_us

from mailstrata.archive.catalogue import catalogue as catalogue_module
from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.frames import Frame
from mailstrata.archive.packs.pack_reader import CACHE_BYTES, ORDERED_CACHE_BYTES, PackReader
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import ArchiveError, NotAnArchiveError, TargetError, UsageError
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sinks.protocol import Checkpoint
from mailstrata.testing import memory_mbox, memory_message, ordinary_mailbox
from mailstrata.testing.memory import MemorySource


def message(number: int) -> bytes:
    return b"From: a@example.org\nMessage-ID: <%d@example.org>\nSubject: %d\n\ntext\n" % (number, number)


def mbox_of(numbers: range) -> MemorySource:
    lines = b"From a@example.org Mon Nov 10 10:00:00 2025\n%s\n"
    return memory_mbox(f"{numbers.start}.mbox", b"".join(lines % message(n) for n in numbers))


def digest(number: int) -> str:
    return hashlib.sha256(message(number)).hexdigest()


def keep(directory: Path, *sources: MemorySource) -> None:
    Pipeline([ArchiveSink(directory)]).run(sources)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    keep(tmp_path, mbox_of(range(20)))
    keep(tmp_path, mbox_of(range(15, 30)))
    return tmp_path


def readable(archive: Archive, numbers: range) -> list[int]:
    found = []
    for number in numbers:
        try:
            assert b"".join(archive.read_message(digest(number))) == message(number)
        except UsageError:
            continue
        found.append(number)
    return found


def test_messages_and_blobs_are_read_by_digest(tmp_path: Path) -> None:
    """Byte for byte; what is not there is a wrong call, said at once."""
    keep(tmp_path, ordinary_mailbox(), mbox_of(range(3)))
    with Archive.open(tmp_path) as archive:
        assert readable(archive, range(5)) == [0, 1, 2]
        [blob] = {
            name[-64:] for pack in tmp_path.glob("packs/*") for name in unpack_without_us(pack) if "blobs/" in name
        }
        content = b"".join(archive.read_blob(blob))
        assert content.startswith(b"%PDF")
        assert hashlib.sha256(content).hexdigest() == blob
        for wrong in ("ab" * 32, "abc", "", "\u00e4"):
            with pytest.raises(UsageError, match="has no message"):
                archive.read_message(wrong)


def test_messages_are_found(path: Path) -> None:
    """By digest, the beginning of one, Message-ID with and without brackets; nothing for what is not there."""
    with Archive.open(path) as archive:
        assert archive.find_messages(digest(7)) == [digest(7)]
        assert archive.find_messages(digest(7)[:12].upper()) == [digest(7)]
        assert archive.find_messages(digest(7)[:13]) == [digest(7)]
        assert archive.find_messages(" <7@example.org> ") == [digest(7)]
        assert archive.find_messages("7@example.org") == [digest(7)]
        assert archive.find_messages("31@example.org") == []
        assert archive.find_messages("") == []
        assert archive.find_messages("0" * 64) == []
        every = sorted(digest(n) for n in range(30))
        for prefix in {name[:4] for name in every}:
            assert archive.find_messages(prefix) == [name for name in every if name.startswith(prefix)]


def test_a_message_id_may_stand_for_several(tmp_path: Path) -> None:
    """All of them are given, and one that looks like a digest is a Message-ID all the same."""
    twins = [b"Message-ID: <beef>\n\n%d\n" % n for n in range(2)]
    keep(tmp_path, *(memory_message(str(n), twin) for n, twin in enumerate(twins)))
    with Archive.open(tmp_path) as archive:
        assert archive.find_messages("beef") == sorted(hashlib.sha256(twin).hexdigest() for twin in twins)


def test_info(path: Path) -> None:
    """What was found, what was new, where it lies, and the sums of the ledger."""
    keep(path, mbox_of(range(20)))
    with Archive.open(path) as archive:
        info = archive.info()
        assert (info.commits, info.messages, info.occurrences, info.blobs) == (3, 30, 55, 0)
        assert (info.packs, info.snapshots) == (3, 3)
        assert info.pack_bytes == sum(file.stat().st_size for file in (path / "packs").iterdir())
        assert info.index_bytes == sum(file.stat().st_size for file in path.glob("index/*/*.parquet"))
        assert info.index_files == len(list(path.glob("index/*/*.parquet")))
        assert info.created <= info.changed
        assert [(s.label, s.kind, s.status, s.totals.messages_found) for s in info.sources] == [
            ("0.mbox", "mbox", "complete", 20),
            ("15.mbox", "mbox", "complete", 15),
        ]
        totals = info.totals
        assert totals.source_bytes == sum(source.size for source in map(mbox_of, (range(20), range(15, 30), range(20))))
        assert totals.source_bytes == totals.gap_bytes + totals.separator_bytes + totals.message_source_bytes
        assert totals.messages_found == totals.messages_new + totals.messages_duplicate
        assert [record.number for record in archive.commits()] == [1, 2, 3]


def test_an_empty_archive(tmp_path: Path) -> None:
    """Before its first commit there is nothing in it, and nothing fails."""
    Layout(tmp_path).create()
    with Archive.open(tmp_path) as archive:
        assert archive.info().created == ""
        assert archive.find_messages("abcd") == archive.find_messages("a@example.org") == []
        assert archive.index_files("messages") == archive.sources() == []


def test_what_is_no_archive(tmp_path: Path) -> None:
    """Is refused."""
    with pytest.raises(NotAnArchiveError):
        Archive.open(tmp_path)


def test_only_committed_index_files_are_named(path: Path) -> None:
    """A file that no commit names is not among them."""
    (path / "index" / "messages" / "00000009-0123abcd.parquet").touch()
    with Archive.open(path) as archive:
        assert [file.name[:8] for file in archive.index_files("messages")] == ["00000001", "00000002"]
        with pytest.raises(UsageError, match="its tables are messages"):
            archive.index_files("people")


@pytest.mark.parametrize("damage", ["missing", "garbage", "other history", "damaged inside"])
def test_a_reader_needs_no_catalogue(path: Path, damage: str) -> None:
    """Without a usable one, the packs' own tables are read; the archive is left as it is."""
    catalogue = path / "catalogue.sqlite"
    if damage == "missing":
        catalogue.unlink()
    elif damage == "garbage":
        catalogue.write_bytes(os.urandom(8192))
    elif damage == "other history":
        with sqlite3.connect(catalogue) as database:
            database.execute("UPDATE state SET record_sha256 = 'x'")
            database.execute("DELETE FROM members")
        database.close()
    else:
        data = bytearray(catalogue.read_bytes())
        data[4096:] = bytes(len(data) - 4096)
        catalogue.write_bytes(data)
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    with Archive.open(path) as archive:
        assert readable(archive, range(35)) == list(range(30))
        assert archive.find_messages(digest(7)[:12]) == [digest(7)]
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before


def test_a_reader_makes_up_for_a_catalogue_that_is_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a crash between record and catalogue: only the packs that came since are read."""

    def fail(self: WritableCatalogue, *state: object) -> None:
        raise TargetError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(WritableCatalogue, "commit", fail)
        with pytest.raises(TargetError):
            keep(path, mbox_of(range(30, 40)))
    read: list[str] = []
    real = catalogue_module.pack_reader.members
    monkeypatch.setattr(catalogue_module.pack_reader, "members", lambda pack: read.append(pack.name[:8]) or real(pack))
    with Archive.open(path) as archive:
        assert readable(archive, range(45)) == list(range(40))
    assert read == ["00000003"]


def test_reading_while_writing(path: Path) -> None:
    """Between any two commits of a writer, readers that are new and one that is old see what was committed."""
    early = Archive.open(path)
    seen: list[int] = []

    class Reading(ArchiveSink):
        def checkpoint(self, checkpoint: Checkpoint) -> None:
            super().checkpoint(checkpoint)
            with Archive.open(path) as archive:
                assert readable(archive, range(30)) == list(range(30))
                seen.append(archive.info().messages)

    Pipeline([Reading(path)], checkpoint_bytes=200).run([mbox_of(range(30, 40)).in_chunks(50)])
    assert len(set(seen)) > 3
    assert early.info().commits == 2
    assert readable(early, range(30)) == list(range(30))
    with Archive.open(path) as late:
        assert readable(late, range(45)) == list(range(40))
    early.close()


def test_an_old_reader_uses_the_catalogue_of_a_later_commit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It moves on to that commit; nothing is read from the packs' tables."""
    with Archive.open(path) as archive:
        keep(path, mbox_of(range(30, 40)))
        monkeypatch.delattr(catalogue_module.pack_reader, "members")
        assert readable(archive, range(45)) == list(range(40))
        assert archive.info().commits == 3


def test_a_message_that_is_damaged_is_noticed(path: Path) -> None:
    """Whether its frame is damaged, or the catalogue points elsewhere: never the wrong bytes without an error."""
    with sqlite3.connect(path / "catalogue.sqlite") as database:
        database.execute("UPDATE members SET offset = offset + 1, size = size - 1 WHERE kind = 2")
    database.close()
    with Archive.open(path) as archive, pytest.raises(ArchiveError, match="have another SHA-256"):
        b"".join(archive.read_message(digest(3)))
    for pack in (path / "packs").iterdir():
        data = bytearray(pack.read_bytes())
        data[20:40] = bytes(20)
        pack.write_bytes(data)
    with Archive.open(path) as archive, pytest.raises(ArchiveError, match="backup"):
        b"".join(archive.read_message(digest(3)))


def test_a_lost_index_is_said(path: Path) -> None:
    """Searching by Message-ID needs it; reading by digest does not."""
    shutil.rmtree(path / "index")
    with Archive.open(path) as archive:
        with pytest.raises(ArchiveError, match="name the message by its SHA-256"):
            archive.find_messages("7@example.org")
        assert readable(archive, range(3)) == [0, 1, 2]


def with_attachments(*contents: bytes) -> bytes:
    """A message with these attachments."""
    parts = [
        b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(c) for c in contents
    ]
    head = b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n"
    return head + b"".join(b"--b\n" + part for part in parts) + b"--b--\n"


@pytest.mark.parametrize("cache_bytes", [CACHE_BYTES, ORDERED_CACHE_BYTES])
def test_small_messages_are_lists_and_large_ones_are_not(tmp_path: Path, cache_bytes: int) -> None:
    """By the sum of their attachments: what is held at once is bounded. Either is proven, out of whatever cache."""
    large = [random.Random(n).randbytes(1_500_000) for n in range(4)]
    messages = [with_attachments(*large[:2]), with_attachments(*large), with_attachments(b"".join(large)), message(1)]
    keep(
        tmp_path,
        memory_mbox("x.mbox", b"".join(b"From a@example.org Mon Nov 10 10:00:00 2025\n%s\n" % m for m in messages)),
    )
    with Archive.open(tmp_path, cache_bytes=cache_bytes) as archive:
        for _ in range(2):
            kinds = []
            for each in messages:
                pieces = archive.read_message(hashlib.sha256(each).hexdigest())
                kinds.append(isinstance(pieces, list))
                assert b"".join(pieces) == each
            assert kinds == [True, False, False, True]


@pytest.mark.parametrize("cache_bytes", [CACHE_BYTES, ORDERED_CACHE_BYTES])
@pytest.mark.parametrize("size", [1000, 5 << 20])
def test_a_damaged_attachment_is_named(
    tmp_path: Path, cache_bytes: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message is proven as a whole; where it is not what it was, the attachment that is at fault is looked for."""
    bad, good = (random.Random(seed).randbytes(size) for seed in (1, 2))
    each = with_attachments(good, bad)
    keep(tmp_path, memory_mbox("x.mbox", b"From a@example.org Mon Nov 10 10:00:00 2025\n%s\n" % each))
    real = Frame.content
    monkeypatch.setattr(Frame, "content", lambda frame: real(frame).replace(bad[:100], bytes(100)))
    monkeypatch.setattr(Frame, "prefix", lambda frame, length: frame.content()[:length])
    with Archive.open(tmp_path, cache_bytes=cache_bytes) as archive:
        for _ in range(2):
            with pytest.raises(ArchiveError, match=f"blob {hashlib.sha256(bad).hexdigest()} is damaged"):
                b"".join(archive.read_message(hashlib.sha256(each).hexdigest()))


def test_what_is_kept_is_not_believed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a frame has something else under the name of a message, the message is read from where it lies."""
    monkeypatch.setattr(PackReader, "kept", lambda *_: b"something else")
    with Archive.open(path, cache_bytes=ORDERED_CACHE_BYTES) as archive:
        assert readable(archive, range(45)) == list(range(30))
