"""Which digests have been seen: an exact set of any size in a fixed amount of memory."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mailstrata.errors import TargetError

_CACHE_BYTES = 8 << 20


class SeenDigests:
    """A set of SHA-256 digests on disk, for one run: it says of each whether it is new.

    A B-tree in a file of its own with a page cache of 8 MiB: about 42 bytes of disk a digest, and 3 to 7 us a
    call up to some millions. The file is neither synced nor journalled, since it is of no use after the run;
    `close` removes it. Raises `TargetError` where the disk does not take it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise self._wrapped(error) from error
        try:
            for setting in (
                "journal_mode = OFF",
                "synchronous = OFF",
                "locking_mode = EXCLUSIVE",
                f"cache_size = {-(_CACHE_BYTES >> 10)}",
            ):
                self._database.execute(f"PRAGMA {setting}")
            self._database.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID")
            # One transaction for the whole run: pages are then written only when the cache overflows.
            self._database.execute("BEGIN")
        except sqlite3.Error as error:
            self.close()
            raise self._wrapped(error) from error

    def add(self, digest_hex: str) -> bool:
        """Add a digest (64 hexadecimal digits); says whether it was not there yet."""
        try:
            cursor = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (bytes.fromhex(digest_hex),))
        except sqlite3.Error as error:
            raise self._wrapped(error) from error
        return cursor.rowcount == 1

    def close(self) -> None:
        """Forget everything and remove the file. May be called again."""
        self._database.close()
        self._path.unlink(missing_ok=True)

    def _wrapped(self, error: sqlite3.Error) -> TargetError:
        return TargetError(f"cannot write {self._path}: {error}; make room there and run the same command again")
