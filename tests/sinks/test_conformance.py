import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from pathlib import Path
from typing import IO, ClassVar

import pyarrow.parquet as pq
import pytest

from mailstrata.errors import TargetError
from mailstrata.index.sink import IndexSink
from mailstrata.sinks.filesystem import FilesystemSink
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sinks.protocol import Checkpoint, OutsideKind, RawKind, Sink, SourceOutcome, Wants
from mailstrata.testing import (
    ContractChecker,
    RecordingSink,
    SinkConformance,
    check_sink,
    conformance_mailboxes,
    memory_message,
    ordinary_mailbox,
)

PAGE = Path(__file__).parents[2] / "docs" / "sinks.md"


class TestFilesystemSink(SinkConformance):
    """The filesystem sink passes the suite."""

    def make_sink(self, directory: Path) -> Sink:
        return FilesystemSink(directory)

    def read_back(self, directory: Path) -> Collection[Hashable]:
        return {
            (str(path.relative_to(directory)), hashlib.sha256(path.read_bytes()).hexdigest())
            for path in directory.rglob("*")
            if path.is_file() and "unfinished.part" not in path.parts and path.name != "manifest.jsonl.part"
        }


class TestFilesystemSinkWithOptions(TestFilesystemSink):
    """So it does with its options."""

    def make_sink(self, directory: Path) -> Sink:
        return FilesystemSink(directory, attachments_only=True, digests=True)


class TestIndexSink(SinkConformance):
    """So does the index; an index is visible as a whole or not at all."""

    atomic = True
    most_interruptions = 20

    def make_sink(self, directory: Path) -> Sink:
        return IndexSink(directory)

    def read_back(self, directory: Path) -> Collection[Hashable]:
        return {
            (path.parent.name, str(row))
            for path in directory.glob("*/*.parquet")
            for row in pq.read_table(path).to_pylist()
        }


class TestRecordingSink(SinkConformance):
    """The sink that tests use passes the suite."""

    def make_sink(self, directory: Path) -> Sink:
        return RecordingSink()


# The suite itself: it must notice what is wrong
# --------------------------------------------------------------


class _AppendingSink(Sink):
    """Writes the digest of every leaf to a file, in the simplest way that works; broken versions derive from
    it."""

    name = "appending"
    wants = Wants.DIGESTS

    def __init__(self, directory: Path) -> None:
        self.path = directory / "digests"
        self.staged: list[str] = []

    def open(self) -> None:
        self.file = self.path.open("a")

    def end_part(self, message, part) -> None:
        if not part.is_container:
            self.staged.append(f"{message.sha256} {part.path} {part.sha256}\n")

    def end_message(self, message) -> None:
        self.staged = [line.replace("None", message.sha256) for line in self.staged]

    def commit(self) -> None:
        self.file.writelines(self.staged)
        self.file.flush()
        self.staged = []

    def abort(self) -> None:
        self.file.close()

    close = abort


class _RaisesOnContent(_AppendingSink):
    def begin_message(self, message) -> None:
        if "/" in (message.subject or ""):
            raise TargetError("a subject with a slash")


class _FailsToAbort(_AppendingSink):
    def abort(self) -> None:
        self.file.close()
        raise OSError("cannot abort")


class _LeavesFilesOpen(_AppendingSink):
    kept: ClassVar[list[IO[str]]] = []

    def abort(self) -> None:
        self.file.flush()
        self.kept.append(self.file)


class _ForgetsOnAbort(_AppendingSink):
    def abort(self) -> None:
        self.file.truncate(0)
        self.file.close()


class _ShowsEarly(_AppendingSink):
    def end_message(self, message) -> None:
        super().end_message(message)
        self.commit()


class _RefusesASecondRun(_AppendingSink):
    def open(self) -> None:
        if self.path.exists():
            raise TargetError("used already")
        super().open()


class _DependsOnCheckpoints(_AppendingSink):
    def commit(self) -> None:
        self.staged.append(f"commit of {len(self.staged)}\n")
        super().commit()


class _HasNoName(_AppendingSink):
    name = ""


def _read_lines(directory: Path) -> Collection[Hashable]:
    path = directory / "digests"
    return set(path.read_text().splitlines()) if path.exists() else set()


