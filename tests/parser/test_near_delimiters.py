"""Where many lines almost are delimiters the parser looks for fewer of them: nothing that it finds may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.parser import machine
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Span
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser

_LINES = st.sampled_from(
    [
        b"--a\n",
        b"--a--\n",
        b"--a \t\r\n",
        b"--a.\n",
        b"--a-\n",
        b"--ab\n",
        b"--ab--\n",
        b"--ab.\n",
        b"--a" + b" " * 1000 + b"\n",
        b"--a" + b"x" * 1000 + b"\n",
        b"--\n",
        b"--x\n",
        b"\n",
        b"text\n",
        b"Content-Type: multipart/mixed; boundary=ab\n\n",
        b"Content-Type: multipart/mixed; boundary=a\n\n",
        b"From x@y.example Mon Jan  1 10:00:00 2024\n",
        b"From x\n",
    ]
)
_HEADER = b"From x@y.example Mon Jan  1 10:00:00 2024\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\n"


def result(data: bytes, mode: machine.Mode, most_defects: int, piece: int) -> list[object]:
    """All that a parser says of a message: spans (joined, for they depend on the pieces), entities, and defects."""
    parser = Parser(mode, limits=Limits(defects=most_defects))
    spans: list[list[object]] = []
    entities: list[Entity] = []
    events = [event for at in range(0, len(data), piece) for event in parser.feed(data[at : at + piece])]
    for event in (*events, *parser.close()):
        if type(event) is Span:
            path = event.entity.path if event.entity else ""
            if spans and spans[-1][:2] == [event.kind, path]:
                spans[-1][3] = event.end
            else:
                spans.append([event.kind, path, event.start, event.end])
        elif type(event) is EntityBegin:
            entities.append(event.entity)
    return [spans, [(entity.path, entity.end, entity.defects) for entity in entities]]


@given(
    st.lists(_LINES, max_size=60),
    st.sampled_from([b"", b"--a", b"--a--", b"--", b"-", b"From x@y"]),
    st.sampled_from(["message", "mbox"]),
    st.sampled_from([1, 2, 100]),
    st.sampled_from([40, 1 << 16]),
)
def test_fewer_candidates_find_the_same(
    lines: list[bytes], end: bytes, mode: machine.Mode, most_defects: int, piece: int
) -> None:
    """Looking closely at every line from the first one on, and never, give the same spans, entities and defects."""
    data = _HEADER + b"".join(lines) + end
    found = []
    for candidates in (1, 2, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(machine, "_MANY_CANDIDATES", candidates)
            found.append(result(data, mode, most_defects, piece))
    assert found[0] == found[2]
    assert found[1] == found[2]
