"""Answers that name no message by its id, put below what they answer by their subject.

The paper joins all roots of one subject. Here three things have to speak for it: the subject says that it is an answer
(`Re:`) and the message has neither References nor In-Reply-To; what it would answer has the same subject without
`Re:` and is at
most `LONGEST_DAYS` older; and the two have to do with each other: the answer goes to who wrote, or comes from who
was written to,
or both went over one mailing list. So mails that are all called "hello" stay apart, whoever answers some of them.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from mailstrata.search.threads.message import Thread, ThreadMessage
from mailstrata.search.threads.subjects import base_subject

LONGEST_DAYS = 90
"""Days after which an answer without ids is no longer taken for one."""


class _Key(NamedTuple):
    """What an answer and the message that it answers have in common."""

    subject: str
    kind: str
    value: str


def group_by_subject(roots: list[Thread]) -> list[Thread]:
    """The roots that remain when answers are below what they answer. The roots must be in order of their dates."""
    starts: dict[_Key, tuple[list[datetime], list[Thread]]] = {}
    remaining: list[Thread] = []
    for root in roots:
        message = root.message
        if message is None or message.date is None:
            remaining.append(root)
            continue
        subject, is_reply = base_subject(message.subject)
        if not subject:
            remaining.append(root)
        elif is_reply:
            # What it answers is older, so all that it may be has been seen.
            start = None if message.references or message.in_reply_to else _answered(starts, subject, message)
            (remaining if start is None else start.children).append(root)
        else:
            remaining.append(root)
            for key in _keys_of_start(subject, message):
                dates, found = starts.setdefault(key, ([], []))
                dates.append(message.date)
                found.append(root)
    return remaining


def _keys_of_start(subject: str, message: ThreadMessage) -> set[_Key]:
    keys = {_Key(subject, "recipient", address) for address in message.recipients}
    if message.from_address:
        keys.add(_Key(subject, "author", message.from_address))
    if message.list_id:
        keys.add(_Key(subject, "list", message.list_id))
    return keys


def _answered(
    starts: dict[_Key, tuple[list[datetime], list[Thread]]], subject: str, message: ThreadMessage
) -> Thread | None:
    """The latest message that this one may answer."""
    assert message.date is not None
    keys = {_Key(subject, "author", address) for address in message.recipients}
    if message.from_address:
        keys.add(_Key(subject, "recipient", message.from_address))
    if message.list_id:
        keys.add(_Key(subject, "list", message.list_id))
    best: tuple[datetime, str] | None = None
    answered = None
    for key in keys:
        if key not in starts:
            continue
        dates, found = starts[key]
        place = bisect_right(dates, message.date) - 1
        if place < 0 or message.date - dates[place] > timedelta(days=LONGEST_DAYS):
            continue
        start = found[place].message
        assert start is not None
        if best is None or (dates[place], start.sha256) > best:
            best = dates[place], start.sha256
            answered = found[place]
    return answered
