"""The hostile cases, in small: made the same every time, and taken apart without an exception or a lost byte."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.hostile.__main__ import CASES
from benchmarks.hostile.cases import BLOCK, Case, blocks
from benchmarks.hostile.judge import Judge, Result
from benchmarks.hostile.parse_file import Account, LostBytesError, parse, pieces
from benchmarks.measure import Measurement
from mailstrata.cli.main import cli
from mailstrata.parser.events import Span, SpanKind
from mailstrata.parser.limits import Limits

_BYTES = 20_000


def small(case: Case) -> int:
    """A count that makes some twenty kilobytes more than what each case begins with."""
    return max(2, round(_BYTES / unit_bytes(case)))


def unit_bytes(case: Case) -> float:
    """How many bytes one more of its units adds to a case."""
    return (sum(map(len, case.pieces(4))) - sum(map(len, case.pieces(2)))) / 2


every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_case_depends_on_its_seed_only(case: Case) -> None:
    """The same seed gives the same bytes; twice the count, so many more (or up to twice that: numbers grow longer)."""
    count = small(case)
    made = b"".join(case.pieces(count, 7))
    assert made == b"".join(case.pieces(count, 7))
    more = len(b"".join(case.pieces(2 * count, 7))) - len(made)
    assert 0.9 < more / count / unit_bytes(case) < 2


@every_case
@pytest.mark.parametrize("piece", [BLOCK, 100, 0])
def test_every_byte_comes_out_once(case: Case, piece: int) -> None:
    """The parser takes the case whole and in pieces, finds the same parts, and loses nothing (`parse` sees to that)."""
    count = small(case)
    whole = parse(case.pieces(count), is_mbox=case.is_mbox)
    account = parse(pieces(case.pieces(count), piece), is_mbox=case.is_mbox)
    assert (account.parts, account.depth) == (whole.parts, whole.depth)
    assert account.parts >= 1


@every_case
def test_parse_command(case: Case, tmp_path: Path) -> None:
    """`mailstrata parse --json` ends with 0, and its objects are JSON."""
    path = tmp_path / ("hostile.mbox" if case.is_mbox else "hostile.eml")
    case.write(path, min(small(case), 2000))
    result = CliRunner().invoke(cli, ["parse", str(path), "--json"])
    assert result.exit_code == 0, result.output[-500:]
    assert all(json.loads(line)["parts"] for line in result.stdout.splitlines())


def test_depth_limit_raised() -> None:
    """With limits raised, 5,000 levels are parsed to the leaf; without, to the limit."""
    case = next(case for case in CASES if case.name == "nesting")
    assert parse(case.pieces(5000), is_mbox=False).depth == Limits().depth
    assert parse(case.pieces(5000), is_mbox=False, limits=Limits(depth=6000)).depth == 5001


def test_blocks() -> None:
    """Pieces of any size come in blocks of one size."""
    made = list(blocks(iter([b"a" * 10, b"b" * 3 * BLOCK, b"", b"c"])))
    assert [len(block) for block in made] == [BLOCK, BLOCK, BLOCK, 11]
    assert b"".join(made) == b"a" * 10 + b"b" * 3 * BLOCK + b"c"


def test_lost_bytes_are_noticed() -> None:
    """A gap between two spans fails."""
    account = Account()
    account.take([Span(SpanKind.BODY, 0, 2, None, b"ab")])
    with pytest.raises(LostBytesError, match="at 3"):
        account.take([Span(SpanKind.BODY, 3, 4, None, b"d")])


class _Timed(Judge):
    """A judge whose runs take so many seconds a byte, to a power, and so much memory."""

    seconds_a_byte = 1e-8
    power = 1.0
    peak = 1_000_000

    def _once(self, case: Case, way: str, path: Path) -> Measurement:
        size = path.stat().st_size
        return Measurement(self.seconds_a_byte * size * (size / 1e7) ** (self.power - 1), self.peak)


def judged(folder: Path, **properties: float) -> Result:
    """A case of 20 MB and then 40 MB, as a judge with these properties sees it."""
    judge = _Timed(folder)
    for name, value in properties.items():
        setattr(judge, name, value)
    case = next(case for case in CASES if case.name == "quoted-printable-spaces")
    return judge.judge(case, "parser")


@pytest.mark.parametrize(
    ("properties", "miss"),
    [
        ({}, ""),
        ({"power": 2.0}, "ratio above 2.3"),
        ({"seconds_a_byte": 1e-7}, "more than 2.40 s"),
        ({"peak": 129e6}, "more than 128 MB"),
    ],
)
def test_judge(properties: dict[str, float], miss: str, tmp_path: Path) -> None:
    """What grows faster than the input, is too slow, or takes too much memory is a miss, and the table says so."""
    result = judged(tmp_path, **properties)
    assert result.misses == ([miss] if miss else [])
    assert result.line().startswith("MISS" if miss else "ok")
    assert math.isclose(result.ratio, 4.0 if "power" in properties else 2.0, rel_tol=0.01)
