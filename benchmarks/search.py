"""What finding costs, beside notmuch and mu on the same mail.

    python -m benchmarks.search [--messages N] [--alone] [--build FOLDER]

Makes *small* with so many messages, an archive and a Maildir of it; indexes the archive with `mailstrata search`, the
Maildir with `notmuch new` and `mu index`; then asks all of them the same questions. Prints two tables in Markdown.
Times are those of processors, of all processes and threads together, so that what else the machine does counts little;
the wall clock stands beside them for indexing.

mailstrata is asked in one process that stays open, the way a program would, for the first twenty hits as the others
list them (date, author, subject), and again with snippets, which the others have not. notmuch and mu are processes that
begin anew for each question (so they are also asked for nothing, which says what that costs).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure
from benchmarks.checkout import ROOT
from benchmarks.forms import make_maildir
from benchmarks.inputs import Facts, make
from benchmarks.peers import debian
from mailstrata import search

RUNS = 5
LIMIT = 20
_INDEX = """
import json, sys, time
from pathlib import Path
from mailstrata.search.engine.update import update
report = update(Path(sys.argv[1]), rebuild=True)
print(json.dumps({"messages": report.messages}))
"""


@dataclass(frozen=True, slots=True)
class Question:
    """The same question for each; empty where a program has no such thing."""

    ours: str
    notmuch: str
    mu: str


def _same(text: str) -> Question:
    return Question(text, text, text)


QUESTIONS = (
    _same("contract"),
    _same("sosound"),
    _same("gund"),
    _same("sosound tisahouden"),
    _same("gund shast koust"),
    _same('"gund shast"'),
    _same("hibrast*"),
    _same("subject:gund"),
    _same("from:ada"),
    _same("from:sender1@example.org"),
    Question("sosound OR tisahouden", "sosound or tisahouden", "sosound or tisahouden"),
    Question("gund -shast", "gund and not shast", "gund and not shast"),
    Question("from:ada gund", "from:ada and gund", "from:ada and gund"),
    Question("before:2020-03-01", "date:..2020-02-29", "date:..20200229"),
    Question("gund before:2020-03-01", "gund and date:..2020-02-29", "gund and date:..20200229"),
    Question("date:2020-02-01..2020-02-10 koust", "date:2020-02-01..2020-02-10 koust", "date:20200201..20200210 koust"),
    Question("larger:7k", "", "size:7k..10m"),
    Question("gund larger:7k", "", "gund and size:7k..10m"),
    Question("type:text/html from:ben", "mimetype:text/html and from:ben", "mime:text/html and from:ben"),
    Question("gund path:small", "", ""),
)


def seconds_of(action: Callable[[], object]) -> float:
    """Processor seconds at the median."""
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        action()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def _process(command: Sequence[str]) -> float:
    runs = [measure.run(command, discard_output=True, adds_children=False).processor for _ in range(RUNS)]
    return statistics.median(runs)


def _archive(facts: Facts, folder: Path) -> Path:
    target = folder / f"{Path(facts.path).stem}.archive"
    if not (target / "commits").is_dir():
        subprocess.run(
            [sys.executable, "-m", "mailstrata", "archive", facts.path, "--to", str(target), "-q"], check=True, cwd=ROOT
        )
    return target


def measure_indexing(archive: Path, maildir: Path | None, target: Path, messages: int) -> None:
    """Print the first table; leaves the databases of the others in `target`. Without a Maildir there are no others."""
    rows = {"mailstrata": measure.run([sys.executable, "-c", _INDEX, str(archive)])}
    if maildir is not None:
        rows["notmuch new"] = measure.run(debian.notmuch_new(maildir, target))
        rows["mu index"] = measure.run(debian.mu_index(maildir, target))
    sizes = {
        "mailstrata": archive / "search",
        "notmuch new": target / "notmuch",
        "mu index": target / "mu",
    }
    sys.stdout.write(
        "| index | messages a second of one processor | wall clock, messages a second | peak, MB | on disk, MB |\n"
    )
    sys.stdout.write("|---|---|---|---|---|\n")
    for name, each in rows.items():
        size = sum(path.stat().st_size for path in sizes[name].rglob("*") if path.is_file())
        sys.stdout.write(
            f"| {name} | {messages / each.processor:,.0f} | {messages / each.seconds:,.0f} | {each.peak / 1e6:,.0f} "
            f"| {size / 1e6:,.0f} |\n"
        )


def measure_asking(archive: Path, target: Path, *, alone: bool) -> None:
    """Print the second table."""
    home = debian.at_home(target)
    notmuch = [*home, f"NOTMUCH_CONFIG={target / 'notmuch-config'}", "notmuch", "search", f"--limit={LIMIT}"]
    # It ends with 4 where it finds nothing, which is no failure.
    forgiving = ["sh", "-c", '"$@" 2>/dev/null || test $? -eq 4', "sh"]
    mu = [
        *forgiving,
        *home,
        "mu",
        "find",
        f"--muhome={target / 'mu'}",
        f"--maxnum={LIMIT}",
        "--sortfield=date",
        "--reverse",
    ]
    sys.stdout.write("\n| question | found | mailstrata, ms | with snippets, ms | notmuch, ms | mu, ms |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    ours, shown = [], []
    with search.open(archive) as opened:
        for each in QUESTIONS:
            count = opened.count(each.ours)
            ours.append(seconds_of(lambda each=each: opened.list(each.ours, LIMIT)))
            shown.append(seconds_of(lambda each=each: opened.search(each.ours, LIMIT)))
            theirs = [
                f"{_process([*command, asked]) * 1e3:.0f}" if asked and count and not alone else "-"
                for command, asked in ((notmuch, each.notmuch), (mu, each.mu))
            ]
            question = each.ours.replace("|", "\\|")
            sys.stdout.write(
                f"| `{question}` | {count:,} | {ours[-1] * 1e3:.1f} | {shown[-1] * 1e3:.1f} | {' | '.join(theirs)} |\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"| median | | {statistics.median(ours) * 1e3:.1f} | {statistics.median(shown) * 1e3:.1f} | | |\n")
    if alone:
        return
    for name, command in (("notmuch", [*home, "notmuch", "--version"]), ("mu", [*home, "mu", "--version"])):
        sys.stdout.write(f"\n{name} --version: {_process(command) * 1e3:.0f} ms\n")


def main() -> None:
    """See the module."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.search", description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--messages", type=int, default=100_000)
    arguments.add_argument("--build", type=Path, default=ROOT / "build" / "bench", help="where the inputs are kept")
    arguments.add_argument(
        "--alone", action="store_true", help="without notmuch and mu, which take an hour for 100,000"
    )
    options = arguments.parse_args()
    reason = "" if options.alone else debian.missing("notmuch", "notmuch") or debian.missing("mu", "maildir-utils")
    if reason:
        raise SystemExit(f"notmuch and mu are measured beside mailstrata: {reason}")
    facts = make("small", options.messages, options.build)
    archive = _archive(facts, options.build)
    maildir = None if options.alone else make_maildir(Path(facts.path), options.build)
    sys.stdout.write(f"{json.dumps({'messages': facts.messages, 'versions': debian.versions()})}\n\n")
    with measure.scratch(4 * facts.size, options.build) as target:
        measure_indexing(archive, maildir, target, facts.messages)
        measure_asking(archive, target, alone=options.alone)


if __name__ == "__main__":
    main()
