from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from support.folders import files_below

from mailstrata.archive.exporting.export import export
from mailstrata.archive.exporting.formats import exporter
from mailstrata.archive.exporting.selection import Chosen, choose
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import ArchiveError
from mailstrata.sinks.pipeline import Pipeline, Progress
from mailstrata.testing import memory_message

MESSAGE = b"From: a@example.org\nSubject: %d\n\ntext\n"


def digest(number: int) -> str:
    return hashlib.sha256(MESSAGE % number).hexdigest()


def archive_of(folder: Path, count: int) -> Archive:
    Pipeline([ArchiveSink(folder)]).run([memory_message(f"{n}.eml", MESSAGE % n) for n in range(count)])
    return Archive.open(folder)


def test_what_cannot_be_read_is_told_and_the_others_come(tmp_path: Path) -> None:
    """A message that was erased, one that is damaged, one that is not there."""
    with archive_of(tmp_path / "archive", 5) as archive:
        read, erased = archive.read_message, archive.erased

        def read_message(number: str) -> Iterator[bytes]:
            yield from read(number)
            if number == digest(2):
                raise ArchiveError("it is damaged")

        archive.read_message = read_message  # type: ignore[method-assign]
        archive.erased = lambda number: "on request" if number == digest(1) else erased(number)  # type: ignore[method-assign]
        told: list[int] = []

        def tell(progress: Progress) -> None:
            assert progress.bytes_total == 1000
            told.append(progress.bytes_read)

        with exporter("eml", os.fsencode(tmp_path / "to"), "digest") as target:
            chosen = [*choose(archive), Chosen("00" * 32, "")]
            report = export(archive, chosen, target, total_bytes=1000, progress=tell)
    kept = [MESSAGE % n for n in (0, 3, 4)]
    assert (report.messages, report.bytes) == (3, sum(map(len, kept)))
    assert told == [len(MESSAGE % 0) * n for n in (1, 2, 3)]
    assert [(each.sha256, each.reason) for each in report.erased] == [(digest(1), "on request")]
    assert [(each.sha256, each.reason) for each in report.failures] == [
        (digest(2), "it is damaged"),
        ("00" * 32, f"{tmp_path / 'archive'} has no message {'00' * 32}"),
    ]
    found = files_below(tmp_path / "to")
    assert sorted(content for name, content in found.items() if name.endswith(b".eml")) == sorted(kept)
