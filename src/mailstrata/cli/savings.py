"""What keeping each content once, and compressing it, has saved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mailstrata.cli.units import format_bytes, format_share

if TYPE_CHECKING:
    from mailstrata.archive.totals import Totals


@dataclass(frozen=True, slots=True)
class Savings:
    """Bytes of content as often as it was found, of each content once, of both as compressed, and of the tables.

    Content is the messages, their decoded attachments, and what the sources hold besides messages.
    """

    content_bytes: int
    distinct_bytes: int
    packs_bytes: int
    index_bytes: int

    @classmethod
    def of(cls, totals: Totals, *, packs_bytes: int, index_bytes: int) -> Savings:
        """From what was found, and the bytes on disk that hold it."""
        beside = totals.segment_bytes
        return cls(
            content_bytes=totals.message_bytes + totals.attachment_bytes + beside,
            distinct_bytes=totals.message_bytes_new + totals.blob_bytes_new + beside,
            packs_bytes=packs_bytes,
            index_bytes=index_bytes,
        )

    @property
    def by_deduplication(self) -> int:
        """Bytes that were there already."""
        return max(0, self.content_bytes - self.distinct_bytes)

    @property
    def by_compression(self) -> int:
        """Bytes that zstd took away; none where the content could not be compressed and its wrapping cost some."""
        return max(0, self.distinct_bytes - self.packs_bytes)

    def rows(self) -> list[tuple[str, str]]:
        """For people."""
        stored = f"{format_bytes(self.packs_bytes)} in packs, {format_bytes(self.index_bytes)} of index"
        once = f"{format_bytes(self.by_deduplication)} ({format_share(self.by_deduplication, self.content_bytes)})"
        smaller = f"{format_bytes(self.by_compression)} ({format_share(self.by_compression, self.distinct_bytes)})"
        return [
            ("stored", f"{stored}, for {format_bytes(self.content_bytes)} of content"),
            ("saved", f"{once} by keeping content once, {smaller} by compression"),
        ]

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **asdict(self),
            "saved_by_deduplication": self.by_deduplication,
            "saved_by_compression": self.by_compression,
        }
