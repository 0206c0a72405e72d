from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import TargetError
from mailstrata.index.seen import SeenDigests


def digests(count: int) -> list[str]:
    return [hashlib.sha256(b"%d" % number).hexdigest() for number in range(count)]


@given(numbers=st.lists(st.integers(0, 30)))
def test_it_is_a_set(numbers, tmp_path_factory):
    """It answers exactly as a set in memory would."""
    known = digests(31)
    model: set[int] = set()
    seen = SeenDigests(tmp_path_factory.mktemp("seen") / "seen.sqlite")
    try:
        for number in numbers:
            assert seen.add(known[number]) is (number not in model)
            model.add(number)
    finally:
        seen.close()


def test_it_remembers_what_its_cache_cannot_hold(tmp_path, monkeypatch):
    """Digests that were moved out of the page cache are found again on disk."""
    monkeypatch.setattr("mailstrata.index.seen._CACHE_BYTES", 64 << 10)
    path = tmp_path / "seen.sqlite"
    seen = SeenDigests(path)
    assert [seen.add(digest) for digest in digests(20_000)] == [True] * 20_000
    assert path.stat().st_size > 400_000
    assert [seen.add(digest) for digest in digests(20_000)] == [False] * 20_000
    seen.close()


def test_nothing_is_left_behind(tmp_path):
    """The file is gone after the run, whatever a killed run had left there before."""
    path = tmp_path / "seen.sqlite"
    path.write_bytes(b"left by a run that was killed")
    seen = SeenDigests(path)
    assert seen.add("00" * 32)
    seen.close()
    seen.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    """What SQLite says about the disk reaches people as a TargetError with the place and the remedy."""
    seen = SeenDigests(tmp_path / "seen.sqlite")
    seen._database.execute("PRAGMA max_page_count = 3")
    with pytest.raises(TargetError, match=r"seen\.sqlite: database or disk is full; make room"):
        for digest in digests(1000):
            seen.add(digest)
    seen.close()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    """A folder that is not there is a TargetError, not an error of SQLite."""
    with pytest.raises(TargetError, match="cannot write"):
        SeenDigests(tmp_path / "missing" / "seen.sqlite")
