"""Small files that stand inside of something else: read by the coordinator, and sent to a worker with their bytes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain

from mailstrata.errors import SourceError
from mailstrata.message.origin import FileInfo, LengthCheck, PrefixDigest, Region, RegionKind, SourceFile

MOST_BYTES = 256 << 10


class HeldFile:
    """A `SourceFile` that is in memory: its regions, and what ended them, if it was an error."""

    __slots__ = ("_error", "_regions", "info", "size")

    def __init__(self, info: FileInfo, regions: list[tuple[RegionKind, bytes]], error: SourceError | None) -> None:
        self.info = info
        self.size = sum(len(data) for _, data in regions)
        self._regions = regions
        self._error = error

    @property
    def length_check(self) -> LengthCheck | None:
        """None: it cannot be looked into while it is read."""
        return None

    @property
    def can_start(self) -> bool:
        """No: it is read from its beginning."""
        return False

    def regions(self, start: int = 0) -> Generator[Region, None, None]:  # noqa: ARG002 - as in SourceFile
        """As `SourceFile.regions`. Raises the error."""
        for kind, data in self._regions:
            yield Region(kind, iter((data,) if data else ()))
        if self._error is not None:
            raise self._error

    def prefix_digest(self, length: int, at: int) -> PrefixDigest | None:  # noqa: ARG002 - as in SourceFile
        """None: what stands inside of something else is never gone on with."""
        return None


def held_file(file: SourceFile) -> HeldFile | Generator[Region, None, None]:
    """Read a file as a whole, if it is small; else its regions, from the first one on, as they come."""
    regions = file.regions()
    whole: list[tuple[RegionKind, bytes]] = []
    held: list[bytes] = []
    size = 0
    try:
        for region in regions:
            chunks = region.chunks
            held = []
            whole.append((region.kind, b""))
            for chunk in chunks:
                held.append(chunk)
                size += len(chunk)
                if size > MOST_BYTES:
                    del whole[-1]
                    return _all_regions(whole, Region(region.kind, chain(held, chunks)), regions)
            whole[-1] = (region.kind, b"".join(held))
    except SourceError as error:
        if held and not whole[-1][1]:
            whole[-1] = (whole[-1][0], b"".join(held))
        return HeldFile(file.info, whole, error)
    return HeldFile(file.info, whole, None)


def _all_regions(
    whole: list[tuple[RegionKind, bytes]], under_way: Region, rest: Generator[Region, None, None]
) -> Generator[Region, None, None]:
    with closing(rest):
        for kind, data in whole:
            chunks: Iterator[bytes] = iter((data,) if data else ())
            yield Region(kind, chunks)
        yield under_way
        yield from rest
