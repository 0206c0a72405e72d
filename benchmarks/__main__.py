"""`make bench`, or `python -m benchmarks`: mailstrata beside what people would use instead."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import ROOT
from benchmarks.inputs import Facts
from benchmarks.measure import Measurement, ProgramFailedError, run, scratch, warm
from benchmarks.report import BY_HAND, REFERENCE, Result, notes, table

DEFAULT_FOLDER = ROOT / "build" / "bench"
_SIZES = {"small": 20_000, "mixed": 200_000_000, "huge": 100 << 20}
_FULL_SIZES = {"small": 100_000, "mixed": 1_000_000_000, "huge": 1 << 30}
_INPUTS = {"parse": ("small", "mixed", "huge"), "extract": ("mixed", "huge"), "archive": ("small", "mixed", "huge")}
_PEERS = {
    REFERENCE: "mailstrata_pull",
    "stdlib email": "stdlib_email",
    "fast-mail-parser": "fast_mail_parser_full",
}
_RUN_SECONDS = 1800.0


def make_input(kind: str, size: int, folder: Path) -> Facts:
    """Make an input, unless it is there, in a process of its own: this one has to stay small (see `measure`)."""
    made = run([sys.executable, "-m", "benchmarks.inputs", kind, str(size), str(folder)])
    return Facts(**made.printed)


def command(job: str, tool: str, facts: Facts, target: Path) -> list[str]:
    """What is run for a tool."""
    python = [sys.executable, "-m"]
    if tool == BY_HAND:
        return [*python, "benchmarks.peers.by_hand", facts.path, str(target)]
    if job == "archive":
        return [*python, "mailstrata", "archive", facts.path, "--to", str(target / "archive"), "--quiet"]
    words = [job, facts.path] if job == "parse" else [job, facts.path, str(target)]
    return [*python, f"benchmarks.peers.{_PEERS[tool]}", *words]


def check(job: str, facts: Facts, measurement: Measurement) -> str:
    """What a program should have found and did not; empty where all is well."""
    expected = {"messages": facts.messages, "attachments": facts.attachments}
    if job == "extract":
        expected["attachment_bytes"] = facts.attachment_bytes
    wrong = [
        f"{measurement.printed[name]:,} {name.replace('_', ' ')} instead of {count:,}"
        for name, count in expected.items()
        if measurement.printed.get(name, count) != count
    ]
    return f"wrong result: {', '.join(wrong)}" if wrong else ""


def compare(job: str, facts: Facts, runs: int, folder: Path) -> list[Result]:
    """Measure all tools on one job and input, taking turns, so that a slow minute of the machine hits all alike."""
    tools = [REFERENCE, BY_HAND] if job == "archive" else list(_PEERS)
    results = [Result(job, facts.name, tool, facts.size, facts.messages) for tool in tools]
    warm(Path(facts.path))
    for turn in range(runs):
        for result in results:
            if result.skipped:
                continue
            _progress(f"{job} {facts.name}, run {turn + 1} of {runs}: {result.tool}")
            with scratch(facts.size, folder) as target:
                try:
                    measurement = run(command(job, result.tool, facts, target), timeout=_RUN_SECONDS)
                except ProgramFailedError as error:
                    result.skipped = str(error)
                else:
                    result.skipped = check(job, facts, measurement)
                    result.runs.append(measurement)
            if result.skipped:
                result.runs.clear()
    return results


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} not installed"


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(_INPUTS), action="append", metavar="JOB", help="|".join(_INPUTS))
    parser.add_argument("--input", choices=list(_SIZES), action="append", metavar="INPUT", help="|".join(_SIZES))
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="makes the inputs so many times larger")
    parser.add_argument(
        "--full",
        action="store_true",
        default=os.environ.get("BENCH_FULL", "") not in ("", "0"),
        help="100,000 messages, 1 GB and 1 GiB; also with BENCH_FULL=1",
    )
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where inputs are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every single run")
    found = parser.parse_args(arguments)
    if found.runs < 1 or found.scale <= 0:
        parser.error("--runs and --scale must be positive")
    return found


def main() -> int:
    """Measure, print the table, and say by the exit code whether mailstrata itself could be measured."""
    chosen = options()
    sizes = _FULL_SIZES if chosen.full else _SIZES
    jobs = chosen.only or list(_INPUTS)
    results: list[Result] = []
    inputs: dict[str, Facts] = {}
    for job in jobs:
        for kind in _INPUTS[job]:
            if chosen.input and kind not in chosen.input:
                continue
            if kind not in inputs:
                _progress(f"making the input {kind}")
                inputs[kind] = make_input(kind, max(1, round(sizes[kind] * chosen.scale)), chosen.folder)
            results += compare(job, inputs[kind], chosen.runs, chosen.folder / "out")
    _progress("")
    tools = list(_PEERS) + ([BY_HAND] if "archive" in jobs else [])
    lines = [
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs, "
        + ", ".join(_version(package) for package in ("mailstrata", "fast-mail-parser")),
        *(
            f"{facts.name}: {facts.size / 1e6:,.0f} MB, {facts.messages:,} messages, {facts.attachments:,} attachments"
            for facts in inputs.values()
        ),
        "",
        table(results, tools),
        "",
        f"Median of {chosen.runs} runs in turn; whole processes. MB/s of the input; peak: resident memory in MB.",
        "ratio: speed divided by mailstrata's; below 1 is slower. by hand: read, SHA-256 and zstd -3, nothing else.",
        *notes(results),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if chosen.json:
        chosen.json.write_text(json.dumps([result.as_json() for result in results], indent=1) + "\n")
    return 1 if any(result.skipped for result in results if result.tool == REFERENCE) else 0


if __name__ == "__main__":
    sys.exit(main())
