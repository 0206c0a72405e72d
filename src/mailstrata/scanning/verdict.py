"""What a scanner says of content."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """Each member's value is its name in the table."""

    CLEAN = "clean"
    FOUND = "found"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`signature` names what was found, `reason` says why content could not be scanned."""

    kind: VerdictKind
    signature: str | None = None
    reason: str | None = None


CLEAN = Verdict(VerdictKind.CLEAN)


def failed(reason: str) -> Verdict:
    """That content could not be scanned."""
    return Verdict(VerdictKind.ERROR, reason=reason)
