"""Archiving the same sources again: what is read, what is taken over, and that everything still comes back."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.archives import files_of

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording import previous
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.sinks.pipeline import Pipeline, Report
from mailstrata.sources import files
from mailstrata.sources.discover import find_sources

_MESSAGE = (
    b"From ada@example.org Mon Nov 10 10:00:00 2025\nFrom: Ada <ada@example.org>\nSubject: %d\n\nText %d\n>From me\n\n"
)


def message(number: int) -> bytes:
    return _MESSAGE % (number, number)


def mbox_of(numbers: range) -> bytes:
    return b"".join(map(message, numbers))


def write(path: Path, data: bytes, time: int) -> None:
    """Write a file, and say when: two writes within one tick of the clock must not look alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(time, time))


def keep(archive: Path, *sources: Path, checkpoint_bytes: int = 1 << 30, reread: bool = False) -> Report:
    sink = ArchiveSink(archive, reread=reread)
    pipeline = Pipeline([sink], known=sink, checkpoint_bytes=checkpoint_bytes)
    return pipeline.run(find_sources(list(map(str, sources))))


def latest(archive: Path) -> tuple[SourceSnapshot, dict[bytes, bytes], int]:
    """The latest snapshot of the one source, its files as they come back, and the number of commits."""
    with Archive.open(archive) as opened:
        [snapshot] = opened.sources()
        return snapshot, files_of(opened, snapshot), opened.info().commits


