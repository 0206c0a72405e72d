"""Where the next `From ` line is: the same as an expression says, each byte looked at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailstrata.parser.from_search import FromSearch

TOKENS = st.lists(st.sampled_from([b"\n", b"From ", b"\nFrom ", b"F" * 20, b"x", b"From", b"\nFro", b" "]), max_size=30)


@given(TOKENS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 120)), max_size=8), st.integers(0, 5))
def test_finds_what_is_there(tokens, questions, base):
    """Whatever was asked before, from where and up to where, the answer is the first line break before `From `."""
    buffer = b"".join(tokens)
    search = FromSearch()
    start = 0
    for step, length in questions:
        start = min(start + step, len(buffer))
        stop = min(start + length, len(buffer))
        found = buffer.find(b"\nFrom ", start)
        assert search.next(buffer, start, stop, base) == (found if 0 <= found < stop else -1)


@given(TOKENS, st.integers(0, 200))
def test_goes_on_in_the_next_buffer(tokens, cut):
    """What the end of one buffer begins is found in the next one, which begins there or before."""
    data = b"".join(tokens)
    cut = min(cut, len(data))
    search = FromSearch()
    first = search.next(data[:cut], 0, cut, 0)
    kept = max(0, cut - 6)
    expected = data.find(b"\nFrom ", kept)
    if first < 0:
        assert search.next(data[kept:], 0, len(data) - kept, kept) == (-1 if expected < 0 else expected - kept)
