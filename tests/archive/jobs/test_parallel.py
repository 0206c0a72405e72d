"""What several processes archive is what one does: messages, blobs, rows, lines of snapshots, ledger, report."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.archive_runs import check_clean, check_whole
from support.archives import files_of
from support.parallel import SEPARATOR, ThreadFleet, archive_with, mbox_of, message, report_of, state_of

from mailstrata.archive.jobs import claims, held_files, parallel
from mailstrata.archive.jobs.fleet import Fleet
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording import previous
from mailstrata.archive.snapshots import segments
from mailstrata.sources import files


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailbox of some messages is cut, and every file waits for none."""
    cut_small(monkeypatch)


def cut_small(patch: pytest.MonkeyPatch, piece: int = 2500, chunk: int = 1000, held: int = 900) -> None:
    """Cut and read in so many bytes."""
    patch.setattr(parallel, "PIECE_BYTES", piece)
    patch.setattr(parallel, "_WHOLE_BYTES", 0)
    patch.setattr(parallel, "_WHOLE_COMPRESSED_BYTES", 0)
    patch.setattr(parallel, "_LEAST_BYTES", 0)
    patch.setattr(held_files, "MOST_BYTES", held)
    patch.setattr(files, "CHUNK_BYTES", chunk)


@pytest.fixture(autouse=True)
def _one_claim_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    one_claim_at_a_time(monkeypatch)


def one_claim_at_a_time(patch: pytest.MonkeyPatch) -> None:
    """A record lock keeps processes out, not the threads of one."""
    lock = threading.Lock()
    claim = claims.ClaimTable.claim

    def locked(self: claims.ClaimTable, kind: int, digest: bytes, run: int) -> int:
        with lock:
            return claim(self, kind, digest, run)

    patch.setattr(claims.ClaimTable, "claim", locked)


def compare(
    folder: Path, sources: list[Path], *, checkpoint_bytes: int = 1 << 30, fleet: type[Fleet] = ThreadFleet
) -> Path:
    """Archive with one process and with three; returns the archive of the three."""
    one, several = folder / "one", folder / "several"
    expected, _ = archive_with(1, one, sources, checkpoint_bytes=checkpoint_bytes)
    found, sink = archive_with(3, several, sources, checkpoint_bytes=checkpoint_bytes, fleet=fleet)
    assert report_of(found) == report_of(expected)
    if not one.exists():
        # There is no mail at all.
        assert not several.exists()
        return several
    assert state_of(several) == state_of(one)
    check_whole(several)
    with Archive.open(several) as archive:
        assert archive.info().commits == len(sink.commits)
    return several


def write(path: Path, data: bytes, time: int = 10**18) -> Path:
    """Write a file, and say when."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(time, time))
    return path


# Kinds of sources --------------------------------------------------------------------------------------------


def test_an_mbox_is_cut(tmp_path: Path) -> None:
    mbox = write(tmp_path / "a.mbox", mbox_of([message(number, number % 4 or None) for number in range(60)]))
    several = compare(tmp_path, [mbox])
    with Archive.open(several) as archive:
        [snapshot] = archive.sources()
        assert files_of(archive, snapshot) == {b"": mbox.read_bytes()}
    check_clean(several, is_erased=False)


def test_with_processes(tmp_path: Path) -> None:
    """All the others use threads, which start faster."""
    mbox = write(tmp_path / "a.mbox", mbox_of([message(number, number % 4 or None) for number in range(60)]))
    maildir = tmp_path / "Maildir"
    for folder in ("cur", "new", "tmp"):
        (maildir / folder).mkdir(parents=True)
    for number in range(40):
        write(maildir / "cur" / f"{number}.host:2,S", message(number, number % 3))
    several = compare(tmp_path, [mbox, maildir], checkpoint_bytes=200_000, fleet=Fleet)
    check_clean(several, is_erased=False)


@pytest.mark.parametrize("checkpoint_bytes", [1, 20_000, 1 << 30])
def test_containers_and_folders(tmp_path: Path, checkpoint_bytes: int) -> None:
    messages = [message(number, number % 3) for number in range(30)]
    mbox = mbox_of(messages)
    write(tmp_path / "mail" / "a.mbox.gz", gzip.compress(mbox, mtime=0))
    write(tmp_path / "mail" / "cut off.mbox.gz", gzip.compress(mbox, mtime=0)[:-2000])
    with tarfile.open(tmp_path / "mail" / "a.tar", "w") as tar:
        for number, data in enumerate([*messages, mbox, b"no mail", b"\n" + mbox]):
            member = tarfile.TarInfo(f"box/{number}.eml" if data is not mbox else "box/inbox.mbox")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    with zipfile.ZipFile(tmp_path / "mail" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("box/inbox.mbox", mbox)
        for number, data in enumerate(messages):
            archive.writestr(f"box/{number}.eml", data)
    for number, data in enumerate(messages):
        write(tmp_path / "mail" / "letters" / f"{number}.eml", data)
    write(tmp_path / "mail" / "letters" / "picture.png", b"\x89PNG\r\n\x1a\n")
    write(tmp_path / "mail" / "large.eml", b"Subject: x\n\n" + b"text\n" * 5000)
    compare(tmp_path, [tmp_path / "mail", tmp_path / "missing"], checkpoint_bytes=checkpoint_bytes)


def test_a_stream(tmp_path: Path) -> None:
    """A named pipe is read once, by whichever process."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    mbox = mbox_of([message(number, number % 4) for number in range(40)])
    states = []
    for jobs in (1, 3):
        writer = threading.Thread(target=pipe.write_bytes, args=(mbox,))
        writer.start()
        report, _ = archive_with(jobs, tmp_path / str(jobs), [pipe], fleet=ThreadFleet)
        writer.join()
        assert report.messages == 40
        states.append(state_of(tmp_path / str(jobs)))
    assert states[0] == states[1]


