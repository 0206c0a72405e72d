"""The row of an attachment: what it is taken for, and its text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import mailstrata
from mailstrata.search.texts import kinds
from mailstrata.search.texts.displayed_text import plain_text
from mailstrata.search.texts.limits import BODY_BYTES, PLAIN_BYTES
from mailstrata.search.texts.rows import Extracted, TextRow, attachment_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailstrata.search.texts.document_worker import DocumentWorker
    from mailstrata.search.texts.plan import WantedBlob

_EXTRACTOR = f"mailstrata {mailstrata.__version__}"


class AttachmentReader:
    """Makes the rows of attachments. Plain text, CSV and calendars are only decoded, which needs no other process."""

    def __init__(self, worker: DocumentWorker) -> None:
        self._worker = worker

    def row(self, blob: WantedBlob, read: Callable[[int], bytes]) -> TextRow:
        """The row of a blob. `read` gives at most so many bytes of it, from its beginning; it is not called where the
        content does not matter."""
        started = time.perf_counter()
        kind = kinds.kind_of(blob.content_type, blob.sniffed_type, blob.filename)
        extracted = (
            Extracted(None, "empty", "it has no content") if not blob.size else self._extracted(kind, blob, read)
        )
        return attachment_row(blob.sha256, kind.content_type, extracted, time.perf_counter() - started)

    def _extracted(self, kind: kinds.Kind, blob: WantedBlob, read: Callable[[int], bytes]) -> Extracted:
        way = kind.way
        if way in (kinds.NO_TEXT, kinds.UNSUPPORTED, kinds.ENCRYPTED):
            return Extracted(None, way, kind.reason or "content of this kind has no text")
        if way == kinds.PLAIN:
            extracted = Extracted(plain_text(read(PLAIN_BYTES), blob.charset), extractor=_EXTRACTOR)
            return _cut(extracted, PLAIN_BYTES) if blob.size > PLAIN_BYTES else extracted
        if way == kinds.HTML:
            extracted = self._worker.extract(way, read(BODY_BYTES), charset=blob.charset)
            if extracted.text is not None and extracted.quoted:
                extracted = extracted._replace(text=f"{extracted.text}\n\n{extracted.quoted}")
            return _cut(extracted, BODY_BYTES) if blob.size > BODY_BYTES else extracted
        most = self._worker.limits.document_bytes
        if blob.size > most:
            return Extracted(None, "truncated", f"it has more than {most >> 20} MiB and was not opened")
        return self._worker.extract(way, read(most), content_type=kind.content_type)


def _cut(extracted: Extracted, most: int) -> Extracted:
    if extracted.status != "ok":
        return extracted
    return extracted._replace(status="truncated", reason=f"only the first {most >> 20} MiB are looked at")
