"""Runs that read no more than they must: what is known of sources and files, and how files end."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.errors import DamagedSourceError, SourceChangedError, SourceError
from mailstrata.message.origin import FileInfo, SkippedFile, Source, SourceFile, SourceInfo
from mailstrata.sinks.pipeline import Pipeline, Progress
from mailstrata.sinks.protocol import FileOutcome, Seen, Sink, Wants
from mailstrata.sources.mbox import MboxSource
from mailstrata.testing import (
    ContractChecker,
    MemoryFile,
    RecordingSink,
    conformance_mailboxes,
    memory_mbox,
    memory_message,
    memory_tree,
    ordinary_mailbox,
)

LINE = b"From ada@example.org Mon Nov 10 10:00:00 2025\n"
MESSAGES = [LINE + b"Subject: %d\n\n>From here\ntext\n\n" % number for number in range(5)]
MBOX = b"".join(MESSAGES)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Known:
    """What is known, given beforehand; `asked` is what the pipeline wanted to know."""

    def __init__(self, files: dict[bytes, Seen | SourceError], unchanged: tuple[str, ...] = ()) -> None:
        self.files = files
        self.unchanged = unchanged
        self.asked: list[object] = []

    def source_unchanged(self, source: Source) -> bool:
        self.asked.append(source.info.label)
        return source.info.label in self.unchanged

    def look(self, source: SourceInfo, file: SourceFile) -> Seen | None:
        self.asked.append((source.label, file.info.name))
        found = self.files.get(file.info.name)
        if isinstance(found, SourceError):
            raise found
        return found


def seen_at(offset: int, messages: int) -> Seen:
    return Seen(offset, messages, hashlib.sha256(MBOX[:offset]))


def outside_of(sink: RecordingSink) -> bytes:
    return b"".join(data for _, _, data in sink.outside_bytes)


@pytest.mark.parametrize("count", range(6))
def test_a_grown_file_gives_its_rest(count: int) -> None:
    """From the start of a message on, exactly the messages after it come, as in a run that reads all."""
    offset = sum(map(len, MESSAGES[:count]))
    whole, rest = RecordingSink(), RecordingSink()
    Pipeline([whole]).run([memory_mbox("m", MBOX)])
    checker = ContractChecker(rest, incremental=True)
    source = memory_mbox("m", MBOX)
    progress: list[int] = []
    report = Pipeline(
        [checker], known=Known({b"": seen_at(offset, count)}), progress=lambda now: progress.append(now.bytes_read)
    ).run([source])
    expected = [message for message in whole.messages if message.info.start >= offset]
    assert [message.raw for message in rest.messages] == [message.raw for message in expected]
    for message, other in zip(rest.messages, expected, strict=True):
        for name in ("index", "start", "end", "size", "sha256", "separator", "unquoted_lines"):
            assert getattr(message.info, name) == getattr(other.info, name)
    assert rest.outside_bytes == [each for each in whole.outside_bytes if each[1] >= offset]
    assert rest.file_outcomes == whole.file_outcomes == [FileOutcome(length=len(MBOX), sha256=sha256(MBOX))]
    assert (rest.outcomes[0].bytes_read, rest.outcomes[0].messages) == (len(MBOX) - offset, 5 - count)
    assert (report.bytes_read, report.messages, report.sources) == (len(MBOX) - offset, 5 - count, 1)
    assert progress[-1] == len(MBOX) == source.size


@settings(max_examples=40, deadline=None)
@given(chunk_bytes=st.integers(1, 200), start=st.sampled_from([0, 1, 3]), checkpoint_bytes=st.integers(1, 100))
def test_checkpoints_tell_the_digest_of_what_was_delivered(chunk_bytes: int, start: int, checkpoint_bytes: int) -> None:
    """However the input is split and wherever it begins, a checkpoint has the digest of the bytes before it."""
    sink = RecordingSink()
    offset = sum(map(len, MESSAGES[:start]))
    known = Known({b"": seen_at(offset, start)}) if start else None
    Pipeline([sink], checkpoint_bytes=checkpoint_bytes, known=known).run(
        [memory_mbox("m", MBOX).in_chunks(chunk_bytes)]
    )
    within = [each for each in sink.checkpoints if each.file is not None]
    assert len(within) > 0
    assert [each.sha256 for each in within] == [sha256(MBOX[: each.offset]) for each in within]
    assert all(each.sha256 is None for each in sink.checkpoints if each.file is None)


def test_checkpoints_in_a_large_file() -> None:
    """After a message of several chunks, with the largest header block the parser waits for, the digest is known."""
    large = LINE + b"Subject: large\n\n" + b"x" * 70 + b"\n" + b"y" * (5 << 20) + b"\n\n"
    header = LINE + b"X-Long: " + b"z" * ((1 << 20) - 100)
    data = large + header + b"\n\n" + large
    sink = RecordingSink()
    Pipeline([sink], checkpoint_bytes=1).run([memory_mbox("m", data)])
    within = [each for each in sink.checkpoints if each.file is not None]
    assert len(within) == 3
    assert [each.sha256 for each in within] == [sha256(data[: each.offset]) for each in within]


def test_nobody_hashes_files_unless_asked() -> None:
    """Without FILE_DIGESTS neither files nor checkpoints have a digest; one sink that asks is enough for all."""
    plain = RecordingSink(Wants.RAW)
    Pipeline([plain], checkpoint_bytes=1).run([memory_mbox("m", MBOX)])
    assert plain.file_outcomes == [FileOutcome(length=len(MBOX))]
    assert all(each.sha256 is None for each in plain.checkpoints)
    asking = RecordingSink(Wants.FILE_DIGESTS)
    plain = RecordingSink(Wants.RAW)
    Pipeline([plain, asking]).run([memory_mbox("m", MBOX)])
    assert plain.file_outcomes == asking.file_outcomes == [FileOutcome(length=len(MBOX), sha256=sha256(MBOX))]


def test_without_the_digest_of_the_beginning_there_is_none() -> None:
    """A file that goes on at an offset without the digest of what stands before has none, rather than a wrong one."""
    sink = RecordingSink()
    offset = len(MESSAGES[0])
    Pipeline([sink], known=Known({b"": Seen(offset, 1)}), checkpoint_bytes=1).run([memory_mbox("m", MBOX)])
    assert sink.file_outcomes == [FileOutcome(length=len(MBOX))]
    assert {each.sha256 for each in sink.checkpoints} == {None}


@pytest.mark.parametrize("source", list(conformance_mailboxes()), ids=lambda source: source.info.label)
def test_every_file_has_the_digest_of_its_bytes(source: Source) -> None:
    """Quoting, gaps, damage and errors change nothing: the digest is that of the bytes as they were read."""
    sink = RecordingSink()
    Pipeline([ContractChecker(sink)]).run([source])
    files = [file for file in source.files() if isinstance(file, MemoryFile)]
    datas = [b"".join(data for _, data in file.contents) for file in files]
    assert [(each.length, each.sha256) for each in sink.file_outcomes] == [(len(data), sha256(data)) for data in datas]
    assert [each.complete for each in sink.file_outcomes] == [file.error is None for file in files]


def test_unchanged_files_are_not_read() -> None:
    """No sink hears of them; the messages after them keep their indexes, and they count as done."""

    def unreadable(number: int) -> MemoryFile:
        error = SourceError("this was to be left alone")
        return MemoryFile((("message", b""),), FileInfo(b"%d" % number, size=1000), error=error)

    fresh = MemoryFile((("message", b"Subject: new\n\n"),), FileInfo(b"b", size=14))
    source = memory_tree("tree", [unreadable(1), fresh, unreadable(2), SkippedFile(b"c", "no mail"), fresh])
    known = Known({b"1": Seen(messages=1, unchanged=True), b"2": Seen(messages=3, unchanged=True)})
    recording = RecordingSink()
    progress: list[int] = []
    report = Pipeline(
        [ContractChecker(recording, incremental=True)],
        known=known,
        progress=lambda now: progress.append(now.bytes_read),
    ).run([source])
    assert [message.info.index for message in recording.messages] == [1, 5]
    assert (report.messages, report.files_unchanged, report.bytes_read) == (2, 2, 28)
    assert not report.failures
    assert (recording.outcomes[0].messages, recording.outcomes[0].bytes_read) == (2, 28)
    assert recording.calls.count("begin_file") == recording.calls.count("end_file") == 2
    assert progress == [1000, 1014, 2014, 2028]
    assert known.asked == ["tree", *(("tree", name) for name in (b"1", b"b", b"2", b"b"))]


def test_unchanged_sources_are_not_gone_through() -> None:
    """No sink hears of them, none of their files is looked at; the others are read."""
    sink = RecordingSink()
    seen: list[tuple[str, int, int | None]] = []
    known = Known({}, unchanged=("a", "c"))

    def note(progress: Progress) -> None:
        seen.append((progress.source, progress.bytes_read, progress.bytes_total))

    report = Pipeline([ContractChecker(sink, incremental=True)], known=known, progress=note).run(
        [memory_mbox("a", MBOX), memory_message("b", b"Subject: x\n\n"), memory_mbox("c", MBOX)]
    )
    assert (report.sources, report.sources_unchanged, report.messages, report.bytes_read) == (1, 2, 1, 12)
    assert known.asked == ["a", "b", ("b", b""), "c"]
    assert sink.calls.count("begin_source") == 1
    size = len(MBOX)
    assert seen == [("a", size, size), ("b", size + 12, size + 12), ("c", 2 * size + 12, 2 * size + 12)]


def test_what_is_not_read_makes_no_checkpoint() -> None:
    """Checkpoints come after so many bytes of input; what is known already is none."""
    sink = RecordingSink()
    known = Known({b"": seen_at(sum(map(len, MESSAGES[:4])), 4)}, unchanged=("a",))
    Pipeline([sink], checkpoint_bytes=100, known=known).run([memory_mbox("a", MBOX), memory_mbox("b", MBOX)])
    assert [each.final for each in sink.checkpoints] == [True]


def test_a_file_that_cannot_be_looked_at() -> None:
    """An error of the source while it is held against what is known is a failure of that file; the others are read."""
    first = MemoryFile((("message", b"Subject: a\n\n"),), FileInfo(b"a"))
    second = MemoryFile((("message", b"Subject: b\n\n"),), FileInfo(b"b"))
    sink = RecordingSink()
    known = Known({b"a": SourceError("tree/a cannot be read beyond byte 0")})
    report = Pipeline([ContractChecker(sink, incremental=True)], known=known).run(
        [memory_tree("tree", [first, second])]
    )
    assert [message.info.subject for message in sink.messages] == ["b"]
    assert sink.file_outcomes == [
        FileOutcome(complete=False),
        FileOutcome(length=12, sha256=sha256(b"Subject: b\n\n")),
    ]
    assert [(failure.name, str(failure.error)) for failure in report.failures] == [
        (b"a", "tree/a cannot be read beyond byte 0")
    ]
    assert not sink.outcomes[0].complete


@pytest.mark.parametrize(
    ("error", "changed"), [(DamagedSourceError("cut off"), False), (SourceChangedError("changed"), True)]
)
def test_a_file_that_is_not_whole(error: SourceError, changed: bool) -> None:
    """Its outcome tells how far it was read, the digest of that, and whether it changed meanwhile."""
    sink = RecordingSink()
    report = Pipeline([ContractChecker(sink)]).run([memory_mbox("m", MBOX, error=error)])
    assert sink.file_outcomes == [FileOutcome(False, len(MBOX), sha256(MBOX), changed)]
    assert sink.outcomes[0].reasons == [str(error)]
    assert [failure.error for failure in report.failures] == [error]


class Appending(Sink):
    """Writes to the file that is being read."""

    wants = Wants.FILE_DIGESTS

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages = 0
        self.outcome = FileOutcome()

    def end_message(self, message: object) -> None:
        self.messages += 1
        if self.messages == 2:
            with self.path.open("ab") as file:
                file.write(MESSAGES[0])

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:
        self.outcome = outcome


def test_a_mailbox_that_gets_mail_while_it_is_read(tmp_path: Path) -> None:
    """What was there at first is delivered, the change is a failure of one line, and the next run gets the rest."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(MBOX)
    sink = Appending(path)
    source = MboxSource(os.fsencode(path), "inbox.mbox")
    report = Pipeline([sink]).run([source])
    assert sink.messages == 5
    assert sink.outcome == FileOutcome(False, len(MBOX), sha256(MBOX), changed=True)
    (failure,) = report.failures
    assert str(failure.error) == (
        "inbox.mbox changed while it was read; what was read is kept; run the command again when nothing writes to it"
    )
    (file,) = source.files()
    found = file.prefix_digest(len(MBOX), len(MBOX) - len(MESSAGES[4]))
    assert found is not None
    assert found.sha256 == sink.outcome.sha256
    rest = RecordingSink()
    known = Known({b"": Seen(len(MBOX) - len(MESSAGES[4]), 4, found.at)})
    report = Pipeline([ContractChecker(rest, incremental=True)], known=known).run([source])
    assert [message.info.index for message in rest.messages] == [4, 5]
    assert b"".join(LINE + message.raw + b"\n" for message in rest.messages) == (MESSAGES[4] + MESSAGES[0]).replace(
        b"\n>From", b"\nFrom"
    )
    assert rest.file_outcomes == [FileOutcome(length=len(MBOX + MESSAGES[0]), sha256=sha256(MBOX + MESSAGES[0]))]
    assert not report.failures


def test_a_skipped_file_is_named_with_its_source() -> None:
    """The failure of a file that was passed over says in which source it lies."""
    tree = memory_tree("mail/tree", [SkippedFile(b"a/b.eml", "no permission to read it", is_error=True)])
    report = Pipeline([Sink()]).run([tree])
    assert [str(failure.error) for failure in report.failures] == ["mail/tree: a/b.eml: no permission to read it"]


def test_the_checker_knows_a_run_that_is_not_incremental() -> None:
    """A sink that was promised whole files notices when one begins in the middle."""
    offset = len(MESSAGES[0])
    with pytest.raises(AssertionError):
        Pipeline([ContractChecker()], known=Known({b"": seen_at(offset, 1)})).run([memory_mbox("m", MBOX)])
    with pytest.raises(AssertionError):
        Pipeline([ContractChecker()], known=Known({b"": Seen(offset, 0)})).run([ordinary_mailbox()])
