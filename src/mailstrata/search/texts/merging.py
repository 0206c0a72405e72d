"""Many small files of the table *texts* become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.search.texts.forgetting import ReplacedFiles


def merge_texts(archive: Archive) -> ReplacedFiles:
    """Merge small files where there are so many that looking up gets slow; else nothing happens."""
    raise NotImplementedError
