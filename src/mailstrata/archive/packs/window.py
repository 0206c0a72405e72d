"""The window: small members held back, so that like stands beside like in the frames of a pack.

Members with the same order key, which their kind chooses (the subject of a message without its `Re:`, the type and name
of an attachment), are moved to the first of them; else they stay in the order in which they came, since what comes from
one place at one time is alike as well. (Sorted by the key alone, mail of several lists and years took 3 % more.) When
the window is full it is cut into frames. A larger window finds more that is alike, and a reader that goes through the
members in the order in which they came needs a cache as large to decompress each frame about once.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Final, NamedTuple

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import LARGE_FRAME

WINDOW_BYTES = 32 << 20
"""Bytes of small members that are held back at most."""

_MEMBER_COST: Final = 1024
_MOST_ORDER: Final = 64


class FrameContent(NamedTuple):
    """What a frame will hold: whole tar members, and name, offset in the content and size of each."""

    content: bytes
    members: list[tuple[str, int, int]]


class _Group:
    """Members that are sorted with each other. All their bytes lie in one buffer, which spares an object for each.

    `members` are rank, name, start in the buffer and size of each; `ranks` are the places of the first members with
    each order key.
    """

    __slots__ = ("buffer", "members", "ranks")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.members: list[tuple[int, str, int, int]] = []
        self.ranks: dict[bytes, int] = {}

    @property
    def cost(self) -> int:
        return len(self.buffer) + len(self.members) * _MEMBER_COST

    def add(self, name: str, content: bytes | bytearray, order: bytes) -> None:
        rank = self.ranks.setdefault(order[:_MOST_ORDER], len(self.members))
        self.members.append((rank, name, len(self.buffer), len(content)))
        self.buffer += content

    def frames(self) -> Iterator[FrameContent]:
        """The members in order, in as few frames of at most 4 MiB as there can be, of about the same size."""
        self.members.sort(key=itemgetter(0))
        sizes = [tar_format.BLOCK + size + tar_format.padding(size) for _, _, _, size in self.members]
        total = sum(sizes)
        even = total / -(-total // LARGE_FRAME)
        parts: list[bytes | memoryview] = []
        members: list[tuple[str, int, int]] = []
        end = 0
        with memoryview(self.buffer) as view:
            for (_, name, start, size), whole in zip(self.members, sizes, strict=True):
                if members and (end >= even or end + whole > LARGE_FRAME):
                    yield FrameContent(b"".join(parts), members)
                    parts, members, end = [], [], 0
                members.append((name, end + tar_format.BLOCK, size))
                parts.append(tar_format.header(name, size))
                parts.append(view[start : start + size])
                parts.append(bytes(tar_format.padding(size)))
                end += whole
            yield FrameContent(b"".join(parts), members)


class Window:
    """Holds small members by groups. `held` is the bytes of their content, `cost` what they take in memory."""

    __slots__ = ("_groups", "_limit", "cost", "held")

    def __init__(self, limit: int = WINDOW_BYTES) -> None:
        self._limit = limit
        self._groups: dict[str, _Group] = {}
        self.cost = 0
        self.held = 0

    @property
    def is_full(self) -> bool:
        """Whether members have to be taken out before more come in."""
        return self.cost >= self._limit

    def add(self, group: str, name: str, content: bytes | bytearray, order: bytes) -> None:
        """Hold a member back; its content is copied."""
        under_way = self._groups.get(group)
        if under_way is None:
            under_way = self._groups[group] = _Group()
        under_way.add(name, content, order)
        self.held += len(content)
        self.cost += len(content) + _MEMBER_COST

    def take_largest(self) -> Iterator[FrameContent]:
        """The frames of the group that takes most; it is not held any more."""
        return self._take(max(self._groups, key=lambda group: self._groups[group].cost))

    def _take(self, group: str) -> Iterator[FrameContent]:
        taken = self._groups.pop(group)
        self.held -= len(taken.buffer)
        self.cost -= taken.cost
        return taken.frames()

    def take_all(self) -> Iterator[FrameContent]:
        """The frames of all groups; the last ones of each share a frame, as far as they fit into one.

        What little a small commit has is thus in one frame, where the digests in a segment, say, cost next to nothing
        beside the names of the messages.
        """
        last = FrameContent(b"", [])
        for group in list(self._groups):
            frames = self._take(group)
            under_way = next(frames)
            for following in frames:
                yield under_way
                under_way = following
            if last.members and len(last.content) + len(under_way.content) > LARGE_FRAME:
                yield last
                last = under_way
            else:
                last = _joined(last, under_way)
        if last.members:
            yield last


def _joined(first: FrameContent, second: FrameContent) -> FrameContent:
    shift = len(first.content)
    moved = [(name, offset + shift, size) for name, offset, size in second.members]
    return FrameContent(first.content + second.content, first.members + moved)
