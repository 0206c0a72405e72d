from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mailstrata.archive.exporting import selection
from mailstrata.archive.exporting.selection import Chosen, choose
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import ArchiveError
from mailstrata.message.origin import FileInfo
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing import MemoryFile, memory_tree
from mailstrata.testing.memory import MemorySource

MESSAGE = b"From: a@example.org\nSubject: %d\n\ntext\n"


def digest(number: int) -> str:
    return hashlib.sha256(MESSAGE % number).hexdigest()


def maildir(name: str, *numbers: int, flags: str = "") -> MemorySource:
    files = [
        MemoryFile((("message", MESSAGE % number),), FileInfo(b"cur/%d" % at, flags=flags))
        for at, number in enumerate(numbers)
    ]
    return memory_tree(name, files, "maildir")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two commits; the messages 1 and 3 occur several times."""
    Pipeline([ArchiveSink(tmp_path)]).run([maildir("a", 3, 1, 5), maildir("caf\u00e9", 1, 4, flags="FS")])
    Pipeline([ArchiveSink(tmp_path)]).run([maildir("c", 3, 2, 1)])
    return tmp_path


def numbers(chosen: list[Chosen]) -> list[int]:
    known = {digest(number): number for number in range(10)}
    return [known[each.sha256] for each in chosen]


@pytest.mark.parametrize("most_compared", [0, 100_000])
def test_each_message_once_in_the_order_in_which_it_came(
    archive: Path, monkeypatch: pytest.MonkeyPatch, most_compared: int
) -> None:
    """All of them, or those that are wanted, or those of some sources; whether these are few or many."""
    monkeypatch.setattr(selection, "_MOST_COMPARED", most_compared)
    with Archive.open(archive) as opened:
        assert numbers(list(choose(opened))) == [3, 1, 5, 4, 2]
        wanted = [digest(number) for number in (2, 1, 5, 1)]
        assert numbers(list(choose(opened, digests=iter(wanted)))) == [1, 5, 2]
        of_two = {"/memory/caf\u00e9".encode(), b"/memory/c"}
        assert numbers(list(choose(opened, source_paths=of_two))) == [1, 4, 3, 2]
        assert numbers(list(choose(opened, digests=wanted, source_paths={b"/memory/c"}))) == [2, 1]
        assert numbers(list(choose(opened, digests=[]))) == []
        others = [digest(number) for number in (4, 2, 2, 5, 9)]
        assert numbers(list(choose(opened, within=iter(others[:-1])))) == [5, 4, 2]
        assert numbers(list(choose(opened, digests=iter(wanted), within=iter(others)))) == [5, 2]
        assert numbers(list(choose(opened, digests=wanted, within=others, source_paths={b"/memory/c"}))) == [2]
        assert numbers(list(choose(opened, digests=wanted, within=[]))) == []
        assert numbers(list(choose(opened, source_paths=set()))) == []


def test_flags_are_those_of_the_first_place(archive: Path) -> None:
    """Or of the first in the sources that were asked for."""
    with Archive.open(archive) as opened:
        assert {(digest(4), "FS"), (digest(1), "")} <= {(each.sha256, each.flags) for each in choose(opened)}
        chosen = list(choose(opened, source_paths={"/memory/caf\u00e9".encode()}))
        assert [each.flags for each in chosen] == ["FS", "FS"]


def test_a_message_that_occurs_nowhere_comes_last(archive: Path) -> None:
    """Whoever chose it gets it, or is told why not by whoever reads it."""
    with Archive.open(archive) as opened:
        chosen = list(choose(opened, digests=["00" * 32, digest(2)]))
        assert [each.sha256 for each in chosen] == [digest(2), "00" * 32]


def test_a_damaged_index_is_one_line(archive: Path) -> None:
    """That names the file and says what to do."""
    with Archive.open(archive) as opened:
        path = opened.index_files("occurrences")[0]
        path.write_bytes(b"PAR1" + bytes(100))
        with pytest.raises(ArchiveError, match="repair") as caught:
            list(choose(opened))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
