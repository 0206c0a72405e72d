"""Setting aside what is damaged, and writing anew what stands at the root of an archive.

Nothing that is damaged is ever removed: it goes to the folder `damaged` in the archive, where somebody may still make
something of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from mailstrata.archive.folder.files import TEMPORARY_PREFIX, remove
from mailstrata.archive.folder.layout import FORMAT_NAME, FORMAT_VERSION, Layout, utc_now, written_by
from mailstrata.archive.folder.readme import README
from mailstrata.archive.folder.seal import check_seal, sealed
from mailstrata.index.files import sync_directory, writing


def keep_aside(layout: Layout, path: Path) -> str:
    """Give a file a second name in the folder of damaged files, durably; returns that name, below the root.

    Its own name stays, so that whatever happens now, the file is not swept away. Raises `TargetError`.
    """
    folder = layout.damaged
    with writing(folder):
        folder.mkdir(exist_ok=True)
        sync_directory(layout.root)
    target = folder / path.name
    number = 1
    while target.exists():
        if target.samefile(path):
            return f"{folder.name}/{target.name}"
        number += 1
        target = folder / f"{path.name}-{number}"
    with writing(target):
        try:
            target.hardlink_to(path)
        except OSError:
            # A file system without links.
            _copy(path, target)
        sync_directory(folder)
    return f"{folder.name}/{target.name}"


def _copy(path: Path, target: Path) -> None:
    temporary = target.parent / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        with path.open("rb") as source, temporary.open("xb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        temporary.rename(target)
    finally:
        remove(temporary)


def remove_named(path: Path) -> None:
    """Remove the name of a file that was kept aside, durably. Raises `TargetError`."""
    with writing(path):
        remove(path)
        sync_directory(path.parent)


def write_root_files(layout: Layout) -> list[str]:
    """Write `README.txt` and `format.json` anew; the names of what was kept aside. Raises `TargetError`."""
    aside = [keep_aside(layout, path) for path in (layout.readme, layout.format) if path.is_file()]
    readme = README.encode("ascii")
    _replace(layout.readme, readme)
    stated = _what_format_says(layout)
    stated["readme_sha256"] = hashlib.sha256(readme).hexdigest()
    _replace(layout.format, sealed(stated))
    return aside


def _what_format_says(layout: Layout) -> dict[str, Any]:
    """What a whole `format.json` says, or else what it says in every archive of this format."""
    try:
        data = layout.format.read_bytes()
        check_seal(data)
        stated: dict[str, Any] = json.loads(data)
    except (OSError, ValueError):
        return {
            "format": FORMAT_NAME,
            "version": FORMAT_VERSION,
            "features": [],
            "id": secrets.token_hex(16),
            "created": utc_now(),
            "written_by": written_by(),
        }
    del stated["sha256"]
    return stated


def _replace(path: Path, data: bytes) -> None:
    temporary = path.parent / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    with writing(path):
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            remove(temporary)
        sync_directory(path.parent)
