"""HTML that is safe to open, made by nh3 in a process of its own with limits of time and memory."""

from __future__ import annotations

import importlib.util
import secrets
import subprocess
import sys
from dataclasses import dataclass

from mailstrata.errors import MailstrataError, UsageError

MOST_HTML = 4 << 20
"""Characters of an HTML body that are rendered."""
MEMORY_BYTES = 1 << 30
"""Address space that the process may take."""
PROCESSOR_SECONDS = 10
"""Processor time that it may take."""


@dataclass(frozen=True, slots=True)
class SanitisedHtml:
    """A body that was sanitised. Before a picture's Content-ID stands `mark`, at the place of its address."""

    html: str
    mark: str
    blocked: int
    """Pictures from elsewhere that were left out."""


def require_nh3() -> None:
    """Raises `UsageError` where nh3 is missing."""
    if importlib.util.find_spec("nh3") is None:
        raise UsageError("a page of HTML needs the package nh3; run: pip install 'mailstrata[search]'")


def sanitise(document: str, *, memory: int = MEMORY_BYTES, seconds: int = PROCESSOR_SECONDS) -> SanitisedHtml | None:
    """The document sanitised, its first `MOST_HTML` characters; None where that took too much time or memory.

    Raises `UsageError` where nh3 is missing, `MailstrataError` where the process cannot be started.
    """
    require_nh3()
    word = secrets.token_hex(16)
    # Not through a file in the current folder that happens to be called like a module (-P).
    command = [sys.executable, "-P", "-m", "mailstrata.search.rendering.sanitising_worker"]
    try:
        ended = subprocess.run(
            [*command, str(memory), str(seconds), word],
            input=document[:MOST_HTML].encode("utf-8", "replace"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=6 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise MailstrataError(f"cannot start {sys.executable}: {error.strerror}; reinstall mailstrata") from error
    if ended.returncode != 0:
        return None
    blocked, _, clean = ended.stdout.partition(b"\n")
    return SanitisedHtml(clean.decode("utf-8", "replace"), f"cid:{word}:", int(blocked))
