"""The page says what the files hold."""

from __future__ import annotations

from pathlib import Path

from mailstrata.search.texts.schema import markdown

PAGE = Path(__file__).parents[3] / "docs" / "texts.md"


def test_the_page_has_the_table() -> None:
    """docs/texts.md and the descriptions in the schema are the same."""
    assert markdown() in PAGE.read_text(encoding="utf-8")
