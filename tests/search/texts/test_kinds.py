"""What an attachment is taken for."""

from __future__ import annotations

import pytest
from support.documents import DOCX

from mailstrata.search.texts.kinds import kind_of


@pytest.mark.parametrize(
    ("declared", "sniffed", "filename", "expected"),
    [
        ("application/octet-stream", "application/pdf", "a.exe", ("application/pdf", "document")),
        ("application/pdf", "image/png", "a.pdf", ("image/png", "no-text")),
        ("application/octet-stream", "application/zip", "a.docx", (DOCX, "document")),
        (DOCX, DOCX, None, (DOCX, "document")),
        ("application/zip", "application/zip", "a.zip", ("application/zip", "unsupported")),
        ("application/msword", "application/x-ole-storage", None, ("application/msword", "document")),
        ("application/octet-stream", "application/x-ole-storage", "a.xls", ("application/vnd.ms-excel", "document")),
        ("application/octet-stream", "text/plain", "a.csv", ("text/csv", "plain")),
        ("text/html", "text/plain", None, ("text/html", "html")),
        ("application/octet-stream", "text/plain", "a.eml", ("message/rfc822", "message")),
        ("message/delivery-status", "text/plain", None, ("message/delivery-status", "plain")),
        ("application/pkcs7-mime", None, "smime.p7m", ("application/pkcs7-mime", "encrypted")),
        ("application/x-unknown", None, None, ("application/x-unknown", "unsupported")),
        ("image/png", None, None, ("image/png", "no-text")),
    ],
)
def test_content_counts_more_than_the_label(
    declared: str, sniffed: str | None, filename: str | None, expected: tuple[str, str]
) -> None:
    """The label and the name choose where content shows a family only."""
    assert kind_of(declared, sniffed, filename)[:2] == expected
