"""The numbers of the ledger: what was found, what of it was new, and where every byte of a source went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailstrata.stripping import StripCounts


@dataclass(slots=True)
class Totals:
    """Counts, all of them from 0; bytes are decompressed ones unless said otherwise.

    Two sums hold for every source, every commit and the whole archive (`check`)::

        source_bytes   = gap_bytes + separator_bytes + message_source_bytes
        messages_found = messages_new + messages_duplicate + messages_erased

    They are about what was read. What a snapshot took over from the one before it, without reading it again, is
    counted beside them (`files_unchanged`, `bytes_unchanged`, `messages_unchanged`).
    """

    files: int = 0
    """Files begun."""
    files_skipped: int = 0
    folders: int = 0
    """Folders found, as often as a run came by."""
    files_unchanged: int = 0
    """Files taken over whole from the snapshot before."""
    bytes_unchanged: int = 0
    """Bytes of files taken over, whole files or the beginnings of files that have grown."""
    messages_unchanged: int = 0
    """Messages taken over."""
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
    messages_erased: int = 0
    """Messages met again after they were erased: they are not kept."""
    message_bytes: int = 0
    """Bytes of all messages found, mbox quoting undone."""
    message_bytes_new: int = 0
    """Of these, bytes of messages that the archive did not have."""
    kept_bytes_new: int = 0
    """Bytes in which these are kept: skeletons, and messages of which nothing was taken out."""
    parts: int = 0
    attachments: int = 0
    """Leaves that people would call an attachment, as often as they were found."""
    attachment_bytes: int = 0
    """Their decoded bytes."""
    parts_by_recipe: int = 0
    """Parts taken out of messages, as often as they were found."""
    parts_with_patches: int = 0
    """Of these, parts whose recipe has to name what is odd about them."""
    parts_kept: int = 0
    """Parts large enough to be taken out, but kept as they are, for they have no short recipe."""
    base64_attachments: int = 0
    """Attachments in base64 with a body that is not empty."""
    base64_attachments_by_recipe: int = 0
    """Of these, those taken out."""
    encoded_bytes: int = 0
    """Bytes of the parts taken out as they stood in their messages, as often as they were found."""
    blob_bytes: int = 0
    """Bytes of the same decoded."""
    large_gap_bytes: int = 0
    """Bytes of gaps too large for a segment, as often as they were found."""
    blobs_new: int = 0
    """Blobs that the archive did not have: contents of parts, and gaps too large for a segment."""
    blob_bytes_new: int = 0
    segment_bytes: int = 0
    """Bytes of segments written."""
    defects: Counter[str] = field(default_factory=Counter)
    """Defects found, by code."""

    def add(self, other: Totals) -> None:
        """Add another's counts to these."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.defects.update(other.defects)

    def subtract(self, other: Totals) -> None:
        """Take another's counts, but those of defects, away from these."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) - getattr(other, name))

    def add_parts(self, counts: StripCounts) -> None:
        """Add what became of the parts of a message."""
        self.parts_by_recipe += counts.parts_by_recipe
        self.parts_with_patches += counts.parts_with_patches
        self.parts_kept += counts.parts_kept
        self.base64_attachments += counts.base64_attachments
        self.base64_attachments_by_recipe += counts.base64_attachments_by_recipe

    def check(self) -> str | None:
        """What does not add up, as a line for people; None where everything does."""
        covered = self.gap_bytes + self.separator_bytes + self.message_source_bytes
        if self.source_bytes != covered:
            return f"{self.source_bytes} bytes were read, gaps, separators and messages come to {covered}"
        accounted = self.messages_new + self.messages_duplicate + self.messages_erased
        if self.messages_found != accounted:
            return f"{self.messages_found} messages were found, new, duplicate and erased ones come to {accounted}"
        return None

    def copy(self) -> Totals:
        """The same counts, to go on with."""
        result = Totals()
        result.add(self)
        return result

    def to_json(self) -> dict[str, Any]:
        """As an object of a record."""
        result: dict[str, Any] = {name: getattr(self, name) for name in NUMBERS}
        result["defects"] = dict(sorted(self.defects.items()))
        return result

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Totals:
        """From an object of a record; a number that is missing is 0, one that is not known is passed over.

        Raises TypeError or ValueError for what is no such object.
        """
        result = cls()
        for name in NUMBERS:
            setattr(result, name, int(data.get(name, 0)))
        result.defects.update({str(code): int(count) for code, count in data.get("defects", {}).items()})
        return result


NUMBERS = tuple(each.name for each in fields(Totals) if each.name != "defects")
"""The names of all counts but those of defects."""
