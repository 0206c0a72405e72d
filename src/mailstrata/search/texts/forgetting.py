"""Rows of what was erased leave the table *texts*."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive


@dataclass(frozen=True, slots=True)
class ReplacedFiles:
    """Files of the table that are gone, and those that hold their rows (or what is left of them) instead.
    `bodies` and `attachments` are the digests whose rows are gone with them."""

    removed: list[Path]
    added: list[Path]
    bodies: list[str]
    attachments: list[str]


def forget_texts(archive: Archive) -> ReplacedFiles:
    """Take out of the table the texts of messages and blobs that the last commit has not got any more."""
    raise NotImplementedError
