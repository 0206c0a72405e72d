"""Stripping in tests, and mail to strip."""

from __future__ import annotations

import base64
import os
import random
from pathlib import Path
from typing import Any

from mailstrata.sinks.pipeline import Pipeline, Report
from mailstrata.sources.discover import find_sources
from mailstrata.stripped.sink import StripSink

HEADER = b"From: Ada <ada@example.org>\nTo: bob@example.org\nDate: Mon, 10 Nov 2025 10:00:00 +0000\n"


def content(size: int, seed: int = 1) -> bytes:
    """Bytes that do not repeat."""
    return random.Random(seed).randbytes(size)


def base64_body(data: bytes, width: int = 76, line_break: bytes = b"\n") -> bytes:
    """In lines of `width` characters, each with a line break."""
    encoded = base64.b64encode(data)
    return b"".join(encoded[start : start + width] + line_break for start in range(0, len(encoded), width))


def message_with(
    body: bytes, subject: bytes = b"One", *, name: bytes = b"data.bin", encoding: bytes = b"base64"
) -> bytes:
    """A multipart with a text and an attachment of that encoded body."""
    return (
        HEADER
        + b"Subject: "
        + subject
        + b'\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\npreamble\n--b\n\nHello.\n--b\n'
        + b'Content-Type: application/octet-stream; name="%s"\n' % name
        + b'Content-Disposition: attachment; filename="%s"\n' % name
        + b"Content-Transfer-Encoding: %s\n\n" % encoding
        + body
        + b"\n--b--\nepilogue\n"
    )


def mbox_of(*messages: bytes) -> bytes:
    """An mbox; the messages must not need quoting."""
    return b"".join(b"From ada@example.org Mon Nov 10 10:00:00 2025\n" + message + b"\n" for message in messages)


def strip(source: Path, target: Path, attachments: Path, **options: Any) -> tuple[Report, StripSink]:
    """Strip the source to the target."""
    sink = StripSink(target, attachments, source=os.fsencode(source.absolute()), **options)
    return Pipeline([sink]).run(find_sources([source])), sink


def tree_of(folder: Path) -> dict[str, tuple[bytes, int, int] | None]:
    """Every file below a folder, with content, mode and time; None for folders."""
    found: dict[str, tuple[bytes, int, int] | None] = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        entry = None if path.is_dir() else (path.read_bytes(), status.st_mode & 0o777, status.st_mtime_ns)
        found[str(path.relative_to(folder))] = entry
    return found
