"""What is shown of the messages that were found: header fields, the text around the words, attachments with them in.

Reads the rows of the messages on a page and nothing else, however many were found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mailstrata.search.engine.finding import Found, positive_words
from mailstrata.search.engine.hits import AttachmentHit, Hit, Snippet
from mailstrata.search.engine.snippets import beginning, snippet, term_of
from mailstrata.search.engine.tables import Tables
from mailstrata.search.query.nodes import ANYWHERE, Field, Node, Words
from mailstrata.search.texts.reader import TextsReader
from mailstrata.search.words.index import WordsIndex
from mailstrata.search.words.matching import Matching
from mailstrata.search.words.schema import KEY, key_of
from mailstrata.search.words.shown import Shown

_MOST_ATTACHMENTS = 20
"""Attachments of one message whose text is shown."""

_FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)


class Details:
    """Fills in what is shown of messages."""

    def __init__(self, index: WordsIndex, tables: Tables, texts: TextsReader) -> None:
        self._index = index
        self._tables = tables
        self._texts = texts

    def of(self, node: Node, found: Sequence[Found]) -> list[Hit]:
        """The hits of messages that were found, in the same order; those that the tables do not have any more are left
        out."""
        if not found:
            return []
        leaves = positive_words(node)
        digests = [each.sha256 for each in found]
        columns = ["sha256", "text", "quoted", "signature"]
        bodies = {row["sha256"]: row for row in self._texts.find(digests, kind="body", columns=columns).to_pylist()}
        mailboxes = self._mailboxes(digests, leaves)
        listed = self.shown(found)
        attached = self._attachments([shown.sha256 for shown, _ in listed if shown.has_named_parts], leaves)
        hits = []
        for shown, score in listed:
            attachments = attached.get(shown.sha256, [])
            text = _snippet(shown, bodies.get(shown.sha256), mailboxes.get(shown.sha256), leaves)
            if attachments and (text is None or not text.marks):
                text = attachments[0].snippet
            hits.append(hit_of(shown, score, text, attachments))
        return hits

    def shown(self, found: Sequence[Found]) -> list[tuple[Shown, float]]:
        """What a list shows of messages, with their scores, in the same order; what neither the full-text index nor the
        tables have any more is left out."""
        missing = {each.sha256: None for each in found if each.shown is None}
        if missing:
            keys = [key_of(digest) for digest in missing]
            with self._index.reading():
                hits = self._index.searcher.search(
                    Matching(self._index).message_of_keys(keys), limit=len(keys), count=False, order_by_field=KEY
                ).hits
            known = {shown.sha256: shown for shown in (self._index.shown(address) for _, address in hits)}
            known |= self._rows([digest for digest in missing if digest not in known])
        else:
            known = {}
        shown = ((each.shown or known.get(each.sha256), each.score) for each in found)
        return [(each, score) for each, score in shown if each is not None]

    def _rows(self, digests: Sequence[str]) -> dict[str, Shown]:
        if not digests:
            return {}
        rows = self._tables.rows(
            'SELECT sha256, message_id, epoch_us(date), "from", "to", subject, size, has_attachment, true '  # noqa: S608
            f"FROM messages WHERE sha256 IN ({_marks(digests)})",
            digests,
        )
        return {row[0]: Shown(*row) for row in rows}

    def _mailboxes(self, digests: Sequence[str], leaves: Sequence[Words]) -> dict[str, dict[str, str | None]]:
        """Header fields that a list does not show, where words were looked for in one of them."""
        fields = {"cc": Field.CC, "bcc": Field.BCC, "list": Field.LIST}
        if not any(
            field in each.fields and len(each.fields) < len(ANYWHERE) for each in leaves for field in fields.values()
        ):
            return {}
        rows = self._tables.rows(
            f"SELECT sha256, cc, bcc, list_id FROM messages WHERE sha256 IN ({_marks(digests)})",  # noqa: S608 - as above
            digests,
        )
        return {row[0]: dict(zip(fields, row[1:], strict=True)) for row in rows}

    def _attachments(self, digests: Sequence[str], leaves: Sequence[Words]) -> dict[str, list[AttachmentHit]]:
        """The attachments of these messages in which words were found, by message."""
        in_content = [each for each in leaves if Field.CONTENT in each.fields]
        in_names = [term_of(each) for each in leaves if Field.FILENAME in each.fields]
        if not digests or (not in_content and not in_names):
            return {}
        names = ["message", "path", "filename", "content_type", "size", "blob"]
        rows = self._tables.rows(
            f"SELECT {', '.join(names)} FROM parts WHERE message IN ({_marks(digests)}) AND "  # noqa: S608 - as above
            "NOT is_container AND (is_attachment OR filename IS NOT NULL OR depth > 0) ORDER BY message, position",
            digests,
        )
        contents = self._contents(sorted({row[5] for row in rows if row[5]}), in_content)
        hits: dict[str, list[AttachmentHit]] = defaultdict(list)
        for message, path, filename, content_type, size, blob in rows:
            if len(hits[message]) >= _MOST_ATTACHMENTS:
                continue
            shown = contents.get(blob)
            if shown is None and filename:
                shown = snippet("filename", filename, in_names)
            if shown is not None:
                hits[message].append(AttachmentHit(path, filename, content_type, size, blob, shown))
        return hits

    def _contents(self, blobs: Sequence[str], leaves: Sequence[Words]) -> dict[str, Snippet]:
        """Snippets of those of the blobs in whose text words were found."""
        matching = Matching(self._index)
        asked = [query for each in leaves if (query := matching.field_query("content", each)) is not None]
        if not blobs or not asked:
            return {}
        keys = {key_of(blob): blob for blob in blobs}
        query = matching.all_of([matching.of_keys(KEY, list(keys)), matching.any_of(asked)])
        with self._index.reading():
            found = self._index.searcher.search(query, limit=len(keys), count=False, order_by_field=KEY).hits
        digests = [keys[key] for key, _ in found if key in keys]
        if not digests:
            return {}
        terms = [term_of(each) for each in leaves]
        rows = self._texts.find(digests, kind="attachment", columns=["sha256", "text"]).to_pylist()
        shown = {row["sha256"]: snippet("content", row["text"] or "", terms) for row in rows}
        return {sha256: each for sha256, each in shown.items() if each is not None}


def hit_of(
    shown: Shown, score: float, snippet: Snippet | None = None, attachments: Sequence[AttachmentHit] = ()
) -> Hit:
    """A hit of what a list shows."""
    date = None if shown.date is None else _FIRST_INSTANT + timedelta(microseconds=shown.date)
    return Hit(
        sha256=shown.sha256,
        message_id=shown.message_id,
        date=date,
        from_=shown.from_,
        to=shown.to,
        subject=shown.subject,
        size=shown.size,
        has_attachment=shown.has_attachment,
        score=score,
        snippet=snippet,
        attachments=list(attachments),
    )


def _snippet(
    shown: Shown,
    body: dict[str, Any] | None,
    mailboxes: dict[str, str | None] | None,
    leaves: Sequence[Words],
) -> Snippet | None:
    """The piece of the text of a message in which most words stand; of what its writer wrote before what it quotes, and
    of header fields only where the text has none."""
    body = body or {}
    mailboxes = mailboxes or {}
    sources = (
        (Field.BODY, "body", body.get("text")),
        (Field.BODY, "quoted", body.get("quoted")),
        (Field.BODY, "signature", body.get("signature")),
    )
    for field, name, text in sources:
        found = _marked(field, name, text, leaves)
        if found is not None:
            return found
    begins = beginning("body", body.get("text") or "") or beginning("quoted", body.get("quoted") or "")
    headers = (
        (Field.SUBJECT, "subject", shown.subject),
        (Field.FROM, "from", shown.from_),
        (Field.TO, "to", shown.to),
        (Field.CC, "cc", mailboxes.get("cc")),
        (Field.BCC, "bcc", mailboxes.get("bcc")),
        (Field.LIST, "list", mailboxes.get("list")),
    )
    names = tuple(name for _, name, _ in headers)
    if begins is not None:
        # Where there is a text, subject, sender and recipient are shown beside it anyway.
        names = ("cc", "bcc", "list")
    found_in = (_marked(field, name, text, leaves) for field, name, text in headers if name in names)
    return next((found for found in found_in if found is not None), begins)


def _marked(field: Field, name: str, text: str | None, leaves: Sequence[Words]) -> Snippet | None:
    wanted = [term_of(each) for each in leaves if field in each.fields]
    return snippet(name, text, wanted) if text and wanted else None


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
