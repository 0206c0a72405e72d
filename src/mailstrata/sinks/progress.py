"""How far a run has come: what it tells whoever waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """How far a run has come. `bytes_read` counts bytes after decompression, and those that need not be read again;
    `bytes_total` is the size on disk of all sources known so far (None where one of them does not know)."""

    bytes_read: int = 0
    bytes_total: int | None = 0
    messages: int = 0
    parts: int = 0
    source: str = ""

    def begin_source(self, label: str, size: int | None) -> None:
        """Another source is begun; `size` is its size on disk in bytes, None where it does not know."""
        self.source = label
        self.bytes_total = None if size is None or self.bytes_total is None else self.bytes_total + size
