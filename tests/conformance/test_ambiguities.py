"""docs/ambiguity.md says what each reader makes of the same bytes; here they are asked."""

from __future__ import annotations

import pytest

from benchmarks.peers import gmime
from tests.conformance.ambiguities import AMBIGUITIES, PAGE, render
from tests.conformance.readers import (
    FAST,
    GMIME,
    STDLIB,
    Reading,
    by_fast_mail_parser,
    by_gmime,
    by_stdlib,
    ours,
)

cases = pytest.mark.parametrize("case", AMBIGUITIES, ids=lambda case: case.title)


def seen(reading: Reading) -> list[tuple[str, str | None, str]]:
    """Type, file name and digest of each leaf."""
    return [(leaf.content_type, leaf.filename, leaf.sha256) for leaf in reading.leaves]


def test_page_is_up_to_date():
    """The page says what the table says."""
    assert PAGE.read_text(encoding="utf-8") == render()


@cases
def test_our_reading(case):
    """The defect is there."""
    assert case.code in ours(case.message).codes


@cases
def test_stdlib(case):
    """Python's email package sees what we see, unless the table says otherwise."""
    reading = by_stdlib(case.message)
    assert not reading.refused
    assert (seen(reading) != seen(ours(case.message))) == (STDLIB in case.others)


@cases
def test_fast_mail_parser(case):
    """fast-mail-parser sees what we see, in whatever order, unless the table says otherwise."""
    reading = by_fast_mail_parser(case.message)
    agrees = not reading.refused and sorted(seen(reading), key=repr) == sorted(seen(ours(case.message)), key=repr)
    assert agrees == (FAST not in case.others)


@cases
def test_gmime(case):
    """GMime sees what we see, unless the table says otherwise."""
    reading = by_gmime(case.message)
    if reading is None:
        pytest.skip(gmime.HOW_TO_INSTALL)
    assert (seen(reading) != seen(ours(case.message))) == (GMIME in case.others)
