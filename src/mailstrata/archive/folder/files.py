"""Files that appear under their name whole, durable, and never in place of another.

Every write of the archive stands inside `index.files.writing`, which turns an `OSError` into a `TargetError` of
one line.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from mailstrata.index.files import sync_directory

TEMPORARY_PREFIX = ".tmp-"
CLAIM_PREFIX = ".claim-"

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


def remove(path: Path) -> None:
    """Remove a file of ours that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def write_new(path: Path, data: bytes) -> None:
    """Write a file that appears under its name whole, durable, and never in place of another.

    A temporary file is written and synced, then linked to its name; where the file system knows no links, it
    is renamed while a claim file, made exclusively, keeps a second writer away. The folder is synced last.
    Raises `FileExistsError` if the name is taken, other `OSError` where it cannot be written.
    """
    temporary = path.parent / f"{TEMPORARY_PREFIX}{os.urandom(8).hex()}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _rename_new(temporary, path)
    finally:
        remove(temporary)
    sync_directory(path.parent)


def _rename_new(temporary: Path, path: Path) -> None:
    claim = path.parent / f"{CLAIM_PREFIX}{path.name}"
    claim.open("xb").close()
    try:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        temporary.rename(path)
    finally:
        remove(claim)
