"""mailstrata.cli.terminal: nothing from mail acts on a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.cli.terminal import cut, display_width, pad, safe_json, safe_line, safe_text

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


def acts_on_a_terminal(character: str) -> bool:
    """Whether a terminal would do something else than show the character."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDI


@given(ANY_TEXT)
def test_a_safe_line_holds_no_control_whatever_the_text_is(text: str) -> None:
    """No C0, C1, bidirectional control, line separator or surrogate is left, so nothing reaches the terminal raw."""
    assert not any(map(acts_on_a_terminal, safe_line(text)))


@given(ANY_TEXT)
def test_safe_text_holds_no_control_but_line_feeds_and_tabs(text: str) -> None:
    """A body keeps its lines and tabs, and nothing else that a terminal acts on."""
    assert not any(map(acts_on_a_terminal, safe_text(text).replace("\n", "").replace("\t", "")))


@given(ANY_TEXT)
def test_safe_json_is_the_same_document(text: str) -> None:
    """What is escaped for the terminal reads back as what it was."""
    document = json.dumps({"value": text}, ensure_ascii=False)
    safe = safe_json(document)
    assert json.loads(safe) == {"value": text}
    assert not any(map(acts_on_a_terminal, safe))


def test_controls_are_shown_as_escapes() -> None:
    """One sees that something was there, and what."""
    assert safe_line("a\x1b[31m\x7f\x9b\u202eb") == r"a\x1b[31m\x7f\x9b\u202eb"


def test_line_breaks_become_spaces_on_a_line_and_stay_in_text() -> None:
    """A header value cannot forge a line of ours; a text keeps its lines, with LF for CRLF and no bare CR."""
    assert safe_line("a\r\nb\nc\td") == "a b c d"
    assert safe_text("a\r\nb\rc\td") == "a\nb\\x0dc\td"


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_width_counts_wide_and_combining_characters(text: str, width: int) -> None:
    """Columns of a table stay aligned in CJK and in decomposed text."""
    assert display_width(text) == width


@given(st.text(), st.integers(1, 20))
def test_cut_fits_and_says_what_is_missing(text: str, width: int) -> None:
    """A cut text is never wider than asked for, and ends in an ellipsis exactly when something is left out."""
    shown = cut(text, width)
    assert display_width(shown) <= width
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def test_pad_fills_by_columns() -> None:
    """A wide character counts for two columns."""
    assert pad("日", 4) == "日  "
    assert pad("7", 3, right=True) == "  7"
