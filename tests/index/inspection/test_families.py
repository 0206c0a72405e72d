"""Which types may stand over which content."""

from __future__ import annotations

import pytest

from mailstrata.index.inspection.families import is_mismatch

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HONEST = [
    ("application/octet-stream", "", "application/pdf", False),
    ("application/octet-stream", "pdf", "application/pdf", False),
    ("application/octet-stream", "exe", "application/x-dosexec", True),
    ("application/x-msdownload", "exe", "application/x-dosexec", True),
    ("image/jpeg", "jpg", "image/png", False),
    (DOCX, "docx", "application/zip", False),
    ("application/zip", "docx", DOCX, False),
    ("application/vnd.ms-excel", "xls", "text/html", False),
    ("application/vnd.ms-excel", "csv", "text/plain", False),
    ("application/msword", "doc", "text/rtf", False),
    ("application/msword", "doc", "application/x-ole-storage", False),
    ("text/plain", "", "text/html", False),
    ("text/plain", "pdf", "application/pdf", False),
    ("text/x-python", "py", "text/plain", True),
    ("image/svg+xml", "svg", "text/xml", False),
    ("application/x-unheard-of", "", "application/pdf", False),
    ("image/jpeg", "jpg", None, False),
    ("image/jpeg", "jpg", "application/x-unheard-of", False),
    (None, "", "application/pdf", False),
    ("application/java-archive", "jar", "application/zip", True),
]
MISMATCHES = [
    ("image/jpeg", "jpg", "application/x-dosexec", True),
    ("image/jpeg", "exe", "application/x-dosexec", True),
    ("application/octet-stream", "jpg", "application/x-dosexec", True),
    ("text/plain", "exe", "application/x-dosexec", True),
    ("application/pdf", "pdf", "text/html", False),
    ("application/octet-stream", "pdf", "text/html", False),
    (None, "pdf", "application/zip", False),
    ("image/gif", "", "application/pdf", False),
    ("text/html", "html", "application/zip", False),
    ("application/zip", "zip", "image/png", False),
    ("image/jpeg", "jpg", None, True),
]


@pytest.mark.parametrize("case", HONEST, ids=str)
def test_honest(case: tuple[str | None, str, str | None, bool]) -> None:
    """What mailers write loosely is no mismatch."""
    assert not is_mismatch(*case)


@pytest.mark.parametrize("case", MISMATCHES, ids=str)
def test_mismatches(case: tuple[str | None, str, str | None, bool]) -> None:
    """What never is what it says."""
    assert is_mismatch(*case)
