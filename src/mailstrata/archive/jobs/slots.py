"""Bytes on their way from the coordinator to a worker: slots of 1 MiB in a file without a name that both have open.

A pipe holds 64 KiB, so whoever fills one waits for whoever reads it; with several, each for the other. What passes
through pipes is therefore small, and the bytes stand here: written before the message that tells of them is sent, read
when it arrives, and free again when the reader has said so. The number of slots bounds what is on its way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from mailstrata.archive.jobs.claims import scratch_error
from mailstrata.errors import MailstrataError

SLOT_BYTES = 1 << 20

Slot = tuple[int, int]
"""The number of a slot, and how many bytes from its beginning are used."""


class SlotWriter:
    """The slots as the coordinator sees them: `free` are the numbers of those that it may write to."""

    __slots__ = ("_descriptor", "count", "free")

    def __init__(self, descriptor: int, count: int) -> None:
        self._descriptor = descriptor
        self.count = count
        self.free = list(range(count))

    def write(self, data: bytes | memoryview) -> Slot:
        """Put at most `SLOT_BYTES` into a free slot, of which there must be one. Raises `TargetError`."""
        slot = self.free.pop()
        self.write_at(slot, 0, data)
        return slot, len(data)

    def write_at(self, slot: int, offset: int, data: bytes | memoryview) -> None:
        """Put bytes into a slot that was taken from `free`, behind those before `offset`. Raises `TargetError`."""
        place = slot * SLOT_BYTES + offset
        try:
            written = os.pwrite(self._descriptor, data, place)
            if written != len(data):
                # Only a disk without room takes less; asked again it says so.
                os.pwrite(self._descriptor, memoryview(data)[written:], place + written)
        except OSError as error:
            raise scratch_error(error) from error


def read_slot(descriptor: int, slot: Slot, most: int = SLOT_BYTES) -> Iterator[bytes]:
    """What was put there, in pieces of at most so many bytes."""
    number, size = slot
    for offset in range(0, size, most):
        wanted = min(most, size - offset)
        data = os.pread(descriptor, wanted, number * SLOT_BYTES + offset)
        if len(data) != wanted:
            raise MailstrataError("a temporary file of this run was cut off by another program; run the command again")
        yield data
