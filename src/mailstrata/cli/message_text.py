"""A message as lines for people: its header in short, and its parts as a tree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mailstrata.cli.terminal import cut, pad, safe_line
from mailstrata.cli.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.parser.defects import Defect

_NAME_COLUMNS = 10
_VALUE_COLUMNS = 400
"""A header field may be a mebibyte; nobody reads one that long here, and `--raw` and `--json` have all of it."""


def header_lines(message: MessageInfo) -> list[str]:
    """Subject, From, To, Cc and Date, as far as they are there, and what is wrong with the message as a whole."""
    date = message.date
    fields = [
        ("subject", message.subject),
        ("from", message.from_),
        ("to", message.to),
        ("cc", message.cc),
        ("date", None if date is None else date.isoformat(" ")),
        ("message-id", message.message_id),
        ("defects", _defects(message.defects) or None),
    ]
    return [_field(name, value) for name, value in fields if value is not None]


def _field(name: str, value: str) -> str:
    return f"{pad(name, _NAME_COLUMNS)}  {_short(value)}"


def _short(value: str) -> str:
    return cut(safe_line(value[: 2 * _VALUE_COLUMNS]), _VALUE_COLUMNS)


def part_line(part: PartInfo, flags: Sequence[str] = ()) -> str:
    """A part on one line, indented by its depth, with its flags; complete once the part has ended."""
    pieces = [f"{'  ' * part.depth}{part.path}", _short(part.content_type)]
    if part.charset and part.content_type.startswith("text/"):
        pieces.append(_short(part.charset))
    if part.size is not None:
        pieces.append(format_bytes(part.size))
    if part.filename is not None:
        pieces.append(f'"{_short(part.filename)}"')
    if flags:
        pieces.append(f"{{{', '.join(flags)}}}")
    defects = part.defects
    if defects:
        pieces.append(f"[{_defects(defects)}]")
    return "  ".join(pieces)


def _defects(defects: Iterable[Defect]) -> str:
    counts = Counter(defect.code.value for defect in defects)
    return ", ".join(code if count == 1 else f"{code} ({count})" for code, count in counts.items())
