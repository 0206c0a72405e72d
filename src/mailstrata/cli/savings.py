"""What keeping each content once, and compressing it, has saved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mailstrata.cli.units import format_bytes, format_share

if TYPE_CHECKING:
    from mailstrata.archive.commits.totals import Totals


@dataclass(frozen=True, slots=True)
class Savings:
    """Bytes of content as often as it was found, of the same with parts decoded, of each content once, of that as
    compressed, and of the tables.

    Content is the messages, and what the sources hold besides them.
    """

    content_bytes: int
    decoded_bytes: int
    distinct_bytes: int
    packs_bytes: int
    index_bytes: int

    @classmethod
    def of(cls, totals: Totals, *, packs_bytes: int, index_bytes: int) -> Savings:
        """From what was found, and the bytes on disk that hold it."""
        content = totals.message_bytes + totals.large_gap_bytes + totals.segment_bytes
        return cls(
            content_bytes=content,
            decoded_bytes=content - totals.encoded_bytes + totals.blob_bytes,
            distinct_bytes=totals.kept_bytes_new + totals.blob_bytes_new + totals.segment_bytes,
            packs_bytes=packs_bytes,
            index_bytes=index_bytes,
        )

    @property
    def by_decoding(self) -> int:
        """Bytes that transfer encodings had added."""
        return self.content_bytes - self.decoded_bytes

    @property
    def by_deduplication(self) -> int:
        """Bytes that were there already; none where the placeholders of parts taken out cost more."""
        return max(0, self.decoded_bytes - self.distinct_bytes)

    @property
    def by_compression(self) -> int:
        """Bytes that zstd took away; none where the content could not be compressed and its wrapping cost some."""
        return max(0, self.distinct_bytes - self.packs_bytes)

    def rows(self) -> list[tuple[str, str]]:
        """For people."""
        stored = f"{format_bytes(self.packs_bytes)} in packs, {format_bytes(self.index_bytes)} of index"
        decoded = f"{format_bytes(self.by_decoding)} ({format_share(self.by_decoding, self.content_bytes)})"
        once = f"{format_bytes(self.by_deduplication)} ({format_share(self.by_deduplication, self.decoded_bytes)})"
        smaller = f"{format_bytes(self.by_compression)} ({format_share(self.by_compression, self.distinct_bytes)})"
        return [
            ("stored", f"{stored}, for {format_bytes(self.content_bytes)} of content"),
            ("saved", f"{decoded} by decoding, {once} by keeping content once, {smaller} by compression"),
        ]

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **asdict(self),
            "saved_by_decoding": self.by_decoding,
            "saved_by_deduplication": self.by_deduplication,
            "saved_by_compression": self.by_compression,
        }
