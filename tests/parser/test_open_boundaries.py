"""Which lines are delimiters of which multipart, and which almost were."""

from __future__ import annotations

import pytest

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Span, SpanKind
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser


def parse(data, cuts=(), limits=None):
    """The entities and the spans, in order."""
    parser = Parser(limits=limits)
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += parser.feed(data[start:end])
    events += parser.close()
    entities = [event.entity for event in events if type(event) is EntityBegin]
    return entities, [event for event in events if type(event) is Span]


def defects(entity: Entity) -> list[tuple[str, int, int]]:
    """Codes and spans."""
    return [(defect.code.value, defect.start, defect.end) for defect in entity.defects]


def codes(entity: Entity) -> list[DefectCode]:
    """Codes alone."""
    return [defect.code for defect in entity.defects]


def multipart(boundary: bytes) -> bytes:
    """The header of a multipart and its first delimiter."""
    return b'Content-Type: multipart/mixed; boundary="%b"\n\n--%b\n' % (boundary, boundary)


def test_close_delimiter_that_is_an_outer_delimiter():
    """A multipart whose close-delimiter is the delimiter of the one around it has its boundary, too."""
    entities, _ = parse(multipart(b"b--") + multipart(b"b"))
    assert DefectCode.BOUNDARY_OF_OUTER_MULTIPART in codes(entities[1])


def test_near_delimiters_of_eight_levels():
    """A line is held against the eight innermost multiparts and no more."""
    names = [b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i"]
    entities, _ = parse(b"".join(map(multipart, names)) + b"\n" + b"".join(b"--%b!\n" % name for name in names))
    noted = [DefectCode.DELIMITER_WITH_TRAILING_BYTES in codes(entity) for entity in entities[:9]]
    assert noted == [False] + [True] * 8


def test_second_close_delimiter():
    """It is epilogue, with a defect; there is one close-delimiter."""
    entities, spans = parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b--\nend")
    assert [(span.kind, span.data) for span in spans[-2:]] == [
        (SpanKind.CLOSE_DELIMITER, b"\n--b--"),
        (SpanKind.EPILOGUE, b"\n--b--\nend"),
    ]
    assert defects(entities[0]) == [("delimiter-after-close", 56, 61)]


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_delimiters_after_the_close_delimiter_are_noted_up_to_the_limit(step):
    """The last one kept says that some were left out, whatever the split; a multipart around it goes on."""
    inner = multipart(b"i") + b"\n--i--\n" + b"--i\n" * 30
    data = multipart(b"o") + inner + b"--o\n\nlast\n--o--\n"
    entities, _ = parse(data, range(step, len(data), step), Limits(defects=10))
    assert codes(entities[1]) == [DefectCode.DELIMITER_AFTER_CLOSE] * 9 + [DefectCode.DEFECTS_OMITTED]
    assert [entity.path for entity in entities] == ["1", "1.1", "1.1.1", "1.2"]


@pytest.mark.parametrize("end", [b"\r\r\n", b" \r \r\n"])
def test_carriage_returns_behind_a_delimiter(end):
    """More than one before the line feed: a delimiter, and the line is named."""
    entities, _ = parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b" + end + b"\nx\n--b--\n")
    assert len(entities) == 2
    assert defects(entities[0]) == [("carriage-returns-after-delimiter", 43, 45 + len(end))]
