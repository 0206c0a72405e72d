from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
from collections.abc import Collection, Hashable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.archives import files_of, segment_lines, unpack_without_us

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs import item
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import ArchiveError, LockedError, NotAnArchiveError, UsageError
from mailstrata.message.origin import FileInfo
from mailstrata.sinks import stream_digest
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sinks.protocol import FileOutcome, OutsideKind, Sink, SourceOutcome
from mailstrata.testing import (
    Interrupted,
    InterruptingSink,
    MemoryFile,
    SinkConformance,
    conformance_mailboxes,
    memory_mbox,
    memory_message,
    memory_tree,
    ordinary_mailbox,
)
from mailstrata.testing.memory import MemorySource

_MESSAGE = b"From: Ada <ada@example.org>\nDate: Mon, 10 Nov 2025 10:00:00 +0100\nSubject: %d\n\nText %d\n"
_SEPARATOR = b"From ada@example.org Mon Nov 10 10:00:00 2025\n"


def keep(directory: Path, *sources: MemorySource, checkpoint_bytes: int = 1 << 30) -> ArchiveSink:
    sink = ArchiveSink(directory)
    Pipeline([sink], checkpoint_bytes=checkpoint_bytes).run(sources)
    return sink


def mbox_of(numbers: range, name: str = "inbox.mbox") -> MemorySource:
    return memory_mbox(name, b"".join(_SEPARATOR + _MESSAGE % (n, n) + b"\n" for n in numbers))


def contents(source: MemorySource) -> dict[bytes, bytes]:
    return {
        file.info.name: b"".join(data for _, data in file.contents)
        for file in source.contents
        if isinstance(file, MemoryFile)
    }


def rows(archive: Archive, table: str) -> list[dict[str, object]]:
    found = []
    for path in archive.index_files(table):
        # Threads of pyarrow would keep the file open for a moment longer.
        with pq.ParquetFile(path) as file:
            found.extend(file.read(use_threads=False).to_pylist())
    return found


class TestConformance(SinkConformance):
    """The suite for sinks, with what a reader of the archive sees."""

    atomic = True
    most_interruptions = 12

    def make_sink(self, directory: Path) -> Sink:
        return ArchiveSink(directory)

    def read_back(self, directory: Path) -> Collection[Hashable]:
        if not Layout(directory).exists():
            return ()
        with Archive.open(directory) as archive:
            return {
                *(("message", row["sha256"], row["subject"]) for row in rows(archive, "messages")),
                *(("part", row["message"], row["path"], row["blob"]) for row in rows(archive, "parts")),
                *(("blob", row["sha256"], row["size"]) for row in rows(archive, "blobs")),
                *(
                    ("place", row["source"], row["file"], row["start"], row["message"])
                    for row in rows(archive, "occurrences")
                ),
            }


def test_every_source_can_be_put_together_again_from_what_was_kept(tmp_path: Path) -> None:
    """Segments and messages hold every byte of every file, whatever is wrong with it."""
    sources = list(conformance_mailboxes())
    keep(tmp_path, *sources)
    with Archive.open(tmp_path) as archive:
        snapshots = {snapshot.label: snapshot for snapshot in archive.sources()}
        for source in sources:
            assert files_of(archive, snapshots[source.info.label]) == contents(source)