class _Suite(SinkConformance):
    atomic = True

    def __init__(self, sink: type[_AppendingSink]) -> None:
        self.sink = sink

    def make_sink(self, directory: Path) -> Sink:
        return self.sink(directory)

    def read_back(self, directory: Path) -> Collection[Hashable]:
        return _read_lines(directory)


def test_check_sink_passes_a_good_sink(tmp_path: Path) -> None:
    """A sink that keeps the contract passes, without pytest."""
    check_sink(_AppendingSink, tmp_path, _read_lines, atomic=True)


def test_check_sink_says_what_it_was_doing(tmp_path: Path) -> None:
    """A failure tells the test and the mailbox."""
    with pytest.raises(TargetError, match="a subject with a slash") as caught:
        check_sink(_RaisesOnContent, _new(tmp_path / "all"))
    assert caught.value.__notes__ == ["with test_it_takes_all_mailboxes_in_one_run"]
    with pytest.raises(TargetError) as caught:
        _Suite(_RaisesOnContent).test_it_takes_every_mailbox_by_itself(_new(tmp_path / "each"))
    assert caught.value.__notes__ == ["with the mailbox 'hostile file names'"]


@pytest.mark.parametrize(
    ("broken", "test", "message"),
    [
        (_RaisesOnContent, "test_it_takes_every_mailbox_by_itself", "a subject with a slash"),
        (_FailsToAbort, "test_it_lets_go_of_its_files", "abort raised: .*cannot abort"),
        (_ForgetsOnAbort, "test_what_is_committed_stays_whenever_it_is_aborted", "was committed"),
        (_ShowsEarly, "test_what_is_committed_stays_whenever_it_is_aborted", "what an atomic sink shows"),
        (_RefusesASecondRun, "test_a_second_run_adds_to_the_first", "used already"),
        (_LeavesFilesOpen, "test_it_lets_go_of_its_files", "open after an abort"),
        (_DependsOnCheckpoints, "test_chunks_and_checkpoints_change_nothing", "depends on how"),
        (_HasNoName, "test_it_says_what_it_is_and_wants", "has no name"),
    ],
)
def test_the_suite_notices_a_broken_sink(tmp_path: Path, broken, test: str, message: str) -> None:
    """Each way of breaking the contract fails the test that is there for it, and a good sink passes that."""
    getattr(_Suite(_AppendingSink), test)(_new(tmp_path / "good"))
    try:
        with pytest.raises((AssertionError, TargetError), match=message):
            getattr(_Suite(broken), test)(_new(tmp_path / "broken"))
    finally:
        while _LeavesFilesOpen.kept:
            _LeavesFilesOpen.kept.pop().close()


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


def test_a_sink_that_is_for_one_run_must_say_so(tmp_path: Path) -> None:
    """A sink that refuses the folder of an earlier run passes once it declares that, and one that declares it
    must refuse."""

    suite = _Suite(_RefusesASecondRun)
    suite.reusable = False
    suite.test_a_second_run_adds_to_the_first(_new(tmp_path / "refusing"))
    suite = _Suite(_AppendingSink)
    suite.reusable = False
    with pytest.raises(AssertionError, match="must refuse the folder"):
        suite.test_a_second_run_adds_to_the_first(_new(tmp_path / "taking"))


def test_the_mailboxes_are_the_same_at_every_call() -> None:
    """What a sink is tested with does not depend on chance, nor on what was tested before."""
    first, second = ([repr(source) for source in conformance_mailboxes()] for _ in range(2))
    assert first == second


# The contract checker: it must notice a pipeline that breaks the contract
# ------------------------------------


def test_calls_in_no_order_are_noticed() -> None:
    """A call that the contract does not allow at that point fails."""
    checker = ContractChecker()
    with pytest.raises(AssertionError, match="commit was called when the last call was new"):
        checker.commit()
    checker.open()
    with pytest.raises(AssertionError, match="open was called when the last call was open"):
        checker.open()


