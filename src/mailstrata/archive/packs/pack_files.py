"""Opening packs for reading, and saying which one it was where that fails."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mailstrata.errors import ArchiveError

MOST_OPEN = 8
"""Packs that a reader keeps open."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the pack in what is raised while it is read. `__cause__` is the `OSError`, where there is one."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveError(f"{path} is missing: bring it back from a backup") from error
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}; check the disk") from error
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}; bring it back from a backup") from error


class OpenPacks:
    """Packs that were read last, kept open: at most eight."""

    __slots__ = ("_files",)

    def __init__(self) -> None:
        self._files: OrderedDict[Path, BinaryIO] = OrderedDict()

    def open(self, path: Path) -> BinaryIO:
        """The pack, at any position. Raises `OSError`."""
        file = self._files.get(path)
        if file is not None:
            self._files.move_to_end(path)
            return file
        file = path.open("rb")
        self._files[path] = file
        if len(self._files) > MOST_OPEN:
            self._files.popitem(last=False)[1].close()
        return file

    def close(self) -> None:
        """Let go of all files. More can be opened after it."""
        while self._files:
            self._files.popitem()[1].close()
