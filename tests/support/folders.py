"""What lies in a folder, for tests that write one."""

from __future__ import annotations

import os
from pathlib import Path


def files_below(folder: Path) -> dict[bytes, bytes]:
    """The content of every file below a folder, by its path there."""
    return {os.fsencode(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
