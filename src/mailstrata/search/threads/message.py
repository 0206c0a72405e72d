"""What threading knows of a message, and the trees that it makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message as threading sees it: columns of *messages* (docs/index-schema.md)."""

    sha256: str
    """What tells it from every other message, and the last thing by which messages are put in order."""
    message_id: str | None = None
    references: Sequence[str] = ()
    """The ids of References, oldest first (RFC 5322, 3.6.4)."""
    in_reply_to: Sequence[str] = ()
    date: datetime | None = None
    """In UTC, without a time zone."""
    from_: str | None = None
    subject: str | None = None
    list_id: str | None = None
    from_address: str | None = None
    """The author's address, in lower case."""
    recipients: Sequence[str] = ()
    """The addresses of To and Cc, in lower case."""
    attachment_count: int = 0


@dataclass(eq=False, slots=True, repr=False)
class Thread:
    """A message and what answers it. `message` is None at a root that others answer and nobody has: then
    `message_id` is
    the id that they name."""

    message: ThreadMessage | None
    message_id: str | None
    children: list[Thread] = field(default_factory=list)

    def __repr__(self) -> str:
        # Not the children: a conversation may be deeper than Python's stack.
        return f"Thread({self.message_id!r}, {len(self.children)} answers)"

    def walk(self) -> Iterator[tuple[int, Thread]]:
        """This and everything below, each with its depth from 0, answers after what they answer. However deep it is,
        nothing recurses."""
        waiting = [(0, self)]
        while waiting:
            depth, thread = waiting.pop()
            yield depth, thread
            waiting.extend((depth + 1, child) for child in reversed(thread.children))
