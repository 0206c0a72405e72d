"""What was written, quoted and signed, told apart as mail programs of many languages write it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.search.texts.quoted_history import split_text

OLD = "the old text"
INTRODUCTIONS = [
    "On Mon, 5 May 2025 at 10:00, Ann Example <ann@example.org> wrote:",
    "On Mon, 5 May 2025 at 10:00, Ann Example\n<ann@example.org> wrote:",
    "Am 05.05.2025 um 10:00 schrieb Ann Example:",
    "Le lun. 5 mai 2025 à 10:00, Ann Example <ann@example.org> a écrit :",
    "El lun, 5 may 2025 a las 10:00, Ann (<ann@example.org>) escribió:",
    "Il giorno lun 5 mag 2025 alle ore 10:00 Ann <ann@example.org> ha scritto:",
    "Op 5 mei 2025 om 10:00 schreef Ann Example <ann@example.org>:",
    "5 мая 2025 в 10:00 Ann <ann@example.org> написал:",
    "2025年5月5日 10:00 Ann <ann@example.org> 写道：",  # noqa: RUF001 - as it is written there
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_marked_lines_and_the_line_that_introduces_them_are_history(introduction: str) -> None:
    """What is not marked, above and below, is the writer's."""
    split = split_text(f"My answer.\n\n{introduction}\n\n> {OLD}\n>\n> more\n\nMy end.\n")
    assert split.text.split() == ["My", "answer.", "My", "end."]
    assert split.quoted == f"{introduction}\n> {OLD}\n>\n> more"


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Ann\nSent: Monday\n",
        "-----Ursprüngliche Nachricht-----\nVon: Ann\n",
        "---------- Forwarded message ---------\nFrom: Ann\n",
        "________________________________\nFrom: Ann <ann@example.org>\nSent: Monday\nTo: Bob\nSubject: x\n",
        "Von: Ann\nGesendet: Montag, 5. Mai 2025\nAn: Bob\nBetreff: x\n",
        "De : Ann\nEnvoyé : lundi 5 mai 2025\nÀ : Bob\nObjet : x\n",
        "From: Ann\nTo: Bob, and a list that is\n  folded\nSubject: x\n",
        "发件人: Ann\n发送时间: 2025\n收件人: Bob\n",
        "Begin forwarded message:\n\nFrom: Ann\n",
        "On Monday, 5 May 2025 10:00, Ann <ann@example.org> wrote:\n",
    ],
)
def test_all_below_a_block_is_history(block: str) -> None:
    """As Outlook, Apple Mail and Yahoo write above a message that they quote whole."""
    split = split_text(f"My answer.\n\n{block}\n{OLD}\n")
    assert split.text == "My answer."
    assert split.quoted == f"{block}\n{OLD}"


@pytest.mark.parametrize(
    "text",
    [
        "From: is a word\nand nothing follows",
        "Subject: a form\nTo: be filled in",
        "From: here it is one\nTo: field that follows",
        "He wrote:\nnothing of note.",
        "On 5 May they wrote: yes",
        "a -- b --- c",
        ">From here on, an mbox has quoted a line.",
        "_______________________________________________\nlist mailing list\nlist@example.org",
        "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-old\n+new",
    ],
)
def test_what_only_looks_like_history_stays(text: str) -> None:
    """A wrong cut loses text, which is worse than a cut that was not made; list footers are no history."""
    assert split_text(text) == (text, "", "")


@pytest.mark.parametrize(
    ("text", "written", "signature"),
    [
        ("Hello\n-- \nAnn\nPhone 1", "Hello", "-- \nAnn\nPhone 1"),
        ("Hello\n--\nAnn", "Hello", "--\nAnn"),
        ("Hello\n-- \nAnn\n\n-- \nThe footer of a list", "Hello", "-- \nAnn\n\n-- \nThe footer of a list"),
        ("Hello\n\nSent from my iPhone", "Hello", "Sent from my iPhone"),
        ("Hallo\n\nVon meinem iPhone gesendet", "Hallo", "Von meinem iPhone gesendet"),
        ("Hello\n-- \n" + "a line\n" * 100, ("Hello\n-- \n" + "a line\n" * 100).strip(), ""),
    ],
)
def test_signatures(text: str, written: str, signature: str) -> None:
    """The separator of RFC 3676, that without its space, and telephones; what is long is no signature."""
    assert split_text(text) == (written, "", signature)


def test_a_signature_above_the_history_is_told_from_both() -> None:
    """Top posting: the answer, the signature, then all that was before."""
    split = split_text(f"Yes.\n-- \nAnn\n\n-----Original Message-----\nFrom: Bob\n\n{OLD}")
    assert split == ("Yes.", f"-----Original Message-----\nFrom: Bob\n\n{OLD}", "-- \nAnn")


LINES = st.sampled_from(
    [
        *("", "text", "> quoted", ">> twice", "-- ", "--", "From: a", "To: b", "Sent: c", "____________"),
        "On 1 Jan 2020 x wrote:",
    ]
)


@given(st.lists(LINES, max_size=30))
def test_no_word_is_lost(lines: list[str]) -> None:
    """Whatever the text, all its words are in one of the three."""
    text = "\n".join(lines)
    assert sorted(" ".join(split_text(text)).split()) == sorted(text.split())


UNITS = ["> a\n", "From:\n", "From: a\nTo: b\n", "On 1 wrote:\n> a\n", "-- \n", "a:\n", "-", ">\n\n", " ", "\n"]


@pytest.mark.parametrize("unit", [*UNITS, "_" * 80 + "\n"])
def test_time_is_linear(unit: str) -> None:
    """Eight times the text takes at most some twenty times as long, whatever is repeated."""

    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = 1e9
        for _ in range(2):
            started = time.process_time()
            split_text(text)
            best = min(best, time.process_time() - started)
        return best

    assert seconds(400_000) <= 20 * max(seconds(50_000), 0.005)
