from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mailstrata.archive.commits.totals import Totals

_TOTALS = st.builds(
    Totals,
    files=st.integers(0),
    source_bytes=st.integers(0),
    messages_found=st.integers(0),
    defects=st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1)).map(Counter),
)


@given(_TOTALS, _TOTALS)
def test_totals_add_up(first: Totals, second: Totals) -> None:
    """Number by number, defects by code; a copy is one of its own."""
    both = first.copy()
    both.add(second)
    assert both.files == first.files + second.files
    assert both.source_bytes == first.source_bytes + second.source_bytes
    assert both.defects == first.defects + second.defects


@given(_TOTALS)
def test_totals_are_read_back(totals: Totals) -> None:
    """What a record says is what was counted."""
    assert Totals.from_json(totals.to_json()) == totals


def test_numbers_may_come_and_go() -> None:
    """A record of a later version, or an earlier one, is read as far as it is known."""
    totals = Totals.from_json({"files": 3, "something_new": 5})
    assert (totals.files, totals.parts) == (3, 0)
