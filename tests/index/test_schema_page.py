from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mailstrata.index import schema_page
from mailstrata.index.schema import TABLES

PAGE = Path(__file__).parents[2] / "docs" / "index-schema.md"


def test_the_page_is_up_to_date():
    """The page says what the schemas say; else run: python -m mailstrata.index.schema docs/index-schema.md"""
    page = PAGE.read_text(encoding="utf-8")
    assert schema_page.BEGIN_MARK in page
    assert schema_page.with_tables(page) == page


def test_every_column_has_a_line():
    """The tables of the page leave nothing out."""
    text = schema_page.markdown()
    for schema in TABLES.values():
        for field in schema:
            assert f"| `{field.name}` | " in text


def test_bringing_the_page_up_to_date_keeps_the_prose(tmp_path):
    """Only what stands between the marks is replaced."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{schema_page.BEGIN_MARK}stale\n{schema_page.END_MARK}after\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "mailstrata.index.schema", str(page)], check=True)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale" not in text
    assert schema_page.markdown() in text
