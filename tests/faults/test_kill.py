"""Writers that are killed with SIGKILL at whatever moment it finds them."""

from __future__ import annotations

import base64
import hashlib
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.archives import files_of

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.verifying.verify import Verification

SEED = 20261123
RUNS = 3
"""Runs of the same command that may be killed one after the other, before one is left alone."""


def mailbox(path: Path) -> list[Path]:
    """An mbox with quoted lines and attachments, one of them larger than what is held in memory, and a Maildir."""
    noise = random.Random(SEED)
    messages = []
    for number in range(60):
        content = noise.randbytes(5 << 20 if number == 40 else 2000 + number)
        messages.append(
            b"From: a@example.org\nSubject: %d\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
            b"Text\nFrom here on\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n%s--b--\n"
            % (number, base64.encodebytes(content))
        )
    mbox, maildir = path / "inbox.mbox", path / "Maildir"
    separator = b"From a@example.org Mon Nov 10 10:00:00 2025\n"
    mbox.write_bytes(b"".join(separator + text.replace(b"\nFrom ", b"\n>From ") + b"\n" for text in messages))
    for folder in ("cur", "new", "tmp"):
        (maildir / folder).mkdir(parents=True)
    for number, text in enumerate(messages[30:]):
        (maildir / "cur" / f"{number}.host:2,S").write_bytes(text if number % 2 else text.upper())
    return [mbox, maildir]


def start(archive: Path, sources: list[Path]) -> subprocess.Popen[bytes]:
    """The command, which commits often."""
    words = [sys.executable, "-m", "mailstrata", "archive", *sources, "--to", archive, "--commit-every", "60k", "-q"]
    return subprocess.Popen(words)


def written(archive: Path) -> int:
    """Bytes that lie in the folder, whatever they are."""
    size = 0
    for path in archive.rglob("*"):
        try:
            size += path.stat().st_size
        except FileNotFoundError:
            continue  # renamed or removed since it was listed
    return size


def content_of(archive: Path) -> Iterator[str]:
    """What the archive gives back: every file of every source, as the latest snapshots have it."""
    with Archive.open(archive) as opened:
        for snapshot in opened.sources():
            yield f"{snapshot.kind} {snapshot.status}"
            for name, data in sorted(files_of(opened, snapshot).items()):
                yield f"{name!r} {hashlib.sha256(data).hexdigest()}"


def check_what_is_left(archive: Path) -> None:
    """It is no archive yet, or everything that is committed is whole."""
    if Layout(archive).exists():
        damage = [finding for finding in Verification(archive) if finding.is_damage]
        assert damage == []


def run_points(folder: Path, points: int) -> tuple[int, int]:
    """Kill at so many moments; returns how often the signal came in time, and how often something was committed."""
    sources = mailbox(folder)
    undisturbed = folder / "undisturbed"
    assert start(undisturbed, sources).wait() == 0
    expected, total = list(content_of(undisturbed)), written(undisturbed)
    dice = random.Random(SEED)
    killed = committed = 0
    for point in range(points):
        archive = folder / f"archive-{point}"
        for _ in range(RUNS):
            # Some moments before anything is written, many while it is, some at the very end.
            until = dice.randrange(int(total * 1.1))
            with start(archive, sources) as process:
                while process.poll() is None and written(archive) <= until:
                    pass
                process.send_signal(signal.SIGKILL)
                killed += process.wait() == -signal.SIGKILL
            check_what_is_left(archive)
            if Layout(archive).exists():
                with Archive.open(archive) as opened:
                    committed += opened.info().commits > 0
        assert start(archive, sources).wait() == 0
        assert list(content_of(archive)) == expected
        check_what_is_left(archive)
    return killed, committed


def test_a_killed_run_can_be_finished(tmp_path: Path) -> None:
    """Kill, look, run again, kill again: what is committed is whole every time, and in the end nothing is missing."""
    killed, _ = run_points(tmp_path, 2)
    assert killed > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_hundreds_of_killed_runs_can_be_finished(tmp_path: Path) -> None:
    """The same at more than two hundred moments."""
    killed, committed = run_points(tmp_path, 90)
    assert killed >= 200
    assert committed > 50
