"""How time and memory grow with the work: `make bench-growth`, or `python -m benchmarks.growth`.

What was measured is kept in a JSON file, point by point: a run that was interrupted goes on where it was. The exit code
is 1 where a curve is not linear, or not flat, or could not be measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.__main__ import DEFAULT_FOLDER, processor
from benchmarks.contest import progress
from benchmarks.growth.age import Ages, measure_age
from benchmarks.growth.curves import AGE, NAMES, SIZES, Curve
from benchmarks.growth.judge import judge
from benchmarks.growth.page import publish, tables
from benchmarks.growth.runs import WrongResultError, measure_point, room_for
from benchmarks.growth.store import Store
from benchmarks.measure import ProgramFailedError, scratch

POINTS = "growth{}.json"
_AGE_BYTES = 1_000_000_000


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description="How time and memory grow with the work."
    )
    parser.add_argument("--only", choices=NAMES, action="append", metavar="CURVE", help="|".join(NAMES))
    parser.add_argument(
        "--full",
        action="store_true",
        default=os.environ.get("BENCH_FULL", "") not in ("", "0"),
        help="up to a million messages and blobs, and 4 GiB (half an hour, 15 GB of disk); also with BENCH_FULL=1",
    )
    parser.add_argument("--again", action="store_true", help="measure anew what was measured")
    parser.add_argument("--read", action="store_true", help="measure nothing: show what was measured")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="makes the curves so many times longer")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where inputs are kept")
    parser.add_argument("--points", type=Path, metavar="FILE", help="where points are kept (FOLDER/growth.json)")
    parser.add_argument(
        "--docs", type=Path, metavar="DIR", help="put tables, pictures and points into DIR/growth.md and DIR/growth"
    )
    found = parser.parse_args(arguments)
    if found.scale <= 0:
        parser.error("--scale must be positive")
    found.folder = found.folder.absolute()
    found.points = found.points or found.folder / POINTS.format("" if found.scale == 1 else f"-{found.scale:g}")
    found.only = found.only or list(NAMES)
    return found


def measure(chosen: argparse.Namespace, store: Store) -> list[str]:
    """Measure what is chosen and not there yet; what could not be measured, and why."""
    failed = []
    for curve in SIZES:
        if curve.name in chosen.only:
            failed += _measure_sizes(curve, chosen, store)
    if AGE in chosen.only:
        try:
            ages = _ages(chosen.scale)
            with scratch(_AGE_BYTES, chosen.folder) as place:
                measure_age(store, ages, chosen.folder, place, progress)
        except (ProgramFailedError, WrongResultError) as error:
            failed.append(f"{AGE}: {error}")
    progress("")
    return failed


def _measure_sizes(curve: Curve, chosen: argparse.Namespace, store: Store) -> list[str]:
    failed = []
    amounts = curve.amounts(full=chosen.full, scale=chosen.scale)
    # All points of a curve write to the same kind of disk.
    with scratch(max(amounts) * curve.output_bytes, chosen.folder) as place:
        for amount in amounts:
            try:
                reason = room_for(curve, amount, chosen.folder)
                if reason:
                    raise WrongResultError(reason)
                measure_point(curve, amount, store, chosen.folder, place, progress)
            except (ProgramFailedError, WrongResultError) as error:
                failed.append(f"{curve.name} {amount:,}: {error}")
    return failed


def _ages(scale: float) -> Ages:
    if scale == 1:
        return Ages()
    runs = max(3, round(100 * scale))
    return Ages(runs, max(10, round(2_500 * scale)), 10, (1, runs), min(10, runs - 1))


def heading(store: Store) -> list[str]:
    """The command that measures such points, the machine, and of when and of which source they are."""
    large = {(curve.name, amount) for curve in SIZES for amount in curve.full_points}
    is_full = any((point.curve, point.amount) in large for point in store.points)
    days = sorted({point.day for point in store.points})
    codes = list(dict.fromkeys(point.code for point in store.points))
    return [
        f"`{'BENCH_FULL=1 ' * is_full}make bench-growth`",
        f"{os.cpu_count()} CPUs, {processor()}; {platform.system()};"
        f" {platform.python_implementation()} {platform.python_version()}",
        f"measured {' to '.join(dict.fromkeys((days[0], days[-1])))}, source {', '.join(codes)}"
        if days
        else "no points",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables; 0 where all is linear and flat."""
    chosen = options(arguments)
    store = Store(chosen.points)
    failed: list[str] = []
    if not chosen.read:
        if chosen.again:
            store.forget(chosen.only)
        elif others := store.others(chosen.only):
            _say(f"{others} points of another source are kept; --again measures them anew")
        try:
            failed = measure(chosen, store)
        except KeyboardInterrupt:
            _say("\ninterrupted; the same command goes on where it was")
            return 130
    head = heading(store)
    _say("\n\n".join(["\n".join(head), *(table.as_text() for table in tables(store))]))
    if chosen.docs:
        publish(store, head, chosen.docs)
    for line in failed:
        _say(f"not measured: {line}")
    missed = [verdict for verdict in judge(SIZES, store) if verdict.misses]
    for verdict in missed:
        _say(f"MISS  {verdict.curve}, {verdict.job}: {verdict.text}")
    return 1 if missed or failed else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
