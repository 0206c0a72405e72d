"""format=flowed undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.flowed import unflow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n", "\n\n"),
        ("fixed\nlines\n", "fixed\nlines\n"),
        ("one \nparagraph \nof three\nand another", "one paragraph of three\nand another"),
        ("crlf \r\njoined\r\nkept\r\n", "crlf joined\r\nkept\r\n"),
        ("ends in a space ", "ends in a space "),
        ("flows \nto the end \n", "flows to the end \n"),
        # space-stuffing
        (" From x\n >y\n  z\n", "From x\n>y\n z\n"),
        ("flows \n  indented", "flows  indented"),
        (" \nx", "\nx"),
        # quote depth
        ("> quoted \n> text\n> more\n", "> quoted text\n> more\n"),
        (">> deep \n> less\nnone", ">> deep \n> less\nnone"),
        (">tight \n>lines", "> tight lines"),
        (">\n> \n>x", ">\n>\n> x"),
        ("text \n> quoted", "text \n> quoted"),
        # the signature separator
        ("flows \n-- \nAnn \nLee", "flows \n-- \nAnn Lee"),
        ("> flows \n> -- \n> Ann", "> flows \n> -- \n> Ann"),
    ],
)
def test_unflow(text, expected):
    """RFC 3676, 4: soft breaks are joined within a quote depth, space-stuffing goes, signatures stand alone."""
    assert unflow(text, delsp=False) == expected


def test_delsp():
    """With DelSp=yes the space before a soft break goes; the signature separator keeps its own."""
    assert unflow("日本 \r\n語\r\n-- \r\nx", delsp=True) == "日本語\r\n-- \r\nx"
    assert unflow("two  \nwords", delsp=True) == "two words"


@given(
    st.lists(st.sampled_from(["a", " ", ">", "\n", "\r", "\r\n", "-- ", "\x85", "\u2028"])).map("".join), st.booleans()
)
def test_nothing_but_spaces_and_breaks_goes(text, delsp):
    """Never raises; the text itself stays, in order, and without spaces at their ends no lines are joined."""
    result = unflow(text, delsp)
    assert [c for c in result if c not in " >\r\n"] == [c for c in text if c not in " >\r\n"]
    assert unflow(text.replace(" ", ""), delsp).replace(" ", "") == text.replace(" ", "")


_WORDS = st.text(st.sampled_from("a>Z- ü日\u00a0"), min_size=1, max_size=30)
_PARAGRAPHS = st.lists(st.tuples(st.integers(0, 3), _WORDS.filter(lambda text: text == text.rstrip(" "))), max_size=6)


@given(_PARAGRAPHS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.data())
def test_what_is_flowed_comes_back(paragraphs, line_break, delsp, data):
    """Paragraphs of any quote depth, cut anywhere (or, without DelSp, behind spaces) and stuffed, are made whole."""
    lines = []
    for depth, text in paragraphs:
        at = 0
        while True:
            places = [place for place in range(at + 1, len(text)) if delsp or text[place - 1] == " "]
            cut = data.draw(st.sampled_from([*places, None]))
            piece = text[at:cut]
            soft = "" if cut is None else " " if delsp else ""
            if piece + soft == "-- ":  # would be a signature separator
                cut, piece, soft = None, text[at:], ""
            lines.append(">" * depth + " " + piece + soft + line_break)
            if cut is None:
                break
            at = cut
    expected = "".join(f"{'>' * depth} {text}" if depth else text for depth, text in _ended(paragraphs, line_break))
    assert unflow("".join(lines), delsp) == expected


def _ended(paragraphs: list[tuple[int, str]], line_break: str) -> list[tuple[int, str]]:
    return [(depth, text + line_break) for depth, text in paragraphs]


def test_a_long_paragraph_takes_linear_time():
    """Two million lines that all flow into one; a join for each of them anew would take hours."""
    assert unflow("word \r\n" * 2_000_000, delsp=False) == "word " * 2_000_000 + "\r\n"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", [">", "> ", " ", "a \n", "\n", "> a \n", ">\n> > "])
def test_long_text_takes_linear_time(unit):
    """A megabyte of any of these."""
    unflow(unit * (1_000_000 // len(unit)), True)