@given(
    pieces=st.lists(
        st.sampled_from(
            [
                _SEPARATOR,
                _MESSAGE % (1, 1),
                b"\n",
                b">From x\n",
                b">>From y\n",
                b"From me to you\n",
                b"\xff\0",
                b"x" * 70,
            ]
        ),
        max_size=12,
    ),
    chunk=st.integers(1, 80),
    checkpoint=st.sampled_from([1, 100, 1 << 30]),
    quoting=st.sampled_from(["mboxo", "mboxrd", "mboxcl", "mboxcl2"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mbox_in_any_chunks_is_kept_whole(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], chunk: int, checkpoint: int, quoting: str
) -> None:
    """Whatever an mbox holds, in whatever variant, chunks and checkpoints it comes: its bytes come back."""
    directory = tmp_path_factory.mktemp("archive")
    data = b"".join(pieces)
    source = memory_mbox("any.mbox", data, quoting).in_chunks(chunk)  # type: ignore[arg-type]
    keep(directory, source, checkpoint_bytes=checkpoint)
    with Archive.open(directory) as archive:
        [snapshot] = archive.sources()
        assert files_of(archive, snapshot)[b""] == data
        assert snapshot.totals.source_bytes == len(data)
        assert snapshot.status == "complete"


def test_each_content_is_kept_once(tmp_path: Path) -> None:
    """A message or attachment that comes again, in the same run or a later one, takes no second place in a pack."""
    first = keep(tmp_path, ordinary_mailbox(), ordinary_mailbox())
    assert (first.totals.messages_found, first.totals.messages_new, first.totals.messages_duplicate) == (6, 3, 3)
    assert (first.totals.attachments, first.totals.parts_by_recipe, first.totals.blobs_new) == (4, 2, 1)
    second = keep(tmp_path, ordinary_mailbox())
    assert (second.totals.messages_new, second.totals.messages_duplicate, second.totals.blobs_new) == (0, 3, 0)
    members = [name for pack in sorted(tmp_path.glob("packs/*")) for name in unpack_without_us(pack)]
    content = [name for name in members if not name.startswith("sources/")]
    assert len(content) == len(set(content)) == 4
    with Archive.open(tmp_path) as archive:
        assert [row["sniffed_type"] for row in rows(archive, "blobs")] == ["application/pdf"]


def test_packs_hold_what_their_names_say(tmp_path: Path) -> None:
    """Without any of our code: messages and blobs are named by their SHA-256, sources hold JSON lines; a skeleton is
    named by what it comes from, so that nobody takes it for the message."""
    keep(tmp_path, *conformance_mailboxes())
    found = {"messages": 0, "skeletons": 0, "blobs": 0, "sources": 0}
    for pack in tmp_path.glob("packs/*.tar.zst"):
        for name, content in unpack_without_us(pack).items():
            folder, second, last = name.split("/")
            found[folder] += 1
            if folder == "sources":
                assert json.loads(content.splitlines()[0])["source"] == second
            else:
                digest = last.removesuffix(".eml")
                assert (digest == hashlib.sha256(content).hexdigest()) == (folder != "skeletons")
                assert second == digest[:2]
    assert min(found.values()) > 1


def test_blob_rows_say_where_the_blob_lies(tmp_path: Path) -> None:
    """With the row of a blob and zstd alone, its bytes are found."""
    keep(tmp_path, ordinary_mailbox())
    with Archive.open(tmp_path) as archive:
        found = rows(archive, "blobs")
    assert len(found) == 1
    for row in found:
        data = (tmp_path / "packs" / str(row["pack"])).read_bytes()[row["frame"] :]  # type: ignore[misc]
        content = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        blob = content[row["offset"] : row["offset"] + row["length"]]  # type: ignore[operator, misc]
        assert hashlib.sha256(blob).hexdigest() == row["sha256"]
        assert len(blob) == row["size"]


def test_large_gaps_become_blobs(tmp_path: Path) -> None:
    """Bytes of no message beyond 64 KiB are not held in a line, and still come back; smaller ones are in the line."""
    junk = bytes(range(256)) * 1024
    source = memory_tree(
        "tree",
        [
            MemoryFile((("gap", junk), ("message", _MESSAGE % (1, 1)), ("gap", junk[: 64 << 10])), FileInfo(b"a")),
            MemoryFile((("gap", junk),), FileInfo(b"b")),
        ],
    )
    sink = keep(tmp_path, source.in_chunks(1000))
    assert (sink.totals.blobs_new, sink.totals.blob_bytes_new) == (1, len(junk))
    assert sink.totals.gap_bytes == 2 * len(junk) + (64 << 10)
    with Archive.open(tmp_path) as archive:
        [snapshot] = archive.sources()
        assert files_of(archive, snapshot) == contents(source)
        gaps = [line for line in segment_lines(archive, snapshot) if line["type"] == "gap"]
    assert ["sha256" in gap for gap in gaps] == [True, False, True]


def test_large_messages_and_attachments_are_spooled(tmp_path: Path) -> None:
    """What exceeds 4 MiB goes through spool files, of which nothing is left, and comes back."""
    content = random.Random(1).randbytes(9 << 20)
    data = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)
    keep(tmp_path, memory_message("large", data), memory_message("again", data))
    assert sorted(path.suffix for path in (tmp_path / "packs").iterdir()) == [".zst"]
    with Archive.open(tmp_path) as archive:
        assert b"".join(archive.read_message(hashlib.sha256(data).hexdigest())) == data
        assert b"".join(archive.read_blob(hashlib.sha256(content).hexdigest())) == content


@pytest.mark.parametrize("processors", [1, 2])
def test_a_run_that_ends_amidst_a_large_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    """What is hashed and compressed in the background leaves neither a thread nor a file; the next run has it all."""
    for module in (item, stream_digest):
        monkeypatch.setattr(module, "usable_processors", lambda: processors)
    started: list[threading.Thread] = []
    real_start = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        started.append(thread)
        real_start(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    content = random.Random(1).randbytes(24 << 20)
    data = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)
    source = memory_message("large", data).in_chunks(1 << 18)
    with pytest.raises(Interrupted):
        Pipeline([ArchiveSink(tmp_path / "archive"), InterruptingSink(at=210)]).run([source])
    assert not (tmp_path / "archive").exists()
    # The file's digest, that of the content, and its frames.
    assert len({thread.name for thread in started}) == processors - 1
    assert len(started) >= 3 * (processors - 1)
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()
    keep(tmp_path / "archive", source)
    with Archive.open(tmp_path / "archive") as archive:
        assert b"".join(archive.read_message(hashlib.sha256(data).hexdigest())) == data


def test_segments_say_what_restoring_needs(tmp_path: Path) -> None:
    """Names as bytes, folder, flags, mode, time, passed-over files, and the digest of a file that was not quoted."""
    name = b"cur/caf\xe9:2,FS"
    data = _MESSAGE % (1, 1)
    keep(
        tmp_path,
        memory_tree("md", [MemoryFile((("message", data),), FileInfo(name, "INBOX", "FS", 0o600, 5, 9))], "maildir"),
    )
    with Archive.open(tmp_path) as archive:
        [snapshot] = archive.sources()
        segment, file, message, file_end, source_end = segment_lines(archive, snapshot)
    assert (segment["path"], segment["kind"], segment["number"]) == ("/memory/md", "maildir", 0)
    assert str(file["name"]).encode("latin-1") == name
    assert (file["folder"], file["flags"], file["mode"], file["mtime_ns"], file["size"]) == ("INBOX", "FS", 0o600, 5, 9)
    assert message["sha256"] == file_end["sha256"] == hashlib.sha256(data).hexdigest()
    assert source_end["complete"] is True


def test_a_long_source_is_committed_in_segments(tmp_path: Path) -> None:
    """Each checkpoint closes a segment; the next goes on in the same file, and the record says how far it is."""
    source = mbox_of(range(20)).in_chunks(100)
    sink = keep(tmp_path, source, checkpoint_bytes=500)
    assert len(sink.commits) > 3
    with Archive.open(tmp_path) as archive:
        records = list(archive.commits())
        [snapshot] = archive.sources()
        assert len(snapshot.segments) == len(records)
        assert files_of(archive, snapshot) == contents(source)
        first = records[0].sources[0]
        assert first.status == "open"
        assert first.checkpoint is not None
        assert 0 < first.checkpoint.offset < source.size
        assert first.checkpoint.messages == first.totals.messages_found
        assert records[-1].sources[0].checkpoint is None
        total = sum(record.totals.messages_found for record in records)
        assert total == snapshot.totals.messages_found == archive.totals().messages_found == 20


def test_a_run_with_nothing_new_writes_no_record(tmp_path: Path) -> None:
    """No sources, no commit: an archive stays as it is, and none is made."""
    keep(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    keep(tmp_path / "old", ordinary_mailbox())
    before = sorted(path.name for path in (tmp_path / "old").rglob("*"))
    keep(tmp_path / "old")
    assert sorted(path.name for path in (tmp_path / "old").rglob("*")) == before


def test_an_interrupted_first_run_leaves_nothing(tmp_path: Path) -> None:
    """Aborted before its first commit, a run takes away the archive that it began, but not the user's folder."""
    for made in (False, True):
        directory = tmp_path / f"archive-{made}"
        if made:
            directory.mkdir()
        with pytest.raises(Interrupted):
            Pipeline([ArchiveSink(directory), InterruptingSink(at=12)]).run([ordinary_mailbox()])
        assert directory.exists() == made
        assert not made or not list(directory.iterdir())


def test_an_aborted_run_leaves_only_what_was_committed(tmp_path: Path) -> None:
    """Packs, spools and index files of what was not committed are gone after an abort."""
    keep(tmp_path, ordinary_mailbox())
    before = {path: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(Interrupted):
        Pipeline([ArchiveSink(tmp_path), InterruptingSink(at=40)]).run([mbox_of(range(100))])
    assert {
        path: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"
    } == before


def test_two_writers_at_once(tmp_path: Path) -> None:
    """The second writer is told at once who the first is; afterwards it may."""
    first = ArchiveSink(tmp_path)
    first.open()
    second = ArchiveSink(tmp_path)
    with pytest.raises(LockedError, match=r"process [0-9]+ on "):
        second.open()
    first.close()
    keep(tmp_path, ordinary_mailbox())


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    """Nothing is written into a folder that holds something else."""
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(NotAnArchiveError, match=r"letter\.txt.*name a new or empty folder"):
        ArchiveSink(tmp_path).open()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_pack_that_is_gone_stops_the_writer(tmp_path: Path) -> None:
    """What a missing or shortened pack held must not be taken for known and dropped."""
    keep(tmp_path, ordinary_mailbox())
    [pack] = (tmp_path / "packs").iterdir()
    data = pack.read_bytes()
    pack.write_bytes(data[:-1])
    with pytest.raises(ArchiveError, match="its commit says"):
        ArchiveSink(tmp_path).open()
    pack.unlink()
    with pytest.raises(ArchiveError, match="is missing; bring it back"):
        ArchiveSink(tmp_path).open()
    pack.write_bytes(data)
    keep(tmp_path, ordinary_mailbox())


def test_bytes_that_were_not_delivered_fail_the_run(tmp_path: Path) -> None:
    """The ledger of a source adds up, or the command fails: a hole between two offsets, and a wrong sum."""
    source = ordinary_mailbox().info
    sink = ArchiveSink(tmp_path)
    sink.open()
    sink.begin_source(source)
    sink.begin_file(source, FileInfo())
    sink.outside(OutsideKind.GAP, 0, b"abc")
    with pytest.raises(ArchiveError, match="bytes 3 to 4 were not delivered"):
        sink.outside(OutsideKind.GAP, 4, b"e")
    sink.abort()
    sink = ArchiveSink(tmp_path)
    sink.open()
    sink.begin_source(source)
    sink.begin_file(source, FileInfo())
    sink.outside(OutsideKind.GAP, 0, b"abc")
    sink.end_file(source, FileInfo(), FileOutcome(length=3))
    with pytest.raises(ArchiveError, match="4 bytes were read, 3 delivered"):
        sink.end_source(source, SourceOutcome(bytes_read=4))
    sink.abort()


def test_a_source_that_was_not_read_whole_says_so(tmp_path: Path) -> None:
    """Status and reasons are in the commit, and the bytes before the damage are kept."""
    damaged = next(source for source in conformance_mailboxes() if source.info.label.startswith("damaged"))
    keep(tmp_path, damaged)
    with Archive.open(tmp_path) as archive:
        [snapshot] = archive.sources()
        assert snapshot.status == "incomplete"
        assert "truncated" in snapshot.reasons[0]
        assert files_of(archive, snapshot) == contents(damaged)


def test_defects_are_counted(tmp_path: Path) -> None:
    """The totals have each defect as often as the pipeline has found it, duplicates of messages included."""
    sources = [*conformance_mailboxes(), *conformance_mailboxes()]
    sink = ArchiveSink(tmp_path)
    report = Pipeline([sink]).run(sources)
    assert sink.totals.defects == report.defects
    assert sink.totals.parts == report.parts
    assert sink.totals.attachments == report.attachments
    assert sink.totals.source_bytes == report.bytes_read


def test_levels(tmp_path: Path) -> None:
    """Every level that is documented works, and no other is taken."""
    for level in (1, 19):
        sink = ArchiveSink(tmp_path / str(level), level=level)
        Pipeline([sink]).run([ordinary_mailbox()])
        with Archive.open(tmp_path / str(level)) as archive:
            [snapshot] = archive.sources()
            assert files_of(archive, snapshot) == contents(ordinary_mailbox())
    for level in (0, 20):
        with pytest.raises(UsageError, match="compression level"):
            ArchiveSink(tmp_path, level=level)


def test_messages_as_a_whole_make_the_same_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with one call after the other: members, rows, lines of segments and totals, the second run's as well."""
    marked = memory_message("marked.eml", b"Subject: access-type=x-mailstrata\n\nx\n")
    sources = [
        *conformance_mailboxes(),
        ordinary_mailbox(),
        mbox_of(range(30)),
        mbox_of(range(9), "again.mbox"),
        marked,
    ]
    found = []
    for name, held_bytes in (("whole", 512 << 10), ("pieces", -1)):
        monkeypatch.setattr("mailstrata.sinks.delivery.HELD_BYTES", held_bytes)
        totals = [keep(tmp_path / name, *sources).totals.to_json() for _ in range(2)]
        with Archive.open(tmp_path / name) as archive:
            tables = [
                sorted(
                    repr({column: value for column, value in row.items() if column not in _BY_CHANCE})
                    for row in rows(archive, table)
                )
                for table in ("messages", "occurrences", "parts", "blobs")
            ]
        members = {
            name: hashlib.sha256(content).hexdigest()
            for pack in Layout(tmp_path / name).packs.iterdir()
            for name, content in unpack_without_us(pack).items()
            if not name.startswith("sources/")
        }
        found.append((totals, tables, members))
    assert found[0] == found[1]
    assert len(found[0][2]) > 30


_BY_CHANCE = ("snapshot", "pack", "frame", "frame_length", "offset")