def test_after_a_failure_only_abort_may_follow() -> None:
    """A sink that has raised must not be called again but to abort, and not at all if it was `open` that
    raised."""

    class Failing(Sink):
        def checkpoint(self, checkpoint) -> None:
            raise TargetError("full")

    checker = ContractChecker(Failing())
    checker.open()
    with pytest.raises(TargetError):
        checker.checkpoint(Checkpoint(final=True))
    with pytest.raises(AssertionError, match="commit was called when the last call was failed"):
        checker.commit()
    checker.abort()
    with pytest.raises(AssertionError, match="abort was called when the last call was abort"):
        checker.abort()

    class FailingToOpen(Sink):
        def open(self) -> None:
            raise TargetError("full")

    checker = ContractChecker(FailingToOpen())
    with pytest.raises(TargetError):
        checker.open()
    with pytest.raises(AssertionError, match="abort was called when the last call was not opened"):
        checker.abort()


def _twice(call: Callable[..., None], *arguments: object) -> None:
    call(*arguments)
    call(*arguments)


_BREACHES: dict[str, tuple[str, Callable[..., None]]] = {
    "a raw call left out": ("raw", lambda call, *arguments: None),
    "a raw call twice": ("raw", _twice),
    "raw bytes changed": ("raw", lambda call, message, part, kind, data: call(message, part, kind, data[::-1])),
    "raw bytes that may change": ("raw", lambda call, *rest: call(*rest[:-1], bytearray(rest[-1]))),
    "a raw call for nothing": ("raw", lambda call, *rest: call(*rest[:-1], b"")),
    "raw bytes of another part": ("raw", lambda call, message, part, *rest: call(message, part.parent, *rest)),
    "a raw kind that is none": ("raw", lambda call, message, part, kind, data: call(message, part, "body", data)),
    "content left out": ("decoded", lambda call, *arguments: None),
    "content changed": ("decoded", lambda call, message, part, data: call(message, part, data + b".")),
    "content of a container": ("decoded", lambda call, message, part, data: call(message, part.parent, data)),
    "a part that does not begin": ("begin_part", lambda call, *arguments: None),
    "a part that begins twice": ("begin_part", _twice),
    "a part that does not end": ("end_part", lambda call, *arguments: None),
    "another part that ends": ("end_part", lambda call, message, part: call(message, part.parent or part)),
    "a message that begins twice": ("begin_message", _twice),
    "a message that does not end": ("end_message", lambda call, *arguments: None),
    "bytes between messages left out": ("outside", lambda call, *arguments: None),
    "bytes between messages moved": ("outside", lambda call, kind, start, data: call(kind, start + 1, data)),
    "a file that does not end": ("end_file", lambda call, *arguments: None),
    "a file of another length": (
        "end_file",
        lambda call, source, file, outcome: call(source, file, replace(outcome, length=outcome.length - 1)),
    ),
    "a file without its digest": (
        "end_file",
        lambda call, source, file, outcome: call(source, file, replace(outcome, sha256=None)),
    ),
    "a source that does not begin": ("begin_source", lambda call, *arguments: None),
    "an outcome that is wrong": ("end_source", lambda call, source, outcome: call(source, SourceOutcome())),
    "a checkpoint without a commit": ("commit", lambda call: None),
    "a commit without a checkpoint": ("checkpoint", lambda call, checkpoint: None),
    "a checkpoint elsewhere": ("checkpoint", lambda call, checkpoint: call(Checkpoint())),
}


@pytest.mark.parametrize("breach", _BREACHES)
def test_every_breach_of_the_contract_is_noticed(breach: str) -> None:
    """A pipeline that leaves out, repeats or changes a call fails an assertion of the checker."""
    method, meddle = _BREACHES[breach]
    checker = ContractChecker()
    original = getattr(checker, method)
    setattr(checker, method, lambda *arguments: meddle(original, *arguments))
    with pytest.raises(AssertionError):
        Pipeline([checker], checkpoint_bytes=1).run([ordinary_mailbox()])


@pytest.mark.parametrize("method", ["end_file", "checkpoint"])
def test_a_wrong_digest_of_a_file_is_noticed(method: str) -> None:
    """Where no quoting was undone, a file's digest is held against the bytes that were delivered."""
    sources = [memory_message("m", b"Subject: x\n\nx")]
    checker = ContractChecker()
    Pipeline([checker], checkpoint_bytes=1).run(sources)
    checker = ContractChecker()
    original = getattr(checker, method)

    def meddle(*arguments: object) -> None:
        *others, last = arguments
        original(*others, replace(last, sha256="0" * 64) if last.sha256 else last)

    setattr(checker, method, meddle)
    with pytest.raises(AssertionError, match="a file has another digest"):
        Pipeline([checker], checkpoint_bytes=1).run(sources)


