"""Every difference between us and other readers, over real mail, is of a class that docs/differential.md explains."""

from __future__ import annotations

from tests.conformance.differences import CLASSES
from tests.conformance.differential import PAGE, compare, messages

_STEP = 25
"""`python -m tests.conformance.differential` reads all of it, for minutes."""


def test_no_difference_is_unexplained(corpora):
    """One message of each 25; all readers that are installed."""
    found = compare(messages(corpora, ("real", "mbox"), _STEP))
    assert found.unexplained == []
    assert found.messages > 200
    assert found.agreeing > found.readings / 2


def test_the_page_has_all_classes():
    """Each class, with its reason, is on the page."""
    page = PAGE.read_text(encoding="utf-8")
    for case in CLASSES:
        assert f"| {case.title} |" in page
        assert case.reason in page
