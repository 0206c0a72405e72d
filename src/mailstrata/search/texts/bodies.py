"""The row of a message: its body, taken apart into what was written, history and signature."""

from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING

import mailstrata
from mailstrata.message.charsets import decode
from mailstrata.search.texts.body_parts import PLAIN_TEXT, PartRow, body_parts
from mailstrata.search.texts.displayed_text import plain_text
from mailstrata.search.texts.limits import BODY_BYTES, TEXT_CHARACTERS
from mailstrata.search.texts.quoted_history import split_text
from mailstrata.search.texts.rows import Extracted, TextRow, bounded, clean

if TYPE_CHECKING:
    from mailstrata.search.texts.contents import Contents, FoundMessage, PartContent
    from mailstrata.search.texts.document_worker import DocumentWorker

_EXTRACTOR = f"mailstrata {mailstrata.__version__}"
_ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_ARMOR = "-----BEGIN PGP MESSAGE-----"
_ARMOR_END = "-----END PGP MESSAGE-----"
_TAG = re.compile(r"<[^>]*+(?:>|\Z)")


class BodyReader:
    """Makes the rows of messages."""

    def __init__(self, contents: Contents, worker: DocumentWorker) -> None:
        self._contents = contents
        self._worker = worker

    def row(self, digest: str, parts: list[PartRow], found: FoundMessage) -> TextRow:
        """The row of the message of that digest, whose parts these are. Raises `ArchiveError` where the archive is
        damaged."""
        started = time.perf_counter()
        shown = body_parts(parts)
        content_type = clean(parts[0].content_type)
        if not shown:
            if any(part.content_type in _ENCRYPTED for part in parts):
                return _without_text(digest, content_type, "encrypted", "it is encrypted", started)
            return _without_text(digest, content_type, "no-text", "it shows no text", started)
        first = [alternatives[0] for alternatives in shown]
        contents = self._contents.read_parts(found, parts, first, BODY_BYTES)
        pieces: list[Extracted] = []
        left = BODY_BYTES
        for alternatives in shown:
            piece = Extracted("", "truncated", f"only the first {BODY_BYTES >> 20} MiB are looked at")
            for part in alternatives:
                if left <= 0:
                    break
                content = contents.get(part.path)
                if content is None:
                    content = self._contents.read_parts(found, parts, [part], BODY_BYTES)[part.path]
                piece = self._extracted(part, content, left)
                if (piece.text and not piece.text.isspace()) or piece.quoted:
                    left -= len(content[0])
                    if content_type != part.content_type and not pieces:
                        content_type = part.content_type
                    break
            pieces.append(piece)
        if len(pieces) == 1:
            return _row(digest, content_type, pieces[0], started)
        return _row(digest, content_type, _joined(pieces), started)

    def _extracted(self, part: PartRow, content: PartContent, left: int) -> Extracted:
        data, header, is_cut = content
        if len(data) > left:
            data, is_cut = data[:left], True
        if part.content_type == PLAIN_TEXT:
            extracted = Extracted(plain_text(data, part.charset, header), extractor=_EXTRACTOR)
        elif not data.strip():
            extracted = Extracted("", extractor=_EXTRACTOR)
        else:
            extracted = self._worker.extract("html", data, charset=part.charset)
            if extracted.status != "ok":
                text = html.unescape(_TAG.sub(" ", decode(data, part.charset)))
                reason = f"{extracted.reason}; its tags were cut out instead"
                extracted = Extracted(text, extracted.status, reason, _EXTRACTOR)
        if is_cut and extracted.status == "ok":
            reason = f"only the first {BODY_BYTES >> 20} MiB are looked at"
            extracted = extracted._replace(status="truncated", reason=reason)
        return extracted


def _joined(pieces: list[Extracted]) -> Extracted:
    worst = next((piece for piece in pieces if piece.status != "ok"), pieces[0])
    return Extracted(
        "\n\n".join(piece.text for piece in pieces if piece.text),
        worst.status,
        worst.reason,
        next((piece.extractor for piece in pieces if piece.extractor), None),
        "\n\n".join(piece.quoted for piece in pieces if piece.quoted),
    )


def _row(digest: str, content_type: str, extracted: Extracted, started: float) -> TextRow:
    status, reason = extracted.status, extracted.reason
    whole = extracted.text or ""
    if not whole.isascii() or "\0" in whole:
        whole = clean(whole)
    hidden = whole.find(_ARMOR) if _ARMOR in whole else -1
    if hidden >= 0:
        end = whole.find(_ARMOR_END, hidden)
        whole = whole[:hidden] + (whole[end + len(_ARMOR_END) :] if end >= 0 else "")
        if status == "ok":
            status, reason = "encrypted", "a part of it is encrypted (OpenPGP)"
    text, quoted, signature = split_text(whole)
    if extracted.quoted:
        quoted = f"{quoted}\n{clean(extracted.quoted)}" if quoted else clean(extracted.quoted)
    if len(text) + len(quoted) > TEXT_CHARACTERS:
        text, _ = bounded(text)
        quoted, _ = bounded(quoted)
        if status == "ok":
            status, reason = "truncated", f"only the first {TEXT_CHARACTERS:,} characters are kept"
    if status == "ok" and not text and not quoted and not signature:
        status, reason = "empty", "it holds no text"
    return TextRow(
        *("body", digest, content_type, text or None, quoted or None, signature or None),
        *(status, reason, extracted.extractor, len(text), time.perf_counter() - started),
    )


def _without_text(digest: str, content_type: str, status: str, reason: str, started: float) -> TextRow:
    seconds = time.perf_counter() - started
    return TextRow("body", digest, content_type, None, None, None, status, reason, None, 0, seconds)
