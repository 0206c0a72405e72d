"""`make bench`, or `python -m benchmarks`: mailstrata beside what people would use instead."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from benchmarks.checkout import ROOT
from benchmarks.contest import Rules, compare, progress
from benchmarks.contestants import EMPTY, JOBS, MAILBOXES, Contestant, Sources, contestants
from benchmarks.inputs import Facts
from benchmarks.measure import RSS_UNIT, Measurement, ProgramFailedError, run
from benchmarks.pages import NoPlaceError, check, fill, short_table
from benchmarks.peers import debian
from benchmarks.report import REFERENCE, Result, Table, job_table, start_table
from benchmarks.targets import target_table

DEFAULT_FOLDER = ROOT / "build" / "bench"
SIZES = {"small": 20_000, "mixed": 200_000_000, "huge": 100 << 20}
_FULL_SIZES = {"small": 50_000, "mixed": 1_000_000_000, "huge": 100 << 20, "huge-1g": 1 << 30}
_BUDGET = 15.0
_FULL_BUDGET = 60.0
_OUR_VERSION = "import json, mailstrata; print(json.dumps({'version': mailstrata.__version__}))"
_BELOW = [
    "seconds: median of the runs, whole processes; MB/s: of the input; peak: resident memory, child processes too.",
    "runs: with a time in brackets, fewer than of the others, for no further one is begun after so much.",
    "x mailstrata: speed divided by mailstrata's, below 1 is slower; % of limit: speed divided by the limit's.",
]


def make_input(kind: str, size: int, folder: Path) -> Facts:
    """Make an input, unless it is there, in a process of its own: this one has to stay small (see `measure`)."""
    made = run([sys.executable, "-m", "benchmarks.inputs", kind.removesuffix("-1g"), str(size), str(folder)])
    return Facts(**(made.printed | {"name": kind}))


def make_sources(kind: str, chosen: argparse.Namespace) -> Sources | None:
    """An input; None where it cannot be had."""
    if kind == "-":
        return Sources(Facts(kind, "", 0, 0))
    progress(f"making the input {kind}")
    if kind != "real":
        sizes = _FULL_SIZES if chosen.full else SIZES
        return Sources(make_input(kind, max(1, round(sizes[kind] * chosen.scale)), chosen.folder))
    try:
        return Sources(Facts(**run([sys.executable, "-m", "benchmarks.forms", "real", str(chosen.folder)]).printed))
    except ProgramFailedError as error:
        progress("")
        sys.stderr.write(f"left out: the input real: {error}\n")
        return None


def add_maildir(sources: Sources, folder: Path) -> None:
    """Make the Maildir of an input as well."""
    progress(f"making the Maildir of {sources.facts.name}")
    made = run([sys.executable, "-m", "benchmarks.forms", "maildir", sources.facts.path, str(folder)])
    sources.maildir = Path(made.printed["path"])


def measure(chosen: argparse.Namespace, field: Sequence[Contestant]) -> Iterator[tuple[Sources, list[Result]]]:
    """Each job on each of its inputs, in their order."""
    there = [*(_FULL_SIZES if chosen.full else SIZES), "real", "-"]
    made: dict[str, Sources | None] = {}
    rules = Rules(chosen.runs, chosen.folder / "out", chosen.budget)
    for job in chosen.only or JOBS:
        for kind in JOBS[job]:
            if kind not in there or (chosen.input and kind not in (*chosen.input, "-")):
                continue
            if kind not in made:
                made[kind] = make_sources(kind, chosen)
            sources = made[kind]
            if sources is None:
                continue
            if sources.maildir is None and any(tool.takes_maildir and tool.does(job, kind) for tool in field):
                add_maildir(sources, chosen.folder)
            yield sources, compare(job, sources, field, rules)
    progress("")


def tables(results: Sequence[Result]) -> list[Table]:
    """One for each job that was measured, and the targets."""
    jobs = list(dict.fromkeys(result.job for result in results))
    found = [start_table(results, EMPTY) if job == "start" else job_table(job, results) for job in jobs]
    return [*found, target_table(results)]


def heading(inputs: Sequence[Facts]) -> list[str]:
    """The command, the machine, the versions, and what is in each input."""
    ours = run([sys.executable, "-c", _OUR_VERSION]).printed["version"]
    packages = ", ".join([f"mailstrata {ours}", _version("fast-mail-parser"), _version("mail-parser")])
    environment = "BENCH_FULL=1 " * bool(os.environ.get("BENCH_FULL"))
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6
    return [
        f"{date.today()}: {environment}python -m benchmarks {shlex.join(sys.argv[1:])}".rstrip(),
        f"{os.cpu_count()} CPUs, {processor()}; {platform.system()}",
        f"{platform.python_implementation()} {platform.python_version()}, {packages}",
        *filter(None, [debian.versions()]),
        *(
            f"{facts.name}: {facts.size / 1e6:,.0f} MB, {facts.messages:,} message{'s' * (facts.messages != 1)}"
            + (f", {facts.attachments:,} attachment{'s' * (facts.attachments != 1)}" if facts.attachments >= 0 else "")
            for facts in inputs
        ),
        f"peak memory reads no lower than {floor:.0f} MB, that of the process which measures",
    ]


def processor() -> str:
    """What the machine says of its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} not installed"


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(JOBS), action="append", metavar="JOB", help="|".join(JOBS))
    parser.add_argument("--input", choices=MAILBOXES, action="append", metavar="INPUT", help="|".join(MAILBOXES))
    parser.add_argument(
        "--peers", metavar="LIST", help="only those whose name holds one of these words, with commas between them"
    )
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each; the median counts (5)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="makes the inputs so many times larger")
    parser.add_argument(
        "--full",
        action="store_true",
        default=os.environ.get("BENCH_FULL", "") not in ("", "0"),
        help="50,000 messages, 1 GB and, besides 100 MiB, 1 GiB; also with BENCH_FULL=1",
    )
    parser.add_argument(
        "--budget",
        type=float,
        metavar="SECONDS",
        help="no further run of a peer once it has had so much on one job and input (15, with --full 60; 0: none)",
    )
    parser.add_argument(
        "--compiled", default="", metavar="PYTHON", help="an interpreter in whose environment mailstrata is compiled"
    )
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where inputs are kept")
    parser.add_argument(
        "--markdown",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="also put the tables into a page, between its comments <!-- benchmarks: tables|short --> and"
        " <!-- benchmarks: end -->",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write every single run, after each job and input"
    )
    parser.add_argument("--read", type=Path, metavar="FILE", help="measure nothing: show what --json has written")
    found = parser.parse_args(arguments)
    if found.runs < 1 or found.scale <= 0:
        parser.error("--runs and --scale must be positive")
    if found.budget is None:
        found.budget = _FULL_BUDGET if found.full else _BUDGET
    found.folder = found.folder.absolute()
    try:
        for page in found.markdown:
            check(page)
    except (NoPlaceError, OSError) as error:
        parser.error(str(error))
    return found


