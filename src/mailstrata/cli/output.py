"""Where everything the commands say goes: results to standard output, everything else to standard error.

Text that comes from mail is made safe for the terminal by whoever writes it (`terminal.safe_line`); `write_json` and
the functions for standard error do it themselves. The streams are looked up at each call, because tests replace them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from mailstrata.cli.terminal import safe_json, safe_line
from mailstrata.errors import TargetError


class OutputClosedError(Exception):
    """The reader of standard output has gone away (`| head`). Not an error of the command: it ends quietly.

    Not an OSError, so that the pipeline does not take it for a full disk.
    """


def _stdout() -> TextIO:
    if sys.stdout is None:
        raise TargetError("cannot write to standard output: it is closed; redirect it to a file")
    return sys.stdout


def failure(error: OSError) -> OutputClosedError | TargetError:
    """What it means that writing to standard output failed like this."""
    if isinstance(error, BrokenPipeError):
        return OutputClosedError()
    reason = error.strerror or str(error)
    return TargetError(f"cannot write to standard output: {reason}; make room there or redirect it elsewhere")


@contextmanager
def _writing() -> Iterator[TextIO]:
    try:
        yield _stdout()
    except OSError as error:
        raise failure(error) from error


def prepare() -> None:
    """Make standard output and error take any text, whatever their encoding: what it lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write text to standard output. Raises `OutputClosedError`, or `TargetError` where the disk is full."""
    with _writing() as stream:
        stream.write(text)


def write_line(text: str = "") -> None:
    """Write a line to standard output; see `write`."""
    write(text + "\n")


def write_json(value: object, *, indent: int | None = None) -> None:
    """Write one JSON document and a line break; only ASCII where standard output is not UTF-8."""
    encoding = (_stdout().encoding or "ascii").lower().replace("_", "-")
    document = json.dumps(value, ensure_ascii=encoding not in ("utf-8", "utf8"), indent=indent)
    write(safe_json(document) + "\n")


def write_bytes(data: bytes) -> None:
    """Write bytes as they are to standard output, after what was written as text."""
    with _writing() as stream:
        stream.flush()
        stream.buffer.write(data)


def flush() -> None:
    """Bring all that was written to its reader, so that errors come now and not when the interpreter ends."""
    if sys.stdout is None:
        return
    with _writing() as stream:
        stream.flush()


def discard() -> None:
    """Send what standard output still holds nowhere: at exit it would be flushed to a reader that has gone, or that
    makes the process wait."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return  # a stream without a file holds nothing that the interpreter would flush into a pipe
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def note(text: str) -> None:
    """One line to standard error: something that is worth knowing and no error."""
    _complain(f"mailstrata: {text}")


def error(text: str) -> None:
    """One line to standard error: what went wrong, where, and what to do."""
    _complain(f"mailstrata: error: {text}")


def detail(text: str) -> None:
    """One line to standard error, below an error: what it is about."""
    _complain(f"  {text}")


def _complain(line: str) -> None:
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(safe_line(line) + "\n")
        sys.stderr.flush()
    except OSError:
        # Nobody is left to be told; the exit code still says it.
        return
