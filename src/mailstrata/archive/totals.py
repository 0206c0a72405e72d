"""The numbers of the ledger: what was found, what of it was new, and where every byte of a source went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Totals:
    """Counts, all of them from 0; bytes are decompressed ones unless said otherwise.

    Two sums hold for every source, every commit and the whole archive::

        source_bytes   = gap_bytes + separator_bytes + message_source_bytes
        messages_found = messages_new + messages_duplicate
    """

    files: int = 0
    """Files begun."""
    files_skipped: int = 0
    source_bytes: int = 0
    """Bytes of the sources, after decompression."""
    gap_bytes: int = 0
    separator_bytes: int = 0
    """Bytes of `From ` lines."""
    message_source_bytes: int = 0
    """Bytes of messages as they stand in their source, mbox quoting included."""
    messages_found: int = 0
    messages_new: int = 0
    messages_duplicate: int = 0
    message_bytes: int = 0
    """Bytes of all messages found, mbox quoting undone."""
    message_bytes_new: int = 0
    """Of these, bytes of messages that the archive did not have."""
    parts: int = 0
    attachments: int = 0
    """Leaves that people would call an attachment, as often as they were found."""
    attachment_bytes: int = 0
    """Their decoded bytes."""
    blobs_new: int = 0
    """Blobs that the archive did not have: attachments, and gaps too large for a segment."""
    blob_bytes_new: int = 0
    segment_bytes: int = 0
    """Bytes of segments written."""
    defects: Counter[str] = field(default_factory=Counter)
    """Defects found, by code."""

    def add(self, other: Totals) -> None:
        """Add another's counts to these."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.defects.update(other.defects)

    def copy(self) -> Totals:
        """The same counts, to go on with."""
        result = Totals()
        result.add(self)
        return result

    def to_json(self) -> dict[str, Any]:
        """As an object of a record."""
        result: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        result["defects"] = dict(sorted(self.defects.items()))
        return result

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Totals:
        """From an object of a record; a number that is missing is 0, one that is not known is passed over.

        Raises TypeError or ValueError for what is no such object.
        """
        result = cls()
        for name in _NUMBERS:
            setattr(result, name, int(data.get(name, 0)))
        result.defects.update({str(code): int(count) for code, count in data.get("defects", {}).items()})
        return result


_NUMBERS = tuple(each.name for each in fields(Totals) if each.name != "defects")
