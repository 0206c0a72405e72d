"""A power cut after any file operation of any command: what was committed is there, and the command can be run
again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.archive_runs import (
    COMMANDS,
    Command,
    Content,
    check_clean,
    check_whole,
    content_of,
    has_secret,
    records,
)
from support.file_operations import CHANGES, Kind, Operation, watched
from support.power_cuts import Disk, Tree, fingerprint, read_tree, write_tree

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import NotAnArchiveError

SEED = 20261124
SAMPLE = 60
"""States that are checked at random, besides one for each set of commits there can be."""

CATALOGUE = "archive/catalogue.sqlite"
JOURNAL = CATALOGUE + "-journal"
# SQLite writes these natively and they are derived: the catalogue is tried in several states, whatever the others are.
NATIVE = frozenset({CATALOGUE, JOURNAL, "archive/.catalogue-staged.sqlite"})
CATALOGUES = ("as it was", "earlier", "absent", "garbage")


@dataclass(frozen=True, slots=True)
class State:
    """A state after a power cut in a command, before which the append of commit `durable` had returned.

    `operation` is the number of operations of the command that were done, `catalogue` what there was of the catalogue
    by then, as a number in `Recording.catalogues`.
    """

    command: Command
    operation: int
    tree: Tree
    durable: int
    catalogue: int

    @property
    def commits(self) -> int:
        """How many records there are."""
        return sum(path.startswith("archive/commits/0") for path in self.tree)


@dataclass(slots=True)
class Recording:
    """The undisturbed run of all commands: the states that power cuts may leave, the commit records, what the archive
    held after each commit, the last commit of each command, the states of the catalogue in the order of time, and what
    a power cut may leave after the `last` command."""

    states: list[State] = field(default_factory=list)
    operations: int = 0
    modelled: int = 0
    records: list[bytes] = field(default_factory=list)
    contents: dict[int, Content] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    catalogues: list[Tree] = field(default_factory=lambda: [{}])
    last: list[Tree] = field(default_factory=list)


def record(folder: Path, sources: Path, commands: Iterable[Command] = COMMANDS) -> Recording:
    """Run all commands on an archive in `folder`, and find out what a power cut may leave at any time."""
    recording = Recording()
    disk = Disk()
    durable = 0
    for command in commands:
        seen: set[bytes] = set()
        for number, (operation, catalogue) in enumerate(_run(command, folder, sources, recording), start=1):
            if operation.kind is Kind.NOTE:
                durable = int(operation.path)
            elif operation.kind in CHANGES:
                disk.apply(operation)
                recording.operations += 1
            for tree in disk.after_a_cut(SEED + number):
                recording.modelled += 1
                mark = fingerprint(tree) + bytes([durable])
                if mark not in seen:
                    seen.add(mark)
                    recording.states.append(State(command, number, tree, durable, catalogue))
        # The model is worth something only while it knows of every change.
        assert disk.undisturbed() == read_tree(folder, NATIVE)
        recording.ends[command.name] = durable
    recording.records = records(folder / "archive")
    recording.last = list(disk.after_a_cut(SEED))
    return recording


def _run(command: Command, folder: Path, sources: Path, recording: Recording) -> list[tuple[Operation, int]]:
    """Run a command; returns what it changed, and a note for each commit, with the catalogue of that moment."""
    operations: list[tuple[Operation, int]] = []

    def after(operation: Operation) -> None:
        if operation.kind in CHANGES or operation.kind is Kind.NOTE:
            now: Tree = {
                name: (folder / name).read_bytes() for name in (CATALOGUE, JOURNAL) if (folder / name).exists()
            }
            if now != recording.catalogues[-1]:
                recording.catalogues.append(now)
            operations.append((operation, len(recording.catalogues) - 1))

    append = CommitLog.append

    def noted(log: CommitLog, **named: object) -> None:
        append(log, **named)  # type: ignore[arg-type]
        watch.note(str(log.state.number))
        recording.contents[log.state.number] = content_of(folder / "archive")

    with watched(folder, after=after) as watch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(CommitLog, "append", noted)
        command(folder / "archive", sources)
    return operations


class Checker:
    """Puts states on a disk, looks at them, and runs their commands again."""

    def __init__(self, folder: Path, sources: Path, recording: Recording) -> None:
        self._disk = folder / "disk"
        self._root = self._disk / "archive"
        self._sources = sources
        self._recording = recording

    def check(self, state: State, catalogue: str) -> None:
        """All that must hold of a state, with the catalogue that the name stands for."""
        write_tree(self._disk, state.tree | self._catalogue(state, catalogue))
        try:
            if Layout(self._root).exists():
                self._check_what_is_there(state)
            else:
                assert state.durable == 0, "an archive with commits is gone"
                with pytest.raises(NotAnArchiveError):
                    Archive.open(self._root)
            self._check_again(state)
        except BaseException as error:
            files = [f"{path} {'' if data is None else len(data)}" for path, data in sorted(state.tree.items())]
            error.add_note(f"cut in {state.command.name!r} after {state.operation} operations; catalogue {catalogue}")
            error.add_note("\n".join(files))
            raise
        finally:
            shutil.rmtree(self._disk)

    def _catalogue(self, state: State, which: str) -> Tree:
        if "archive/format.json" not in state.tree or which == "absent":
            # `format.json` is durable before there is a catalogue.
            return {}
        if which == "garbage":
            return {CATALOGUE: b"no database " * 500}
        # It is written once the record is durable, so it is never ahead; how far it is behind, nobody promises.
        last = state.catalogue
        return self._recording.catalogues[
            last if which == "as it was" else random.Random(SEED + last).randrange(last + 1)
        ]

    def _check_what_is_there(self, state: State) -> None:
        """The commits are the first ones of the undisturbed run, all that were durable among them, and whole."""
        there = records(self._root)
        assert len(there) >= state.durable, f"commit {state.durable} had returned, and is gone"
        assert there == self._recording.records[: len(there)]
        check_whole(self._root)
        expected = self._recording.contents.get(len(there), Content.empty())
        assert content_of(self._root).differs_from(expected) == ""

    def _check_again(self, state: State) -> None:
        """The command ends, and comes to the same as if nothing had happened."""
        state.command(self._root, self._sources)
        check_whole(self._root)
        expected = self._recording.contents[self._recording.ends[state.command.name]]
        assert content_of(self._root).differs_from(expected) == ""
        check_clean(self._root, is_erased=state.command.name == "erase")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the mailboxes lie; each run writes them as they were when it came."""
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Recording:
    """All that a power cut may leave."""
    return record(tmp_path_factory.mktemp("recording"), sources)


