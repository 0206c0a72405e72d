"""Findings: what `verify` says is wrong, where, and what is affected.

The codes are stable: one may be added, none changes its meaning. `docs/verify.md` lists them with what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_LISTED = 1000
"""Messages, attachments and sources that one finding lists by name at most; all are counted."""


class Severity(StrEnum):
    """How bad it is. Of an archive whose findings are all `STRAY` or `NOTE`, everything can be had back that its
    records promise."""

    DAMAGE = "damage"
    """Something is not what the records say."""
    MISSING = "missing"
    """Something that the records name is not there."""
    STRAY = "stray"
    """Something is there that no commit names; it does not count."""
    NOTE = "note"
    """Worth knowing, and no damage: a loss that is already named, a derived file that will be made anew."""


class FindingCode(StrEnum):
    """What was found; `severity` goes with the code."""

    FORMAT_MISSING = "format-missing"
    FORMAT_DAMAGED = "format-damaged"
    README_MISSING = "readme-missing"
    README_DAMAGED = "readme-damaged"
    COMMIT_MISSING = "commit-missing"
    COMMIT_DAMAGED = "commit-damaged"
    COMMIT_CHAIN = "commit-chain"
    COMMIT_INCONSISTENT = "commit-inconsistent"
    LEDGER = "ledger"
    PACK_MISSING = "pack-missing"
    PACK_DAMAGED = "pack-damaged"
    PACK_TABLE = "pack-table"
    MEMBER_DAMAGED = "member-damaged"
    MEMBER_TWICE = "member-twice"
    SEGMENT_MISSING = "segment-missing"
    SEGMENT_DAMAGED = "segment-damaged"
    MESSAGE_DAMAGED = "message-damaged"
    SOURCE_DAMAGED = "source-damaged"
    SOURCE_LEDGER = "source-ledger"
    SOURCE_GAPS = "source-gaps"
    INDEX_MISSING = "index-missing"
    INDEX_DAMAGED = "index-damaged"
    INDEX_WRONG = "index-wrong"
    CATALOGUE = "catalogue"
    LOST = "lost"
    STRAY_FILE = "stray-file"

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return _SEVERITIES.get(self, Severity.DAMAGE)


_SEVERITIES = {
    FindingCode.FORMAT_MISSING: Severity.MISSING,
    FindingCode.README_MISSING: Severity.MISSING,
    FindingCode.COMMIT_MISSING: Severity.MISSING,
    FindingCode.PACK_MISSING: Severity.MISSING,
    FindingCode.SEGMENT_MISSING: Severity.MISSING,
    FindingCode.INDEX_MISSING: Severity.MISSING,
    FindingCode.MEMBER_TWICE: Severity.NOTE,
    FindingCode.SOURCE_GAPS: Severity.NOTE,
    FindingCode.CATALOGUE: Severity.NOTE,
    FindingCode.LOST: Severity.NOTE,
    FindingCode.STRAY_FILE: Severity.STRAY,
}


@dataclass(slots=True)
class Names:
    """Names of one sort: the first thousand of them, in `listed`, and in `count` how many there are in all."""

    _listed: dict[str, None] = field(default_factory=dict)
    count: int = 0

    @property
    def listed(self) -> list[str]:
        """The first thousand."""
        return list(self._listed)

    def add(self, name: str) -> None:
        """Count a name, and list it while there is room; one that is listed already is not counted again."""
        if name in self._listed:
            return
        self.count += 1
        if len(self._listed) < MOST_LISTED:
            self._listed[name] = None

    def to_json(self) -> dict[str, Any]:
        """As an object of a finding."""
        return {"count": self.count, "listed": self.listed}


@dataclass(slots=True)
class Affected:
    """What a finding affects: messages and attachments by their SHA-256, sources by their labels, each with the file
    in it where there are several (`label: file`)."""

    messages: Names = field(default_factory=Names)
    attachments: Names = field(default_factory=Names)
    sources: Names = field(default_factory=Names)

    def to_json(self) -> dict[str, Any]:
        """As an object of a finding."""
        return {
            "messages": self.messages.to_json(),
            "attachments": self.attachments.to_json(),
            "sources": self.sources.to_json(),
        }


@dataclass(slots=True)
class Finding:
    """One thing that was found.

    `path` is that of the file below the archive's root; `place` says where in it (empty for the whole); `text` says in
    one line what is wrong.
    """

    code: FindingCode
    path: str
    place: str
    text: str
    affected: Affected = field(default_factory=Affected)

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.code.severity

    @property
    def is_damage(self) -> bool:
        """Whether the archive is not whole."""
        return self.severity in (Severity.DAMAGE, Severity.MISSING)

    def to_json(self) -> dict[str, Any]:
        """As a line of `mailstrata verify --json`."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "path": self.path,
            "place": self.place or None,
            "text": self.text,
            "affected": self.affected.to_json(),
        }


def of_sources(labels: list[str]) -> Affected:
    """What affects whole sources."""
    affected = Affected()
    for label in dict.fromkeys(labels):
        affected.sources.add(label)
    return affected
