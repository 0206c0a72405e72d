"""What one text may cost, and how large it may be. docs/texts.md states the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

BODY_BYTES = 4 << 20
"""Decoded bytes of a message's displayed text that are looked at; what is beyond is left out, with the status
`truncated`."""

TEXT_CHARACTERS = 4 << 20
"""Characters of one text, and of the history and the signature beside it, that are kept."""

PLAIN_BYTES = 8 << 20
"""Bytes of an attachment of plain text (also CSV, calendar) that are looked at: as many as surely give the
characters that are kept."""

REASON_CHARACTERS = 200
"""Characters of a reason: it may repeat what a library says of hostile content."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a document may take in the worker process.

    `document_bytes`: a larger one is not opened. `memory_bytes` bounds the address space of the process (RLIMIT_AS).
    `processor_seconds` (RLIMIT_CPU) and `seconds` (wall clock) bound each document; `html_seconds` the same for HTML.
    """

    document_bytes: int = 128 << 20
    memory_bytes: int = 2 << 30
    processor_seconds: int = 30
    seconds: float = 60.0
    html_seconds: int = 5


WORKER_LIMITS = WorkerLimits()
"""The limits that hold unless a caller sets others."""
