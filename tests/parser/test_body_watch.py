"""Long lines and NULs in bodies and headers: where exactly, and in which order."""

from __future__ import annotations

import pytest

from mailstrata.parser.events import EntityBegin
from mailstrata.parser.machine import Parser


def defects(data, cuts=()):
    """Codes and spans of the root."""
    parser = Parser()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += parser.feed(data[start:end])
    entity = next(event.entity for event in [*events, *parser.close()] if type(event) is EntityBegin)
    return [(defect.code.value, defect.start, defect.end) for defect in entity.defects]


def test_nul_behind_a_line_that_is_too_long():
    """The order is that in which they become certain: the NUL is the byte after the thousandth."""
    data = b"a: b\n\n" + b"x" * 1000 + b"\0"
    for cuts in ((), range(1, len(data))):
        assert defects(data, cuts) == [("line-too-long", 6, 1006), ("nul-in-body", 1006, 1007)]


@pytest.mark.parametrize(("size", "is_long"), [(999, False), (1000, True)])
def test_last_line_without_a_line_break(size, is_long):
    """A last line of exactly a thousand bytes is too long."""
    assert (("line-too-long", 6, 1006) in defects(b"a: b\n\n" + b"x" * size)) is is_long


@pytest.mark.parametrize(
    ("header", "is_long"),
    [
        (b"a:" + b"x" * 998 + b"\n", True),
        (b"a:" + b"x" * 998, True),
        (b"a:" + b"x" * 997 + b"\n", False),
        (b"a:" + b"x" * 997, False),
    ],
)
def test_header_of_one_long_line(header, is_long):
    """A thousand bytes without their line break are too many."""
    assert (("line-too-long", 0, 1000) in defects(header)) is is_long


def test_span_of_nul_in_a_header():
    """The span is the NUL."""
    assert defects(b"a: b\0c\n\nx") == [("nul-in-header", 4, 5)]
