"""Content that is to be scanned: it can be read more than once, since a scanner may go away in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """`blob` is its SHA-256 (hexadecimal), `size` its bytes, `read` gives it from the front, in pieces."""

    blob: str
    size: int
    read: Callable[[], Iterable[bytes]]
