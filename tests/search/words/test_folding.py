"""How text becomes words: in every script, whatever is in it, and the same for what is indexed and what is asked."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.query_reference import WITHOUT_SPACES

from mailstrata.search.words.folding import LONGEST_WORD, words_of, words_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The signed Contract.", "the signed contract"),
        ("ann.o'neil@mail.Example.org", "ann o neil mail example org"),
        ("report_2024-03.PDF", "report 2024 03 pdf"),
        ("CAFÉ cafe\u0301 Caf\u00e9", "cafe cafe cafe"),
        ("Straße STRASSE ẞ", "strasse strasse ss"),
        ("naïve Ångström Łódź Ærø", "naive angstrom łodz ærø"),
        ("İstanbul ISTANBUL", "istanbul istanbul"),
        ("ﬁnance ﬀ ① ½", "finance ff 1 1 2"),
        ("\uff26\uff55\uff4c\uff4c \uff57ide", "full wide"),
        ("Ελλάδα ΟΔΟΣ οδός", "ελλαδα οδοσ οδοσ"),
        ("Ёлка Й", "елка и"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("हिन्दी", "हिनदी"),
        ("契約書", "契 約 書"),
        ("契約 ２０２４年", "契 約 2024 年"),
        ("ｶﾞｷﾞ がぎ ガギ", "カ キ か き カ キ"),
        ("人々\u3007", "人 々 \u3007"),
        ("ไทย", "ไ ท ย"),
        ("한국어", unicodedata.normalize("NFKD", "한국어")),
        ("con\u00adtract zero\u200dwidth\u2060joiner", "contract zerowidthjoiner"),
        ("in\u200bvoice", "invoice"),
        ("\ud800lone\udfff", "lone"),
        ("\x00a\x1fb\x85c\u2028d", "a b c d"),
        ("", ""),
        (" \t.,;:!?()[]<>\u3000。、", ""),
        ("\U0001d401\U0001d428\U0001d425\U0001d41d 🙂 x", "bold x"),
    ],
)
def test_words(text: str, words: str) -> None:
    """Letters without their marks, in folded case; what separates, and what does not."""
    assert words_of(text) == words.split()


def slow_words(text: str) -> list[str]:
    """The same, a character at a time, as docs/finding.md defines them."""
    words: list[str] = []
    word = ""
    for written in text:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", written).casefold())
        for character in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold()):
            category = unicodedata.category(character)
            if unicodedata.combining(character) or category == "Cf":
                continue
            if category[0] not in "LNM":
                words.append(word)
                word = ""
            elif any(unicodedata.name(character, "").startswith(script) for script in WITHOUT_SPACES):
                words += [word, character]
                word = ""
            else:
                word += character
    return [each for each in (*words, word) if each]


@given(st.text() | st.text("aB \u0301é契約かﾞไก\u0445Й\u00ad\u200b.1", min_size=1))
def test_it_is_what_is_defined(text: str) -> None:
    """For any text."""
    assert words_of(text) == slow_words(text)


@given(st.text())
def test_it_is_the_same_the_second_time(text: str) -> None:
    """Words are made of words alone; what is shown to a person and asked again is found."""
    assert words_of(" ".join(words_of(text))) == words_of(text)
    assert words_of(text.upper()) == words_of(text.upper().lower())


@given(st.text(), st.text())
def test_what_stands_apart_is_apart(first: str, second: str) -> None:
    """A text may be cut at a space."""
    assert words_of(f"{first} {second}") == words_of(first) + words_of(second)


def test_all_of_unicode() -> None:
    """Each character alone; so that no table of scripts has a hole or a range too much where names say which script it
    is."""
    assigned = (each for each in map(chr, range(0x110000)) if unicodedata.category(each) not in ("Cn", "Co", "Cs"))
    different = [character for character in assigned if words_of(character) != slow_words(character)]
    assert different == []


def test_a_word_without_end_is_cut() -> None:
    """The full-text index would leave it out whole."""
    assert words_of("a" * (2 * LONGEST_WORD + 1)) == ["a" * LONGEST_WORD, "a" * LONGEST_WORD, "a"]
    assert words_of("é" * (LONGEST_WORD + 1) + " x") == ["e" * LONGEST_WORD, "e", "x"]
    assert words_of("契" * (LONGEST_WORD + 1)) == ["契"] * (LONGEST_WORD + 1)


@pytest.mark.parametrize("piece", ["a", "é", " .", "契", "a\u0301", "word and word “quoted” ", "\u0301", "\U0001f642"])
def test_time_is_linear(piece: str) -> None:
    """Eight times as much takes less than thirty times as long, whatever it is."""

    def seconds(count: int) -> float:
        text = piece * count
        taken = []
        for _ in range(3):
            start = time.process_time()
            words_text(text)
            taken.append(time.process_time() - start)
        return min(taken)

    seconds(1000)
    assert seconds(400_000) < 30 * max(seconds(50_000), 0.0005)
