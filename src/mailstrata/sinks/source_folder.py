"""The folder of one source below the filesystem sink's own: claimed by one process, filled one message at a
time.

    inbox.mbox/
      source.json           which source it belongs to; locked while a process is at work
      manifest.jsonl        one line a file; `manifest.jsonl.part` until the source has been read to its end
      unfinished.part/      the message under way
      000/                  a thousand messages
        000042 Re- Invoice/ one message

A message appears by one rename of the folder in which it was written, so that what has its final name is
whole. A rename of a folder never replaces a file or a folder that holds something.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from itertools import count

from mailstrata.errors import LockedError
from mailstrata.message.origin import SourceInfo
from mailstrata.sinks.filenames import folded_name, safe_filename

MESSAGES_PER_FOLDER = 1000
"""Folders of thousands of entries are slow to list and to copy on many systems."""

STAGING = b"unfinished.part"
"""Where the message under way is written. There is one at a time, so a later run finds what a killed one
left."""

_MARKER = "source.json"
_MANIFEST = "manifest.jsonl"
_UNFINISHED_MANIFEST = "manifest.jsonl.part"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_MANIFEST_BUFFER = 1 << 16

_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR})


class SourceFolder:
    """An open folder of a source. Every method may raise `OSError`; `path` is for messages."""

    __slots__ = ("_lock", "_manifest", "_shard", "_shard_name", "fd", "path")

    def __init__(self, fd: int, lock: int, path: str) -> None:
        self.fd = fd
        self.path = path
        self._lock = lock
        self._shard = -1
        self._shard_name = ""
        remove_staging(fd)
        manifest = os.open(_UNFINISHED_MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FILE, 0o666, dir_fd=fd)
        self._manifest = os.fdopen(manifest, "wb", buffering=_MANIFEST_BUFFER)

    def place(self, shard: str, name: str, number: int) -> str:
        """Give the staged message its name in the folder `shard` (empty: here); returns its path below this
        folder.

        Where the name is taken, by other content than this very message's, a number is added, from `number`
        on.
        """
        if shard != self._shard_name or self._shard < 0:
            self._open_shard(shard)
        for attempt in count(number):
            candidate = name if attempt == 1 else f"{name} ({attempt})"
            try:
                os.rename(STAGING, candidate.encode(), src_dir_fd=self.fd, dst_dir_fd=self._shard)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                if not self._is_staged_already(candidate):
                    continue
                remove_staging(self.fd)
            return f"{shard}/{candidate}" if shard else candidate
        raise AssertionError("counting does not end")

    def list_file(self, line: bytes) -> None:
        """Add a line to the manifest."""
        self._manifest.write(line)

    def flush(self) -> None:
        """Hand to the system what the manifest holds back."""
        self._manifest.flush()

    def finish(self) -> None:
        """The source has been read to its end, and everything placed: the manifest gets its name."""
        self._manifest.close()
        os.rename(_UNFINISHED_MANIFEST, _MANIFEST, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def close(self) -> None:
        """Let go of the folder, whatever state it is in. Removes the message under way."""
        with contextlib.ExitStack() as stack:
            # In this order from the last to the first, each even if one before it raises.
            stack.callback(os.close, self.fd)
            stack.callback(os.close, self._lock)
            if self._shard >= 0:
                stack.callback(os.close, self._shard)
                self._shard = -1
            stack.callback(self._manifest.close)
            stack.callback(remove_staging, self.fd)

    def _open_shard(self, shard: str) -> None:
        if self._shard >= 0:
            os.close(self._shard)
            self._shard = -1
        if shard:
            with contextlib.suppress(FileExistsError):
                os.mkdir(shard, dir_fd=self.fd)
            self._shard = os.open(shard, _FOLDER, dir_fd=self.fd)
        else:
            self._shard = os.dup(self.fd)
        self._shard_name = shard

    def _is_staged_already(self, name: str) -> bool:
        """Whether the folder `name` in the shard holds exactly what is staged: an earlier run got this
        far."""
        try:
            placed = os.open(name.encode(), _FOLDER, dir_fd=self._shard)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                return False
            raise
        try:
            staged = os.open(STAGING, _FOLDER, dir_fd=self.fd)
            try:
                return _same_files(placed, staged)
            finally:
                os.close(staged)
        finally:
            os.close(placed)


def claim_folder(
    root: int, root_path: str, source: SourceInfo, options: dict[str, bool], taken: dict[str, str]
) -> SourceFolder:
    """The folder of `source` in the folder open as `root`: the one that an earlier run made for it, or a new
    one.

    `taken` holds the names in `root`, by their folded form, and is kept up to date. `options` are those that
    decide which files there are; another choice of them is another folder. Raises `LockedError` where another
    process is at work in it, `OSError` where it cannot be made.
    """
    identity = hashlib.sha256(source.path).hexdigest()
    marker = {
        "mailstrata": "extract",
        "source": source.path.decode("utf-8", "replace"),
        "source_sha256": identity,
        **options,
    }
    record = json.dumps(marker).encode() + b"\n"
    for candidate in _candidates(source, identity):
        name = taken.get(folded_name(candidate), candidate)
        path = f"{root_path}/{name}"
        made = False
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=root)
            made = True
        if not made and source.kind == "stdin":
            # Nothing says whether it is the same mail as last time.
            continue
        try:
            fd = os.open(name, _FOLDER, dir_fd=root)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                continue
            raise
        try:
            lock = _lock(fd, path, record)
            if lock >= 0:
                taken[folded_name(name)] = name
                try:
                    return SourceFolder(fd, lock, path)
                except BaseException:
                    os.close(lock)
                    raise
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    raise AssertionError("candidates do not end")


def _candidates(source: SourceInfo, identity: str) -> Iterator[str]:
    if source.kind == "stdin":
        name = "stdin"
    else:
        last = source.path.rstrip(b"/").rpartition(b"/")[2].decode("utf-8", "replace")
        name = safe_filename(last, content_type="application/mbox", stem="mail", max_bytes=200)
        yield name
        name = f"{name} {identity[:8]}"
    yield name
    for number in count(2):
        yield f"{name} ({number})"


def _lock(folder: int, path: str, record: bytes) -> int:
    """A descriptor of the folder's marker, locked; -1 where the folder belongs to something else.

    The marker is written into an empty folder only: an existing one of the user's is left alone.
    """
    flags = os.O_RDWR | _FILE
    with os.scandir(folder) as entries:
        if next(entries, None) is None:
            flags |= os.O_CREAT
    try:
        lock = os.open(_MARKER, flags, 0o666, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EISDIR):
            return -1
        raise
    try:
        locked = _try_lock(lock)
        found = os.pread(lock, len(record) + 1, 0)
        if found == record or not found:
            if not locked:
                raise LockedError(
                    f"another process is writing to {path}; wait until it has ended, or choose another folder"
                )
            while not found and record:
                record = record[os.write(lock, record) :]
            return lock
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    return -1


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_staging(folder: int) -> None:
    """Remove the message under way, or what a killed run left of one."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(STAGING, dir_fd=folder)


def _same_files(one: int, other: int) -> bool:
    names = os.listdir(one)
    return sorted(names) == sorted(os.listdir(other)) and all(_same_file(one, other, name) for name in names)


def _same_file(one: int, other: int, name: str) -> bool:
    with contextlib.ExitStack() as stack:
        files = []
        for folder in (one, other):
            try:
                descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FILE, dir_fd=folder)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENXIO):
                    return False
                raise
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                return False
            files.append(stack.enter_context(os.fdopen(descriptor, "rb", buffering=0)))
        first, second = files
        if os.fstat(first.fileno()).st_size != os.fstat(second.fileno()).st_size:
            return False
        while data := first.read(_CHUNK):
            if data != second.read(_CHUNK):
                return False
        return True
