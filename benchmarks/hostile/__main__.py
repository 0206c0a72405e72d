"""Every hostile case at a size and at twice that: `make bench-hostile`, or `python -m benchmarks.hostile`.

What is measured, and what is good, is said in `judge`. The exit code is 1 where something is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.__main__ import DEFAULT_FOLDER
from benchmarks.hostile import bodies, headers
from benchmarks.hostile.judge import TITLE, WAYS, Judge
from benchmarks.measure import scratch

CASES = bodies.CASES + headers.CASES
_LARGEST = 500_000_000
"""Bytes of the largest file, and what an archive makes of it."""


def main() -> int:
    """Measure the cases; 0 where all is good."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hostile", description="Measure what hostile mail costs.", epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    names = [case.name for case in CASES]
    parser.add_argument("--only", choices=names, action="append", metavar="CASE", help="a case; may be given again")
    parser.add_argument("--way", choices=WAYS, action="append", metavar="WAY", help="|".join(WAYS))
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="makes the cases so many times larger")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what the cases are made from")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where files are written")
    chosen = parser.parse_args()
    _say(TITLE)
    missed = 0
    with scratch(round(_LARGEST * chosen.scale), chosen.folder) as folder:
        for case in CASES:
            if chosen.only and case.name not in chosen.only:
                continue
            for way in chosen.way or WAYS:
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    result = Judge(Path(place), chosen.scale, chosen.seed).judge(case, way)
                _say(result.line())
                missed += bool(result.misses)
    _say(f"\n{missed} missed" if missed else "\nall good")
    return 1 if missed else 0


def _epilog() -> str:
    width = max(len(case.name) for case in CASES)
    return "cases:\n" + "\n".join(f"  {case.name:<{width}}  {case.meaning}" for case in CASES)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
