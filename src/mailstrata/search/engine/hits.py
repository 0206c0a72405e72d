"""What a search gives: messages with what is said of them, and where the words were found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

Mark = tuple[int, int]
"""The first character of what was found, and the one behind it, in a snippet."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, on one line, in which words were found: `marks` are their places in it, in order. `field` is
    the one it comes from: `subject`, `from`, `body`, `quoted`, `content`, `filename`... It is what the message says:
    hostile until made safe."""

    field: str
    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachmentHit:
    """An attachment in whose text or name words were found. `snippet` is a piece of the text, or the name."""

    path: str
    filename: str | None
    content_type: str
    size: int | None
    sha256: str | None
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found.

    `score` has no unit: it orders the hits of one search, and is 0 where these are ordered by date. `date` is in UTC,
    None where the message has none. `from_`, `to` and `subject` are decoded header fields. `snippet` is None where the
    message has no text to show. `attachments` are those in which words were found.
    """

    sha256: str
    message_id: str | None
    date: datetime | None
    from_: str | None
    to: str | None
    subject: str | None
    size: int
    has_attachment: bool
    score: float
    snippet: Snippet | None = None
    attachments: list[AttachmentHit] = field(default_factory=list)
