"""The digest of a stream, hashed in the background from some size on."""

from __future__ import annotations

import hashlib
import random
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.sinks import stream_digest
from mailstrata.sinks.stream_digest import StreamDigest

DATA = random.Random(20261201).randbytes(400_000)


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, len(DATA))),
    large=st.sampled_from([1, 100_000, 1 << 30]),
    start=st.integers(0, 1000),
    processors=st.sampled_from([1, 2]),
)
def test_it_is_that_of_the_bytes(cuts: list[int], large: int, start: int, processors: int) -> None:
    """However they are cut, wherever they are hashed, and at any time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_digest, "LARGE_STREAM", large)
        patch.setattr(stream_digest, "usable_processors", lambda: processors)
        digest = StreamDigest(hashlib.sha256(DATA[:start]))
        for number, (first, last) in enumerate(pairwise([start, *sorted(max(cut, start) for cut in cuts), len(DATA)])):
            digest.update(DATA[first:last])
            if number % 5 == 0:
                assert digest.hexdigest() == hashlib.sha256(DATA[:last]).hexdigest()
        state = digest.state()
        assert digest.hexdigest() == state.hexdigest() == hashlib.sha256(DATA).hexdigest()
        state.update(b"more")
        assert digest.hexdigest() == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize(("processors", "size", "threads"), [(2, 8 << 20, 1), (2, (8 << 20) - 1, 0), (1, 8 << 20, 0)])
def test_when_there_is_a_thread(monkeypatch: pytest.MonkeyPatch, processors: int, size: int, threads: int) -> None:
    """For what follows the first 8 MiB, where there is a processor for it."""
    monkeypatch.setattr(stream_digest, "usable_processors", lambda: processors)
    before = set(threading.enumerate())
    digest = StreamDigest()
    digest.update(bytes(size))
    digest.update(DATA)
    started = set(threading.enumerate()) - before
    assert len(started) == threads
    assert digest.hexdigest() == hashlib.sha256(bytes(size) + DATA).hexdigest()
