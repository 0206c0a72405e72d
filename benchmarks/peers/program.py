"""What the programs have in common: their arguments and what they print."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn, Protocol

NOT_INSTALLED = 3
"""The exit code of a program whose library is missing."""


@dataclass(slots=True)
class Counts:
    """What a program found. `attachment_bytes` is decoded content that was written; 0 when only parsing."""

    messages: int = 0
    parts: int = 0
    attachments: int = 0
    attachment_bytes: int = 0

    def attachment_path(self, folder: Path) -> Path:
        """Count an attachment and name its file. The names are ours: safe names are not what is compared."""
        self.attachments += 1
        return folder / f"{self.attachments:08}"


class Job(Protocol):
    """Goes through an input; writes attachments to the folder if there is one."""

    def __call__(self, path: Path, folder: Path | None, counts: Counts) -> None: ...


def run(job: Job) -> None:
    """The command line of a program."""
    words = sys.argv[1:]
    if not ((len(words) == 2 and words[0] == "parse") or (len(words) == 3 and words[0] == "extract")):
        sys.exit("usage: parse INPUT | extract INPUT FOLDER")
    counts = Counts()
    job(Path(words[1]), Path(words[2]) if len(words) == 3 else None, counts)
    sys.stdout.write(json.dumps(asdict(counts)) + "\n")


def not_installed(name: str) -> NoReturn:
    """End the program: the library `name` is missing."""
    sys.stderr.write(f"{name} is not installed\n")
    sys.exit(NOT_INSTALLED)
