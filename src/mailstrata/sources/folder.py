"""A source that is a folder of files: what a Maildir, a tree of messages and Apple Mail's folders have in common."""

from __future__ import annotations

from mailstrata.message.origin import MboxVariant, SourceInfo, SourceKind
from mailstrata.sources.one_file import absolute


class FolderSource:
    """The part of a `Source` that is the same for all folders. `variant` is what the user says of mboxes in it."""

    __slots__ = ("_path", "_variant", "info")

    def __init__(self, path: bytes, label: str, kind: SourceKind, *, variant: MboxVariant | None = None) -> None:
        self.info = SourceInfo(label, absolute(path), kind)
        self._path = path
        self._variant = variant

    @property
    def size(self) -> int | None:
        """None: telling it would mean to look at every file once more."""
        return None

    @property
    def stamp(self) -> tuple[int, int] | None:
        """None: a folder's time of change says nothing of the files in it."""
        return None
