"""Who is measured in which job, in which mode, and with which words."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.inputs import Facts
from benchmarks.peers import debian, gmime
from benchmarks.report import LIMIT, REFERENCE

COMPILED = "mailstrata, compiled"
TWO_JOBS = "mailstrata --jobs 2"
EMPTY, IMPORT, HELP = "python -c pass", "import mailstrata", "mailstrata --help"
MAILBOXES = ("small", "mixed", "huge", "huge-1g", "real")
JOBS: Mapping[str, tuple[str, ...]] = {
    "parse": MAILBOXES,
    "extract": ("mixed", "huge", "huge-1g", "real"),
    "archive": MAILBOXES,
    "verify": ("mixed",),
    "restore": ("mixed",),
    "start": ("-",),
}
_COUNT = "SELECT count(*) AS messages FROM occurrences"


@dataclass(slots=True)
class Sources:
    """One input in the forms that are needed: the mbox or message, the same as a Maildir, the archive of it."""

    facts: Facts
    maildir: Path | None = None
    archive: Path | None = None


@dataclass(slots=True, frozen=True)
class Contestant:
    """One column of figures.

    `modes` names the jobs it can do, each with what has to be known of the way it does them (a footnote; may be
    empty). `missing` says how to install it. `inputs` are left out where it takes all. `memory` is what it needs for
    each byte of a message. What `count` runs prints the number of messages in what an archive job left in a folder.
    """

    name: str
    modes: Mapping[str, str]
    command: Callable[[str, Sources, Path], list[str]]
    missing: Callable[[], str] = lambda: ""
    inputs: tuple[str, ...] = ()
    takes_maildir: bool = False
    memory: float = 0
    count: Callable[[Path], list[str]] | None = None

    def does(self, job: str, kind: str) -> bool:
        """Whether it stands in the table of a job for an input."""
        return job in self.modes and (not self.inputs or kind in self.inputs)

    @property
    def is_peer(self) -> bool:
        """Whether it is one of those that mailstrata is compared with, and not mailstrata itself or the limit."""
        return self.name != LIMIT and not self.name.startswith(REFERENCE)


def _program(module: str, python: str = sys.executable) -> Callable[[str, Sources, Path], list[str]]:
    def command(job: str, sources: Sources, target: Path) -> list[str]:
        folder = [] if job == "parse" else [str(target)]
        return [python, "-m", f"benchmarks.peers.{module}", job, sources.facts.path, *folder]

    return command


def _maildir(command: Callable[[Path, Path], list[str]]) -> Callable[[str, Sources, Path], list[str]]:
    def made(_: str, sources: Sources, target: Path) -> list[str]:
        assert sources.maildir is not None
        return command(sources.maildir, target)

    return made


def _package(module: str, package: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(module) else f"not installed (PyPI: pip install {package})"


def mailstrata(
    name: str = REFERENCE, words: tuple[str, ...] = (sys.executable,), options: tuple[str, ...] = ()
) -> Contestant:
    """mailstrata, run by an interpreter and, for archives, with further options."""

    def command(job: str, sources: Sources, target: Path) -> list[str]:
        program = [*words, "-m", "mailstrata", job]
        if job == "archive":
            return [*program, sources.facts.path, "--to", str(target / "archive"), "--quiet", *options]
        if job == "verify":
            return [*program, str(sources.archive), "--quiet"]
        if job == "restore":
            return [*program, str(sources.archive), "--to", str(target / "restored"), "--quiet"]
        folder = [] if job == "parse" else [str(target)]
        return [*words, "-m", "benchmarks.peers.mailstrata_pull", job, sources.facts.path, *folder]

    def count(target: Path) -> list[str]:
        return [*words, "-m", "mailstrata", "sql", str(target / "archive"), _COUNT, "--format", "json"]

    if options:
        mode = f"the same in several processes: {' '.join(options)}"
        return Contestant(name, {"archive": mode}, command, lambda: _lacks(options[0]), count=count)
    modes = {
        "parse": "mailstrata.open(): bodies are passed over, not decoded",
        "extract": "mailstrata.open(), each part streamed to its file",
        "archive": "command line: every message and attachment kept once, with the index, committed, synced to disk",
        "verify": "command line: all of the archive is read again, hashed and compared",
        "restore": "command line: the original mailbox, byte for byte, compared with the SHA-256 of the original",
    }
    return Contestant(name, modes, command, count=count)


def _lacks(option: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "mailstrata", "archive", "--help"], capture_output=True, text=True, check=False
    )
    return "" if option in shown.stdout else f"this mailstrata has no {option}"


def _gmime(job: str, sources: Sources, target: Path) -> list[str]:
    program = gmime.program()
    assert program is not None
    return [str(program), job, sources.facts.path, *([] if job == "parse" else [str(target)])]


def _start(name: str, *words: str) -> Contestant:
    return Contestant(name, {"start": ""}, lambda *_: [sys.executable, *words])


_FAST = _package("fast_mail_parser", "fast-mail-parser")
_STDLIB = "{}; holds the whole message in memory; decodes bodies only when extracting"
_AS_FILES = "from one file a message, made beforehand"
_INDEX_ONLY = (
    "indexes words for search, from one file a message, made beforehand; less work: keeps no copy of any mail or"
    " attachment, and nothing comes back from it"
)


def contestants(compiled: str = "") -> list[Contestant]:
    """All of them. `compiled` is an interpreter in whose environment a compiled mailstrata is installed."""
    ours = [mailstrata(), mailstrata(TWO_JOBS, options=("--jobs", "2"))]
    if compiled:
        # Not the source of this checkout: what is installed there.
        ours.insert(1, mailstrata(COMPILED, ("env", "-u", "PYTHONPATH", compiled)))
    both = ("parse", "extract")
    mailboxes = ("mixed", "huge", "huge-1g", "real")
    return [
        *ours,
        Contestant(
            "standard library, compat32",
            dict.fromkeys(both, _STDLIB.format("email.policy.compat32")),
            _program("stdlib_email"),
            memory=14,
        ),
        Contestant(
            "standard library, default",
            dict.fromkeys(both, _STDLIB.format("email.policy.default")),
            _program("stdlib_email_default"),
            memory=14,
        ),
        Contestant(
            "mail-parser",
            {
                "parse": "more work: decodes every text as well; attachments are left in base64",
                "extract": "more work: decodes every text as well",
            },
            _program("mail_parser"),
            _package("mailparser", "mail-parser"),
            memory=16,
        ),
        Contestant(
            "fast-mail-parser",
            {
                "parse": "full mode; more work: decodes every body as well",
                "extract": "full mode; more work: decodes every text as well",
            },
            _program("fast_mail_parser_full"),
            _FAST,
            memory=6,
        ),
        Contestant(
            "fast-mail-parser, metadata",
            {"parse": "metadata mode: no body is decoded; less work: no part is reported that has no file name"},
            _program("fast_mail_parser_metadata"),
            _FAST,
            memory=4,
        ),
        Contestant(
            "GMime (C)",
            {
                "parse": "a C program; persistent stream: bodies are passed over, not decoded",
                "extract": "a C program; persistent stream, each part streamed to its file",
            },
            _gmime,
            lambda: "" if gmime.program() else gmime.HOW_TO_INSTALL,
        ),
        Contestant(
            "ripmime",
            {"extract": f"{_AS_FILES}; --no-nameless: only what has a file name; under the names that the mail gives"},
            _maildir(debian.ripmime),
            lambda: debian.missing("ripmime", "ripmime"),
            mailboxes,
            True,
        ),
        Contestant(
            "munpack",
            {"extract": f"{_AS_FILES}; the text before an attachment goes to a .desc file as well"},
            _maildir(debian.munpack),
            lambda: debian.missing("munpack", "mpack"),
            mailboxes,
            True,
        ),
        Contestant(
            "mu extract",
            {"extract": f"{_AS_FILES}; a process for each message, so only where there is one"},
            _maildir(debian.mu_extract),
            lambda: debian.missing("mu", "maildir-utils"),
            ("huge", "huge-1g"),
            True,
        ),
        Contestant(
            "mu index",
            {"archive": _INDEX_ONLY},
            _maildir(debian.mu_index),
            lambda: debian.missing("mu", "maildir-utils"),
            ("small", "mixed", "real"),
            True,
            count=debian.mu_count,
        ),
        Contestant(
            "notmuch new",
            {"archive": _INDEX_ONLY},
            _maildir(debian.notmuch_new),
            lambda: debian.missing("notmuch", "notmuch"),
            ("small", "mixed", "real"),
            True,
            count=debian.notmuch_count,
        ),
        Contestant(
            LIMIT,
            {
                "parse": "the limit, no peer: reads, finds the boundary lines, nothing else",
                "extract": "the limit, no peer: the same, and strips line breaks, decodes base64, writes",
                "archive": "the limit, no peer: the same, SHA-256 and zstd -3 of every byte once; nothing is"
                " understood, kept only once, indexed or committed",
            },
            _program("by_hand"),
        ),
        _start(EMPTY, "-c", "pass"),
        _start(IMPORT, "-c", "import mailstrata"),
        _start(HELP, "-m", "mailstrata", "--help"),
    ]
