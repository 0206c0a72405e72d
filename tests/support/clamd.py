"""Debian's clamd with a signature of our own, in a folder of its own. Nothing is downloaded."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARKER = b"mailstrata-harmless-marker"
"""What the signature `Mailstrata.Test` finds; clamd adds `.UNOFFICIAL` to its name."""

FOUND = "Mailstrata.Test.UNOFFICIAL"

STREAM_MAX_LENGTH = 1 << 20

PROGRAM = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")


@dataclass(frozen=True)
class RunningClamd:
    """Where it listens."""

    socket: str
    tcp: str


@contextmanager
def running_clamd(folder: Path) -> Iterator[RunningClamd]:
    """A clamd that has read its signature and listens."""
    assert PROGRAM is not None
    database = folder / "database"
    database.mkdir()
    (database / "own.ndb").write_text(f"Mailstrata.Test:0:*:{MARKER.hex()}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = folder / "socket"
    settings = {
        "DatabaseDirectory": database,
        "LocalSocket": place,
        "TCPSocket": port,
        "TCPAddr": "127.0.0.1",
        "Foreground": "yes",
        "StreamMaxLength": STREAM_MAX_LENGTH,
        "MaxThreads": 2,
        "SelfCheck": 0,
    }
    configuration = folder / "clamd.conf"
    configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with subprocess.Popen(
        [PROGRAM, "-c", str(configuration)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            # Its last line before it answers. What it says later is little, and fits into the pipe.
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if b"Self checking" in line:
                    break
            else:
                raise AssertionError(b"".join(said).decode())
            yield RunningClamd(str(place), f"127.0.0.1:{port}")
        finally:
            process.terminate()
            process.communicate()
