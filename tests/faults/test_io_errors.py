"""A disk that fails or is full at any file operation of any command: one line says so, and all can be gone on with."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.archive_runs import COMMANDS, Command, Content, check_clean, check_whole, content_of
from support.file_operations import Kind, watched
from support.folders import files_below
from support.power_cuts import Tree, read_tree, write_tree

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.restoring.checksums import MANIFEST
from mailstrata.archive.restoring.restore import restore
from mailstrata.errors import ArchiveError, TargetError

SEED = 20261124
SAMPLE = 12
"""Operations of each command that fail, in the short run."""

_GROWS = frozenset({Kind.CREATE, Kind.WRITE, Kind.MAKE_FOLDER, Kind.LINK, Kind.SYNC_FILE})
"""What a full disk refuses."""


def _restore(archive: Path, sources: list[str]) -> None:
    target = archive.parent / "restored"
    with Archive.open(archive) as opened:
        report = restore(opened, os.fsencode(target), opened.sources())
    for failure in report.failures:
        # The command line goes on with the other files, and ends with the first failure's exit code.
        raise failure.error


EVERY = (*COMMANDS, Command("restore", True, _restore))


class Failing:
    """Fails operation `at`, counted from 0: once and whatever it is, or, where the disk is `full`, from then on and
    only what needs room. `calls` counts the operations."""

    def __init__(self, at: int, *, full: bool = False) -> None:
        self.calls = 0
        self.failed: list[tuple[Kind, str]] = []
        self._at = at
        self._full = full

    def __call__(self, kind: Kind, path: str) -> None:
        number, self.calls = self.calls, self.calls + 1
        if (kind in _GROWS and number >= self._at) if self._full else number == self._at:
            self.failed.append((kind, path))
            code = errno.ENOSPC if self._full else errno.EIO
            raise OSError(code, os.strerror(code))


@dataclass(slots=True)
class Undisturbed:
    """What there is before a command, how many operations it takes, and what an archive may hold at any time: what it
    held before, and after each commit. `restored` are the files of a restored folder."""

    before: Tree
    calls: int = 0
    contents: list[Content] = field(default_factory=list)
    restored: dict[bytes, bytes] = field(default_factory=dict)


@contextmanager
def after_each_commit(act: Callable[[], None]) -> Iterator[None]:
    """Act whenever a commit record was written."""
    append = CommitLog.append

    def noted(log: CommitLog, **named: object) -> None:
        append(log, **named)  # type: ignore[arg-type]
        act()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CommitLog, "append", noted)
        yield


def run_undisturbed(disk: Path, sources: Path) -> dict[str, Undisturbed]:
    """All commands, one after the other."""
    root = disk / "archive"
    found = {}
    for command in EVERY:
        each = found[command.name] = Undisturbed(read_tree(disk))
        each.contents.append(content_of(root) if Layout(root).exists() else Content.empty())
        count = Failing(-1)
        with watched(disk, before=count):
            command(root, sources)
        each.calls = count.calls
        shutil.rmtree(disk)
        write_tree(disk, each.before)
        # Once more: what is read to note the contents is not to be counted.
        with watched(disk), after_each_commit(lambda contents=each.contents: contents.append(content_of(root))):  # type: ignore[misc]
            command(root, sources)
        each.restored = files_below(disk / "restored")
    return found


class Checker:
    """Lets operations fail, and looks at what is left."""

    def __init__(self, folder: Path, sources: Path, undisturbed: dict[str, Undisturbed]) -> None:
        self._disk = folder / "disk"
        self._root = self._disk / "archive"
        self._sources = sources
        self._undisturbed = undisturbed

    def check(self, command: Command, failing: Failing) -> None:
        """All that must hold of a command of which an operation fails."""
        write_tree(self._disk, self._undisturbed[command.name].before)
        error: BaseException | None = None
        try:
            try:
                with watched(self._disk, before=failing):
                    command(self._root, self._sources)
            except (TargetError, ArchiveError) as raised:
                error = raised
            self._check_error(error, failing)
            self._check_what_is_there(command)
            self._check_again(command)
        except BaseException as problem:
            problem.add_note(f"{command.name}: failed: {failing.failed[:3]}; it came to: {error!r}")
            raise
        finally:
            shutil.rmtree(self._disk)

    def _check_error(self, error: BaseException | None, failing: Failing) -> None:
        """One line, which names a file of the archive or the folder that is written."""
        if error is not None:
            assert failing.failed, "nothing has failed"
            assert str(self._disk) in str(error)
            assert "\n" not in str(error)

    def _check_what_is_there(self, command: Command) -> None:
        """What is committed is whole and can be read; what was restored under its name is whole."""
        undisturbed = self._undisturbed[command.name]
        if Layout(self._root).exists():
            check_whole(self._root)
            found = content_of(self._root)
            assert "" in [found.differs_from(each) for each in undisturbed.contents]
        else:
            assert command is COMMANDS[0]
        if command.run is _restore and (self._disk / "restored").exists():
            for name, data in files_below(self._disk / "restored").items():
                if name == MANIFEST:
                    # It lists what could be restored.
                    assert set(data.splitlines()) <= set(undisturbed.restored[name].splitlines())
                elif not name.rpartition(b"/")[2].startswith(b".mailstrata-"):
                    assert undisturbed.restored[name] == data, name

    def _check_again(self, command: Command) -> None:
        """The same command, now undisturbed, ends with what it would have come to."""
        undisturbed = self._undisturbed[command.name]
        # Restoring wants an empty folder.
        shutil.rmtree(self._disk / "restored", ignore_errors=True)
        with watched(self._disk):
            command(self._root, self._sources)
        check_whole(self._root)
        assert content_of(self._root).differs_from(undisturbed.contents[-1]) == ""
        if command.run is _restore:
            assert files_below(self._disk / "restored") == undisturbed.restored
        else:
            check_clean(self._root, is_erased=command.name == "erase")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the mailboxes lie; each run writes them as they were when it came."""
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> dict[str, Undisturbed]:
    """How it goes when nothing fails."""
    return run_undisturbed(tmp_path_factory.mktemp("undisturbed"), sources)


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command.name)
def test_a_sample_of_failing_operations(
    tmp_path: Path, sources: Path, undisturbed: dict[str, Undisturbed], command: Command
) -> None:
    """Some operations of each command at random, failing once, or on a disk that stays full."""
    choose = random.Random(SEED)
    checker = Checker(tmp_path, sources, undisturbed)
    failures = 0
    for number, at in enumerate(choose.sample(range(undisturbed[command.name].calls), SAMPLE)):
        failing = Failing(at, full=number % 2 == 1)
        checker.check(command, failing)
        failures += len(failing.failed)
    assert failures >= SAMPLE // 2


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("full", [False, True], ids=["once", "full"])
@pytest.mark.parametrize("command", EVERY, ids=lambda command: command.name)
def test_every_failing_operation(
    tmp_path: Path, sources: Path, undisturbed: dict[str, Undisturbed], command: Command, full: bool
) -> None:
    """Every operation of each command."""
    checker = Checker(tmp_path, sources, undisturbed)
    calls = undisturbed[command.name].calls
    for at in range(calls):
        checker.check(command, Failing(at, full=full))
    print(f"{command.name}: {calls} operations failed, {'the disk stays full' if full else 'once each'}")
