"""Files of the file system: their names as people see them, opening them, reading them once from front to end.

Everything here opens for reading only. Errors of the system become `SourceError`s whose line says what, where and
what to do.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Generator
from functools import cache
from types import TracebackType

from mailstrata.errors import SourceChangedError, SourceError, SourceNotFoundError
from mailstrata.sources.chunks import CHUNK_BYTES


@cache
def _control() -> re.Pattern[str]:
    return re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


# A named pipe that has taken a file's place since it was looked at must not block; a regular file does not mind.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_MISSING = (errno.ENOENT, errno.ENOTDIR)


def display(path: bytes) -> str:
    """A path or member name as text for people: U+FFFD for what cannot be decoded and for control characters."""
    text = path.decode(sys.getfilesystemencoding(), "replace")
    return text if text.isprintable() else _control().sub("\ufffd", text)


def join_label(label: str, name: bytes) -> str:
    """The label of a file below a source or folder, or of a member in it."""
    return f"{label.rstrip('/')}/{display(name)}" if name else label


def is_missing(error: OSError) -> bool:
    """Whether an error of the system says that there is no such file."""
    return error.errno in _MISSING


def access_error(label: str, error: OSError | ValueError) -> SourceError:
    """What to raise where a file or folder cannot be opened or listed."""
    if isinstance(error, ValueError):  # a NUL byte in the name
        return SourceNotFoundError(f"{label}: no file can have this name; check it")
    if is_missing(error):
        return SourceNotFoundError(f"{label}: there is no such file or folder; check the name")
    if isinstance(error, PermissionError):
        return SourceError(f"{label}: no permission to read it; change its permissions, or run as its owner")
    return SourceError(f"{label} cannot be opened ({_reason(error)}); make it readable and run the command again")


def read_error(label: str, error: OSError, offset: int) -> SourceError:
    """What to raise where reading fails after `offset` bytes."""
    return SourceError(
        f"{label} cannot be read beyond byte {offset} ({_reason(error)}); what came before was kept; "
        "check the disk and run the command again",
        offset=offset,
    )


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def reason_of(error: SourceError, label: str) -> str:
    """What an error says of the file with that label, to stand where the file is named already."""
    return str(error).removeprefix(label).lstrip(": ")


def special_file_reason(mode: int) -> str:
    """What a file is that is neither a regular file nor a folder; `mode` is that of stat."""
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "a device"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a special file"


class FileReader:
    """An open regular file. Use it in a `with` block; nothing else closes it.

    What is read is the file as it was when it was opened, or when it had `stamp` (size in bytes and time of the last
    change in nanoseconds): `size` bytes. What was added since is left for another run.

    Raises `SourceError` when the file cannot be opened, or is not a regular file.
    """

    __slots__ = ("_descriptor", "_label", "_stamp", "status")

    def __init__(self, path: bytes, label: str, stamp: tuple[int, int] | None = None) -> None:
        self._label = label
        try:
            self._descriptor = os.open(path, _OPEN_FLAGS)
        except (OSError, ValueError) as error:
            raise access_error(label, error) from error
        try:
            self.status = os.fstat(self._descriptor)
            if not stat.S_ISREG(self.status.st_mode):
                raise SourceError(
                    f"{label} is {special_file_reason(self.status.st_mode)}, not a file; name a regular file"
                )
        except BaseException:
            os.close(self._descriptor)
            raise
        self._stamp = _stamp_of(self.status) if stamp is None else stamp

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    @property
    def size(self) -> int:
        """How many bytes there are to be read."""
        return self._stamp[0]

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at `offset`; fewer only at the end. Does not move what `chunks` reads.

        Raises `SourceError` where the disk fails.
        """
        pieces = []
        while size > 0:
            try:
                data = os.pread(self._descriptor, size, offset)
            except OSError as error:
                raise read_error(self._label, error, offset) from error
            if not data:
                break
            pieces.append(data)
            offset += len(data)
            size -= len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def chunks(self, start: int = 0) -> Generator[bytes, None, None]:
        """The file's bytes from `start` to `size`, in chunks of at most `CHUNK_BYTES`. To be used once.

        Raises `SourceError` where the disk fails, and `SourceChangedError`, after the last chunk, where the file has
        changed.
        """
        offset = start
        if start:
            os.lseek(self._descriptor, start, os.SEEK_SET)
        while offset < self.size:
            try:
                data = os.read(self._descriptor, min(CHUNK_BYTES, self.size - offset))
            except OSError as error:
                raise read_error(self._label, error, offset) from error
            if not data:
                break
            offset += len(data)
            yield data
        self.check_unchanged(offset)

    def check_unchanged(self, offset: int) -> None:
        """Raise `SourceChangedError` if the file has changed; `offset` is what it says."""
        if self.has_changed():
            raise SourceChangedError(
                f"{self._label} changed while it was read; what was read is kept; run the command again when nothing "
                "writes to it",
                offset=offset,
            )

    def has_changed(self) -> bool:
        """Whether the file is another one by now in size or time of change, or has more bytes than its size says.

        A file that was only renamed, or has got other permissions, is the same.
        """
        return _stamp_of(os.fstat(self._descriptor)) != self._stamp or self.read_at(self.size, 1) != b""


def _stamp_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
