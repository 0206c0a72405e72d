"""What the time of each job goes to: `python -m benchmarks.profiles`, or `make bench-profiles`.

Each job of mailstrata runs under `perf record` (Debian: linux-perf), which asks some two thousand times a second where
the processor is, in C and in the kernel too; what it finds is added up by kind. A profiler of Python would not do: it
sees neither what lies in C nor what it costs itself.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks import pages
from benchmarks.__main__ import DEFAULT_FOLDER, SIZES, make_input
from benchmarks.contestants import COMPILED, Contestant, Sources, mailstrata
from benchmarks.measure import run, scratch
from benchmarks.report import REFERENCE, Table

HOW_TO_INSTALL = "perf is not installed (Debian: apt install linux-perf)"
SECTION = "profiles"
ROWS = (
    *(("parse", "small"), ("parse", "mixed"), ("parse", "huge"), ("extract", "mixed"), ("extract", "huge")),
    *(("archive", "small"), ("archive", "mixed"), ("archive", "huge"), ("verify", "mixed"), ("restore", "mixed")),
)
_FREQUENCY = "1999"
_REPORTED = re.compile(r"^\s*(\d+\.\d+)%\s+(\S+)\s+\[(.)\]\s+(\S+)", re.MULTILINE)

OTHER = "other"
# The first whose library and function both match. Libraries by the names of their files.
KINDS: Mapping[str, tuple[str, str]] = {
    "kernel": (r"\[", ""),
    "hashing": (r"libcrypto|_sha2|_hashlib", ""),
    "base64": (r"_pybase64", ""),
    "zstd": (r"zstd|backend_c|_cffi", ""),
    "Parquet": (r"arrow|parquet|pyarrow|lib\.cpython|compute", ""),
    "SQLite": (r"sqlite", ""),
    "compiled Python": (r"__mypyc", ""),
    "expressions": ("", r"^sre_|_sre_"),
    "searching": ("", r"find|two_way|memr?chr|bytes_(?:count|replace|contains|lower)|_Py_bytes_|fastsearch|memcmp"),
    "copying": ("", r"^__mem(?:move|cpy|set)|bytes_join|bytes_concat|stringlib_bytes"),
    "objects": ("", r"[Mm]alloc|[Ff]ree|dealloc|gc_|visit_|traverse|_Alloc|tuple_alloc|unlink_chunk|NewReference"),
    "interpreter": (r"python", ""),
}


def kind_of(library: str, function: str) -> str:
    """What a function in a library is doing."""
    for kind, (libraries, functions) in KINDS.items():
        if re.search(libraries, library) and re.search(functions, function):
            return kind
    return OTHER


def shares(report: str) -> dict[str, float]:
    """Per cent of the time by kind, from what `perf report --sort dso,symbol` prints."""
    found: dict[str, float] = {}
    for percent, library, where, function in _REPORTED.findall(report):
        kind = "kernel" if where == "k" else kind_of(library, function)
        found[kind] = found.get(kind, 0.0) + float(percent)
    return found


def profile(command: Sequence[str], folder: Path) -> dict[str, float]:
    """Run a command under perf; per cent of its processor time by kind."""
    data = folder / "perf.data"
    record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", _FREQUENCY, "-o", str(data), "--"]
    run([*record, *command])
    report = ["perf", "report", "-i", str(data), "--stdio", "--no-children", "--sort", "dso,symbol"]
    shown = subprocess.run(report, capture_output=True, text=True, check=True).stdout
    data.unlink()
    return shares(shown)


def table(rows: Iterable[tuple[str, str, str, Mapping[str, float]]]) -> Table:
    """A row for each job, a column for each kind; shares below one per cent are left out."""
    kinds = [*KINDS, OTHER]
    cells = [
        [
            job,
            kind_of_input,
            build,
            *(f"{found.get(kind, 0):.0f} %" if found.get(kind, 0) >= 1 else "" for kind in kinds),
        ]
        for job, kind_of_input, build, found in rows
    ]
    return Table("What the time goes to", ["job", "input", "build", *kinds], cells, [], names=3)


def _share(percent: float) -> str:
    return f"{percent:.0f} %" if percent >= 1 else ""


def _sources(job: str, kind: str, folder: Path, target: Path) -> Sources:
    sources = Sources(make_input(kind, SIZES[kind], folder))
    if job in ("verify", "restore"):
        run(mailstrata().command("archive", sources, target))
        sources.archive = target / "archive"
    return sources


def _measure(builds: Sequence[Contestant], folder: Path) -> list[tuple[str, str, str, dict[str, float]]]:
    rows = []
    for job, kind in ROWS:
        for build in builds:
            with scratch(1 << 30, folder) as target:
                sources = _sources(job, kind, folder, target)
                found = profile(build.command(job, sources, target), target)
            rows.append((job, kind, "compiled" if build.name == COMPILED else "source", found))
    return rows


def main() -> int:
    """Measure, print, and put the table into pages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiles", description=__doc__)
    parser.add_argument("--compiled", default="", metavar="PYTHON", help="an interpreter with a compiled mailstrata")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="where inputs are kept")
    parser.add_argument(
        "--markdown", type=Path, action="append", default=[], metavar="FILE", help="a page to put it into"
    )
    chosen = parser.parse_args()
    if shutil.which("perf") is None:
        print(HOW_TO_INSTALL, file=sys.stderr)
        return 1
    builds = [mailstrata(REFERENCE)]
    if chosen.compiled:
        builds.append(mailstrata(COMPILED, ("env", "-u", "PYTHONPATH", chosen.compiled)))
    found = table(_measure(builds, chosen.folder.absolute()))
    print(found.as_text())
    for page in chosen.markdown:
        pages.fill(page, {SECTION: found.as_markdown()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
