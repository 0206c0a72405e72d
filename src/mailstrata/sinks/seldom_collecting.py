"""A run that holds thousands of rows, and makes next to no cycles of objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_BETWEEN_COLLECTIONS = 20_000


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the interpreter look for cycles of objects less often: a run makes next to none, and holds thousands of rows
    that each search goes through. What was imported by now is not looked at again."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