def test_a_sample_of_power_cuts(tmp_path: Path, sources: Path, recording: Recording) -> None:
    """One state for each set of commits in each command, and some at random, the catalogue in any condition."""
    choose = random.Random(SEED)
    states = list(recording.states)
    choose.shuffle(states)
    first = {(state.command.name, state.durable, state.commits): state for state in states}
    assert {state.durable for state in first.values()} == set(range(len(recording.records) + 1))
    checker = Checker(tmp_path, sources, recording)
    for number, state in enumerate([*first.values(), *states[:SAMPLE]]):
        checker.check(state, CATALOGUES[number % len(CATALOGUES)])


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_power_cut(tmp_path: Path, sources: Path, recording: Recording, catalogue: str) -> None:
    """After every operation of every command, every state of the model."""
    checker = Checker(tmp_path, sources, recording)
    for state in recording.states:
        checker.check(state, catalogue)
    print(
        f"{recording.operations} operations, {recording.modelled} states modelled, {len(recording.states)} of them "
        f"different and checked; catalogue: {catalogue}"
    )


def files_with_secret(trees: Iterable[Tree]) -> list[str]:
    """The files that have anything of what was erased."""
    return [path for tree in trees for path, data in tree.items() if data and has_secret(data)]


def test_what_was_erased_does_not_come_back(tmp_path: Path, sources: Path, recording: Recording) -> None:
    """When erasing has ended, no power cut brings anything back; nor when it was killed just after its commit, and the
    same command has ended after that."""
    erase = COMMANDS[-1]
    last = len(recording.records)
    killed = next(state for state in recording.states if state.command is erase and state.durable == last)
    assert files_with_secret([killed.tree])
    assert files_with_secret(recording.last) == []
    write_tree(tmp_path / "disk", killed.tree)
    disk = Disk(killed.tree)
    with watched(tmp_path / "disk", after=disk.apply):
        erase(tmp_path / "disk" / "archive", sources)
    assert files_with_secret(disk.after_a_cut(SEED)) == []


def test_an_archive_in_new_folders_is_not_lost(tmp_path: Path) -> None:
    """Whoever names a folder in folders that are not there yet loses none of them."""
    disk = Disk()
    with watched(tmp_path, after=disk.apply):
        Layout(tmp_path / "a" / "b" / "archive").make_folder()
    assert all("a/b/archive" in tree for tree in disk.after_a_cut(SEED))


def test_the_model_forgets_what_was_not_synced() -> None:
    """Bytes, names, and either without the other: a model that keeps too much would find nothing."""
    disk = Disk()
    for operation in (
        Operation(Kind.MAKE_FOLDER, "a"),
        Operation(Kind.SYNC_FOLDER, "."),
        Operation(Kind.CREATE, "a/b"),
        Operation(Kind.WRITE, "a/b", data=b"one"),
        Operation(Kind.SYNC_FILE, "a/b"),
        Operation(Kind.WRITE, "a/b", offset=3, data=b"two"),
    ):
        disk.apply(operation)
    states = [{"a": None, "a/b": data} for data in (b"onetwo", b"one", b"one\0\0\0")]
    assert list(disk.after_a_cut(0)) == [*states, {"a": None}, {"a": None}]
    disk.apply(Operation(Kind.SYNC_FOLDER, "a"))
    disk.apply(Operation(Kind.RENAME, "a/b", "a/c"))
    found = list(disk.after_a_cut(0))
    assert found[:3] == [{"a": None, "a/c": data} for data in (b"onetwo", b"one", b"one\0\0\0")]
    assert found[3:5] == [{"a": None, "a/b": data} for data in (b"one", b"onetwo")]
