"""The work for each byte is bounded, however small the pieces: counted in bytes looked at, not in seconds."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
from support.builds import source_only

from mailstrata.parser import header, machine, plain_header
from mailstrata.parser.machine import Parser

pytestmark = source_only


class Counted:
    """A compiled expression that adds up how many bytes its matches and searches went through.

    A match that fails is taken to have looked at everything up to the next line break, since none of the parser's
    expressions goes beyond a line without having matched one.
    """

    def __init__(self, expression: re.Pattern[bytes], counter: list[int]) -> None:
        self._expression = expression
        self._counter = counter

    def _count(self, data: bytes, start: int, end: int | None, found: re.Match[bytes] | None) -> None:
        stop = len(data) if end is None else min(end, len(data))
        reached = found.end() if found is not None else stop
        line_end = data.find(b"\n", reached, stop)
        self._counter[0] += max(0, (stop if line_end < 0 else line_end) - start)

    def match(self, data: bytes, start: int = 0, *end: int) -> re.Match[bytes] | None:
        found = self._expression.match(data, start, *end)
        self._count(data, start, end[0] if end else None, found)
        return found

    def search(self, data: bytes, start: int = 0, *end: int) -> re.Match[bytes] | None:
        found = self._expression.search(data, start, *end)
        self._counter[0] += (found.end() if found is not None else len(data)) - start
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._expression, name)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes the expressions of the parser have looked at, as the only item."""
    counter = [0]
    for module in (header, machine, plain_header):
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counted(value, counter))
            elif getattr(value, "__annotations__", {}).get("return") == "re.Pattern[bytes]":
                monkeypatch.setattr(module, name, partial(Counted, value(), counter))
    return counter


def feed(data: bytes, piece: int) -> None:
    """Parse a message in pieces of one size."""
    parser = Parser()
    for at in range(0, len(data), piece):
        for _ in parser.feed(data[at : at + piece]):
            pass
    for _ in parser.close():
        pass


_BODY = b'Content-Type: multipart/mixed; boundary="bound"\n\n--bound\n\n'


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        pytest.param(b"X: ", b"x", b"\n\n", id="one header line"),
        pytest.param(b"", b"x", b": y\n\n", id="a field name"),
        pytest.param(b"X", b" ", b": y\n\n", id="space behind a field name"),
        pytest.param(b"From", b" ", b": y\n\n", id="space behind a name that begins a From line"),
        pytest.param(b"X: ", b"\r", b"\n\n", id="carriage returns"),
        pytest.param(b"X: y\r", b" z", b"\n\n", id="a line behind a bare carriage return"),
        pytest.param(b"", b" x", b"\n\n", id="space before the first field"),
        pytest.param(b"X: y\n", b" z\n", b"\n\n", id="folding"),
        pytest.param(b"", b"a: b\n", b"\n\n", id="fields"),
        pytest.param(_BODY, b"x", b"", id="a body without a line break"),
        pytest.param(_BODY, b"--bounds\n", b"", id="lines that almost are delimiters"),
        pytest.param(_BODY, b"\n", b"", id="line breaks"),
        pytest.param(_BODY, b"--bound\n\nx\n", b"", id="parts"),
    ],
)
@pytest.mark.parametrize("piece", [1 << 16, 100, 3])
def test_twice_the_bytes_are_twice_the_work(
    before: bytes, unit: bytes, after: bytes, piece: int, looked_at: list[int]
) -> None:
    """Twice as many bytes make the expressions look at about twice as many."""
    work = []
    for size in (8_000, 16_000):
        looked_at[0] = 0
        feed(before + unit * (size // len(unit)) + after, piece)
        work.append(looked_at[0])
    assert work[0] > 0
    assert work[1] < 2.2 * work[0]
