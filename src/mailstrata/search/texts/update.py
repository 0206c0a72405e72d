"""Bringing the table *texts* up to date with an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mailstrata.archive.packs.pack_table import Place
from mailstrata.search.texts.attachments import AttachmentReader
from mailstrata.search.texts.bodies import BodyReader
from mailstrata.search.texts.body_parts import PartRow
from mailstrata.search.texts.contents import Contents, FoundMessage
from mailstrata.search.texts.document_worker import DocumentWorker, require_packages
from mailstrata.search.texts.files import RowBuffer, prepare_folder, texts_files, write_file
from mailstrata.search.texts.limits import WORKER_LIMITS, WorkerLimits
from mailstrata.search.texts.plan import Plan, WantedBlob
from mailstrata.search.texts.rows import TextRow

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive

_AT_ONCE = 1024
"""Messages whose parts are Python objects at a time."""


@dataclass(frozen=True, slots=True)
class TextsFile:
    """A file of the table that was completed: it is durable under its name. `rows` are all its rows (at most some 64
    MiB, or one long text more), in no particular order."""

    path: Path
    rows: pa.Table


class TextsUpdate:
    """Makes the texts of all messages and attachments that the table has not got yet.

    `message_files` are the committed Parquet files of *messages* that may hold new ones; all, unless told otherwise.
    Which of their messages are new, the table itself says, so that an update that was killed is simply run again.

        for file in TextsUpdate(archive).files():
            words.add(file.rows)          # durable already: file.path

    An attachment is new when a new message has it and the table has not: rows of attachments are complete for all
    messages that have one.
    """

    def __init__(
        self,
        archive: Archive,
        *,
        message_files: Sequence[Path] | None = None,
        limits: WorkerLimits = WORKER_LIMITS,
    ) -> None:
        self._archive = archive
        self._message_files = message_files
        self._limits = limits

    def files(self) -> Iterator[TextsFile]:
        """Make the texts, and give each file as soon as it is durable under its name; bounded memory.

        Closing the iterator, or Ctrl-C, ends the worker process and drops what is not in a complete file. Raises
        `ArchiveError` where the archive cannot be read, `TargetError` where the table cannot be written, and
        `UsageError` where a package of the extra `search` is missing.
        """
        require_packages()
        folder = prepare_folder(self._archive.path)
        buffer = RowBuffer()
        with Plan(self._archive, texts_files(self._archive.path), self._message_files) as plan:
            for row in self._rows(plan):
                if buffer.add(row):
                    rows = buffer.take()
                    assert rows is not None
                    yield TextsFile(write_file(folder, rows), rows)
            if (rows := buffer.take()) is not None:
                yield TextsFile(write_file(folder, rows), rows)

    def _rows(self, plan: Plan) -> Iterator[TextRow]:
        with Contents(self._archive.path) as contents, DocumentWorker(self._limits) as worker:
            attachments = AttachmentReader(worker)
            # Attachments first: a message has its row when all that it brings has one, whenever the run is killed.
            for blob in plan.placed():
                yield attachments.row(blob, partial(_read_placed, contents, blob))
            bodies = BodyReader(contents, worker)
            for parts in plan.new_parts():
                embedded = plan.embedded(parts)
                for digest, rows, found in _in_order(parts, contents):
                    for blob in embedded.get(digest, ()):
                        yield attachments.row(blob, partial(_read_embedded, contents, found, rows, blob))
                    yield bodies.row(digest, rows, found)


def _read_placed(contents: Contents, blob: WantedBlob, limit: int) -> bytes:
    assert blob.pack is not None
    place = Place(int(blob.frame or 0), int(blob.frame_length or 0), int(blob.offset or 0), int(blob.length or 0))
    return contents.read_place(f"packs/{blob.pack}", place, limit)


def _read_embedded(
    contents: Contents, found: FoundMessage, parts: list[PartRow], blob: WantedBlob, limit: int
) -> bytes:
    part = next(part for part in parts if part.path == blob.path)
    return contents.read_parts(found, parts, [part], limit)[part.path][0]


def _in_order(parts: pa.Table, contents: Contents) -> Iterator[tuple[str, list[PartRow], FoundMessage]]:
    """The messages of rows of *parts*, in the order of the packs."""
    table = parts.combine_chunks()
    runs = _runs(table)
    places: list[tuple[FoundMessage, str, int, int]] = []
    for digest, start, count, may_be_stripped in runs:
        found = contents.find_message(digest, may_be_stripped=may_be_stripped)
        if found is not None:
            places.append((found, digest, start, count))
    places.sort()
    columns = pa.Table.to_batches(table.select(list(PartRow._fields)))[0]
    for first in range(0, len(places), _AT_ONCE):
        chosen = places[first : first + _AT_ONCE]
        indices = [index for _, _, start, count in chosen for index in range(start, start + count)]
        taken = columns.take(pa.array(indices, pa.int64()))
        rows = list(map(PartRow._make, zip(*(column.to_pylist() for column in taken.columns), strict=True)))
        position = 0
        for found, digest, _, count in chosen:
            yield digest, rows[position : position + count], found
            position += count


def _runs(table: pa.Table) -> Iterator[tuple[str, int, int, bool]]:
    """Digest, first row and number of rows of each message of sorted rows, and whether parts of it may be taken out."""
    digests: list[Any] = table["message"].to_pylist()
    attached: list[Any] = table["is_attachment"].to_pylist()
    encodings: list[Any] = table["encoding"].to_pylist()
    start = 0
    total = len(digests)
    while start < total:
        digest = digests[start]
        end = start + 1
        while end < total and digests[end] == digest:
            end += 1
        may_be_stripped = "base64" in encodings[start:end] or True in attached[start:end]
        yield digest, start, end - start, may_be_stripped
        start = end
