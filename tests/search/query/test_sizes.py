"""Sizes of queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.search.query.nodes import Size
from mailstrata.search.query.sizes import MOST_BYTES, read_size, read_size_range
from mailstrata.search.query.unreadable import UnreadableError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("0", 0), ("1000", 1000), ("10k", 10_000), ("10K", 10_000), ("10kB", 10_000), ("1M", 1_000_000), ("5b", 5)),
        *(("1.5G", 1_500_000_000), ("0.0001k", 0), ("2T", 2 * 10**12), ("1Ki", 1024), ("1.5MiB", 1_572_864)),
        *((" 10 MB ", 10_000_000), ("9" * 19 + "T", MOST_BYTES)),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """Units are powers of 1,000, with an i of 1,024."""
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "1i", "1iB", "-1", "1,5M", "1e3", "1..", "9" * 20, "1P", "٣"])
def test_what_is_no_size(text: str) -> None:
    """It says so, and what to write."""
    with pytest.raises(UnreadableError, match="write"):
        read_size(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1k..2k", Size(1000, 2001)),
        ("1k..", Size(1000, None)),
        ("..1k", Size(None, 1001)),
        ("1k..1k", Size(1000, 1001)),
        ("1k", Size(1000, None)),
    ],
)
def test_ranges(text: str, size: Size) -> None:
    """Both ends belong to a range, as in mu; a size alone is the least, as in Gmail."""
    assert read_size_range(text) == size


@pytest.mark.parametrize("text", ["..", "2k..1k", "a..b", "1...2"])
def test_what_is_no_range(text: str) -> None:
    """It says so, and what to write."""
    with pytest.raises(UnreadableError, match="write"):
        read_size_range(text)


@given(st.integers(0, MOST_BYTES))
def test_a_number_is_itself(count: int) -> None:
    """All digits count."""
    assert read_size(str(count)) == count
