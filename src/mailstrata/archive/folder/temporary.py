"""Temporary databases, whose disk may be full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from mailstrata.errors import TargetError


@contextmanager
def temporary_database() -> Iterator[None]:
    """What is done with one within this raises `TargetError` where it cannot be written or read."""
    try:
        yield
    except sqlite3.Error as error:
        raise TargetError(
            f"cannot write a temporary database: {error}; make room in the folder for temporary files"
        ) from error
