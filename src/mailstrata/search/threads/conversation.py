"""The conversation of one message in an archive, however many messages that has.

Messages are looked up by the ids of those that are known, and by the ids that these name, until nothing is added.
What is found is threaded as any other set of messages; of the trees, the one with the message that was asked for is its
conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailstrata.errors import UsageError
from mailstrata.search.threads.grouping import LONGEST_DAYS
from mailstrata.search.threads.lookup import MessageLookup
from mailstrata.search.threads.message import Thread, ThreadMessage
from mailstrata.search.threads.subjects import base_subject
from mailstrata.search.threads.threading import threads

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive

MOST_MESSAGES = 5_000
"""Messages that are looked up for one conversation."""
MOST_IDS = 20_000
"""Ids that are followed for one conversation."""
MOST_ROUNDS = 50
"""How often it is looked again for what the last look has added."""
_MOST_OF_SUBJECT = 1_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """The conversation of a message."""

    root: Thread
    asked: str
    """The SHA-256 of the message that was asked for."""
    cut: str | None
    """Why messages may be missing, where a limit was met; None where all are there."""


class _Search:
    """What is known so far, and what of it has been followed."""

    def __init__(self, lookup: MessageLookup, most_messages: int) -> None:
        self._lookup = lookup
        self._most = most_messages
        self.found: dict[str, ThreadMessage] = {}
        self.ids: dict[str, None] = {}
        self._new: list[str] = []
        self.cut: str | None = None
        self._rounds = 0

    def add(self, messages: list[ThreadMessage]) -> bool:
        """Take messages in; whether one is new."""
        added = False
        for message in messages:
            if message.sha256 in self.found:
                continue
            if len(self.found) >= self._most:
                self.cut = f"only {self._most:,} messages were looked at"
                break
            self.found[message.sha256] = message
            added = True
            for each in (message.message_id, *reversed(message.references), *message.in_reply_to):
                if not each or each in self.ids:
                    continue
                if len(self.ids) >= MOST_IDS:
                    self.cut = f"only {MOST_IDS:,} message ids were followed"
                    break
                self.ids[each] = None
                self._new.append(each)
        return added

    def follow(self) -> None:
        """Look up what is known by its id, until nothing is added."""
        while self._new and len(self.found) < self._most:
            if self._rounds >= MOST_ROUNDS:
                self.cut = f"it was looked only {MOST_ROUNDS} times for more"
                return
            self._rounds += 1
            new, self._new = self._new, []
            self.add(self._lookup.by_ids(new, self._most + 1))

    def conversation(self, asked: str) -> Thread:
        """The tree of what is known in which the message stands."""
        for root in threads(self.found.values()):
            if any(thread.message is not None and thread.message.sha256 == asked for _, thread in root.walk()):
                return root
        raise AssertionError("threading has lost a message")


def conversation(archive: Archive, digest: str, *, most_messages: int = MOST_MESSAGES) -> Conversation:
    """The conversation of the message of that SHA-256.

    Takes time for the lookups of the ids, which hardly depends on the size of the archive, and for two or three
    reads of the
    columns with ids. Holds at most `most_messages` and `MOST_IDS`. Raises `UsageError` where the index has no such
    message, `ArchiveError` where it cannot be read.
    """
    with MessageLookup(archive) as lookup:
        asked = lookup.by_digest(digest)
        if not asked:
            raise UsageError(f"{archive.path} has no message {digest} in its index")
        search = _Search(lookup, most_messages)
        search.add(asked)
        search.follow()
        # What names one of these ids in the middle only, as where a mailer has cut References at their beginning, and
        # the ids before them are those of messages that nobody has.
        while search.cut is None and search.add(lookup.naming(list(search.ids), most_messages + 1)):
            search.follow()
        root = search.conversation(digest)
        if search.cut is None:
            _add_of_subject(search, lookup, root)
            root = search.conversation(digest)
    return Conversation(root, digest, search.cut)


def _add_of_subject(search: _Search, lookup: MessageLookup, root: Thread) -> None:
    """Take in what threading may join by its subject: answers to the root, or what the root answers."""
    start = root.message
    if start is None or start.date is None:
        return
    subject, is_reply = base_subject(start.subject)
    if not subject:
        return
    window = timedelta(days=LONGEST_DAYS)
    first, last = (start.date - window, start.date) if is_reply else (start.date, start.date + window)
    # All that is of this subject ends in its last word as it stands, but for case.
    ending = (start.subject or "").split()[-1]
    candidates = lookup.of_subject(ending, first, last, 10 * _MOST_OF_SUBJECT + 1)
    same = [each for each in candidates if base_subject(each.subject)[0] == subject]
    if len(candidates) > 10 * _MOST_OF_SUBJECT or len(same) > _MOST_OF_SUBJECT:
        search.cut = f"only {_MOST_OF_SUBJECT:,} messages of the same subject were looked at"
    if search.add(same[:_MOST_OF_SUBJECT]):
        search.follow()
