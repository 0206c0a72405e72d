"""The curves: their points, the start among them, and the large ones only when asked for."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.growth.curves import SIZES, START


def test_the_large_points_are_measured_only_when_asked_for() -> None:
    """Without them a curve begins at the start and rises; with them it goes on."""
    for curve in SIZES:
        usual, full = curve.amounts(full=False), curve.amounts(full=True)
        assert usual[0] == START
        assert usual == sorted(set(usual))
        assert full[: len(usual)] == usual
        assert full == sorted(set(full))
        assert len(full) > len(usual)


def test_steps_are_geometric() -> None:
    """No step is less than threefold or more than tenfold."""
    for curve in SIZES:
        amounts = curve.amounts(full=True)[1:]
        ratios = [after / before for before, after in pairwise(amounts)]
        assert min(ratios) >= 3
        assert max(ratios) <= 10


def test_a_scale_makes_shorter_curves() -> None:
    """No point below 1, none twice."""
    for curve in SIZES:
        assert curve.amounts(full=False, scale=1e-9) == [START, 1]


def test_the_start_has_an_input_too() -> None:
    """Next to nothing, and less than one of the amount or as much."""
    for curve in SIZES:
        assert 0 < curve.input_size(START) <= curve.input_size(1)