@pytest.mark.parametrize("wants", [Wants.NOTHING, Wants.RAW, Wants.DECODED, Wants.DIGESTS])
def test_what_was_not_asked_for_is_noticed(wants: Wants) -> None:
    """Each choice of wants passes by itself, and a call that was not asked for fails."""

    class Wanting(Sink):
        pass

    Wanting.wants = wants
    checker = ContractChecker(Wanting())
    Pipeline([checker], checkpoint_bytes=1).run([ordinary_mailbox()])
    assert checker.messages == 3
    checker = ContractChecker(Wanting())
    checker.wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS
    pipeline = Pipeline([checker])
    checker.wants = wants
    if wants in (Wants.NOTHING, Wants.DIGESTS):
        with pytest.raises(AssertionError, match="not asked for"):
            pipeline.run([ordinary_mailbox()])


def test_the_recording_sink_keeps_everything() -> None:
    """Joined, what was recorded is the mailbox; parts, digests and kinds are those of its messages."""
    sink = RecordingSink()
    source = ordinary_mailbox()
    Pipeline([sink]).run([source])
    first, second, third = sink.messages
    assert [part.info.path for part in second.parts] == ["1", "1.1", "1.1.1", "1.1.2", "1.2", "1.3"]
    assert [part.decoded for part in third.parts] == [b"", b"", b"Hello again.\n"]
    assert sink.committed == 3
    assert all(message.ended and all(part.ended for part in message.parts) for message in sink.messages)
    assert hashlib.sha256(second.raw).hexdigest() == second.info.sha256
    assert [kind for kind, _ in first.parts[0].raw] == [RawKind.HEADER, RawKind.BODY]
    assert first.raw.endswith(b"Hello.\nFrom here on, all is quoted.\n")
    assert [kind for kind, _, _ in sink.outside_bytes[:3]] == [
        OutsideKind.SEPARATOR,
        OutsideKind.GAP,
        OutsideKind.SEPARATOR,
    ]
    assert sink.calls[:3] == ["open", "begin_source", "begin_file"]
    assert sink.calls[-3:] == ["checkpoint", "commit", "close"]


# The page that explains all this
# -----------------------------------------------------------------------------


def _blocks() -> dict[str, str]:
    """The files that the page shows, by their names."""
    return dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL))


def test_the_example_of_the_page_works(tmp_path: Path) -> None:
    """The package, its entry point, its test and its use, as docs/sinks.md shows them, work as shown."""
    blocks = _blocks()
    assert sorted(blocks) == ["acme_pdf/__init__.py", "pyproject.toml", "run.py", "test_acme_pdf.py"]
    for name, text in blocks.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    ((_, inbox),) = ordinary_mailbox().contents[0].contents
    (tmp_path / "inbox.mbox").write_bytes(inbox)
    project = tomllib.loads(blocks["pyproject.toml"])["project"]
    metadata = tmp_path / "acme_pdf-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    ((group, entries),) = project["entry-points"].items()
    (metadata / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
    )
    source = Path(sys.modules["mailstrata"].__path__[0]).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(source)])}
    suite = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme_pdf.py"]
    tested = subprocess.run(suite, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert f"{_tests_in_the_suite()} passed" in tested.stdout
    run = [sys.executable, "-W", "error", "run.py"]
    ran = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("3 messages, 2 attachments\n", "")
    assert (tmp_path / "pdf.sqlite").exists()


def _tests_in_the_suite() -> int:
    return sum(name.startswith("test_") for name in vars(SinkConformance))


def test_the_example_of_the_page_is_short() -> None:
    """A sink is about thirty lines."""
    lines = [line for line in _blocks()["acme_pdf/__init__.py"].splitlines() if line.strip()]
    assert len(lines) <= 35


def test_the_suite_does_not_need_pytest(tmp_path: Path) -> None:
    """Importing mailstrata.testing imports no pytest, which a package that offers a sink may not use."""
    source = Path(sys.modules["mailstrata"].__path__[0]).parent
    code = "import sys, mailstrata.testing; sys.exit('pytest' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
