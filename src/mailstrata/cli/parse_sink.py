"""The sinks behind `mailstrata parse`: they write each message when it has ended."""

# ruff: noqa: ARG002 - the methods are those of Sink

from __future__ import annotations

from typing import Any

from mailstrata.cli import output
from mailstrata.cli.message_text import header_lines, part_line
from mailstrata.cli.terminal import safe_line
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.json import message_with_parts_as_json, part_as_json
from mailstrata.sinks.protocol import Sink, Wants


class JsonSink(Sink):
    """Writes one JSON object a line. Keeps what it says of the parts of one message, up to the limit of parts, and not
    their headers."""

    name = "parse-json"
    wants = Wants.DIGESTS

    def __init__(self) -> None:
        self._parts: list[dict[str, Any]] = []
        self._places: list[int] = []

    def begin_message(self, message: MessageInfo) -> None:
        """Forget the message before."""
        self._parts = []
        self._places = []

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Parts begin in document order, and end in another."""
        self._places.append(len(self._parts))
        self._parts.append({})

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Parts end innermost first."""
        self._parts[self._places.pop()] = part_as_json(part)

    def end_message(self, message: MessageInfo) -> None:
        """All is known now."""
        output.write_json(message_with_parts_as_json(message, self._parts))
        self._parts = []


class TreeSink(Sink):
    """Writes each message as a block of lines. Keeps one line a part of one message."""

    name = "parse-tree"
    wants = Wants.DIGESTS

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._places: list[int] = []

    def begin_message(self, message: MessageInfo) -> None:
        """Forget the message before."""
        self._lines = []
        self._places = []

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """A part's line stands where the part begins, and is known when it ends."""
        self._places.append(len(self._lines))
        self._lines.append("")

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Parts end innermost first."""
        self._lines[self._places.pop()] = part_line(part)

    def end_message(self, message: MessageInfo) -> None:
        """All is known now."""
        name = message.file.name.decode("utf-8", "replace")
        place = f"{message.source.label}/{name}" if name else message.source.label
        block = [
            f"{safe_line(place)}  message {message.index}  bytes {message.start}-{message.end}",
            *(f"  {line}" for line in header_lines(message)),
            *(f"  {line}" for line in self._lines),
            "",
        ]
        output.write("\n".join(block) + "\n")
        self._lines = []