def places(archive: Path) -> list[tuple[int, int, str]]:
    """Index, offset and digest of each row of occurrences."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    found = []
    with Archive.open(archive) as opened:
        for path in opened.index_files("occurrences"):
            with pq.ParquetFile(path) as file:
                rows = file.read(use_threads=False).to_pylist()
            found.extend((row["index"], row["start"], row["message"]) for row in rows)
    return sorted(found)


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    path = tmp_path / "inbox.mbox"
    write(path, mbox_of(range(20)), 10**18)
    return path


def test_an_unchanged_mbox_is_not_read(tmp_path: Path, mbox: Path) -> None:
    """Nothing is read and nothing is committed; with `reread` it is read, and says the same."""
    archive = tmp_path / "archive"
    keep(archive, mbox)
    report = keep(archive, mbox)
    assert (report.bytes_read, report.sources_unchanged) == (0, 1)
    assert latest(archive)[2] == 1
    report = keep(archive, mbox, reread=True)
    assert report.messages == 20
    assert latest(archive)[1] == {b"": mbox.read_bytes()}


def test_a_grown_mbox_is_parsed_from_its_last_message_on(tmp_path: Path, mbox: Path) -> None:
    """Only the last message is read again, and the new ones; indexes go on, and no place has two rows."""
    archive = tmp_path / "archive"
    keep(archive, mbox)
    write(mbox, mbox_of(range(23)), 10**18 + 1)
    report = keep(archive, mbox)
    assert report.messages == 4
    assert report.bytes_read == sum(len(message(number)) for number in range(19, 23))
    snapshot, found, commits = latest(archive)
    assert found == {b"": mbox.read_bytes()}
    assert commits == 2
    assert (snapshot.totals.messages_new, snapshot.totals.messages_duplicate) == (3, 1)
    assert snapshot.totals.messages_unchanged == 19
    assert snapshot.totals.source_bytes + snapshot.totals.bytes_unchanged == mbox.stat().st_size
    assert [index for index, _, _ in places(archive)] == list(range(23))


def test_a_message_that_was_cut_short_is_whole_in_the_next_snapshot(tmp_path: Path, mbox: Path) -> None:
    """A mailbox that was archived while its last message was being written."""
    archive = tmp_path / "archive"
    whole = mbox_of(range(5))
    write(mbox, whole[:-12], 10**18 + 1)
    keep(archive, mbox)
    write(mbox, whole, 10**18 + 2)
    report = keep(archive, mbox)
    assert report.messages == 1
    assert latest(archive)[1] == {b"": whole}


def test_a_rewritten_mbox_is_read_whole(tmp_path: Path, mbox: Path) -> None:
    """A message was deleted in the middle: the bytes before the old end differ, so nothing is taken over."""
    archive = tmp_path / "archive"
    keep(archive, mbox)
    write(mbox, mbox_of(range(9)) + mbox_of(range(10, 30)), 10**18 + 1)
    report = keep(archive, mbox)
    assert report.messages == 29
    snapshot, found, _ = latest(archive)
    assert found == {b"": mbox.read_bytes()}
    assert (snapshot.totals.messages_new, snapshot.totals.messages_unchanged) == (10, 0)
    with Archive.open(archive) as opened:
        assert [files_of(opened, each)[b""] for each in opened.snapshots()] == [mbox_of(range(20)), mbox.read_bytes()]


def test_a_rotated_mbox_keeps_each_message_once(tmp_path: Path, mbox: Path) -> None:
    """`inbox` becomes `inbox.1` and begins anew: no message is stored twice, both files come back."""
    archive = tmp_path / "archive"
    keep(archive, mbox)
    mbox.rename(tmp_path / "inbox.1.mbox")
    write(mbox, mbox_of(range(20, 22)), 10**18 + 1)
    sink = ArchiveSink(archive)
    Pipeline([sink], known=sink).run(find_sources([str(mbox), str(tmp_path / "inbox.1.mbox")]))
    assert (sink.totals.messages_new, sink.totals.messages_duplicate) == (2, 20)
    with Archive.open(archive) as opened:
        assert {Path(os.fsdecode(s.path)).name: files_of(opened, s)[b""] for s in opened.sources()} == {
            "inbox.mbox": mbox_of(range(20, 22)),
            "inbox.1.mbox": mbox_of(range(20)),
        }


def maildir(path: Path, numbers: range) -> None:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    for number in numbers:
        write(path / "cur" / f"{1000 + number}.host:2,S", message(number).partition(b"\n")[2], 10**18 + number)


def test_only_the_new_files_of_a_maildir_are_read(tmp_path: Path) -> None:
    """New messages, changed flags and a removed message; the rest is taken over without being read."""
    archive, path = tmp_path / "archive", tmp_path / "Maildir"
    maildir(path, range(30))
    assert keep(archive, path).messages == 30
    report = keep(archive, path)
    assert (report.messages, report.files_unchanged) == (0, 30)
    assert latest(archive)[2] == 1, "an unchanged Maildir needs no commit"
    maildir(path, range(30, 32))
    (path / "cur" / "1007.host:2,S").unlink()
    (path / "cur" / "1009.host:2,S").rename(path / "cur" / "1009.host:2,FS")
    report = keep(archive, path)
    assert report.messages == 3
    snapshot, found, _ = latest(archive)
    assert found == {os.fsencode(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}
    assert snapshot.totals.messages_unchanged == 28


@pytest.mark.parametrize("most", [0, 1, 3])
def test_lines_are_written_out_after_so_many_copies(
    tmp_path: Path, mbox: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a mailbox grows, only so many snapshots must be read to put it together again; it never comes to
    a difference, and a snapshot in which nothing changed is still none."""
    monkeypatch.setattr(previous, "MOST_COPIES", most)
    archive, folder = tmp_path / "archive", tmp_path / "Maildir"
    for end in range(20, 30):
        write(mbox, mbox_of(range(end)), 10**18 + end)
        maildir(folder, range(end))
        assert keep(archive, mbox, folder).messages == (40 if end == 20 else 3)
    assert keep(archive, mbox, folder).messages == 0
    with Archive.open(archive) as opened:
        assert opened.info().commits == 10
        boxes = {snapshot.kind: snapshot for snapshot in opened.sources()}
        assert max(snapshot.depth for snapshot in opened.snapshots()) == most
        assert files_of(opened, boxes["mbox"]) == {b"": mbox.read_bytes()}
        assert files_of(opened, boxes["maildir"]) == {
            os.fsencode(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()
        }


class StopError(Exception):
    """The run ends here, as if it was killed."""


def keep_until(archive: Path, source: Path, commits: int, checkpoint_bytes: int) -> None:
    """Archive a source in small pieces, and stop after so many commits."""
    sink = ArchiveSink(archive)
    made = 0
    real = sink.commit

    def commit() -> None:
        nonlocal made
        real()
        made += 1
        if made == commits:
            raise StopError

    sink.commit = commit  # type: ignore[method-assign]
    pipeline = Pipeline([sink], known=sink, checkpoint_bytes=checkpoint_bytes)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(StopError):
        patch.setattr(files, "CHUNK_BYTES", 100)
        pipeline.run(find_sources([str(source)]))


@pytest.mark.parametrize("commits", [1, 2, 5])
def test_an_interrupted_run_goes_on_where_it_committed_last(tmp_path: Path, mbox: Path, commits: int) -> None:
    """What was committed of the source is hashed, not parsed, and the snapshot that follows holds all of it."""
    archive = tmp_path / "archive"
    keep_until(archive, mbox, commits, 300)
    with Archive.open(archive) as opened:
        [snapshot] = opened.snapshots()
        assert snapshot.status == "open"
        assert snapshot.checkpoint is not None
        done, offset = snapshot.checkpoint.messages, snapshot.checkpoint.offset
    report = keep(archive, mbox)
    assert report.messages == 20 - done > 0
    assert report.bytes_read == mbox.stat().st_size - offset
    snapshot, found, _ = latest(archive)
    assert snapshot.status == "complete"
    assert found == {b"": mbox.read_bytes()}
    assert [index for index, _, _ in places(archive)] == list(range(20))


def test_an_interrupted_maildir_goes_on(tmp_path: Path) -> None:
    """Files that were committed are not read again, but for the one in which the last commit was made."""
    archive, path = tmp_path / "archive", tmp_path / "Maildir"
    maildir(path, range(30))
    keep_until(archive, path, 2, 300)
    with Archive.open(archive) as opened:
        done = opened.totals().messages_found
    assert keep(archive, path).messages == 31 - done < 30
    assert len(latest(archive)[1]) == 30
    assert [index for index, _, _ in places(archive)] == list(range(30)), "a place has two rows"


_CHANGES = st.lists(
    st.tuples(st.sampled_from(["append", "cut", "insert", "replace", "touch", "stop"]), st.integers(0, 400)),
    min_size=1,
    max_size=6,
)
_PIECES = (
    mbox_of(range(2)),
    b"\n",
    b"From nobody\n",
    b">From x\n\nFrom a@b Mon Nov 10 10:00:00 2025\nX: y\n\n",
    b"junk",
)


@given(changes=_CHANGES, checkpoint_bytes=st.sampled_from([1, 100, 1 << 30]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_to_an_mbox_its_last_snapshot_is_it(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int]], checkpoint_bytes: int
) -> None:
    """Appended, cut, rewritten and touched between runs, some of which are interrupted: the file comes back."""
    folder = tmp_path_factory.mktemp("runs")
    archive, path = folder / "archive", folder / "any.mbox"
    data = mbox_of(range(3))
    for time, (change, number) in enumerate(changes):
        piece, place = _PIECES[number % len(_PIECES)], number % (len(data) + 1)
        if change == "append":
            data += piece
        elif change == "cut":
            data = data[: max(place, 200)]
        elif change == "insert":
            data = data[:place] + piece + data[place:]
        elif change == "replace":
            data = data[:place] + b"x" + data[place + 1 :]
        if not data.startswith(b"From "):
            data = mbox_of(range(1)) + data
        write(path, data, 10**18 + time)
        if change == "stop":
            with contextlib.suppress(pytest.fail.Exception):  # it had nothing to commit so often
                keep_until(archive, path, 1 + number % 3, 100)
        else:
            report = keep(archive, path, checkpoint_bytes=checkpoint_bytes)
            # What no longer begins like an mbox is refused, and said.
            assert report.failed or latest(archive)[1] == {b"": data}
    if not keep(archive, path).failed:
        snapshot, found, _ = latest(archive)
        assert found == {b"": data}
        assert snapshot.status == "complete"