@pytest.mark.parametrize("leading", [b"", b"\n", b"\xef\xbb\xbf", b"no mail\n\n", b"From here on\n\n" * 200])
def test_what_stands_before_the_first_message(tmp_path: Path, leading: bytes) -> None:
    compare(tmp_path, [write(tmp_path / "a.mbox", leading + mbox_of([message(number) for number in range(60)]))])


def test_large_gaps_and_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gaps that are blobs, met twice, and lines that do not fit into an answer."""
    monkeypatch.setattr("mailstrata.archive.jobs.fragments._IN_MEMORY", 500)
    monkeypatch.setattr(segments, "INLINE_BYTES", 1000)
    junk = b"no mail at all\n" * 100 + b"\n"
    boxes = [
        write(tmp_path / f"{name}.mbox", junk + mbox_of([message(number) for number in numbers]))
        for name, numbers in (("a", range(40)), ("b", range(20, 60)))
    ]
    compare(tmp_path, boxes)


# Content-Length ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_right", [True, False])
def test_a_message_with_a_from_line_inside_is_not_cut_there(tmp_path: Path, is_right: bool) -> None:
    """Whether that is a message is for its Content-Length to say, and for the file behind it."""
    messages = [message(number, lengths=True, inner=True) for number in range(60)]
    if not is_right:
        messages = [each.replace(b"Content-Length: ", b"Content-Length: 1") for each in messages[30:]]
    mbox = write(tmp_path / "a.mbox", mbox_of(messages, quoted=False))
    several = compare(tmp_path, [mbox])
    with Archive.open(several) as archive:
        [snapshot] = archive.sources()
        assert snapshot.totals.messages_found >= 30


def test_a_cut_that_the_parser_does_not_confirm_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be, as far as anybody knows; if it is, nothing of it is kept."""
    mbox = write(
        tmp_path / "a.mbox", mbox_of([message(number, lengths=True, inner=True) for number in range(60)], quoted=False)
    )
    monkeypatch.setattr(parallel.ParallelPipeline, "_cutter", lambda self, file, offset: parallel.Cutter(offset))
    with pytest.raises(Exception, match="no message begins where it was cut"):
        archive_with(3, tmp_path / "archive", [mbox], fleet=ThreadFleet)
    assert not (tmp_path / "archive").exists()


# Duplicates --------------------------------------------------------------------------------------------------


def test_what_two_workers_meet_is_kept_once_and_counted_where_it_stands_first(tmp_path: Path) -> None:
    """The same messages in four sources, and the same attachments in all messages."""
    boxes = [
        write(tmp_path / f"{name}.mbox", mbox_of([message(number, number % 4) for number in range(50)]))
        for name in "abcd"
    ]
    several = compare(tmp_path, boxes)
    with Archive.open(several) as archive:
        counts = [(each.totals.messages_new, each.totals.blobs_new) for each in archive.sources()]
        assert counts == [(50, 4), (0, 0), (0, 0), (0, 0)]


