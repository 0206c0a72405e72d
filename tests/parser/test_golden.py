"""The parser says what it said when that was recorded, whole and in pieces: see docs/parser.md on when it may not."""

from __future__ import annotations

import pytest

from tests.parser.golden.inputs import all_inputs
from tests.parser.golden.record import REWRITE, differences, read_digests, read_listings

_SHARES = 16
"""What is tested at once, so that several processes can share it."""


@pytest.mark.parametrize("share", range(_SHARES))
def test_events_are_those_that_were_recorded(share: int) -> None:
    """Kinds, bytes, spans, entities and defects."""
    digests, listings = read_digests(), read_listings()
    inputs = list(all_inputs().values())[share::_SHARES]
    found = [text for one in inputs for text in differences(one, digests[one.name], listings.get(one.name))]
    assert not found, f"{len(found)} of {len(inputs)} inputs\n" + "\n\n".join(found[:5])


def test_every_input_is_recorded_and_nothing_else() -> None:
    """An input that is added or dropped is recorded anew."""
    assert list(read_digests()) == list(all_inputs()), REWRITE
    assert set(read_listings()) == {one.name for one in all_inputs().values() if one.is_listed}, REWRITE
