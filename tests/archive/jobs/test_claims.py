"""The table of claims: each digest is one run's, however many ask at once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mailstrata.archive.jobs.claims import ClaimTable, open_scratch

_FOUR = 4
_CLAIMER = """
import hashlib, json, sys
from mailstrata.archive.jobs.claims import ClaimTable
table = ClaimTable(int(sys.argv[1]), int(sys.argv[2]))
run = int(sys.argv[3])
digests = [hashlib.sha256(b"%d" % number).digest() for number in range(5000)]
print(json.dumps([number for number, digest in enumerate(digests) if table.claim(1, digest, run) == 0]))
"""


def digest_of(number: int) -> bytes:
    """Some digest."""
    return hashlib.sha256(b"%d" % number).digest()


@pytest.fixture
def files() -> Iterator[tuple[int, int]]:
    """The descriptors of an empty table, and of the file that is locked."""
    descriptors = open_scratch(), open_scratch()
    ClaimTable.create(descriptors[0], slots=16)
    yield descriptors
    for descriptor in descriptors:
        os.close(descriptor)


def test_the_first_one_keeps_it(files: tuple[int, int]) -> None:
    table = ClaimTable(*files)
    assert table.claim(1, digest_of(1), 7) == 0
    assert table.claim(1, digest_of(1), 7) == 7
    assert table.claim(1, digest_of(1), 9) == 7
    assert table.claim(2, digest_of(1), 9) == 0, "another kind of thing"
    table.close()


def test_an_earlier_run_is_told_who_keeps_it_and_stands_for_it_from_then_on(files: tuple[int, int]) -> None:
    table = ClaimTable(*files)
    assert table.claim(1, digest_of(1), 7) == 0
    assert table.claim(1, digest_of(1), 5) == 7
    assert table.claim(1, digest_of(1), 3) == 5
    assert table.claim(1, digest_of(1), 6) == 3
    table.close()


def test_it_grows_and_forgets_nothing(files: tuple[int, int]) -> None:
    table, other = ClaimTable(*files), ClaimTable(*files)
    for number in range(1000):
        assert table.claim(1, digest_of(number), number + 1) == 0
    for number in range(1000):
        assert other.claim(1, digest_of(number), 5000) == number + 1
    table.close()
    other.close()


def test_a_commit_empties_it(files: tuple[int, int]) -> None:
    table = ClaimTable(*files)
    for epoch in range(50):
        table.begin(epoch * 100 + 1)
        for number in range(100):
            assert table.claim(1, digest_of(number), epoch * 100 + 1 + number) == 0
        ClaimTable.forget(files[0])
    table.close()
    assert os.fstat(files[0]).st_size < 100_000, "it does not grow with the number of commits"


def test_of_several_processes_exactly_one_is_told_to_keep_each(files: tuple[int, int]) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIMER, *map(str, files), str(run)], stdout=subprocess.PIPE, pass_fds=files
        )
        for run in range(1, _FOUR + 1)
    ]
    told = [json.loads(process.communicate()[0]) for process in processes]
    assert sorted(number for each in told for number in each) == list(range(5000))
