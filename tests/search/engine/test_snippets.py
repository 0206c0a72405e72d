"""The piece of a text in which words were found, and their places in it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.query_reference import follow_one_another

from mailstrata.search.engine.hits import Snippet
from mailstrata.search.engine.snippets import LENGTH, Term, beginning, snippet
from mailstrata.search.words.folding import words_of


def marked(found: Snippet | None) -> list[str]:
    """What is marked."""
    assert found is not None
    return [found.text[start:end] for start, end in found.marks]


@pytest.mark.parametrize(
    ("text", "asked", "marks"),
    [
        ("Please sign the CONTRACT today.", "contract", ["CONTRACT"]),
        ("The signed\n  contract, then a contract", "signed contract", ["signed contract"]),
        ("Un café, deux cafe\u0301s", "cafe", ["café"]),
        ("die Straße", "strasse", ["Straße"]),
        ("本契約書は有効です", "契約", ["契約"]),
        ("write to ann@example.org!", "ann@example.org", ["ann@example.org"]),
        ("“quoted”—dash", "quoted", ["quoted"]),
        ("“quoted”—dash", "dash", ["dash"]),
        ("soft con\u00adtract", "contract", ["con\u00adtract"]),
        ("ﬁnance", "finance", ["ﬁnance"]),
    ],
)
def test_what_is_marked(text: str, asked: str, marks: list[str]) -> None:
    """As it stands in the text, whatever its words are made of."""
    assert marked(snippet("body", text, [Term(tuple(words_of(asked)))])) == marks


def test_a_beginning_is_marked_to_the_end_of_the_word() -> None:
    """`contr*` has found the whole word."""
    assert marked(snippet("body", "many contracts", [Term(("contr",), is_prefix=True)])) == ["contracts"]
    assert snippet("body", "many contracts", [Term(("contr",))]) is None


def test_the_piece_with_most_of_what_is_asked_for() -> None:
    """Not the first word that fits, and on one line."""
    text = "contract " + "x " * 300 + "\nthe signed\r\n\tcontract of spring " + "y " * 300
    found = snippet("body", text, [Term(("contract",)), Term(("signed",)), Term(("spring",))])
    assert marked(found) == ["signed", "contract", "spring"]
    assert found is not None
    assert "\n" not in found.text
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert len(found.text) < 2 * LENGTH


WORDS = st.sampled_from(
    ["a", "contract", "CONTRACT", "é", "契約", "x.y", "“q”", "\u202e", "\x1b[31m", "ß", " ", "\n", ","]
)


@given(st.lists(WORDS, max_size=60).map(" ".join), st.lists(WORDS, min_size=1, max_size=3).map(" ".join), st.booleans())
def test_marks_are_of_what_is_asked_for(text: str, asked: str, is_prefix: bool) -> None:
    """For any text: the marks are in order and within, and hold the words; where the words are in the text, it has a
    snippet."""
    term = Term(tuple(words_of(asked)), is_prefix)
    found = snippet("body", text, [term])
    assert (found is not None) == follow_one_another(list(term.words), words_of(text), is_prefix)
    if found is None:
        return
    ends = [0]
    for start, end in found.marks:
        assert ends[-1] <= start < end <= len(found.text)
        ends.append(end)
        words = words_of(found.text[start:end])
        assert tuple(words[: len(term.words) - 1]) == term.words[:-1]
        assert words[-1].startswith(term.words[-1])
    assert found.marks


def test_without_words_it_is_the_beginning() -> None:
    """On one line, cut."""
    assert beginning("body", " \n\t") is None
    assert beginning("body", "one\n\ntwo") == Snippet("body", "one two")
    long = beginning("body", "word " * 1000)
    assert long is not None
    assert len(long.text) == LENGTH


def test_a_large_text_takes_little_time() -> None:
    """Four million characters that hold the words at the end; without them, it is known sooner."""
    text = "lorem ipsum dolor " * 230_000 + "contract"
    start = time.process_time()
    assert marked(snippet("body", text, [Term(("contract",))])) == ["contract"]
    assert snippet("body", text, [Term(("missing",))]) is None
    assert time.process_time() - start < 3
