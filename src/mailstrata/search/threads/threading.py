"""Messages into conversations: JWZ's algorithm, in linear time and without recursion whatever the messages say.

A message's own References say whose answer it is; what they say of others counts where these do not say it
themselves. (The paper goes through the messages once and takes links back where a message contradicts them; two
passes come
to the same, and never take one back.) A link that would close a circle is left out, which a union of sets finds out at
almost constant cost; walking up the tree, as the paper does, is quadratic in the length of a hostile References.

Grouping by subject is where the paper's rules join what has nothing to do with each other: all the mails called
"hello". See `grouping`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailstrata.search.threads.grouping import group_by_subject
from mailstrata.search.threads.message import Thread, ThreadMessage

MOST_IDS = 10_000
"""Ids of one References that count, the last ones: as many as a row of *messages* holds."""


class _Forest:
    """Nodes with parents, none of them its own ancestor. A node is a number."""

    def __init__(self) -> None:
        self.parents: list[int] = []
        self._sets: list[int] = []

    def add(self) -> int:
        """A node of its own."""
        node = len(self.parents)
        self.parents.append(-1)
        self._sets.append(node)
        return node

    def link(self, node: int, parent: int) -> None:
        """Give the node that parent, unless it has one or would become its own ancestor."""
        if self.parents[node] >= 0:
            return
        # A node without a parent is the root of its tree.
        below, above = self._set(node), self._set(parent)
        if below == above:
            return
        self.parents[node] = parent
        self._sets[below] = above

    def _set(self, node: int) -> int:
        sets = self._sets
        while sets[node] != node:
            sets[node] = node = sets[sets[node]]
        return node


def threads(messages: Iterable[ThreadMessage]) -> list[Thread]:
    """The conversations of these messages, each as its root, by date; within one, answers by date.

    A message that others name and that is not among them stands for itself only as a root of several; elsewhere its
    answers take its place. Of several messages with one Message-ID, the answers go to the first (by date, then
    digest). The
    order of the messages does not matter. Holds all of them; linear in the number of their ids, but for sorting.
    """
    ordered = sorted(messages, key=_order)
    forest = _Forest()
    nodes: dict[str, int] = {}
    ids: list[str | None] = []
    held: list[ThreadMessage | None] = []

    def node_of(message_id: str | None) -> int:
        node = forest.add()
        ids.append(message_id)
        held.append(None)
        if message_id is not None:
            nodes[message_id] = node
        return node

    own: list[int] = []
    for message in ordered:
        # A second one of the same id is a node that no id leads to.
        is_new = bool(message.message_id) and message.message_id not in nodes
        node = node_of(message.message_id if is_new else None)
        ids[node] = message.message_id
        held[node] = message
        own.append(node)
    chains = [_ancestors(message) for message in ordered]
    for node, chain in zip(own, chains, strict=True):
        if chain:
            last = chain[-1]
            forest.link(node, nodes[last] if last in nodes else node_of(last))
    for chain in chains:
        previous = -1
        for each in chain:
            node = nodes[each] if each in nodes else node_of(each)
            if previous >= 0:
                forest.link(node, previous)
            previous = node
    roots = _without_missing(forest.parents, held, ids)
    return sorted_threads(group_by_subject(sorted_threads(roots)))


def _order(message: ThreadMessage) -> tuple[datetime, str]:
    return message.date or datetime.min, message.sha256


def _ancestors(message: ThreadMessage) -> list[str]:
    """The ids of what the message answers, oldest first, each once, without its own."""
    references = message.references or message.in_reply_to[:1]
    chain = dict.fromkeys(references[-MOST_IDS:])
    chain.pop(message.message_id or "", None)
    chain.pop("", None)
    return list(chain)


def _without_missing(parents: list[int], held: list[ThreadMessage | None], ids: list[str | None]) -> list[Thread]:
    """The trees of the messages: answers to a missing message go to what that one answers; a missing root stays where
    there are several of them."""
    below: list[list[int]] = [[] for _ in parents]
    tops: list[int] = []
    for node, parent in enumerate(parents):
        (below[parent] if parent >= 0 else tops).append(node)
    made: dict[int, Thread] = {}
    roots: list[Thread] = []
    # Each node with the nearest one above it that stays. Moving answers up level by level would be quadratic.
    waiting = [(top, -1) for top in tops]
    while waiting:
        node, above = waiting.pop()
        message = held[node]
        if message is not None or above < 0:
            thread = made[node] = Thread(message, ids[node])
            (made[above].children if above >= 0 else roots).append(thread)
            above = node
        waiting.extend((child, above) for child in below[node])
    stay = (root if root.message is not None or len(root.children) != 1 else root.children[0] for root in roots)
    return [root for root in stay if root.message is not None or root.children]


def sorted_threads(roots: list[Thread]) -> list[Thread]:
    """The same trees with roots and answers in order of date; a missing root counts as its first answer."""
    for root in roots:
        for _, thread in root.walk():
            if len(thread.children) > 1:
                thread.children.sort(key=_thread_order)
    return sorted(roots, key=_thread_order)


def _thread_order(thread: Thread) -> tuple[datetime, str]:
    # Only roots are without a message, and their answers are in order by then.
    message = thread.message or thread.children[0].message
    assert message is not None
    return _order(message)
