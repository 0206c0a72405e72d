"""Writing beside other runs: errors of the system in one line, names made durable, folders locked and swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailstrata.sinks.target_errors import target_error


def show(path: Path | bytes) -> str:
    """A path as text for people: U+FFFD for what is no UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


@contextmanager
def writing(path: Path | bytes) -> Iterator[None]:
    """Turn an `OSError` of the block into a `TargetError` that names `path` and says what to do."""
    try:
        yield
    except OSError as error:
        raise target_error(show(path), error) from error


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_folder(path: Path) -> int | None:
    """A descriptor of the folder that holds an exclusive lock on it until it is closed; None where another process
    holds it, or the folder is gone. Raises other OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file, made if it is not there; waits for whoever holds it. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_tree(path: Path) -> None:
    """Remove a folder of ours with all that is in it, if it is there. No link is followed. Raises OSError."""
    import shutil  # noqa: PLC0415 - needed when something went wrong only

    with contextlib.suppress(FileNotFoundError):
        try:
            shutil.rmtree(path)
        except PermissionError:
            # Folders in it have got modes already that forbid even their owner to empty them.
            for folder, names, _ in os.walk(path):
                for name in names:
                    below = Path(folder, name)
                    if not below.is_symlink():
                        below.chmod(0o700)
            shutil.rmtree(path)
