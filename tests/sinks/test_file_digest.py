"""The digest of a file and of its beginning, while it is read."""

import hashlib
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.sinks.file_digest import REACH_BYTES, FileDigest

DATA = random.Random(20261124).randbytes(5 << 20)


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 300_000)), start=st.integers(0, 1000), ask=st.integers(0, 300_000))
def test_every_split_gives_the_same(cuts: list[int], start: int, ask: int) -> None:
    """The digests of the whole and of any beginning do not depend on the chunks, nor on where the reading began."""
    data = DATA[:300_000]
    digest = FileDigest(start, hashlib.sha256(data[:start]))
    for first, last in pairwise([start, *sorted(max(cut, start) for cut in cuts), len(data)]):
        digest.update(data[first:last])
    assert digest.hexdigest() == digest_of(data)
    ask = max(ask, start)
    assert digest.hexdigest_at(ask) == digest_of(data[:ask])


@pytest.mark.parametrize("chunk", [100, 64 << 10, 1 << 20, 3 << 20])
def test_how_far_back_it_is_known(chunk: int) -> None:
    """At least 2 MiB and the last chunk are within reach, little more is held, and beyond there is no answer."""
    digest = FileDigest()
    for first in range(0, len(DATA), chunk):
        digest.update(DATA[first : first + chunk])
    reach = len(DATA) - REACH_BYTES - (len(DATA) % chunk or chunk)
    if reach > 0:
        assert digest.hexdigest_at(reach) == digest_of(DATA[:reach])
    held = sum(map(len, digest._pieces))
    assert held <= REACH_BYTES + 2 * max(chunk, 64 << 10)
    if held < len(DATA):
        assert digest.hexdigest_at(0) is None
        assert digest.hexdigest_at(len(DATA) - held - 1) is None


def test_small_chunks_are_not_kept_each() -> None:
    """Byte by byte, a piece is kept of 64 KiB at a time, and not each byte."""
    digest = FileDigest()
    for place in range(200_000):
        digest.update(DATA[place : place + 1])
    assert len(digest._pieces) <= 4
    assert digest.hexdigest_at(99_999) == digest_of(DATA[:99_999])


def test_the_given_state_stays_as_it_is() -> None:
    """Going on with a digest does not change the one that was handed over."""
    before = hashlib.sha256(b"abc")
    digest = FileDigest(3, before)
    digest.update(b"def")
    assert digest.hexdigest() == digest_of(b"abcdef")
    assert digest.hexdigest_at(3) == before.hexdigest() == digest_of(b"abc")
    assert digest.hexdigest_at(2) is None
