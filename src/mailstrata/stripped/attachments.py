"""The folder of attachments: each content once, as a file named by its SHA-256, whichever mailboxes it was found in.

    DIR/
      ab/abcdef...      an attachment; `ab` are the first two digits of its SHA-256
      manifest.jsonl    what was taken out of which mailbox (`manifest.py`)
      .lock             held for the moment in which the manifest, or what runs left behind, is changed
      .strip-TOKEN/     what a run is working on; locked as long as it lives, removed by the next run after that

An attachment appears under its name whole and synced. Runs do not wait for each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mailstrata.errors import LockedError, TargetError
from mailstrata.sinks.background_sync import BackgroundSync
from mailstrata.stripped.files import lock_folder, locked, remove_tree, show, sync_folder, writing

MANIFEST_NAME = "manifest.jsonl"
LOCK_NAME = ".lock"
WORKING_PREFIX = ".strip-"

MAX_HELD_BYTES = 1 << 20
"""What of an attachment is held in memory before it goes to a file."""

_CHUNK = 1 << 20
_MOST_CHECKED = 1 << 16


def place_of(sha256: str) -> str:
    """Where the attachment of that digest lies below the folder."""
    return f"{sha256[:2]}/{sha256}"


class Attachment:
    """Decoded content that is still being written (`stripping.BlobUnderWay`): in memory up to `MAX_HELD_BYTES`, then
    in a file of the run's working folder. `size` is its bytes so far. Methods raise `TargetError`."""

    __slots__ = ("_file", "_held", "_path", "size")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: io.BufferedRandom | None = None
        self._held = bytearray()
        self.size = 0

    def write(self, data: bytes, /) -> None:
        """Append."""
        self.size += len(data)
        if self._file is None:
            self._held += data
            if len(self._held) <= MAX_HELD_BYTES:
                return
            with writing(self._path):
                self._file = self._path.open("x+b")
            data, self._held = bytes(self._held), bytearray()
        with writing(self._path):
            self._file.write(data)

    def read(self) -> Iterator[bytes]:
        """The content from its beginning, in pieces of at most 1 MiB."""
        if self._file is None:
            if self._held:
                yield bytes(self._held)
            return
        with writing(self._path):
            self._file.seek(0)
            while data := self._file.read(_CHUNK):
                yield data

    def discard(self) -> None:
        """The content is not wanted."""
        self._held = bytearray()
        if self._file is not None:
            with writing(self._path):
                self._file.close()
                self._path.unlink()
            self._file = None

    def close(self) -> None:
        """Let go of the file, which stays. May be called again."""
        file, self._file = self._file, None
        if file is not None:
            # Without the flush of what is buffered, which could fail once more on a full disk.
            file.raw.close()

    def move(self, place: Path, background: BackgroundSync) -> None:
        """Make it durable and then give it another name, in place of what has it; both in the background."""
        with writing(place):
            if self._file is None:
                self._file = self._path.open("x+b")
                self._file.write(self._held)
                self._held = bytearray()
            self._file.flush()
            descriptor = os.dup(self._file.fileno())
            self._file.close()
            self._file = None
            background.sync(descriptor, partial(self._path.rename, place))


class AttachmentFolder:
    """The folder, open for one run that adds to it: made if it is not there, for its owner's eyes alone.

    Raises `TargetError` where it cannot be written, or holds something else; so do all methods. Close it.
    Memory: 64 Ki digests of attachments that were found whole, 9 MiB at most.

    `repaired` counts attachments that lay there damaged and were written again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repaired = 0
        self._number = 0
        self._last: Attachment | None = None
        # Attachments that this run has written, or has found to be what their names say.
        self._checked: set[str] = set()
        # Folders in which there are names that were not synced.
        self._changed: set[str] = set()
        self._background = BackgroundSync()
        self._lock = -1
        with writing(path):
            self._is_new = not path.exists()
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            _refuse_foreign(path)
            with locked(path / LOCK_NAME):
                _sweep(path)
                self.working = path / f"{WORKING_PREFIX}{secrets.token_hex(8)}"
                self.working.mkdir(mode=0o700)
                lock = lock_folder(self.working)
        if lock is None:
            raise LockedError(f"{show(self.working)} is locked by another process; run the command again")
        self._lock = lock

    def new(self) -> Attachment:
        """A new attachment under way; the one before must have been kept or discarded."""
        self._number += 1
        self._last = Attachment(self.working / f"attachment-{self._number}")
        return self._last

    def keep(self, attachment: Attachment, sha256: str) -> bool:
        """Keep the content that has that digest; False if it is there already.

        What is there is read once in a run: the mailbox's owner may rely on it and delete the original, so a file that
        was damaged is written again.
        """
        if sha256 in self._checked:
            attachment.discard()
            return False
        place = self.path / place_of(sha256)
        with writing(place):
            found = _is_whole(place, attachment.size, sha256)
        if found:
            attachment.discard()
            # Another run may have put it there, and not have come to sync its name.
            self._changed.update(("", place.parent.name))
        else:
            self.repaired += found is False
            folder = place.parent
            with writing(folder):
                folder.mkdir(exist_ok=True)
            attachment.move(place, self._background)
            self._changed.update(("", folder.name))
        if len(self._checked) >= _MOST_CHECKED:
            self._checked.clear()
        self._checked.add(sha256)
        return not found

    def sync(self) -> None:
        """Make everything that was kept durable."""
        with writing(self.path):
            self._background.wait()
        while self._changed:
            folder = self.path / self._changed.pop()
            with writing(folder):
                sync_folder(folder)
        if self._is_new:
            with writing(self.path):
                sync_folder(self.path.parent)
            self._is_new = False

    def close(self) -> None:
        """Remove what the run was working on. May be called again."""
        self._background.close()
        if self._last is not None:
            self._last.close()
        lock, self._lock = self._lock, -1
        if lock >= 0:
            try:
                with writing(self.working):
                    remove_tree(self.working)
            finally:
                os.close(lock)


def _refuse_foreign(path: Path) -> None:
    """Raise `TargetError` for a folder that holds something and was not made by us. Raises OSError."""
    names = {entry.name for entry in path.iterdir()}
    if names and MANIFEST_NAME not in names and LOCK_NAME not in names:
        raise TargetError(
            f"{show(path)} holds other things than attachments; name a new or an empty folder, or one that strip has "
            "written to before"
        )


def _sweep(path: Path) -> None:
    """Remove the working folders of runs that have ended without doing so. The lock is held. Raises OSError."""
    for working in list(path.glob(WORKING_PREFIX + "*")):
        lock = lock_folder(working)
        if lock is not None:
            with contextlib.ExitStack() as stack:
                stack.callback(os.close, lock)
                remove_tree(working)


def _is_whole(place: Path, size: int, sha256: str) -> bool | None:
    """Whether the file is what its name says; None if there is none. Raises OSError."""
    try:
        with place.open("rb") as file:
            if os.fstat(file.fileno()).st_size != size:
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return None
