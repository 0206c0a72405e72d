"""Where a command that reads an archive may write to."""

from __future__ import annotations

import os
from pathlib import Path

from mailstrata.errors import UsageError


def refuse_target_in_archive(archive: str, target: str) -> None:
    """Raise `UsageError` where the target is the archive, or lies inside it: what is there is the archive's own."""
    place, folder = Path(os.path.realpath(target)), Path(os.path.realpath(archive))
    if place == folder or folder in place.parents:
        raise UsageError(f"the target {target} is the archive {archive} or lies inside it; choose another target")
