"""A source that is one file: what an mbox and an .eml have in common."""

# ruff: noqa: PTH100, PTH116 - paths are bytes, which pathlib does not take

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from mailstrata.message.origin import (
    FileInfo,
    MboxVariant,
    SkippedFile,
    SourceFile,
    SourceInfo,
    SourceKind,
)
from mailstrata.sources.content import DiskFile
from mailstrata.sources.probe import not_a_mailbox, probe_file


def absolute(path: bytes) -> bytes:
    """The absolute path that names a source in an archive; symbolic links stay as they are."""
    return os.fsencode(os.path.abspath(path))


def size_on_disk(path: bytes) -> int | None:
    """The size of a file in bytes; None where it cannot be told (reading it will say why)."""
    stamp = stamp_on_disk(path)
    return None if stamp is None else stamp[0]


def stamp_on_disk(path: bytes) -> tuple[int, int] | None:
    """Size in bytes and time of the last change (nanoseconds since 1970, UTC) of a file; None where they cannot be told
    (reading it will say why)."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


class OneFileSource:
    """A `Source` of one file, plain or compressed, that is read as what `probe_file` says it is.

    `explicit` says that a user named the file as mail. `variant` is what the user says of an mbox.
    """

    __slots__ = ("_explicit", "_folder", "_path", "_variant", "info")

    def __init__(
        self,
        path: bytes,
        label: str,
        kind: SourceKind,
        *,
        folder: str = "",
        explicit: bool = True,
        variant: MboxVariant | None = None,
    ) -> None:
        self.info = SourceInfo(label, absolute(path), kind)
        self._path = path
        self._folder = folder
        self._explicit = explicit
        self._variant = variant

    @property
    def size(self) -> int | None:
        """The file's size in bytes, compressed if it is."""
        return size_on_disk(self._path)

    @property
    def stamp(self) -> tuple[int, int] | None:
        """The file's size and time of change; None where they cannot be told."""
        return stamp_on_disk(self._path)

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """The one file. Raises `SourceError` where it cannot be read, or holds no mail any more."""
        label = self.info.label
        probe = probe_file(self._path, label, explicit=self._explicit, variant=self._variant)
        found = probe.identified
        if found.content is None:
            raise not_a_mailbox(label, found.sniffed)
        info: FileInfo = probe.file_info(folder=self._folder)
        yield DiskFile(self._path, label, found.content, info, check_lengths=found.has_lengths)
