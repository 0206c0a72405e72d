"""The suite that every sink must pass; docs/sinks.md shows how to run it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from mailstrata.errors import MailstrataError
from mailstrata.message.origin import Source
from mailstrata.sinks.pipeline import Pipeline, Report
from mailstrata.sinks.protocol import Sink, Wants
from mailstrata.testing.contract import ContractChecker
from mailstrata.testing.interruption import Interrupted, InterruptingSink
from mailstrata.testing.mailboxes import conformance_mailboxes, ordinary_mailbox, small_maildir

ReadBack = Callable[[Path], Collection[Hashable]]
_OPEN_FILES = Path("/dev/fd")


class SinkConformance:
    """Inherit from it in a test module, say how your sink is made, and pytest runs the suite.

    Each test gets an empty folder. `make_sink` is called once for each run; a sink in a later run finds in
    the folder what the one before it left. With `read_back`, the suite also checks what was written: it
    returns what a user of your sink sees there now, while a run is under way too, as hashable items (paths
    with digests, rows), and an empty collection where nothing has been committed yet.
    """

    atomic: ClassVar[bool] = False
    """Whether what was delivered after the last commit stays invisible. If not, it may be seen early."""

    reusable: ClassVar[bool] = True
    """Whether a run into the folder of an earlier one works. If not, `open` must refuse it with a
    `MailstrataError`."""

    most_interruptions: ClassVar[int] = 40
    """At how many places runs are interrupted, spread evenly over all calls."""

    def make_sink(self, directory: Path) -> Sink:
        """A new sink that writes below `directory`, which exists."""
        raise NotImplementedError("say in make_sink how your sink is made")

    def read_back(self, directory: Path) -> Collection[Hashable]:  # noqa: ARG002 - for those who override it
        """What is visible in `directory` now; see the class. Checks nothing unless overridden."""
        return ()

    # What is checked
    # -----------------------------------------------------------------------------------------

    def test_it_says_what_it_is_and_wants(self, tmp_path: Path) -> None:
        """A sink has a name, and says before it is opened what it wants."""
        sink = self.make_sink(tmp_path)
        assert isinstance(sink.name, str), "a sink's name is a string"
        assert sink.name, "the sink has no name"
        assert isinstance(sink.wants, Wants), "a sink's wants are `Wants`"

    def test_it_takes_every_mailbox_by_itself(self, tmp_path: Path) -> None:
        """Each mailbox of the suite, whatever is wrong with it, goes through without an exception."""
        for source in conformance_mailboxes():
            with _told_about(f"the mailbox {source.info.label!r}"):
                directory = tmp_path / source.info.label
                directory.mkdir()
                self._run(directory, [source])

    def test_it_takes_all_mailboxes_in_one_run(self, tmp_path: Path) -> None:
        """All mailboxes, one after the other, are no more to it than each is by itself."""
        self._run(tmp_path, conformance_mailboxes())

    def test_it_takes_a_run_without_sources(self, tmp_path: Path) -> None:
        """A run with nothing in it is a run."""
        self._run(tmp_path, [])

    def test_chunks_and_checkpoints_change_nothing(self, tmp_path: Path) -> None:
        """However the input is split, and however often it is committed, the same can be read back."""
        source = ordinary_mailbox()
        expected: Collection[Hashable] | None = None
        for chunk_bytes, checkpoint_bytes in [(1 << 20, 1 << 40), (1 << 20, 1), (1, 1 << 40), (1, 1), (7, 300)]:
            with _told_about(f"chunks of {chunk_bytes} bytes and checkpoints every {checkpoint_bytes} bytes"):
                directory = tmp_path / f"{chunk_bytes}-{checkpoint_bytes}"
                directory.mkdir()
                self._run(directory, [source.in_chunks(chunk_bytes)], checkpoint_bytes=checkpoint_bytes)
                found = frozenset(self.read_back(directory))
                if expected is None:
                    expected = found
                assert found == expected, "what is read back depends on how the input came"

    def test_what_is_committed_stays_whenever_it_is_aborted(self, tmp_path: Path) -> None:
        """Interrupted at any call, it aborts without an exception, keeps what was committed, and a later run
        finishes the job."""
        whole = tmp_path / "whole"
        whole.mkdir()
        counter = InterruptingSink(at=-1)
        self._run(whole, _two_sources(), others=[counter], checkpoint_bytes=1)
        expected = frozenset(self.read_back(whole))
        for at in _spread(counter.calls, self.most_interruptions):
            for ours_first in (False, True):
                with _told_about(f"an interruption {'after' if ours_first else 'before'} call {at} of a run"):
                    directory = tmp_path / f"{at}-{ours_first}"
                    directory.mkdir()
                    self._interrupt(directory, at, ours_first=ours_first)
                    if self.reusable:
                        self._run(directory, _two_sources())
                        assert frozenset(self.read_back(directory)) == expected, "the next run did not finish the job"

    def test_a_second_run_adds_to_the_first(self, tmp_path: Path) -> None:
        """The same messages a second time, as they come after a crash, are taken, or refused at once."""
        self._run(tmp_path, _two_sources())
        expected = frozenset(self.read_back(tmp_path))
        if self.reusable:
            self._run(tmp_path, _two_sources())
        else:
            sink = self.make_sink(tmp_path)
            try:
                sink.open()
            except MailstrataError:
                pass
            else:
                sink.abort()
                raise AssertionError("a sink that is not reusable must refuse the folder of an earlier run")
        assert frozenset(self.read_back(tmp_path)) == expected, "the second run changed what the first had written"

    def test_it_lets_go_of_its_files(self, tmp_path: Path) -> None:
        """After `close` and after `abort` no file is open that was not open before."""
        if not _OPEN_FILES.is_dir():
            return
        # The first run of a process may open what stays open for good: libraries, pools.
        for number in range(2):
            before = _open_files()
            directory = tmp_path / f"closed-{number}"
            directory.mkdir()
            self._run(directory, _two_sources())
            after_close = _open_files() - before
        assert not after_close, f"open after close: {sorted(after_close)}"
        for at in _spread(30, 6):
            before = _open_files()
            directory = tmp_path / f"aborted-{at}"
            directory.mkdir()
            # Without reading back, which may hold files open for a while on its own account.
            self._abort(directory, at, ours_first=True, on_commit=lambda: None)
            after_abort = _open_files() - before
            assert not after_abort, f"open after an abort at call {at}: {sorted(after_abort)}"

    # How it is done
    # ------------------------------------------------------------------------------------------

    def _run(
        self,
        directory: Path,
        sources: Iterable[Source],
        *,
        others: Sequence[Sink] = (),
        checkpoint_bytes: int = 1 << 40,
    ) -> Report:
        checker = ContractChecker(self.make_sink(directory))
        report = Pipeline([checker, *others], checkpoint_bytes=checkpoint_bytes).run(sources)
        assert checker.state == "close"
        assert report.messages == checker.messages
        return report

    def _interrupt(self, directory: Path, at: int, *, ours_first: bool) -> None:
        committed: Collection[Hashable] = frozenset()

        def note_commit() -> None:
            nonlocal committed
            committed = frozenset(self.read_back(directory))

        self._abort(directory, at, ours_first=ours_first, on_commit=note_commit)
        found = frozenset(self.read_back(directory))
        if self.atomic:
            assert found == committed, "what an atomic sink shows is what was committed last"
        else:
            assert found >= frozenset(committed), "the abort lost what was committed"

    def _abort(self, directory: Path, at: int, *, ours_first: bool, on_commit: Callable[[], None]) -> None:
        checker = _Committing(self.make_sink(directory), on_commit)
        interrupter = InterruptingSink(at)
        sinks: list[Sink] = [checker, interrupter] if ours_first else [interrupter, checker]
        try:
            Pipeline(sinks, checkpoint_bytes=1).run(_two_sources())
        except Interrupted as interruption:
            notes = getattr(interruption, "__notes__", [])
            assert not notes, f"abort raised: {notes}"
        assert interrupter.interrupted
        assert checker.state in ("abort", "close", "new"), f"the last call was {checker.state}, not abort"


class _Committing(ContractChecker):
    """Tells after each commit that there was one."""

    def __init__(self, sink: Sink, on_commit: Callable[[], None]) -> None:
        super().__init__(sink)
        self._on_commit = on_commit

    def commit(self) -> None:
        super().commit()
        self._on_commit()


def check_sink(
    make_sink: Callable[[Path], Sink], directory: Path, read_back: ReadBack | None = None, *, atomic: bool = False
) -> None:
    """Run the whole suite without pytest; each test in a folder of its own below `directory`, which exists.

    Raises `AssertionError`, or what the sink raised, with a note that says in which test.
    """

    class Conformance(SinkConformance):
        def make_sink(self, directory: Path) -> Sink:
            return make_sink(directory)

        def read_back(self, directory: Path) -> Collection[Hashable]:
            return () if read_back is None else read_back(directory)

    Conformance.atomic = atomic
    for name in sorted(vars(SinkConformance)):
        if name.startswith("test_"):
            with _told_about(name):
                place = directory / name
                place.mkdir()
                getattr(Conformance(), name)(place)


def _two_sources() -> Iterator[Source]:
    yield ordinary_mailbox()
    yield small_maildir()


def _spread(count: int, most: int) -> list[int]:
    """Up to `most` numbers, evenly over `range(count)`, both ends included."""
    if count <= most:
        return list(range(count))
    return [number * (count - 1) // (most - 1) for number in range(most)]


def _open_files() -> set[str]:
    found = set()
    for entry in _OPEN_FILES.iterdir():
        # One of them is that of the listing, closed by now.
        with suppress(OSError):
            os.fstat(int(entry.name))
            found.add(f"{entry.name} -> {entry.readlink()}" if entry.is_symlink() else entry.name)
    return found


@contextmanager
def _told_about(what: str) -> Iterator[None]:
    """Add to whatever is raised what was being done."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"with {what}")
        raise
