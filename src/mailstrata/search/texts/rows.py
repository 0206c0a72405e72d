"""One row of the table *texts*, made fit for Parquet: bounded, without surrogates and NULs."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailstrata.search.texts.limits import REASON_CHARACTERS, TEXT_CHARACTERS

_NOT_KEPT = re.compile("[\0\ud800-\udfff]")


class TextRow(NamedTuple):
    """The values of `schema.TEXTS`, in its order."""

    kind: str
    sha256: str
    content_type: str
    text: str | None
    quoted: str | None
    signature: str | None
    status: str
    reason: str | None
    extractor: str | None
    characters: int
    seconds: float


class Extracted(NamedTuple):
    """What came of extracting the text of something; `quoted` only of a body."""

    text: str | None
    status: str = "ok"
    reason: str | None = None
    extractor: str | None = None
    quoted: str | None = None


def clean(text: str) -> str:
    """The text with U+FFFD for what Parquet's UTF-8 cannot hold (surrogates) and what few programs take (NUL)."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return _NOT_KEPT.sub("\ufffd", text)


def bounded(text: str) -> tuple[str, bool]:
    """The first `TEXT_CHARACTERS` of a text, and whether something was cut off."""
    return (text, False) if len(text) <= TEXT_CHARACTERS else (text[:TEXT_CHARACTERS], True)


def attachment_row(sha256: str, content_type: str, extracted: Extracted, seconds: float) -> TextRow:
    """The row of an attachment."""
    text, status, reason = extracted.text, extracted.status, extracted.reason
    if text is not None:
        text, is_cut = bounded(clean(text))
        if is_cut and status == "ok":
            status, reason = "truncated", f"only the first {TEXT_CHARACTERS:,} characters are kept"
        elif status == "ok" and not text.strip():
            text, status, reason = None, "empty", "it holds no text"
    if reason is not None:
        reason = clean(" ".join(reason.split()))[:REASON_CHARACTERS]
    characters = 0 if text is None else len(text)
    return TextRow(
        *("attachment", sha256, clean(content_type), text, None, None),
        *(status, reason, extracted.extractor, characters, seconds),
    )
