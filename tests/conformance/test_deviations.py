"""The table of deviations counts both ways."""

from __future__ import annotations

import pytest

from tests.conformance.deviations import TABLE, judge, read_table
from tests.conformance.suites.case import Case

TEXT = """
[class.odd]
title = "Odd"
decided_by = "RFC"
reason = "because"

[[deviation]]
suite = "a"
class = "odd"
differs = ["1 body", "1.2 fields"]
fixtures = ["x.msg"]
"""


class TestJudge:
    def test_listed_differences(self):
        """What is listed is counted with its class, once for each fixture."""
        verdict = judge("a", [Case("x.msg", ("1 body", "1.2 fields")), Case("y.msg", ())], read_table(TEXT))
        assert (verdict.unlisted, verdict.stale) == ([], [])
        assert verdict.classes == {"odd": ["x.msg"]}
        assert verdict.passed == 1

    def test_unlisted_differences(self):
        """Another difference, or the same in another fixture or suite, is not listed."""
        table = read_table(TEXT)
        cases = [Case("x.msg", ("1 body", "1.2 fields", "1.2 body")), Case("y.msg", ("1 body",))]
        assert judge("a", cases, table).unlisted == [("x.msg", "1.2 body"), ("y.msg", "1 body")]
        assert judge("b", [Case("x.msg", ("1 body",))], table).unlisted == [("x.msg", "1 body")]

    def test_listed_differences_that_are_gone(self):
        """What is listed and not there any more is named."""
        assert judge("a", [Case("x.msg", ("1 body",))], read_table(TEXT)).stale == [("x.msg", "1.2 fields")]
        assert judge("b", [], read_table(TEXT)).stale == []


class TestReadTable:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (('decided_by = "RFC"', 'decided_by = "nobody"'), "decided by 'nobody'"),
            (('class = "odd"', 'class = "even"'), "no class even"),
            (('["x.msg"]', '["x.msg", "x.msg"]'), "listed twice"),
            (("[[deviation]]", '[class.even]\ntitle=""\ndecided_by="RFC"\nreason=""\n[[deviation]]'), "without a dev"),
        ],
    )
    def test_contradictions(self, change, message):
        """A table that contradicts itself is refused."""
        with pytest.raises(ValueError, match=message):
            read_table(TEXT.replace(*change))

    def test_reasons(self):
        """Each class of the table says who decided, and names an RFC with its section where that was an RFC."""
        for described in read_table(TABLE.read_text("utf-8")).classes.values():
            assert described.title
            if described.decided_by == "RFC":
                assert "RFC " in described.reason
                assert ", " in described.reason
