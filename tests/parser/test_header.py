"""Line breaks in header blocks."""

from __future__ import annotations

import pytest

from mailstrata.parser.events import EntityBegin
from mailstrata.parser.machine import Parser


def root(data, cuts=()):
    """What the parser says of the root."""
    parser = Parser()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += parser.feed(data[start:end])
    entity = next(event.entity for event in [*events, *parser.close()] if type(event) is EntityBegin)
    return entity.body_start, entity.encoding, entity.defects


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 66, 128])
def test_carriage_returns_before_a_line_feed(count):
    """A run of them is read alike, whatever the split."""
    data = b"Subject: x" + b"\r" * count + b"\nContent-Transfer-Encoding: base64\n\nYWJj"
    whole = root(data)
    for cut in range(1, len(data)):
        assert root(data, [cut]) == whole


@pytest.mark.parametrize("blank_line", [b"\r\r\n", b"\r\r\r\n"])
def test_blank_line_with_more_than_one_carriage_return(blank_line):
    """It ends the header, and is named."""
    data = b"a: b\r\n" + blank_line + b"x"
    body_start, _, defects = root(data)
    assert body_start == len(data) - 1
    assert [(defect.code.value, defect.start, defect.end) for defect in defects] == [("bare-cr-in-header", 6, 7)]
