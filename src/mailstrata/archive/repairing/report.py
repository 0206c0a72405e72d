"""What a repair has found, and what it did about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailstrata.archive.verifying.findings import Finding

MOST_REMAINING = 1000
"""Findings that a repair could do nothing about and that are listed; all are counted."""


@dataclass(slots=True)
class RepairReport:
    """What a repair did or, with `is_dry_run`, would do.

    `commit` is the number of the commit that it made, None where none was needed. `set_aside` are the names, below the
    archive's root, of what lies in the folder `damaged` now. `packs_saved` are packs of which what was whole went into
    new ones, `packs_lost` those that were gone or held nothing whole; `tables` those of the index made anew.
    `lost_messages`, `lost_attachments` and `lost_segments` count what cannot be had any more, and was not known to be
    lost before. `remaining` are findings about which nothing could be done.
    """

    is_dry_run: bool
    commit: int | None = None
    dropped_commit: int | None = None
    root_files: bool = False
    catalogue: bool = False
    packs_saved: list[str] = field(default_factory=list)
    packs_lost: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    lost_messages: int = 0
    lost_attachments: int = 0
    lost_segments: int = 0
    remaining: list[Finding] = field(default_factory=list)
    remaining_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing was lost, and nothing is damaged any more."""
        return not (self.lost_messages or self.lost_attachments or self.lost_segments or self.remaining_count)

    def remain(self, finding: Finding) -> None:
        """Nothing can be done about a finding."""
        self.remaining_count += 1
        if len(self.remaining) < MOST_REMAINING:
            self.remaining.append(finding)


@dataclass(slots=True)
class Damage:
    """What the verification found, sorted by what is to be done."""

    packs: dict[str, None] = field(default_factory=dict)
    index_files: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    root_files: bool = False
    catalogue: bool = False
    consequences: list[Finding] = field(default_factory=list)
    other_consequences: int = 0
