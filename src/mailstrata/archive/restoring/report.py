"""What restoring and exporting have to say of many files, of which there may be too many to hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

MOST_LISTED = 1000
"""Things of one kind that a report lists; all are counted."""

_Item = TypeVar("_Item")


class Listed(Generic[_Item]):
    """A list that counts everything and keeps the first thousand."""

    __slots__ = ("count", "items")

    def __init__(self) -> None:
        self.items: list[_Item] = []
        self.count = 0

    def add(self, item: _Item) -> None:
        """One more."""
        self.count += 1
        if len(self.items) < MOST_LISTED:
            self.items.append(item)

    def __iter__(self) -> Iterator[_Item]:
        return iter(self.items)

    def __len__(self) -> int:
        """How many there were, listed or not."""
        return self.count
