"""Archives made by one process and by several, and what of them must be the same."""

from __future__ import annotations

import base64
import random
import socket
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from mailstrata.archive.jobs.coordinator_run import CoordinatorSink
from mailstrata.archive.jobs.fleet import Fleet, Worker
from mailstrata.archive.jobs.parallel import ParallelPipeline
from mailstrata.archive.jobs.worker import serve
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.snapshots.snapshot_lines import FileLine, SnapshotLines
from mailstrata.message.origin import Failure
from mailstrata.sinks.pipeline import DEFAULT_CHECKPOINT_BYTES, Pipeline, Report
from mailstrata.sources.discover import find_sources
from support.archive_runs import content_of

_NOISE = random.Random(20261130)
_BLOBS = [_NOISE.randbytes(size) for size in (3000, 3000, 9000, 70_000)]
SEPARATOR = b"From ada@example.org Mon Nov 10 10:00:00 2025\n"


def message(number: int, blob: int | None = None, *, lengths: bool = False, inner: bool = False) -> bytes:
    """A message; the same numbers give the same one."""
    head = b"From: Ada <ada@example.org>\nSubject: About %d\nMessage-ID: <%d@example.org>\n" % (number, number)
    body = b"Text %d\nFrom here on\n" % number
    if inner:
        body += b"\n" + SEPARATOR + b"Subject: inside\n\nText\n"
    if blob is not None:
        head += b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
        content = base64.encodebytes(_BLOBS[blob])
        body = (
            b"--b\n\n%s--b\nContent-Type: application/octet-stream; name=a.bin\n"
            b"Content-Transfer-Encoding: base64\n\n%s--b--\n" % (body, content)
        )
    if lengths:
        head += b"Content-Length: %d\n" % len(body)
    return head + b"\n" + body


def mbox_of(messages: list[bytes], *, quoted: bool = True) -> bytes:
    """An mbox (mboxrd, or with nothing quoted)."""
    if quoted:
        messages = [each.replace(b"\nFrom ", b"\n>From ") for each in messages]
    return b"".join(SEPARATOR + each + b"\n" for each in messages)


class _Thread:
    """A thread that looks like the process of a worker."""

    pid = 0

    def __init__(self, connection: Connection, slots: int, claims: int) -> None:
        self._thread = threading.Thread(target=self._serve, args=(connection, slots, claims))
        self._thread.start()

    def _serve(self, connection: Connection, slots: int, claims: int) -> None:
        with connection:
            serve(connection, slots, claims)

    def wait(self, timeout: float | None = None) -> int:
        self._thread.join()
        return 0

    def kill(self) -> None:
        """It ends when its connection is closed."""


class ThreadFleet(Fleet):
    """Workers that are threads, which need no second to start; one of them works at a time."""

    def _start(self) -> Worker:
        ours, theirs = socket.socketpair()
        thread = _Thread(Connection(theirs.detach()), self._slots_file, self._claims_file)
        worker = Worker(cast("Any", thread), Connection(ours.detach()))
        self._add(worker)
        return worker

    def kill(self) -> None:
        for worker in self._workers:
            self._selector.unregister(worker.connection)
            worker.connection.close()
        super().kill()


def archive_with(
    jobs: int,
    target: Path,
    sources: list[Path],
    *,
    checkpoint_bytes: int = DEFAULT_CHECKPOINT_BYTES,
    reread: bool = False,
    fleet: type[Fleet] = Fleet,
) -> tuple[Report, ArchiveSink]:
    """Archive sources with one process, or with several."""
    found = find_sources(sources)
    if jobs == 1:
        sink = ArchiveSink(target, reread=reread)
        return Pipeline([sink], known=sink, checkpoint_bytes=checkpoint_bytes).run(found), sink
    coordinator = CoordinatorSink(target, reread=reread)
    with fleet(jobs) as workers:
        return ParallelPipeline(coordinator, workers, checkpoint_bytes=checkpoint_bytes).run(found), coordinator


def report_of(report: Report) -> dict[str, Any]:
    """What a report says, without the time it took."""

    def told(failure: Failure) -> tuple[str, str, str, bytes]:
        return failure.label, type(failure.error).__name__, str(failure.error), failure.name

    compared = replace(report, seconds=0.0)
    return {
        **{name: getattr(compared, name) for name in Report.__slots__ if name != "failures"},
        "failures": [told(failure) for failure in report.failures],
    }


def state_of(root: Path, without: Path | None = None) -> dict[str, Any]:
    """All that an archive says of its sources and its content, but for what differs from run to run; paths do not say
    that they lie in the folder `without`."""

    def shortened(text: str) -> str:
        return text if without is None else text.replace(str(without), "")

    content = content_of(root)
    with Archive.open(root) as archive:
        sources = {}
        for snapshot in archive.sources():
            totals = snapshot.totals.to_json()
            totals.pop("segment_bytes")
            lines = [
                replace(line, number=0)
                for line in SnapshotLines(archive, snapshot)
                # A commit within a file is where there is another line for it.
                if not (isinstance(line, FileLine) and line.offset)
            ]
            sources[shortened(snapshot.path.decode())] = (
                snapshot.status,
                snapshot.reasons,
                snapshot.stamp,
                totals,
                lines[:-1],
            )
        running = archive._log.state.totals.to_json()
        running.pop("segment_bytes")
    return {
        "sources": sources,
        "totals": running,
        "messages": content.messages,
        "blobs": content.blobs,
        "rows": {name: sorted(map(shortened, rows)) for name, rows in content.rows.items()},
        "files": {shortened(name): files for name, files in content.sources.items()},
    }
