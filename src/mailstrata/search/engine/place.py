"""Where the search index lies in an archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of the search index of the archive in `archive`."""

    archive: Path

    @property
    def folder(self) -> Path:
        """All of it. Who deletes it loses time only."""
        return self.archive / "search"

    @property
    def state(self) -> Path:
        """What the index covers, and which of the folders of words it is."""
        return self.folder / "state.json"

    @property
    def words(self) -> Path:
        """The folder of full-text indexes; `state` names the one that counts."""
        return self.folder / "words"

    @property
    def lock(self) -> Path:
        """The file that an update locks."""
        return self.folder / ".lock"

    def exists(self) -> bool:
        """Whether the archive has a search index, complete or not."""
        return self.folder.is_dir()