def test_what_a_later_run_keeps_counts_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes first, always the later runs are done first."""
    hold_back_the_first(monkeypatch)
    boxes = [
        write(tmp_path / f"{name}.mbox", mbox_of([message(number, number % 4) for number in range(12)]))
        for name in "abc"
    ]
    several = compare(tmp_path, boxes)
    with Archive.open(several) as archive:
        counts = [(each.totals.messages_new, each.totals.blobs_new) for each in archive.sources()]
        assert counts == [(12, 4), (0, 0), (0, 0)]


def hold_back_the_first(patch: pytest.MonkeyPatch) -> None:
    """The run with number 1 begins when another one has ended."""
    from mailstrata.archive.jobs import worker  # noqa: PLC0415

    another_has_ended = threading.Event()
    piece, answer = worker._Worker._piece, worker._Worker._answer

    def held(self: worker._Worker, found: parallel.Piece) -> None:
        if found.number == 1:
            assert another_has_ended.wait(60)
        piece(self, found)

    def noted(self: worker._Worker, *arguments: object) -> None:
        answer(self, *arguments)  # type: ignore[arg-type]
        another_has_ended.set()

    patch.setattr(worker._Worker, "_piece", held)
    patch.setattr(worker._Worker, "_answer", noted)


# Again -------------------------------------------------------------------------------------------------------


def _grow_mbox(folder: Path) -> None:
    path = folder / "a.mbox"
    write(path, path.read_bytes() + mbox_of([message(number, number % 3) for number in range(80, 120)]), 10**18 + 1)


def _change_maildir(folder: Path) -> None:
    for number in range(0, 30, 3):
        (folder / "Maildir" / "cur" / f"{number}.host:2,").rename(folder / "Maildir" / "cur" / f"{number}.host:2,S")
    for number in range(30, 45):
        write(folder / "Maildir" / "cur" / f"{number}.host:2,", message(number, number % 3))


def _set_times(folder: Path) -> None:
    for name in ("", "cur", "new", "tmp"):
        os.utime(folder / "Maildir" / name, ns=(10**18, 10**18))


def _nothing(folder: Path) -> None:
    pass


@pytest.mark.parametrize("change", [_nothing, _grow_mbox, _change_maildir])
@pytest.mark.parametrize(("reread", "most_copies"), [(False, 16), (False, 0), (True, 16)])
def test_a_second_run_reads_no_more_than_one_process_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], reread: bool, most_copies: int
) -> None:
    # Where lines may not be named any more, they are written out again.
    monkeypatch.setattr(previous, "MOST_COPIES", most_copies)
    monkeypatch.setattr(parallel, "_MOST_LINED_UP", 10)
    states, reports = [], []
    for jobs in (1, 3):
        folder = tmp_path / str(jobs) / "mail"
        write(folder / "a.mbox", mbox_of([message(number, number % 3) for number in range(40)]))
        for name in ("cur", "new", "tmp"):
            (folder / "Maildir" / name).mkdir(parents=True)
        for number in range(30):
            write(folder / "Maildir" / "cur" / f"{number}.host:2,", message(number, number % 3))
        monkeypatch.chdir(folder.parent)
        _set_times(folder)
        archive_with(jobs, tmp_path / f"archive {jobs}", [Path("mail")], fleet=ThreadFleet)
        change(folder)
        _set_times(folder)
        report, _ = archive_with(jobs, tmp_path / f"archive {jobs}", [Path("mail")], reread=reread, fleet=ThreadFleet)
        reports.append(report_of(report))
        check_whole(tmp_path / f"archive {jobs}")
        states.append(state_of(tmp_path / f"archive {jobs}", without=tmp_path / str(jobs)))
    assert reports[0] == reports[1]
    assert states[0] == states[1]


# Whatever it is ----------------------------------------------------------------------------------------------

_MESSAGES = st.builds(
    message, st.integers(0, 30), st.none() | st.integers(0, 3), lengths=st.booleans(), inner=st.booleans()
)
_LINES = st.sampled_from(
    [
        SEPARATOR,
        b"\n" + SEPARATOR,
        b"\r\n" + SEPARATOR.replace(b"\n", b"\r\n"),
        b"From here on\n",
        b">From here on\n",
        b"Subject: x\n",
        b"Content-Length: 30\n",
        b"Content-Type: message/rfc822\n",
        b"\n",
        b"text\n",
    ]
)
_MBOXES = st.builds(mbox_of, st.lists(_MESSAGES, max_size=30), quoted=st.booleans()) | st.lists(
    _LINES, max_size=200
).map(b"".join)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_MBOXES, min_size=1, max_size=3), st.integers(1, 3000), st.integers(50, 2000), st.integers(0, 3000))
def test_any_mailboxes_cut_anyhow(boxes: list[bytes], piece: int, chunk: int, every: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        cut_small(patch, piece, chunk, held=1)
        folder = Path(name)
        sources = [write(folder / f"{number}.mbox", data) for number, data in enumerate(boxes)]
        compare(folder, sources, checkpoint_bytes=every * 100 or 1 << 30)
