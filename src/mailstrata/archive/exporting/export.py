"""Exporting: chosen messages of an archive, streamed into a form that other programs read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailstrata.archive.exporting.formats import Exporter
from mailstrata.archive.exporting.outgoing import OutgoingMessage
from mailstrata.archive.exporting.selection import Chosen
from mailstrata.archive.restoring.report import Listed
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.sinks.progress import Progress

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive


@dataclass(frozen=True, slots=True)
class NotExported:
    """A message that is not there, by its SHA-256, and why."""

    sha256: str
    reason: str


@dataclass(slots=True)
class ExportReport:
    """What exporting came to: messages and their bytes; `erased` had been erased, `failures` could not be read."""

    messages: int = 0
    bytes: int = 0
    erased: Listed[NotExported] = field(default_factory=Listed)
    failures: Listed[NotExported] = field(default_factory=Listed)
    seconds: float = 0.0


def export(
    archive: Archive,
    chosen: Iterable[Chosen],
    target: Exporter,
    *,
    total_bytes: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ExportReport:
    """Write the chosen messages, in their order. What cannot be read is in the report, and the others are written.

    `total_bytes` is what there is to come, for `progress`, which is called after each message. Raises what `chosen`
    raises, and `TargetError` where the target cannot be written.
    """
    started = time.monotonic()
    report = ExportReport()
    state = Progress(bytes_total=total_bytes)
    for each in chosen:
        reason = archive.erased(each.sha256)
        if reason is not None:
            report.erased.add(NotExported(each.sha256, reason))
            continue
        try:
            message = OutgoingMessage.begin(each.sha256, each.flags, iter(archive.read_message(each.sha256)))
            report.bytes += target.write(message)
        except (ArchiveError, UsageError) as error:
            # To the reader of the archive, what it does not have is a wrong call; here the index has named it.
            report.failures.add(NotExported(each.sha256, str(error)))
            continue
        report.messages += 1
        state.messages, state.bytes_read = report.messages, report.bytes
        if progress is not None:
            progress(state)
    target.finish()
    report.seconds = time.monotonic() - started
    return report
