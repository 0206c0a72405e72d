"""`python -m fuzz [TARGET...] [--seconds N]`: each target for some time, one after the other.

    python -m fuzz parser --seconds 600
    python -m fuzz parser --again build/fuzz/found/parser-...

Ends with 1 where something was found, and says with which command each finding is seen again; that needs no atheris.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from fuzz import guard
from fuzz.seeds import write_seeds
from fuzz.targets import TARGETS
from fuzz.tokens import write_dictionary

ROOT = Path(__file__).resolve().parents[1]
_LONGEST = 8192
_EXECUTIONS = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")
_COVERAGE = re.compile(rb"cov: (\d+) ")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz each target for some time.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all of them by default")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each target (60)")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "fuzz", metavar="DIR", help="(build/fuzz)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run one target once, on what was found")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if options.again is not None:
        if len(options.targets) != 1:
            parser.error("--again wants one target")
        return _again(options.targets[0], options.again.read_bytes())
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not installed; `make fuzz` installs it")
    findings = [
        finding for name in options.targets or TARGETS for finding in _fuzz(name, options.seconds, options.to.resolve())
    ]
    for name, path in findings:
        sys.stdout.write(f"to see it again: {os.path.relpath(sys.executable)} -m fuzz {name} --again {path}\n")
    return int(bool(findings))


def _again(name: str, data: bytes) -> int:
    """One input, as it is and repeated; what is wrong comes as a traceback."""
    guard.run(TARGETS[name], data)
    guard.run_amplified(TARGETS[name], data)
    sys.stdout.write(f"{name}: nothing wrong with these {len(data)} bytes\n")
    return 0


def _fuzz(name: str, seconds: int, folder: Path) -> list[tuple[str, str]]:
    """Fuzz one target; what was found, as names of the target and of the file with the input."""
    found = folder / "found"
    corpus = folder / "corpus" / name
    seeds = folder / "seeds" / name
    for path in (found, corpus):
        path.mkdir(parents=True, exist_ok=True)
    write_seeds(name, seeds)
    dictionary = folder / "tokens.dict"
    write_dictionary(dictionary)
    before = set(found.iterdir())
    words = [
        *(sys.executable, "-m", "fuzz.run_target", name, str(found)),
        *(f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-dict={dictionary}"),
        *(f"-artifact_prefix={found}/{name}-", "-timeout=30", "-rss_limit_mb=1024", "-print_final_stats=1"),
        *("-verbosity=1", str(corpus), str(seeds)),
    ]
    log = folder / f"{name}.log"
    with log.open("wb") as file:
        run = subprocess.run(words, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False)
    said = log.read_bytes()
    executions = _EXECUTIONS.findall(said)
    coverage = _COVERAGE.findall(said)
    sys.stdout.write(
        f"{name:<16} {int(executions[-1]) if executions else 0:>9,} inputs, "
        f"{int(coverage[-1]) if coverage else 0:>5,} places reached\n"
    )
    sys.stdout.flush()
    new = sorted(set(found.iterdir()) - before)
    if run.returncode and not new:
        sys.stdout.write(f"{name} ended with {run.returncode}; see {os.path.relpath(log)}\n")
        return [(name, os.path.relpath(log))]
    # The same input may be there twice: as the target wrote it, and as libFuzzer did.
    distinct = {path.read_bytes(): path for path in reversed(new)}
    return [(name, os.path.relpath(path)) for path in distinct.values()]


if __name__ == "__main__":
    sys.exit(main())
