"""mailstrata.cli.html_text: the text of mail that has only HTML."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.cli.html_text import html_to_text


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo\n"),
        ("a<br>b<BR/>c", "a\nb\nc\n"),
        ("<b>bold</b> and\n  <i>italic</i>", "bold and italic\n"),
        ("Tom &amp; Jerry&nbsp;&lt;3", "Tom & Jerry <3\n"),
        ("<style>p { color: red }</style>seen<script>if (a<b) hide()</script>", "seen\n"),
        ("<title>x</title>seen", "seen\n"),
        ("a<!-- <b>not</b> seen -->b", "ab\n"),
        ("a <!--[if mso]><table><![endif]-->b", "a b\n"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2\n"),
        ("cut off <a href='x", "cut off\n"),
        ("", "\n"),
    ],
)
def test_what_a_reader_sees(document: str, text: str) -> None:
    """Tags, comments, scripts and styles go; entities and paragraphs come out as one reads them."""
    assert html_to_text(document) == text


@given(st.text(alphabet="<>!-/ab \n&;p"))
def test_no_document_raises(document: str) -> None:
    """Mail sends anything as HTML."""
    html_to_text(document)


@pytest.mark.parametrize("piece", ["<", "<!--", "<script", "<p> ", " \n", "&#", "</script><script>"])
def test_time_is_linear_in_what_is_unclosed(piece: str) -> None:
    """A megabyte of any opening takes well below the time that a quadratic search would (minutes)."""
    document = piece * (1_000_000 // len(piece))
    began = time.process_time()
    html_to_text(document)
    assert time.process_time() - began < 10
