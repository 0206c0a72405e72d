"""The index as a sink: the four Parquet tables of everything that was read, in a folder of their own."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from mailstrata.index.message_rows import MessageRows
from mailstrata.index.place import IndexPlace, write_record
from mailstrata.index.rows import blob_row, occurrence_row
from mailstrata.index.schema import SCHEMA_VERSION
from mailstrata.index.seen import SeenDigests
from mailstrata.index.writer import IndexWriter
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import SourceInfo
from mailstrata.sinks.protocol import Checkpoint, RawKind, Sink, SourceOutcome, Wants


class IndexSink(Sink):
    """Writes `DIRECTORY/TABLE/*.parquet`, and `DIRECTORY/index.json` which lists them.

    An index is one whole. Only the final checkpoint stages it, and only the commit after that makes it
    visible: in one step, in the place of the index that lay there before. Until then, and when the run is
    aborted or killed, the folder is as it was. A folder that holds anything else is refused.

    Memory is bounded whatever is read: the row groups under way (about 20 MiB, see `IndexWriter`), two
    page caches of 8 MiB (`SeenDigests`), and the rows of the message under way (see `MessageRows`).
    """

    name: ClassVar[str] = "index"
    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS

    def __init__(self, directory: str | Path) -> None:
        self._place = IndexPlace(directory)
        self._run: _Run | None = None

    def open(self) -> None:
        """Take the place. Raises `TargetError` where it cannot be used, `LockedError` where another run has it."""
        self._place.open()
        try:
            self._run = _Run(self._place)
        except BaseException:
            self._place.close()
            raise

    def begin_message(self, message: MessageInfo) -> None:
        """Start collecting the message's rows."""
        self._running.rows.begin_message(message)

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Note where the part begins."""
        self._running.rows.begin_part(message, part)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """Count the bytes: offsets in the index are those in the message, mbox quoting undone."""
        self._running.rows.raw(message, part, kind, data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """Keep the head of the content, to tell its type."""
        self._running.rows.decoded(message, part, data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Make the part's row."""
        self._running.rows.end_part(message, part)

    def end_message(self, message: MessageInfo) -> None:
        """Add the occurrence, and all other rows where they are new."""
        self._running.add_message(message)

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        """Note for `index.json` whether the source was read whole."""
        self._running.sources.append({"source": source.label, "kind": source.kind, **asdict(outcome)})

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Stage the index, if the run ends here."""
        if checkpoint.final:
            self._running.stage()

    def commit(self) -> None:
        """Put the index in its place, if the last checkpoint staged it."""
        if self._running.is_staged:
            self._running.is_staged = False
            self._place.publish()

    def abort(self) -> None:
        """Drop what is not in its place yet."""
        self.close()

    def close(self) -> None:
        """Remove what only the run needed, and let go of the place."""
        run, self._run = self._run, None
        with ExitStack() as last:
            last.callback(self._place.close)
            if run is not None:
                run.close()

    @property
    def _running(self) -> _Run:
        assert self._run is not None, "the sink is not open"
        return self._run


class _Run:
    """What the sink holds from `open` to `close`."""

    def __init__(self, place: IndexPlace) -> None:
        self._directory = place.new
        self.is_staged = False
        self.sources: list[dict[str, Any]] = []
        with ExitStack() as opened:
            self.rows = MessageRows(place.scratch)
            opened.callback(self.rows.close)
            self._writer = IndexWriter(place.new, place.scratch / "staging")
            opened.callback(self._writer.close)
            self._messages = SeenDigests(place.scratch / "messages.sqlite")
            opened.callback(self._messages.close)
            self._blobs = SeenDigests(place.scratch / "blobs.sqlite")
            opened.callback(self._blobs.close)
            self._opened = opened.pop_all()

    def add_message(self, message: MessageInfo) -> None:
        """Add the rows of the message that has ended."""
        assert message.sha256 is not None
        add = self._writer.add
        add("occurrences", occurrence_row(message))
        if not self._messages.add(message.sha256):
            return
        add("messages", self.rows.message_row(message))
        for part in self.rows.part_rows(message):
            add("parts", part)
            blob = part["blob"]
            if blob is not None and self._blobs.add(blob):
                add("blobs", blob_row(blob, part["size"], part["sniffed_type"]))

    def stage(self) -> None:
        """Complete all files of the index in the folder in which it is built, durably."""
        files = self._writer.checkpoint("00001", every_table=True)
        self._writer.commit()
        self._writer.close()
        write_record(
            self._directory,
            {
                "schema_version": SCHEMA_VERSION,
                "complete": all(source["complete"] for source in self.sources),
                "sources": self.sources,
                "files": [asdict(file) for file in files],
            },
        )
        self.is_staged = True

    def close(self) -> None:
        """Let go of everything."""
        self._opened.close()
