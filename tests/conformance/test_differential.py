"""Every difference between us and other readers is of a class that docs/differential.md explains, or listed singly."""

from __future__ import annotations

import pytest

from tests.conformance import differential
from tests.conformance.difference import differing_leaves
from tests.conformance.differences_of_fixtures import FIXTURE_CLASSES
from tests.conformance.differential import ALL_CLASSES, FIXTURES, compare, messages
from tests.conformance.differential_page import PAGE
from tests.conformance.readers import FAST, STDLIB, Leaf, Reading
from tests.conformance.singular import TABLE, read_table

_STEP = 25
"""`python -m tests.conformance.differential` reads all of it, for minutes."""
_STEP_OF_FIXTURES = 3

_LISTED = """
[[difference]]
readers = ["email"]
differs = ["subject"]
messages = ["x.eml at 0"]
reason = "because"
"""


def test_no_difference_is_unexplained(corpora):
    """One message of each 25; all readers that are installed."""
    found = compare(messages(corpora, ("real", "mbox"), _STEP))
    assert found.unexplained == []
    assert found.messages > 200
    assert found.agreeing > found.readings / 2


def test_no_difference_of_fixtures_is_unexplained(corpora):
    """One fixture of each 3, and all that are listed; what is listed is still there."""
    listed = read_table(TABLE.read_text("utf-8"))
    always = {place for _, _, place in listed}
    found = compare(messages(corpora, FIXTURES, _STEP_OF_FIXTURES, always), ALL_CLASSES, listed)
    assert found.unexplained == []
    assert found.stale(listed) == []
    assert found.messages > 400
    assert found.agreeing > found.readings / 2


def test_the_page_has_all_classes():
    """Each class, with its reason, is on the page, and each fixture that is listed."""
    page = PAGE.read_text(encoding="utf-8")
    for case in ALL_CLASSES:
        assert f"| {case.title} |" in page
        assert case.reason in page
    for (reader, about, place), reason in read_table(TABLE.read_text("utf-8")).items():
        assert f"| `{place}` | {reader} | {about} | {reason} |" in page


def test_each_class_of_fixtures_explains_some():
    """On the page no class of fixtures stands without a difference."""
    fixtures = PAGE.read_text(encoding="utf-8").partition("## Fixtures")[2]
    for case in FIXTURE_CLASSES:
        assert f"| {case.title} | 0 | 0 | 0 |" not in fixtures


class TestCompare:
    @pytest.fixture(autouse=True)
    def _one_reader(self, monkeypatch):
        """A reader that sees another subject."""
        leaf = Leaf("text/plain", None, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", b"x")
        monkeypatch.setattr(differential, "READERS", {STDLIB: lambda data: Reading("other", (leaf,))})

    MAIL = (("x.eml at 0", b"Subject: one\n\nx"), ("y.eml at 0", b"Subject: other\n\nx"))

    def test_neither_class_nor_listed(self):
        """Such a difference is named, with its reader and place."""
        found = compare(iter(self.MAIL), ())
        assert found.unexplained == ["email, subject: x.eml at 0"]
        assert (found.readings, found.agreeing, found.in_classes, found.singly, found.in_none) == (2, 1, 0, 0, 1)

    def test_listed(self):
        """A listed difference is none that is unexplained."""
        listed = read_table(_LISTED)
        found = compare(iter(self.MAIL), (), listed)
        assert (found.unexplained, found.stale(listed)) == ([], [])
        assert (found.agreeing, found.singly, found.in_none) == (1, 1, 0)

    def test_stale(self):
        """What is listed and not there is named; what is of a reader that is not installed is not."""
        listed = read_table(_LISTED.replace("x.eml", "y.eml").replace('"email"', '"email", "GMime"'))
        assert compare(iter(self.MAIL), (), listed).stale(listed) == [("email", "subject", "y.eml at 0")]


class TestDifferingLeaves:
    A, B, C = (Leaf("a/b", name, name, name.encode()) for name in ("a", "b", "c"))

    def test_in_order(self):
        """Leaves are compared one by one."""
        ours, theirs = Reading(None, (self.A, self.B)), Reading(None, (self.A, self.C))
        assert differing_leaves(ours, theirs, "filename", STDLIB) == [self.B]
        swapped = Reading(None, (self.B, self.A))
        assert differing_leaves(ours, swapped, "filename", STDLIB) == [self.A, self.B]

    def test_without_order(self):
        """A reader with another order differs in what it does not have."""
        ours = Reading(None, (self.A, self.B))
        assert differing_leaves(ours, Reading(None, (self.B, self.A)), "content", FAST) == []
        assert differing_leaves(ours, Reading(None, (self.B, self.B)), "content", FAST) == [self.A]


class TestReadTable:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (('"email"', '"nobody"'), "no reader nobody"),
            (('["subject"]', '["subject", "subject"]'), "listed twice"),
            (('"because"', '" "'), "no reason"),
        ],
    )
    def test_contradictions(self, change, message):
        """A table that contradicts itself is refused."""
        with pytest.raises(ValueError, match=message):
            read_table(_LISTED.replace(*change))
