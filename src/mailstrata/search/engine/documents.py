"""What is indexed of a message, joined from three tables: its header fields (*messages*), the names and digests of its
parts (*parts*), and its text (*texts*).

Header fields and parts are joined once for a group of files of *messages*; texts come in pieces and are joined with
that. So each row is read about once, and nothing depends on how many rows there are: DuckDB puts on disk what it has no
room for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailstrata.search.engine.tables import Tables
from mailstrata.search.words.index import MessageWords
from mailstrata.search.words.shown import Shown

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 1024

_HEADERS = """
CREATE OR REPLACE TEMP TABLE headers AS
SELECT m.sha256, m.message_id, epoch_us(m.date) AS date, m."from" AS from_field, m."to" AS to_field, m.subject, m.size,
    m.has_attachment, {mailboxes},
    m.delivered_to, m.list_id, m.part_count, p.found AS parts_found, p.filenames, p.blobs, p.types,
    coalesce(p.has_named_parts, false) AS has_named_parts
FROM indexed_messages m LEFT JOIN (
    SELECT message, count(*) AS found, list(filename) FILTER (filename IS NOT NULL) AS filenames,
        list(DISTINCT blob) FILTER (blob IS NOT NULL) AS blobs,
        list_distinct(flatten(list([content_type, sniffed_type]))) AS types,
        bool_or(filename IS NOT NULL OR is_attachment
            OR (NOT is_container AND content_type NOT IN ('text/plain', 'text/html'))
            OR (is_container AND content_type NOT LIKE 'multipart/%')) AS has_named_parts
    FROM indexed_parts WHERE message IN (SELECT sha256 FROM indexed_messages) GROUP BY message
) p ON p.message = m.sha256
"""
_MAILBOXES = ("from", "to", "cc", "bcc")


class Documents:
    """Joins for the files of *messages* that `of` was called with last."""

    def __init__(self, tables: Tables, part_files: Sequence[Path]) -> None:
        self._tables = tables
        self._part_files = part_files

    def of(self, message_files: Sequence[Path]) -> None:
        """Take up these files of *messages*. Raises `ArchiveError`."""
        self._tables.show("messages", message_files, "indexed_messages")
        # The parts of a message are committed with it, and most often in files of the same name; whether all are there,
        # the messages know.
        stems = {_stem(path) for path in message_files}
        beside = [path for path in self._part_files if _stem(path) in stems]
        if len(beside) < len(self._part_files):
            self._join(beside)
            if self._lacks_parts():
                self._join(self._part_files)
        else:
            self._join(self._part_files)

    def _join(self, part_files: Sequence[Path]) -> None:
        self._tables.show("parts", part_files, "indexed_parts")
        mailboxes = ",\n    ".join(
            f"list_concat(list_transform({name}_addresses, lambda each: each.name), "
            f'list_transform({name}_addresses, lambda each: each.address)) AS "{name}"'
            for name in _MAILBOXES
        )
        with self._tables.reading():
            self._tables.session.execute(_HEADERS.format(mailboxes=mailboxes))

    def _lacks_parts(self) -> bool:
        return bool(
            self._tables.rows("SELECT count(*) FROM headers WHERE parts_found IS DISTINCT FROM part_count")[0][0]
        )

    def messages(self, texts: pa.Table | Sequence[Path]) -> Iterator[MessageWords]:
        """The messages of the files whose texts are among these: rows of *texts*, or files of them. Raises
        `ArchiveError` where these cannot be read."""
        session = self._tables.session
        with self._tables.reading():
            if isinstance(texts, Sequence):
                self._tables.show_files("indexed_texts", texts)
            else:
                session.register("indexed_texts", texts)
            relation = session.sql(
                f"""SELECT h.sha256, h.message_id, h.date, h.from_field, h.to_field, h.subject, h.size,
                h.has_attachment, h.has_named_parts,
                    {", ".join(f'h."{name}"' for name in _MAILBOXES)}, h.delivered_to, h.list_id, h.filenames, h.blobs,
                    h.types, t.text, t.quoted, t.signature
                FROM indexed_texts t JOIN headers h ON h.sha256 = t.sha256 WHERE t.kind = 'body'"""  # noqa: S608
            )
            reader = _arrow_reader(relation)
            while (batch := next(reader, None)) is not None:
                yield from map(_message, zip(*(column.to_pylist() for column in batch.columns), strict=True))
            session.execute("DROP VIEW indexed_texts")


def _message(row: Any) -> MessageWords:
    shown = Shown(*row[:9])
    from_, to, cc, bcc, delivered_to, list_id, filenames, blobs, types, text, quoted, signature = row[9:]
    texts = (
        ("subject", (shown.subject,)),
        ("from", from_),
        ("to", to),
        ("cc", cc),
        ("bcc", bcc),
        ("delivered-to", delivered_to),
        ("list", (list_id,)),
        ("filename", filenames or ()),
        ("body", (text,)),
        ("quoted", (quoted, signature)),
    )
    return MessageWords(shown, texts, blobs or (), types or ())


def _arrow_reader(relation: Any) -> Iterator[pa.RecordBatch]:
    # Older versions of DuckDB call it fetch_arrow_reader.
    method: Any = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    reader: Iterator[pa.RecordBatch] = method(_BATCH_ROWS)
    return reader


def _stem(path: Path) -> str:
    """What files of one commit have in common: the number of the commit and what tells it from others of that
    number."""
    return "-".join(path.stem.split("-")[:2])
