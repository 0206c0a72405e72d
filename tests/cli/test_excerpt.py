"""The place of an error under what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.cli.excerpt import excerpt
from mailstrata.cli.terminal import display_width, safe_line


@pytest.mark.parametrize(
    ("text", "start", "end", "lines"),
    [
        ("a form:ann", 2, 7, ("a form:ann", "  ^^^^^")),
        ("a OR", 4, 4, ("a OR", "    ^")),
        ("契約 form:", 3, 8, ("契約 form:", "     ^^^^^")),
        ("\x1b[2J\nform:", 5, 10, ("\\x1b[2J form:", "        ^^^^^")),
        ("x" * 100 + "form:" + "y" * 100, 100, 105, ("…" + "x" * 40 + "form:" + "y" * 40 + "…", " " * 41 + "^^^^^")),
        ("", 0, 0, ("", "^")),
    ],
)
def test_carets_stand_under_the_place(text: str, start: int, end: int, lines: tuple[str, str]) -> None:
    """Also behind wide characters, escapes and what was left out."""
    assert excerpt(text, start, end) == lines


@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_the_lines_are_short_and_safe(text: str, start: int, end: int) -> None:
    """Whatever was written."""
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    shown, carets = excerpt(text, start, end)
    assert safe_line(shown) == shown
    assert carets.strip() == "^" * len(carets.strip())
    assert len(shown) <= 142 * len("\\uffff")
    assert len(carets) <= display_width(shown) + 1
