"""Which worker keeps what: a table of digests that all of them share, so that nothing is kept twice.

Whoever meets content that no commit has asks for it here, and exactly one is told to keep it. The table is a file
without a name, mapped by every process: open addressing, 40 bytes a slot (a kind, the digest, the number of the run
that has it). A slot whose number is below that of the first run since the last commit counts as empty, which is how a
commit clears the table. A POSIX record lock keeps the others out: the system takes it from whoever dies. It is a lock
on another file, because a process loses it with the first descriptor of the file that it closes, and a map has one.

Kinds are told apart by one byte, as in the catalogue, but a message and its skeleton are one thing.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
from struct import Struct

from mailstrata.errors import TargetError

_HEADER = Struct("<QQQ")
"""Where the table begins in the file, how many slots it has (a power of two), how many are taken."""

_HEADER_BYTES = 4096
_NAME_BYTES = 33
_SLOT_BYTES = 40
_FIRST_SLOTS = 1 << 14
_GROWS_BY = 4
_PIECE = 1 << 20


def open_scratch() -> int:
    """A descriptor of a new file without a name, in the folder for temporary files. Raises `TargetError`."""
    try:
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    except OSError as error:
        raise scratch_error(error) from error


def scratch_error(error: OSError) -> TargetError:
    """What to say where a temporary file cannot be written."""
    return TargetError(
        f"cannot write a temporary file: {error.strerror or error}; make room in the folder for temporary files "
        "(TMPDIR names another one)"
    )


class ClaimTable:
    """The table in the file `descriptor`; `lock` is the file that is locked. Both stay open as long as it is used.

    `create` must have been called once for the file, in whichever process. Takes 40 bytes for each claim since the last
    commit, eight times that at worst; it is a mapped file, which the system writes out where memory is short.
    """

    __slots__ = ("_descriptor", "_first", "_lock", "_map", "_slots", "_start")

    def __init__(self, descriptor: int, lock: int) -> None:
        self._descriptor = descriptor
        self._lock = lock
        self._first = 1
        self._map = mmap.mmap(descriptor, 0)
        self._start, self._slots, _ = _HEADER.unpack_from(self._map)

    @staticmethod
    def create(descriptor: int, slots: int = _FIRST_SLOTS) -> None:
        """Make an empty table. Raises `TargetError` where there is no room."""
        _write_zeros(descriptor, 0, _HEADER_BYTES + slots * _SLOT_BYTES)
        os.pwrite(descriptor, _HEADER.pack(_HEADER_BYTES, slots, 0), 0)

    @staticmethod
    def forget(descriptor: int) -> None:
        """A commit was written, and nobody is at work: the table is empty again (see `begin`)."""
        start, slots, _ = _HEADER.unpack(os.pread(descriptor, _HEADER.size, 0))
        os.pwrite(descriptor, _HEADER.pack(start, slots, 0), 0)

    def begin(self, first: int) -> None:
        """A commit was written; the runs that follow have numbers from `first` (above 0) on."""
        self._first = first

    def claim(self, kind: int, digest: bytes, run: int) -> int:
        """0 where the content is now that of the run, which has to keep it; else the number of the run that has it.

        Where that is a later one, the content is counted as this run's from now on, but the other one keeps it.
        """
        lock = self._lock
        fcntl.lockf(lock, fcntl.LOCK_EX)
        try:
            return self._claim(digest + bytes((kind,)), run)
        finally:
            fcntl.lockf(lock, fcntl.LOCK_UN)

    def _claim(self, name: bytes, run: int) -> int:
        start, slots, taken = _HEADER.unpack_from(self._map)
        if start != self._start:
            self._remap()
        place, owner = self._find(name)
        if owner:
            if owner > run:
                self._map[place + _NAME_BYTES : place + _SLOT_BYTES] = run.to_bytes(7, "little")
            return owner
        self._map[place : place + _SLOT_BYTES] = name + run.to_bytes(7, "little")
        taken += 1
        _HEADER.pack_into(self._map, 0, start, slots, taken)
        if taken * 3 >= slots * 2:
            self._grow()
        return 0

    def _find(self, name: bytes) -> tuple[int, int]:
        """The offset of the slot that has the name, or of the empty one where it belongs; and the run that has it,
        0 for none."""
        mapped, first, start, most = self._map, self._first, self._start, self._slots - 1
        slot = int.from_bytes(name[:8], "little") & most
        while True:
            place = start + slot * _SLOT_BYTES
            owner = int.from_bytes(mapped[place + _NAME_BYTES : place + _SLOT_BYTES], "little")
            if owner < first:
                return place, 0
            if mapped[place : place + _NAME_BYTES] == name:
                return place, owner
            slot = (slot + 1) & most

    def _grow(self) -> None:
        """Put the claims into a larger table behind this one; those from before the last commit are dropped."""
        mapped, start, slots = self._map, self._start, self._slots
        live = []
        for place in range(start, start + slots * _SLOT_BYTES, _SLOT_BYTES):
            entry = mapped[place : place + _SLOT_BYTES]
            if int.from_bytes(entry[_NAME_BYTES:], "little") >= self._first:
                live.append(entry)
        larger = slots * _GROWS_BY
        end = os.fstat(self._descriptor).st_size
        _write_zeros(self._descriptor, end, larger * _SLOT_BYTES)
        _HEADER.pack_into(mapped, 0, end, larger, len(live))
        self._remap()
        for entry in live:
            place, _ = self._find(entry[:_NAME_BYTES])
            self._map[place : place + _SLOT_BYTES] = entry

    def _remap(self) -> None:
        self._map.close()
        self._map = mmap.mmap(self._descriptor, 0)
        self._start, self._slots, _ = _HEADER.unpack_from(self._map)

    def close(self) -> None:
        """Let go of the map; the descriptor stays open."""
        self._map.close()


def _write_zeros(descriptor: int, offset: int, size: int) -> None:
    # Not a hole: where the disk is full, a write into a mapped hole kills the process.
    zeros = bytes(min(size, _PIECE))
    try:
        while size > 0:
            written = os.pwrite(descriptor, zeros[:size], offset)
            offset += written
            size -= written
    except OSError as error:
        raise scratch_error(error) from error
