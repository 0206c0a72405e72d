"""The lines of a segment, each as a small object; `docs/archive-format.md` documents their keys.

Reading them is strict: what is no such line is an error, never a guess. Types and keys that are not known are passed
over, as the format wants it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from mailstrata.archive.commits.records import bytes_from_json
from mailstrata.archive.commits.totals import Totals
from mailstrata.errors import ArchiveError

SEGMENT_FORMAT = "mailstrata-segment"

Compression = Literal["gzip", "bzip2", "xz", "zstd"]
Quoting = Literal["mboxo", "mboxrd", "mboxcl", "mboxcl2"]

_COMPRESSIONS = frozenset({None, "gzip", "bzip2", "xz", "zstd"})
_QUOTINGS = frozenset({None, "mboxo", "mboxrd", "mboxcl", "mboxcl2"})
_DIGEST = re.compile("[0-9a-f]{64}")
# As our writer writes the three lines of which an mbox has as many as messages; any other JSON is read as such.
_USUAL = re.compile(
    rb'\{"type":"(?:message","start":(N),"end":(N),"size":(N),"sha256":"([0-9a-f]{64})"'
    rb'|(?:separator|(gap))","start":(N),"size":(N),"data":"((?>(?:[ !#-\[\]-~]++|\\[nr])*))")\}'.replace(
        b"N", b"0|[1-9][0-9]{0,17}"
    )
)


@dataclass(slots=True)
class FileLine:
    """A file begins, or goes on where `offset` is not 0; the fields are those of `FileInfo`."""

    number: int
    name: bytes
    folder: str
    flags: str
    mode: int | None
    mtime_ns: int | None
    size: int | None
    compression: Compression | None
    quoting: Quoting | None
    offset: int


@dataclass(slots=True)
class GapLine:
    """`size` bytes from `start` on that belong to no message: `data`, or the blob `sha256` where there are many."""

    number: int
    start: int
    size: int
    data: bytes | None
    sha256: str | None


@dataclass(slots=True)
class SeparatorLine(GapLine):
    """As `GapLine`: a `From ` line of an mbox."""


@dataclass(slots=True)
class MessageLine:
    """The message `sha256`, of `size` bytes, stood at `[start, end)`.

    `unquoted_lines` and `quoting_end` say how it was quoted, `defects` what was wrong with how it stood there: codes,
    each with the bytes of the file that it concerns.
    """

    number: int
    start: int
    end: int
    size: int
    sha256: str
    unquoted_lines: list[int] = field(default_factory=list)
    quoting_end: int | None = None
    defects: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class FileEndLine:
    """The file has ended: its bytes, as they were read, and their digest (None where it is not known).

    `complete`: it was read to its end. `changed`: it was written to while it was read.
    """

    number: int
    length: int
    sha256: str | None
    complete: bool
    changed: bool


@dataclass(slots=True)
class SkippedLine:
    """A file that was passed over: it is no mail or, with `is_error`, could not be read."""

    number: int
    name: bytes
    reason: str
    is_error: bool


@dataclass(slots=True)
class FolderLine:
    """A folder of the source, whether anything is in it or not."""

    number: int
    name: bytes
    mode: int | None
    mtime_ns: int | None


@dataclass(slots=True)
class SourceEndLine:
    """The source has ended. It is not counted: `number` is that of the line before it (-1 where there is none)."""

    number: int
    complete: bool
    reasons: list[str]
    totals: Totals


@dataclass(slots=True)
class CopyLine:
    """`count` lines from number `first` on of the snapshot `snapshot` of the same source stand here."""

    snapshot: str
    first: int
    count: int


@dataclass(slots=True)
class SegmentLine:
    """The first line of a segment: whose it is, and which."""

    format: str
    version: int
    source: str
    snapshot: str
    number: int


@dataclass(slots=True)
class BrokenLine:
    """Here lines are missing that could not be read. `number` is that of the last line before them."""

    number: int
    error: ArchiveError


Line = FileLine | GapLine | SeparatorLine | MessageLine | FileEndLine | SkippedLine | FolderLine | SourceEndLine
"""A line that tells of the source's content."""

StoredLine = Line | CopyLine | SegmentLine
"""Any line that may stand in a segment."""


def parse_line(data: bytes, number: int) -> StoredLine | None:
    """The line that `data` is, its number set to `number`; None where its type is not known.

    Raises ValueError, which says what is wrong, for what is no line.
    """
    usual = _USUAL.fullmatch(data)
    if usual is not None:
        line = _usual(number, usual)
        if line is not None:
            return line
    try:
        # All JSON of an archive is ASCII; of bytes, the parser would have to find out what they are.
        stated = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(stated, dict):
        raise ValueError("it is no JSON object")
    kind = stated.get("type")
    if not isinstance(kind, str):
        raise ValueError("it has no type")
    read = _READERS.get(kind)
    if read is None:
        return None
    try:
        return read(number, stated)
    except KeyError as error:
        raise ValueError(f"the {kind} line has no {error.args[0]}") from error


def _usual(number: int, found: re.Match[bytes]) -> MessageLine | GapLine | None:
    """The line that was found; None where what it says cannot be, which is said by who reads it as JSON."""
    start, end, size, sha256, gap, outside_start, outside_size, data = found.groups()
    if sha256 is not None:
        if int(end) < int(start):
            return None
        return MessageLine(number, int(start), int(end), int(size), sha256.decode("ascii"))
    if b"\\" in data:
        data = data.replace(b"\\n", b"\n").replace(b"\\r", b"\r")
    count = int(outside_size)
    if len(data) != count:
        return None
    if gap is None:
        return SeparatorLine(number, int(outside_start), count, data, None)
    return GapLine(number, int(outside_start), count, data, None)


