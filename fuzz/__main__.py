"""`python -m fuzz --seconds 60`: run each target, one after the other, or those that are named.

    python -m fuzz parser --seconds 600
    python -m fuzz parser --again build/fuzz/found/parser-crash-...

Seeds and what was learnt lie in build/fuzz; what was found, in build/fuzz/found, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from fuzz import seeds

_FOLDER = Path(__file__).parents[1] / "build" / "fuzz"
_LONGEST_INPUT = 16_384
_SECONDS_FOR_ONE_INPUT = 5
_MEGABYTES = 1024
TARGET_NAMES = ("parser", "reader", "transfer", "quoting", "fields", "text", "stripping", "unstripping", "sources")
# The module of the targets imports what is to be instrumented, so it is imported late. A test sees that these are all.


def fuzz_one(name: str, words: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 - wanted by nothing else, and not installed everywhere

    with atheris.instrument_imports(include=["mailstrata"]):
        import fuzz.targets  # noqa: PLC0415

    atheris.Setup([f"fuzz-{name}", *words], fuzz.targets.TARGETS[name])
    atheris.Fuzz()


def run(name: str, seconds: int) -> bool:
    """Fuzz a target in a process of its own; whether nothing was found."""
    learnt, found = _FOLDER / "learnt" / name, _FOLDER / "found"
    learnt.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    start = _FOLDER / "seeds" / name
    seeds.write(name, start)
    words = [
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_SECONDS_FOR_ONE_INPUT}",
        f"-rss_limit_mb={_MEGABYTES}",
        f"-dict={start.parent / 'tokens.dict'}",
        f"-artifact_prefix={found / name}-",
        "-print_final_stats=1",
        str(learnt),
        str(start),
    ]
    done = subprocess.run(
        [sys.executable, "-c", f"from fuzz.__main__ import fuzz_one; fuzz_one({name!r}, {words!r})"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    log = _FOLDER / f"{name}.log"
    log.write_text(done.stderr + done.stdout)
    executed = next((line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line), "?")
    covered = [line for line in done.stderr.splitlines() if " cov: " in line]
    reached = covered[-1].split(" cov: ")[1].split()[0] if covered else "?"
    verdict = "nothing found" if done.returncode == 0 else f"FOUND, see {log}"
    sys.stdout.write(f"{name:<12} {executed:>10} inputs, {reached:>6} places reached: {verdict}\n")
    sys.stdout.flush()
    return done.returncode == 0


def main() -> int:
    """Fuzz what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGET_NAMES))
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each target (60)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run one target on one input that was found")
    chosen = parser.parse_args()
    unknown = set(chosen.targets) - set(TARGET_NAMES)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGET_NAMES)}")
    if chosen.again:
        if len(chosen.targets) != 1:
            parser.error("--again wants one target")
        from fuzz.targets import TARGETS  # noqa: PLC0415

        TARGETS[chosen.targets[0]](chosen.again.read_bytes())
        return 0
    try:
        import atheris  # noqa: F401, PLC0415
    except ImportError:
        parser.error("atheris is not installed; `make fuzz` installs it")
    results = [run(name, chosen.seconds) for name in chosen.targets or TARGET_NAMES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
