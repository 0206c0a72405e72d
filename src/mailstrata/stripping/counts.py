"""How many parts were taken out, and why others were not."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class StripCounts:
    """Parts of one message, or added up of many."""

    parts_by_recipe: int = 0
    """Taken out: their bodies are blobs and recipes."""

    parts_with_patches: int = 0
    """Those of them that deviate somewhere from the rule that the rest of the body follows."""

    parts_kept: int = 0
    """Wanted out and large enough, but kept as they are: no recipe gives their bodies back, or a limit cut their
    content."""

    parts_too_small: int = 0
    """Wanted out but for their size."""

    base64_attachments: int = 0
    """All attachments (`PartInfo.is_attachment`) in base64 whose body is not empty, wanted out or not."""

    base64_attachments_by_recipe: int = 0
    """Those of them that were taken out."""

    def add(self, other: StripCounts) -> None:
        """Add up."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