def _file(number: int, stated: dict[str, Any]) -> FileLine:
    compression, quoting = stated["compression"], stated["quoting"]
    if compression not in _COMPRESSIONS:
        raise ValueError("its compression is not known")
    if quoting not in _QUOTINGS:
        raise ValueError("its quoting is not known")
    return FileLine(
        number,
        _bytes(stated, "name"),
        _text(stated, "folder"),
        _text(stated, "flags"),
        _optional(_count, stated, "mode"),
        _optional(_integer, stated, "mtime_ns"),
        _optional(_count, stated, "size"),
        compression,
        quoting,
        _count(stated, "offset"),
    )


def _gap(number: int, stated: dict[str, Any]) -> GapLine:
    return GapLine(number, *_outside(stated))


def _separator(number: int, stated: dict[str, Any]) -> SeparatorLine:
    return SeparatorLine(number, *_outside(stated))


def _outside(stated: dict[str, Any]) -> tuple[int, int, bytes | None, str | None]:
    size = _count(stated, "size")
    if "data" not in stated:
        return _count(stated, "start"), size, None, _digest(stated, "sha256")
    data = _bytes(stated, "data")
    if len(data) != size:
        raise ValueError(f"it says {size} bytes and holds {len(data)}")
    return _count(stated, "start"), size, data, None


def _message(number: int, stated: dict[str, Any]) -> MessageLine:
    line = MessageLine(
        number, _count(stated, "start"), _count(stated, "end"), _count(stated, "size"), _digest(stated, "sha256")
    )
    if line.end < line.start:
        raise ValueError("it ends before it starts")
    if "quoting_end" in stated:
        line.quoting_end = _count(stated, "quoting_end")
    if "unquoted_lines" in stated:
        offsets = stated["unquoted_lines"]
        if not isinstance(offsets, list) or not all(type(offset) is int for offset in offsets):
            raise ValueError("its unquoted_lines are no offsets")
        if offsets != sorted(set(offsets)) or (offsets and offsets[0] < 0):
            raise ValueError("its unquoted_lines are not in order")
        line.unquoted_lines = offsets
    if "defects" in stated:
        line.defects = _defects(stated["defects"])
    return line


def _defects(stated: Any) -> list[tuple[str, int, int]]:
    defects = []
    for defect in stated if isinstance(stated, list) else [None]:
        match defect:
            case [str(code), int(start), int(end)] if 0 <= start <= end:
                defects.append((code, start, end))
            case _:
                raise ValueError("its defects are not codes with their places")
    return defects


def _file_end(number: int, stated: dict[str, Any]) -> FileEndLine:
    return FileEndLine(
        number,
        _count(stated, "length"),
        _optional(_digest, stated, "sha256"),
        _truth(stated, "complete"),
        _truth(stated, "changed"),
    )


def _skipped(number: int, stated: dict[str, Any]) -> SkippedLine:
    return SkippedLine(number, _bytes(stated, "name"), _text(stated, "reason"), _truth(stated, "error"))


def _folder(number: int, stated: dict[str, Any]) -> FolderLine:
    return FolderLine(
        number, _bytes(stated, "name"), _optional(_count, stated, "mode"), _optional(_integer, stated, "mtime_ns")
    )


def _source_end(number: int, stated: dict[str, Any]) -> SourceEndLine:
    reasons = stated["reasons"]
    if not isinstance(reasons, list):
        raise ValueError("its reasons are no list")
    try:
        totals = Totals.from_json(stated["totals"])
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError("its totals are no counts") from error
    return SourceEndLine(number - 1, _truth(stated, "complete"), [str(reason) for reason in reasons], totals)


def _copy(number: int, stated: dict[str, Any]) -> CopyLine:  # noqa: ARG001 - as the others
    return CopyLine(_text(stated, "snapshot"), _count(stated, "first"), _count(stated, "count"))


def _segment(number: int, stated: dict[str, Any]) -> SegmentLine:  # noqa: ARG001
    return SegmentLine(
        _text(stated, "format"),
        _count(stated, "version"),
        _text(stated, "source"),
        _text(stated, "snapshot"),
        _count(stated, "number"),
    )


_READERS: dict[str, Callable[[int, dict[str, Any]], StoredLine]] = {
    "segment": _segment,
    "file": _file,
    "gap": _gap,
    "separator": _separator,
    "message": _message,
    "file-end": _file_end,
    "skipped": _skipped,
    "folder": _folder,
    "copy": _copy,
    "source-end": _source_end,
}


def _integer(stated: dict[str, Any], key: str) -> int:
    value = stated[key]
    if type(value) is not int:
        raise ValueError(f"its {key} is no whole number")
    return value


def _count(stated: dict[str, Any], key: str) -> int:
    value = stated[key]
    if type(value) is not int or value < 0:
        raise ValueError(f"its {key} is no count")
    return value


def _text(stated: dict[str, Any], key: str) -> str:
    value = stated[key]
    if type(value) is not str:
        raise ValueError(f"its {key} is no text")
    return value


def _truth(stated: dict[str, Any], key: str) -> bool:
    value = stated[key]
    if type(value) is not bool:
        raise ValueError(f"its {key} is neither true nor false")
    return value


def _bytes(stated: dict[str, Any], key: str) -> bytes:
    try:
        return bytes_from_json(_text(stated, key))
    except UnicodeEncodeError as error:
        raise ValueError(f"its {key} holds characters that are no bytes") from error


def _digest(stated: dict[str, Any], key: str) -> str:
    value = stated[key]
    if type(value) is not str or _DIGEST.fullmatch(value) is None:
        raise ValueError(f"its {key} is no SHA-256")
    return value


def _optional(read: Callable[[dict[str, Any], str], Any], stated: dict[str, Any], key: str) -> Any:
    return None if stated[key] is None else read(stated, key)
