"""Conversations of sets of messages: who answers whom, whatever the ids say."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailstrata.search.threads.message import Thread, ThreadMessage
from mailstrata.search.threads.subjects import base_subject
from mailstrata.search.threads.threading import threads

START = datetime(2025, 11, 10)


def message(name: str, *references: str, day: int = 0, **others) -> ThreadMessage:
    """A message whose digest and Message-ID are its name."""
    return ThreadMessage(name, name, references, date=START + timedelta(days=day), **others)


def shape(roots: list[Thread]) -> list[tuple[int, str | None]]:
    """Depths and digests; None for a message that is missing."""
    return [(depth, t.message.sha256 if t.message else None) for root in roots for depth, t in root.walk()]


def test_answers_stand_below_what_they_answer_by_date():
    """Whatever the order in which they come."""
    mails = [message("a"), message("c", "a", day=2), message("b", "a", day=1), message("d", "a", "b", day=3)]
    for seed in range(10):
        random.Random(seed).shuffle(mails)
        assert shape(threads(mails)) == [(0, "a"), (1, "b"), (2, "d"), (1, "c")]


def test_missing_messages():
    """One that several name holds them together; one in the middle gives its place to its answers; one alone goes."""
    assert shape(threads([message("b", "x"), message("c", "x", day=1)])) == [(0, None), (1, "b"), (1, "c")]
    assert shape(threads([message("a"), message("c", "a", "x")])) == [(0, "a"), (1, "c")]
    assert shape(threads([message("b", "x", "y")])) == [(0, "b")]


def test_in_reply_to_counts_where_there_are_no_references():
    """Its first id only: others may be addresses."""
    answer = ThreadMessage("b", "b", (), ("a", "z"), START)
    assert shape(threads([message("a"), answer])) == [(0, "a"), (1, "b")]


def test_what_a_message_says_of_itself_counts_more():
    """c says in its own References that it answers b; that d has it otherwise changes nothing."""
    mails = [message("a"), message("b", "a", day=1), message("c", "a", "b", day=2), message("d", "a", "c", day=0)]
    assert (2, "c") in shape(threads(mails))


def test_circles_and_selves():
    """Nothing is lost, nothing is its own ancestor."""
    assert shape(threads([message("a", "a")])) == [(0, "a")]
    assert sorted(name for _, name in shape(threads([message("a", "b"), message("b", "a")]))) == ["a", "b"]


def test_of_two_messages_with_one_id_the_first_has_the_answers():
    """By date; both are there."""
    twins = [ThreadMessage("t1", "t", date=START), ThreadMessage("t2", "t", date=START + timedelta(1))]
    assert shape(threads([*twins, message("b", "t", day=2)])) == [(0, "t1"), (1, "b"), (0, "t2")]


def test_hostile_references_take_linear_time_and_no_stack():
    """A hundred thousand levels, and a thousand messages that each name ten thousand others in their own order."""
    deep = [message(str(n), str(n - 1), day=0) for n in range(100_000)]
    [root] = threads(deep)
    assert max(depth for depth, _ in root.walk()) == 99_999
    names = [str(n) for n in range(10_000)]
    hostile = []
    for n in range(20):
        random.Random(n).shuffle(names)
        hostile.append(message(f"m{n}", *names))
    assert sum(thread.message is not None for root in threads(hostile) for _, thread in root.walk()) == 20


ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.org"


def test_an_answer_without_ids_is_found_by_its_subject():
    """To whom wrote it, from whom it was written to, or over one list."""
    start = message("a", subject="Hello", from_address=ANN, recipients=(BOB,))
    answer = message("b", day=1, subject="RE[2]: hello", from_address=BOB, recipients=(ANN,))
    assert shape(threads([start, answer])) == [(0, "a"), (1, "b")]
    over_list = [
        message("a", subject="[dev] Hello", list_id="dev", from_address=ANN),
        message("b", day=1, subject="Re: [dev] Hello", list_id="dev", from_address=EVE),
    ]
    assert shape(threads(over_list)) == [(0, "a"), (1, "b")]


def test_mails_called_hello_stay_apart():
    """Of one subject, without Re:, of others' answers, and of answers that are older or much later."""
    start = message("a", day=100, subject="Hello", from_address=ANN, recipients=(BOB,))
    others = [
        message("b", day=101, subject="hello", from_address=BOB, recipients=(ANN,)),
        message("c", day=101, subject="Re: hello", from_address=EVE, recipients=("x@example.org",)),
        message("d", day=99, subject="Re: hello", from_address=BOB, recipients=(ANN,)),
        message("e", day=300, subject="Re: hello", from_address=BOB, recipients=(ANN,)),
        message("f", "gone", day=101, subject="Re: hello", from_address=BOB, recipients=(ANN,)),
    ]
    for other in others:
        assert all(depth == 0 for depth, _ in shape(threads([start, other]))), other


def test_subjects():
    """Marks of answers go, in several languages; forwarding and what people wrote stay."""
    assert base_subject("Re: AW: [list] Re[3]:  The  plan") == ("the plan", True)
    assert base_subject("Fwd: plan") == ("fwd: plan", False)
    assert base_subject("Regards: x") == ("regards: x", False)
    assert base_subject("[solved]") == ("[solved]", False)
    assert base_subject(None) == ("", False)


ids = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(ids, st.lists(ids, max_size=5), st.integers(0, 5)), max_size=12), st.randoms())
def test_every_message_is_there_once_and_order_does_not_matter(drawn, shuffler):
    """Any ids, any circles: a forest of exactly these messages, the same from every order."""
    mails = [ThreadMessage(str(n), m, r, date=START + timedelta(d)) for n, (m, r, d) in enumerate(drawn)]
    found = shape(threads(mails))
    assert sorted(name for _, name in found if name) == sorted(m.sha256 for m in mails)
    shuffler.shuffle(mails)
    assert shape(threads(mails)) == found
