"""The fields of one large header block by name, of which there is one at a time.

A block of tiny fields takes some thirty times as much memory once it is split. So only the block that was asked last
keeps what was found; when its header is gone, so is this.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import weakref


class LargeIndex:
    """The values of a block's fields by lower-case name, in order; None once another block was asked."""

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: dict[bytes, list[bytes]]) -> None:
        self.values: dict[bytes, list[bytes]] | None = values


_latest: weakref.ref[LargeIndex] | None = None


def only_index(values: dict[bytes, list[bytes]]) -> LargeIndex:
    """The index of the block that is asked now; the one before is dropped."""
    from weakref import ref  # noqa: PLC0415 - few headers are large

    global _latest  # noqa: PLW0603 - one for all headers is the point
    before = None if _latest is None else _latest()
    if before is not None:
        before.values = None
    index = LargeIndex(values)
    _latest = ref(index)
    return index
