"""Types of parts by the names that people give them."""

from __future__ import annotations

import mimetypes

import pytest

from mailstrata.search.query.content_types import FAMILIES, NAMES, fits, patterns, read_content_type
from mailstrata.search.query.unreadable import UnreadableError


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("pdf", "application/pdf", True),
        ("pdf", "application/pdfx", False),
        ("image", "image/png", True),
        ("image/*", "image/png", True),
        ("image/*", "images/png", False),
        ("*/pdf", "application/pdf", True),
        ("application/vnd.ms-*", "application/vnd.ms-excel", True),
        ("application/pdf", "application/pdf", True),
        ("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", True),
        ("document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", False),
        ("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", True),
        ("spreadsheet", "text/csv", True),
        ("text", "text/html", True),
    ],
)
def test_what_a_name_stands_for(name: str, content_type: str, expected: bool) -> None:
    """Media types, whole or by their beginning or end."""
    assert any(fits(pattern, content_type) for pattern in patterns(read_content_type(name))) is expected


@pytest.mark.parametrize(
    "text", ["", "*", "*/*", "a*/b", "image/", "/pdf", "image/p*g", "a/b/c", "text/plain; a=b", "[/]"]
)
def test_what_is_no_type(text: str) -> None:
    """It says so, and what to write; no wildcard of a shell or of SQL is among what can be written."""
    with pytest.raises(UnreadableError, match="write"):
        read_content_type(text)


@pytest.mark.parametrize(("text", "meant"), [("spredsheet", "spreadsheet"), ("jpegg", "jpeg"), ("docx1", "docx")])
def test_the_nearest_name(text: str, meant: str) -> None:
    """Is named where there is one."""
    with pytest.raises(UnreadableError, match=f"did you mean {meant}?"):
        read_content_type(text)


def test_the_table_is_sound() -> None:
    """All names and types in lower case, one star at most, at the end; what Python takes an extension for is among what
    it stands for."""
    types = mimetypes.MimeTypes(filenames=())
    for name, stands_for in NAMES.items():
        assert name == name.lower() == read_content_type(name)
        for pattern in stands_for:
            assert pattern == pattern.lower()
            assert "*" not in pattern[:-1]
            assert pattern.count("/") == 1
        guessed, _ = types.guess_type(f"file.{name}")
        if name not in FAMILIES and guessed not in (None, "application/octet-stream"):
            assert guessed is not None
            assert any(fits(pattern, guessed) for pattern in stands_for), (name, guessed)
