"""The fixtures of other parsers' authors, against what these authors expect; deviations.toml is the list of exceptions.

No test prints what a message says.
"""

from __future__ import annotations

import sys

import pytest

from tests.conformance.deviations import TABLE, judge, read_table
from tests.conformance.page import PAGE, SUITES, render, verdicts
from tests.conformance.suites import standard_library

FEWEST = {
    "mime4j": 80,
    "mime-tools": 25,
    "mailbagit": 3,
    "ponymail": 280,
    "mime-is-broken": 340,
    "standard-library": 790,
}
"""Messages that each suite has at least; fewer would mean that it looks in the wrong place."""


KNOWN_PYTHON = pytest.mark.skipif(
    sys.version_info[:2] != standard_library.PYTHON,
    reason="the table is about the email package of Python {}.{}".format(*standard_library.PYTHON),
)


@pytest.mark.parametrize(
    "suite",
    [pytest.param(suite, marks=KNOWN_PYTHON) if suite is standard_library else suite for suite in SUITES],
    ids=lambda suite: suite.NAME,
)
def test_every_deviation_is_listed(corpora, suite):
    """A suite deviates where the table says so, and nowhere else."""
    verdict = judge(suite.NAME, suite.cases(corpora), read_table(TABLE.read_text("utf-8")))
    assert len(verdict.cases) >= FEWEST[suite.NAME]
    assert verdict.unlisted == []
    assert verdict.stale == []


def test_valid_tricks_hide_nothing(corpora):
    """mime-is-broken: what is within the standard is read in full, whatever the table might list."""
    (suite,) = (suite for suite in SUITES if suite.NAME == "mime-is-broken")
    valid = [case for case in suite.cases(corpora) if case.group.endswith(("validity 2", "validity 3"))]
    assert len(valid) >= 30
    assert [case.fixture for case in valid if case.differences] == []


@KNOWN_PYTHON
def test_page_is_current(corpora):
    """docs/conformance.md says what the suites say now; `python -m tests.conformance` writes it."""
    table = read_table(TABLE.read_text("utf-8"))
    assert PAGE.read_text("utf-8") == render(verdicts(corpora, table), table)
