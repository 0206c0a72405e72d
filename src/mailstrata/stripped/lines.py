"""The lines of a block of the manifest, as objects.

Reading them is strict; types and keys that are not known are passed over, so that later versions may add some.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailstrata.errors import ArchiveError
from mailstrata.message.origin import MboxVariant
from mailstrata.stripped.attachments import MANIFEST_NAME
from mailstrata.stripped.files import show
from mailstrata.stripped.manifest import Block, bytes_from_json, read_lines

_DIGEST = re.compile("[0-9a-f]{64}")
_QUOTINGS: tuple[MboxVariant | None, ...] = (None, "mboxo", "mboxrd", "mboxcl", "mboxcl2")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source begins."""

    label: str
    path: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder that is to be there even if nothing is in it."""

    place: bytes
    mode: int | None
    mtime_ns: int | None


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file begins: `place` is its path below the target when it is put back (empty where the target is this file),
    `stripped_name` that of the stripped file. `quoting` is the source's; where it is set, the stripped file is quoted
    as mboxrd."""

    place: bytes
    stripped_name: bytes
    flags: str
    mode: int | None
    mtime_ns: int | None
    quoting: MboxVariant | None


@dataclass(frozen=True, slots=True)
class OutsideLine:
    """`size` bytes at `start` of the file that belong to no message; they stand in the stripped file as they are."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message that stood at [`start`, `end`) and stands, stripped or not, at [`stripped_start`, `stripped_end`);
    `parts` is how many parts were taken out, `attachments` their SHA-256s."""

    start: int
    end: int
    stripped_start: int
    stripped_end: int
    size: int
    sha256: str
    is_stripped: bool
    unquoted_lines: list[int]
    quoting_end: int | None
    parts: int
    attachments: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileEndLine:
    """The file has ended: its bytes and their digest, as read and as written. `is_complete` says that it was read to
    its end and did not change meanwhile."""

    length: int
    sha256: str
    is_complete: bool
    stripped_length: int
    stripped_sha256: str


Line = SourceLine | FolderLine | FileLine | OutsideLine | MessageLine | FileEndLine


def parse_block(directory: Path, block: Block) -> Iterator[Line]:
    """The lines of a block, but for those of unknown types. Raises `ArchiveError` where one is not as it should be."""
    for number, line in enumerate(read_lines(directory, block)):
        try:
            parsed = _parse(json.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArchiveError(
                f"{show(directory / MANIFEST_NAME)}: line {number} of the block at byte {block.offset} is not as "
                "docs/strip.md says; restore the manifest from a copy"
            ) from error
        if parsed is not None:
            yield parsed


def _parse(line: dict[str, Any]) -> Line | None:
    kind = line["type"]
    if kind == "message":
        return _message(line)
    if kind in ("gap", "separator"):
        return OutsideLine(_count(line["start"]), _count(line["size"]))
    if kind == "file":
        quoting = line["quoting"]
        if quoting not in _QUOTINGS:
            raise ValueError("no variant of an mbox")
        return FileLine(
            bytes_from_json(line["place"]),
            bytes_from_json(line["stripped_name"]),
            str(line["flags"]),
            _optional(line["mode"]),
            _optional(line["mtime_ns"]),
            quoting,
        )
    if kind == "file-end":
        return FileEndLine(
            _count(line["length"]),
            _digest(line["sha256"]),
            line["complete"] is True and line["changed"] is False,
            _count(line["stripped_length"]),
            _digest(line["stripped_sha256"]),
        )
    if kind == "folder":
        # The time came later than the others, and may be missing.
        return FolderLine(bytes_from_json(line["place"]), _optional(line["mode"]), _optional(line.get("mtime_ns")))
    if kind == "source":
        return SourceLine(str(line["label"]), bytes_from_json(line["path"]), str(line["kind"]))
    return None


def _message(line: dict[str, Any]) -> MessageLine:
    quoting_end = line.get("quoting_end")
    parts = line.get("parts", ())
    return MessageLine(
        _count(line["start"]),
        _count(line["end"]),
        _count(line["stripped_start"]),
        _count(line["stripped_end"]),
        _count(line["size"]),
        _digest(line["sha256"]),
        line["stripped"] is True,
        [_count(offset) for offset in line.get("unquoted_lines", ())],
        None if quoting_end is None else _count(quoting_end),
        len(parts),
        frozenset(_digest(part["sha256"]) for part in parts),
    )


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("not a number of bytes")
    return value


def _optional(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise ValueError("not a number")
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or _DIGEST.fullmatch(value) is None:
        raise ValueError("not a SHA-256")
    return value
