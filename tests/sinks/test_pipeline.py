"""The pipeline: what sinks are told, what a failing source or sink does, checkpoints."""

import errno
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.errors import DamagedSourceError, SourceError, TargetError
from mailstrata.message.origin import Failure, FileInfo, FolderInfo, SkippedFile
from mailstrata.parser.limits import Limits
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sinks.protocol import Sink, Wants
from mailstrata.testing.memory import MemoryFile, memory_mbox, memory_message, memory_tree
from mailstrata.testing.recording import RecordingSink

FROM = b"From a@example.org Mon Jan  5 10:00:00 2004\n"
MESSAGE = (
    b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n"
    b"--b\nContent-Transfer-Encoding: base64\n\nQUJD\n--b--\npost\n"
)


class Collecting(Sink):
    """Keeps what it is told."""

    def __init__(self, wants=Wants.RAW | Wants.DECODED | Wants.DIGESTS):
        self.wants = wants
        self.calls = []
        self.messages = []
        self.parts = {}
        self.raws = []
        self.kinds = []
        self.gaps = []

    def open(self):
        self.calls.append("open")

    def begin_source(self, source):
        self.calls.append(f"source {source.label}")

    def outside(self, kind, start, data):
        self.gaps.append((kind.value, start, data))

    def begin_message(self, message):
        self.raws.append(b"")
        self.kinds.append([])

    def begin_part(self, message, part):
        self.parts[len(self.raws) - 1, part.path] = b""

    def raw(self, message, part, kind, data):
        assert data
        self.raws[-1] += data
        if not self.kinds[-1] or self.kinds[-1][-1] != (part.path, kind.value):
            self.kinds[-1].append((part.path, kind.value))

    def decoded(self, message, part, data):
        assert data
        self.parts[len(self.raws) - 1, part.path] += data

    def end_message(self, message):
        self.messages.append(message)

    def end_source(self, source, outcome):
        self.calls.append(("end", outcome.complete, outcome.bytes_read, outcome.messages))

    def skipped_file(self, source, file):
        self.calls.append(("skipped", file.name))

    def checkpoint(self, checkpoint):
        self.calls.append("final" if checkpoint.final else f"checkpoint {checkpoint.offset}")

    def commit(self):
        self.calls.append("commit")

    def abort(self):
        self.calls.append("abort")

    def close(self):
        self.calls.append("close")


def test_one_message():
    """Every raw byte once and tagged, decoded content, digests, counts."""
    sink = Collecting()
    report = Pipeline([sink]).run([memory_message("m.eml", MESSAGE)])
    assert sink.raws == [MESSAGE]
    assert sink.kinds == [
        [
            ("1", "header"),
            ("1", "other"),
            ("1", "delimiter"),
            ("1.1", "header"),
            ("1.1", "body"),
            ("1", "delimiter"),
            ("1.2", "header"),
            ("1.2", "body"),
            ("1", "delimiter"),
            ("1", "other"),
        ]
    ]
    assert sink.parts == {(0, "1"): b"", (0, "1.1"): b"one", (0, "1.2"): b"ABC"}
    (message,) = sink.messages
    assert message.sha256 == message.canonical_sha256 == hashlib.sha256(MESSAGE).hexdigest()
    assert (message.size, message.part_count) == (len(MESSAGE), 3)
    assert (report.sources, report.messages, report.parts, report.bytes_read) == (1, 1, 3, len(MESSAGE))
    assert report.decoded_bytes == 6
    assert sink.calls[0] == "open"
    assert sink.calls[-3:] == ["final", "commit", "close"]


@settings(max_examples=60, deadline=None)
@given(chunk_bytes=st.integers(1, 40))
def test_chunks_do_not_matter(chunk_bytes):
    """The same calls with any chunk size, quoting and CRLF included."""
    data = (FROM + b"A: 1\n\n>From x\r\n>>From y\n\n") + (FROM + MESSAGE + b"\n")
    sink = Collecting()
    Pipeline([sink]).run([memory_mbox("m", data).in_chunks(chunk_bytes)])
    assert sink.raws == [b"A: 1\n\nFrom x\r\n>From y\n", MESSAGE]
    assert [m.sha256 for m in sink.messages] == [hashlib.sha256(raw).hexdigest() for raw in sink.raws]
    first = sink.messages[0]
    assert first.canonical_sha256 == hashlib.sha256(b"A: 1\n\nFrom x\n>From y\n").hexdigest()
    assert b"".join(gap for _, _, gap in sink.gaps) == FROM + b"\n" + FROM + b"\n"


def test_unquoted_lines_are_named():
    """`From ` lines that the quoting would have quoted are named by their offset in the message."""
    sink = Collecting()
    Pipeline([sink]).run([memory_mbox("m", FROM + b"A: 1\n\nx\nFrom here\n>From there\n")])
    assert sink.messages[0].unquoted_lines == [8]


def test_nobody_pays_for_what_nobody_asked_for():
    """Without digests there are none, and without RAW or DECODED no bytes."""
    sink = Collecting(Wants.NOTHING)
    report = Pipeline([sink]).run([memory_message("m.eml", MESSAGE)])
    assert sink.raws == [b""]
    assert (sink.messages[0].sha256, sink.messages[0].size) == (None, len(MESSAGE))
    assert report.decoded_bytes == 0