def chosen_contestants(words: str | None, compiled: str) -> list[Contestant]:
    """Those whose names hold one of the words. mailstrata and the bare interpreter always stay: all others are
    measured by them."""
    field = contestants(compiled)
    if not words:
        return field
    wanted = [word.strip().lower() for word in words.split(",") if word.strip()]
    return [
        contestant
        for contestant in field
        if contestant.name in (REFERENCE, EMPTY) or any(word in contestant.name.lower() for word in wanted)
    ]


def write_json(path: Path, head: Sequence[str], results: Sequence[Result]) -> None:
    """Everything that was measured: seconds and bytes as they are, nothing rounded."""
    document = {"head": head, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> tuple[list[str], list[Result]]:
    """What `write_json` wrote: the heading and the results."""
    document = json.loads(path.read_text(encoding="utf-8"))
    results = [
        Result(**(entry | {"runs": [Measurement(**measured) for measured in entry["runs"]]}))
        for entry in document["results"]
    ]
    return document["head"], results


def show(head: Sequence[str], results: Sequence[Result], pages: Sequence[Path]) -> None:
    """Print the tables, and put them into pages."""
    made = tables(results)
    sys.stdout.write("\n\n".join(["\n".join(head), *(table.as_text() for table in made), "\n".join(_BELOW)]) + "\n")
    below = "\n".join(f"- {line}" for line in _BELOW)
    top = [f"- `{head[0].partition(': ')[2]}`, {head[0].partition(': ')[0]}", *(f"- {line}" for line in head[1:])]
    sections = {
        "tables": "\n\n".join(["\n".join(top), below, *(table.as_markdown() for table in made)]),
        "short": short_table(results).as_markdown()
        + f"\n\nMedian seconds; in brackets the speed, mailstrata's being 1;"
        f" {top[0].removeprefix('- ')}.",
    }
    for page in pages:
        fill(page, sections)


def main() -> int:
    """Measure, print the tables, and say by the exit code whether mailstrata itself could be measured."""
    chosen = options()
    if chosen.read:
        show(*read_json(chosen.read), chosen.markdown)
        return 0
    results: list[Result] = []
    inputs: dict[str, Facts] = {}
    for sources, measured in measure(chosen, chosen_contestants(chosen.peers, chosen.compiled)):
        if sources.facts.path:
            inputs[sources.facts.name] = sources.facts
        results += measured
        if chosen.json:
            write_json(chosen.json, heading(list(inputs.values())), results)
    show(heading(list(inputs.values())), results, chosen.markdown)
    return 1 if any(result.skipped for result in results if result.tool == REFERENCE) else 0


if __name__ == "__main__":
    sys.exit(main())
