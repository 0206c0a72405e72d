"""Messages that come to the archive as a whole: small ones, which most are."""

from __future__ import annotations

from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind
from mailstrata.archive.recording.found import FoundMessages
from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.archive.recording.order import grouping_key, order_of_blob
from mailstrata.archive.writing.session import WriterSession
from mailstrata.index.field_columns import LIST_LIMIT
from mailstrata.index.message_rows import MessageRows
from mailstrata.index.rows import message_weight, row_weight
from mailstrata.message.field_values import SUBJECT
from mailstrata.sinks.whole import WholeMessage, WholePart
from mailstrata.stripping import ARCHIVE_POLICY, StripCounts
from mailstrata.stripping.escape import WORDS
from mailstrata.stripping.whole import strip_leaf


class WholeMessages:
    """Keeps them as `ArchiveRun` keeps those that come piece by piece.

    `unplaced` gets the new blobs whose place in a pack is not known yet: size and sniffed type. `erased_blobs` are
    those that were erased.
    """

    def __init__(
        self,
        session: WriterSession,
        rows: MessageRows,
        found: FoundMessages,
        unplaced: dict[bytes, tuple[int, str | None]],
        erased_blobs: set[str],
    ) -> None:
        self._session = session
        self._store = session.store
        self._rows = rows
        self._found = found
        self._unplaced = unplaced
        self._erased_blobs = erased_blobs

    def takes(self, message: WholeMessage) -> bool:
        """Whether nothing in it is to be escaped, and none of its parts may have been erased."""
        if self._erased_blobs:
            for part in message.parts:
                if ARCHIVE_POLICY.may_take_out(part.part.entity.encoding, is_attachment=part.facts.is_attachment):
                    return False
        return WORDS not in message.data

    def keep(self, message: WholeMessage, source: OpenSource) -> None:
        """Keep the message, if it is new, and what was taken out of it; `source` is the one under way."""
        info = message.info
        digest = info.sha256
        assert digest is not None
        segments = source.segments
        segments.begin_message()
        totals = segments.totals
        totals.parts += len(message.parts)
        data = self._without_attachments(message, totals)
        for part in message.parts:
            if part.defects:
                totals.defects.update([defect.code.value for defect in part.defects[:LIST_LIMIT]])
        self._found(info, source)
        if digest in self._session.state.erased:
            totals.messages_erased += 1
        elif self._store.is_known(digest, *MESSAGE_KINDS):
            totals.messages_duplicate += 1
        else:
            kind = MemberKind.MESSAGE if data is message.data else MemberKind.SKELETON
            self._store.keep_new_content(kind, digest, data, order=grouping_key(message.fields.first[SUBJECT]))
            totals.messages_new += 1
            totals.message_bytes_new += len(message.data)
            totals.kept_bytes_new += len(data)
            self._add_rows(message)
        if message.defects:
            totals.defects.update([defect.code.value for defect in message.defects])
        segments.message(info)

    def _without_attachments(self, message: WholeMessage, totals: Totals) -> bytes:
        """Keep what is to be taken out of the message; returns its skeleton, or the message itself."""
        data = message.data
        pieces: list[bytes] = []
        counts = StripCounts()
        done = 0
        for whole in message.parts:
            facts, content, part = whole.facts, whole.content, whole.part
            if facts.is_attachment:
                totals.attachments += 1
                totals.attachment_bytes += part.size or 0
            if content is None or not ARCHIVE_POLICY.may_take_out(
                part.entity.encoding, is_attachment=facts.is_attachment
            ):
                continue
            body = data[whole.body_start : whole.end]
            taken = strip_leaf(part, body, content, ARCHIVE_POLICY, counts)
            if taken is None:
                continue
            # Leaves end in the order in which they stand.
            pieces += (data[done : whole.start], taken.placeholder)
            done = whole.end
            self._keep_whole_part(whole, taken.content, len(body), totals)
        totals.add_parts(counts)
        if not pieces:
            return data
        pieces.append(data[done:])
        return b"".join(pieces)

    def _keep_whole_part(self, whole: WholePart, content: bytes, encoded_size: int, totals: Totals) -> None:
        digest = whole.part.sha256
        assert digest is not None
        sniffed_type = self._rows.sniffed_type(digest, content)
        totals.blob_bytes += len(content)
        totals.encoded_bytes += encoded_size
        if self._store.is_known(digest, MemberKind.BLOB):
            return
        self._unplaced[bytes.fromhex(digest)] = (len(content), sniffed_type)
        order = order_of_blob(sniffed_type, whole.part.content_type, whole.facts.filename)
        self._store.keep_new_content(MemberKind.BLOB, digest, content, order=order)
        totals.blobs_new += 1
        totals.blob_bytes_new += len(content)

    def _add_rows(self, message: WholeMessage) -> None:
        values, rows = self._rows.whole(message)
        add_values = self._session.index.add_values
        add_values("messages", values, message_weight(values, message.parts[-1].body_start))
        for row, part in zip(rows, message.parts, strict=True):
            add_values("parts", row, row_weight(part.body_start - part.start, len(part.defects)))
