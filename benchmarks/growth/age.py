"""The age of an archive: a hundred incremental runs on an mbox and a Maildir that grow by a few messages each time.

The mail grows by two fifths only, so that what changes is the age. What a run costs is compared with what the same run
costs on a young archive of the same mail, in turns, for the last ten; and what reading the old archive costs with
reading one that was made at once, and with the old one compacted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from benchmarks.__main__ import make_input
from benchmarks.growth.curves import AGE
from benchmarks.growth.runs import clear, mailstrata, repeat
from benchmarks.growth.store import Point, Store
from benchmarks.inputs import Facts
from benchmarks.measure import Measurement, run
from benchmarks.peers.mbox import messages

ARCHIVE = "archive"
YOUNG = "archive, young"
READING = ("info", "show", "sql", "verify", "restore")
COMPACTED = "{}, compacted"
AT_ONCE = "{}, archived at once"

_FROM = b"From someone@example.org Wed Jan  1 00:00:00 2020\n"
_PIECE = 1 << 16
_QUESTION = "SELECT count(*) AS messages, sum(size) AS bytes FROM messages"


@dataclass(frozen=True, slots=True)
class Ages:
    """How many runs; how many messages are there at the first one, and are new in each further one, in the mbox and as
    many in the Maildir; after which runs the archive is read; how many runs the young archive has at the end."""

    runs: int = 100
    first: int = 2_500
    new: int = 10
    readings: tuple[int, ...] = (1, 10, 30, 100)
    young_runs: int = 10

    @property
    def messages(self) -> int:
        """All messages, mbox and Maildir together."""
        return 2 * (self.first + self.new * (self.runs - 1))

    @property
    def young_from(self) -> int:
        """After which run the young archive is made."""
        return max(1, self.runs - self.young_runs)


class GrowingMail:
    """An mbox and a Maildir below `folder`, at the state of some run. The messages are those of an mbox, every second
    one for either."""

    def __init__(self, folder: Path, ages: Ages, source: Path) -> None:
        self.folder = folder
        self._ages = ages
        self._mbox = folder / "inbox.mbox"
        self._maildir = folder / "box"
        # In small pieces: no program is seen to need less memory than the process that measures it.
        self._messages = messages(source, _PIECE)
        self._number = 0
        for name in ("cur", "new", "tmp"):
            (self._maildir / name).mkdir(parents=True)

    def grow(self, count: int) -> None:
        """So many more messages in each."""
        with self._mbox.open("ab") as mbox:
            for data in islice(self._messages, 2 * count):
                if self._number % 2:
                    self._deliver(data)
                else:
                    _append(mbox, data)
                self._number += 1

    def _deliver(self, data: bytes) -> None:
        number = self._number // 2
        (self._maildir / "cur" / f"{1_577_836_800 + number}.M{number:07}P1.bench:2,S").write_bytes(data)


def _append(mbox: IO[bytes], data: bytes) -> None:
    mbox.write(_FROM + data.rstrip(b"\n") + b"\n\n")


class AgeRuns:
    """The runs, and reading what came of them. `place` is an empty folder for mail and archives."""

    def __init__(self, store: Store, ages: Ages, place: Path, progress: Callable[[str], None]) -> None:
        self._store = store
        self._ages = ages
        self._place = place
        self._progress = progress
        self._aged = place / "aged"
        self._young = place / "young"

    def measure(self, source: Facts) -> None:
        """All of it."""
        ages = self._ages
        mail = GrowingMail(self._place / "mail", ages, Path(source.path))
        for number in range(1, ages.runs + 1):
            mail.grow(ages.first if number == 1 else ages.new)
            self._progress(f"age: run {number} of {ages.runs}")
            self._archive(ARCHIVE, number, mail, self._aged)
            if number > ages.young_from:
                self._archive(YOUNG, number, mail, self._young)
            elif number == ages.young_from:
                run(mailstrata("archive", mail.folder, "--to", self._young, "--quiet"))
            if number in ages.readings:
                self._read(self._aged, number, "{}")
        clear(self._young)
        at_once = self._place / "at-once"
        run(mailstrata("archive", mail.folder, "--to", at_once, "--quiet"))
        self._read(at_once, ages.runs, AT_ONCE)
        # The first time merges, the second removes what was merged.
        for _ in range(2):
            run(mailstrata("compact", self._aged, "--quiet"))
        self._read(self._aged, ages.runs, COMPACTED)

    def _archive(self, job: str, number: int, mail: GrowingMail, archive: Path) -> None:
        done = run(mailstrata("archive", mail.folder, "--to", archive, "--json"), adds_children=False)
        self._add(job, number, [done], archive, {"messages": done.printed["messages_new"]})

    def _read(self, archive: Path, number: int, name: str) -> None:
        digest = _first_message(archive)
        restored = self._place / "restored"
        commands = {
            "info": mailstrata("info", archive, "--json"),
            "show": mailstrata("show", archive, digest),
            "sql": mailstrata("sql", archive, _QUESTION),
            "verify": mailstrata("verify", archive, "--json"),
            "restore": mailstrata("restore", archive, "--to", restored, "--quiet"),
        }
        for job in READING:
            self._progress(f"age: after run {number}: {name.format(job)}")
            runs = repeat(commands[job], lambda: clear(restored))
            self._add(name.format(job), number, runs, archive, {})
        clear(restored)

    def _add(self, job: str, number: int, runs: Sequence[Measurement], archive: Path, facts: dict[str, int]) -> None:
        files = [path.stat().st_size for path in archive.rglob("*") if path.is_file()]
        point = Point.of(AGE, job, number, runs)
        point.facts = facts | {"files": len(files), "archive_bytes": sum(files)}
        self._store.add(point)


def _first_message(archive: Path) -> str:
    command = mailstrata("sql", archive, "SELECT min(sha256) AS sha256 FROM messages", "--format", "json")
    return str(run(command).printed["sha256"])


def is_measured(store: Store, ages: Ages) -> bool:
    """Whether the last thing that is measured was."""
    return store.find(AGE, COMPACTED.format(READING[-1]), ages.runs) is not None


def measure_age(store: Store, ages: Ages, folder: Path, place: Path, progress: Callable[[str], None]) -> None:
    """Measure the curve, unless the store has it. What was begun and not finished is begun anew: an archive does not
    age in parts."""
    if is_measured(store, ages):
        return
    store.forget([AGE])
    progress("age: making the input")
    AgeRuns(store, ages, place, progress).measure(make_input("small", ages.messages, folder))
