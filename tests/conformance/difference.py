"""What is compared of two readings, and what a class of differences is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.readers import FAST, Leaf, Reading


@dataclass(frozen=True, slots=True)
class Class:
    """A kind of difference: in what (`subject`, `leaves`, `type`, `filename`, `content`), by which readers, how it is
    recognised, and who is right."""

    title: str
    about: str
    readers: tuple[str, ...]
    holds: Callable[[Reading, Reading], bool]
    reason: str


def differing(ours: Reading, theirs: Reading, reader: str) -> list[str]:
    """In what two readings differ."""
    if theirs.refused:
        return ["refused"]
    found = []
    if (ours.subject or "") != (theirs.subject or ""):
        found.append("subject")
    mine, yours = leaves_of(ours, reader), leaves_of(theirs, reader)
    if len(mine) != len(yours):
        return [*found, "leaves"]
    if [leaf[0] for leaf in mine] != [leaf[0] for leaf in yours]:
        found.append("type")
    if [leaf[1] for leaf in mine] != [leaf[1] for leaf in yours]:
        found.append("filename")
    if [leaf[2] for leaf in mine] != [leaf[2] for leaf in yours]:
        found.append("content")
    return found


def leaves_of(reading: Reading, reader: str) -> list[tuple[str, str | None, object]]:
    """What is compared of the leaves. fast-mail-parser gives text as text, before all else, and without names."""
    if reader != FAST:
        return [(leaf.content_type, leaf.filename, leaf.sha256) for leaf in reading.leaves]
    found: list[tuple[str, str | None, object]] = []
    for leaf in reading.leaves:
        if leaf.content_type in ("text/plain", "text/html") and leaf.filename is None:
            text = leaf.text or (leaf.content or b"").decode("utf-8", "replace")
            found.append((leaf.content_type, None, text))
        else:
            found.append((leaf.content_type, leaf.filename, leaf.sha256))
    return sorted(found, key=repr)


def differing_leaves(ours: Reading, theirs: Reading, about: str, reader: str) -> list[Leaf]:
    """Our leaves whose `type`, `filename` or `content` is another in their reading. Where that has no order, those that
    it does not have."""
    column = ("type", "filename", "content").index(about)
    if reader != FAST:
        pairs = zip(ours.leaves, leaves_of(ours, reader), leaves_of(theirs, reader), strict=True)
        return [leaf for leaf, mine, yours in pairs if mine[column] != yours[column]]
    left = Counter(value[column] for value in leaves_of(theirs, reader))
    found = []
    for leaf in ours.leaves:
        value = leaves_of(Reading(None, (leaf,)), reader)[0][column]
        if left[value]:
            left[value] -= 1
        else:
            found.append(leaf)
    return found
