"""A small archive with everything in it, and ways to damage it in place and mend it again."""

from __future__ import annotations

import base64
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.verifying.findings import Finding
from mailstrata.archive.verifying.verify import Verification
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing.mailboxes import ordinary_mailbox, small_maildir
from mailstrata.testing.memory import MemorySource, memory_mbox, memory_message

DERIVED = (".lock", "catalogue.sqlite")
"""What counts for nothing: who holds the lock, and what is made anew from the rest (checked by its content)."""


def mbox(count: int) -> MemorySource:
    """An mbox that grows: `count` messages, some of them with an attachment that others have too."""
    noise = random.Random(1).randbytes
    messages = []
    for number in range(count):
        picture = base64.encodebytes(noise(20_000) if number % 3 == 0 else bytes([number % 2]) * 30_000)
        messages.append(
            b"From a@example.org Mon Nov 10 10:00:00 2025\nSubject: Message %d\nMessage-ID: <%d@example.org>\n"
            b"Content-Type: image/png; name=p.png\nContent-Transfer-Encoding: base64\n\n%s\n"
            % (number, number, picture)
        )
    return memory_mbox("grows.mbox", b"".join(messages))


def large_message() -> MemorySource:
    """A message with an attachment of more than 4 MiB, which is compressed in frames of its own."""
    content = base64.encodebytes(random.Random(2).randbytes(5 << 20))
    header = b"Subject: large\nContent-Type: application/zip; name=l.zip\nContent-Transfer-Encoding: base64\n\n"
    return memory_message("large.eml", header + content)


def build(root: Path) -> Path:
    """An archive of several commits: more than one source, a source that has grown, large and small members."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        gap = memory_mbox("gap.mbox", b"no mail " * 20_000)
        for sources in ([ordinary_mailbox(), small_maildir(), mbox(6)], [large_message(), gap], [mbox(12)]):
            Pipeline([ArchiveSink(root)], checkpoint_bytes=1 << 20).run(sources)
    return root


def verify(root: Path) -> list[Finding]:
    """All findings of a full verification."""
    return list(Verification(root))


def files_of(root: Path) -> list[Path]:
    """Every file of the archive but the derived ones."""
    return [path for path in sorted(root.rglob("*")) if path.is_file() and path.name not in DERIVED]


@contextmanager
def flipped(path: Path, bit: int) -> Iterator[None]:
    """The file with one bit flipped."""
    with path.open("r+b") as file:
        _flip(file.fileno(), bit)
        try:
            yield
        finally:
            _flip(file.fileno(), bit)


def _flip(descriptor: int, bit: int) -> None:
    byte = os.pread(descriptor, 1, bit // 8)[0]
    os.pwrite(descriptor, bytes([byte ^ 1 << bit % 8]), bit // 8)


@contextmanager
def cut(path: Path, length: int) -> Iterator[None]:
    """The file truncated to that many bytes."""
    whole = path.read_bytes()
    os.truncate(path, length)
    try:
        yield
    finally:
        path.write_bytes(whole)