def test_folders_come_to_those_who_ask():
    """In the place where the source tells of them; who did not ask for them need not have the method."""
    file = MemoryFile((("message", MESSAGE),), FileInfo(b"a/1"))
    folders = [FolderInfo(b"", 0o700, 1), FolderInfo(b"a", 0o755, 2)]
    asking, other = RecordingSink(), RecordingSink(Wants.NOTHING)
    Pipeline([asking, other]).run([memory_tree("tree", [folders[0], file, folders[1]])])
    assert (asking.folders, other.folders) == (folders, [])
    told = [call for call in asking.calls if call in ("begin_source", "begin_file", "found_folder")]
    assert told == ["begin_source", "found_folder", "begin_file", "found_folder"]


def test_failing_sources_do_not_stop_the_others():
    """A word that led nowhere, a source cut short, an unreadable file: the rest is done, and all are named."""
    error = DamagedSourceError("cut", offset=60)
    truncated = memory_tree(
        "mbox", [MemoryFile((("mbox", FROM + b"A: 1\n\none"),), FileInfo(quoting="mboxrd"), 10, error)]
    )
    tree = memory_tree(
        "tree", [SkippedFile(b"x.png", "a PNG image"), SkippedFile(b"y.eml", "no permission", is_error=True)]
    )
    sink = Collecting()
    report = Pipeline([sink]).run(
        [Failure("gone", SourceError("gone: no such file")), truncated, tree, memory_message("m.eml", MESSAGE)]
    )
    assert [failure.label for failure in report.failures] == ["gone", "mbox", "tree"]
    assert report.failed == 3
    assert sink.raws == [b"A: 1\n\none", MESSAGE]
    assert [call for call in sink.calls if isinstance(call, tuple)] == [
        ("end", False, len(FROM) + 9, 1),
        ("skipped", b"x.png"),
        ("skipped", b"y.eml"),
        ("end", False, 0, 0),
        ("end", True, len(MESSAGE), 1),
    ]


@pytest.mark.parametrize(
    "method",
    ["open", "begin_source", "begin_message", "raw", "decoded", "end_message", "checkpoint", "commit", "close"],
)
def test_a_failing_sink_aborts_all(method):
    """Whatever call fails, all open sinks are aborted once, none is called after that; the error is one line."""
    failing, other = Collecting(), Collecting()

    def fail(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "/target/file")

    setattr(failing, method, fail)
    with pytest.raises(TargetError, match=r"/target/file.*No space left") as caught:
        Pipeline([other, failing]).run([memory_message("m.eml", MESSAGE)])
    assert "\n" not in str(caught.value)
    assert other.calls[-1] == ("close" if method == "close" else "abort")
    assert failing.calls.count("abort") == (method != "open")


def test_an_interrupt_aborts():
    """Ctrl-C aborts the sinks and is passed on."""
    sink = Collecting()

    def interrupt(_progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Pipeline([sink], progress=interrupt).run([memory_message("m.eml", MESSAGE)])
    assert sink.calls[-1] == "abort"


def test_a_failing_abort_is_noted():
    """What goes wrong while aborting does not hide what went wrong first."""
    sink = Collecting()

    def fail(*_arguments):
        raise RuntimeError("also")

    def fail_first(*_arguments):
        raise ValueError("first")

    sink.abort = fail
    sink.begin_message = fail_first
    with pytest.raises(ValueError, match="first") as caught:
        Pipeline([sink]).run([memory_message("m.eml", MESSAGE)])
    assert "also" in caught.value.__notes__[0]


def test_checkpoints_within_a_long_source():
    """After so many bytes the next end of a message is a checkpoint, with the offset up to which all was delivered."""
    data = (FROM + b"A: 1\n\none\n\n") * 10
    sink = Collecting()
    Pipeline([sink], checkpoint_bytes=100).run([memory_mbox("m", data).in_chunks(10)])
    offsets = [int(call.split()[1]) for call in sink.calls if str(call).startswith("checkpoint")]
    assert offsets[:-1] == sorted(set(offsets[:-1]))
    assert len(offsets) >= 5
    assert all((offset + 1) % 55 == 0 for offset in offsets[:-1])


def test_progress():
    """Progress tells bytes, messages and the source."""
    seen = []
    Pipeline([Collecting()], progress=lambda p: seen.append((p.bytes_read, p.bytes_total, p.source))).run(
        [memory_message("m.eml", MESSAGE).in_chunks(50)]
    )
    assert seen[0] == (50, len(MESSAGE), "m.eml")
    assert seen[-1][0] == len(MESSAGE)


def test_limits_reach_the_parser():
    """The pipeline's limits are the parser's and the decoders'."""
    report = Pipeline([Collecting()], limits=Limits(parts=2, decoded_bytes=1)).run([memory_message("m.eml", MESSAGE)])
    assert report.defects["parts-limit"] == 1
    assert report.defects["decoded-limit"] >= 1
