"""What the programs have in common: their arguments and what they print."""

from __future__ import annotations

import sys

# Imported for type checkers only: the start of a program is measured with it. So are paths text and records plain.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import NoReturn, Protocol, TypeVar

    Source = TypeVar("Source")
else:
    Protocol = object

NOT_INSTALLED = 3
"""The exit code of a program whose library is missing."""


class Counts:
    """What a program found. `attachment_bytes` is decoded content that was written; 0 when only parsing. `failed` are
    the messages at which the library raised an exception: real mail has some, and the next one is parsed all the same.
    """

    __slots__ = ("attachment_bytes", "attachments", "failed", "messages", "parts")

    def __init__(self) -> None:
        self.messages = 0
        self.parts = 0
        self.attachments = 0
        self.attachment_bytes = 0
        self.failed = 0

    def attachment_path(self, folder: str) -> str:
        """Count an attachment and name its file. The names are ours: safe names are not what is compared."""
        self.attachments += 1
        return f"{folder}/{self.attachments:08}"

    def write(self, folder: str, content: bytes) -> None:
        """Count an attachment and write its file."""
        with open(self.attachment_path(folder), "wb") as out:
            self.attachment_bytes += out.write(content)

    def as_json(self) -> str:
        """One line of JSON."""
        return "{" + ", ".join([f'"{name}": {getattr(self, name)}' for name in self.__slots__]) + "}"


class Job(Protocol):
    """Goes through an input; writes attachments to the folder if there is one."""

    def __call__(self, path: str, folder: str | None, counts: Counts) -> None: ...


class NamedJob(Protocol):
    """The same, for a program that has to know which job it is."""

    def __call__(self, name: str, path: str, folder: str | None, counts: Counts) -> None: ...


def run(job: Job) -> None:
    """The command line of a program that parses and extracts."""

    def named(name: str, path: str, folder: str | None, counts: Counts) -> None:  # noqa: ARG001
        job(path, folder, counts)

    run_words(sys.argv[1:], named)


def run_words(words: Sequence[str], job: NamedJob, names: Sequence[str] = ("parse", "extract")) -> None:
    """Do the job that the words name, and print what was counted. All jobs but parse have a folder."""
    if not words or words[0] not in names or len(words) != (2 if words[0] == "parse" else 3):
        sys.exit("usage: " + " | ".join(f"{name} INPUT" + (" FOLDER" * (name != "parse")) for name in names))
    counts = Counts()
    job(words[0], words[1], words[2] if len(words) == 3 else None, counts)
    sys.stdout.write(counts.as_json() + "\n")


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
