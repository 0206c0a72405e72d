"""What the programs have in common: their arguments and what they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

NOT_INSTALLED = 3
"""The exit code of a program whose library is missing."""

Source = TypeVar("Source")


@dataclass(slots=True)
class Counts:
    """What a program found. `attachment_bytes` is decoded content that was written; 0 when only parsing. `failed` are
    the messages at which the library raised an exception: real mail has some, and the next one is parsed all the same.
    """

    messages: int = 0
    parts: int = 0
    attachments: int = 0
    attachment_bytes: int = 0
    failed: int = 0

    def attachment_path(self, folder: Path) -> Path:
        """Count an attachment and name its file. The names are ours: safe names are not what is compared."""
        self.attachments += 1
        return folder / f"{self.attachments:08}"


class Job(Protocol):
    """Goes through an input; writes attachments to the folder if there is one."""

    def __call__(self, path: Path, folder: Path | None, counts: Counts) -> None: ...


class NamedJob(Protocol):
    """The same, for a program that has to know which job it is."""

    def __call__(self, name: str, path: Path, folder: Path | None, counts: Counts) -> None: ...


def run(job: Job) -> None:
    """The command line of a program that parses and extracts."""

    def named(name: str, path: Path, folder: Path | None, counts: Counts) -> None:  # noqa: ARG001
        job(path, folder, counts)

    run_words(sys.argv[1:], named)


def run_words(words: Sequence[str], job: NamedJob, names: Sequence[str] = ("parse", "extract")) -> None:
    """Do the job that the words name, and print what was counted. All jobs but parse have a folder."""
    if not words or words[0] not in names or len(words) != (2 if words[0] == "parse" else 3):
        sys.exit("usage: " + " | ".join(f"{name} INPUT" + (" FOLDER" * (name != "parse")) for name in names))
    counts = Counts()
    job(words[0], Path(words[1]), Path(words[2]) if len(words) == 3 else None, counts)
    sys.stdout.write(json.dumps(asdict(counts)) + "\n")


def each(
    sources: Iterable[Source], take: Callable[[Source], object], counts: Counts, errors: tuple[type[Exception], ...]
) -> None:
    """Hand over message by message. `errors` are what the library raises at odd mail; only where it raises one at
    every message does the program end with the last of them."""
    last: Exception | None = None
    for source in sources:
        counts.messages += 1
        try:
            take(source)
        except errors as error:
            counts.failed += 1
            last = error
    if last is not None and counts.failed == counts.messages:
        raise last


def not_installed(name: str) -> NoReturn:
    """End the program: the library `name` is missing."""
    sys.stderr.write(f"{name} is not installed\n")
    sys.exit(NOT_INSTALLED)
