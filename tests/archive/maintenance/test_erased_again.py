"""Mail that was erased, met again in a source."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from support.archives import unpack_without_us

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.maintenance.erase import erase
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing.memory import memory_mbox

_CONTENT = bytes(range(256)) * 40


def message(subject: bytes) -> bytes:
    return (
        b"Subject: %s\nContent-Type: image/png; name=p.png\nContent-Transfer-Encoding: base64\n\n" % subject
        + base64.encodebytes(_CONTENT)
    )


def keep(archive: Path, *subjects: bytes) -> Totals:
    separator = b"From a@example.org Mon Nov 10 10:00:00 2025\n"
    sink = ArchiveSink(archive)
    Pipeline([sink]).run([memory_mbox("inbox.mbox", b"".join(separator + message(each) + b"\n" for each in subjects))])
    return sink.totals


def blobs(archive: Path) -> list[str]:
    return [name for pack in archive.glob("packs/*") for name in unpack_without_us(pack) if name.startswith("blobs/")]


def test_an_erased_message_stays_erased_with_its_attachment(tmp_path: Path) -> None:
    """Read again, neither comes back, and the ledger says so; with another message, the attachment does."""
    keep(tmp_path, b"private")
    erase(tmp_path, [hashlib.sha256(message(b"private")).hexdigest()], reason="asked to")
    assert blobs(tmp_path) == []
    totals = keep(tmp_path, b"private")
    assert (totals.messages_found, totals.messages_new, totals.messages_erased, totals.blobs_new) == (1, 0, 1, 0)
    assert blobs(tmp_path) == []
    totals = keep(tmp_path, b"private", b"public")
    assert (totals.messages_new, totals.messages_erased, totals.blobs_new) == (1, 1, 1)
    assert len(blobs(tmp_path)) == 1
