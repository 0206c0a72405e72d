"""What lies in a folder, for tests that write one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

Entry = tuple[str, int, int, bytes]


def files_below(folder: Path) -> dict[bytes, bytes]:
    """The content of every file below a folder, by its path there."""
    return {os.fsencode(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything_below(folder: Path) -> dict[bytes, Entry]:
    """Every file and folder, the first one (an empty name) included: kind, permissions, time of the last change in
    nanoseconds, and content."""
    found = {b"": _entry(folder)}
    for above, folders, files in os.walk(os.fsencode(folder)):
        for name in (*folders, *files):
            path = Path(os.fsdecode(above), os.fsdecode(name))
            found[os.fsencode(path.relative_to(folder))] = _entry(path)
    return found


def _entry(path: Path) -> Entry:
    status = path.lstat()
    is_file = stat.S_ISREG(status.st_mode)
    content = path.read_bytes() if is_file else b""
    return "file" if is_file else "folder", stat.S_IMODE(status.st_mode), status.st_mtime_ns, content


def write_tree(root: Path, entries: dict[bytes, tuple[int, bytes | None]]) -> None:
    """Write files and folders (their content is None) with these modes, and times of their own; the names of folders
    come before those of what lies in them."""
    for name, (_, content) in entries.items():
        path = root / os.fsdecode(name)
        if content is None:
            path.mkdir(parents=True)
        else:
            path.write_bytes(content)
    for number, (name, (mode, _)) in reversed(list(enumerate(entries.items()))):
        path = root / os.fsdecode(name)
        path.chmod(mode)
        os.utime(path, ns=(10**18, 10**18 + 1_000_001 * number))


def open_folders(root: Path) -> None:
    """Let the owner into every folder below, so that they can be removed."""
    for above, folders, _ in os.walk(root):
        for name in folders:
            if not Path(above, name).is_symlink():
                Path(above, name).chmod(0o700)
