"""What mailstrata makes of a fixture, through its public interface, in a shape that suites can compare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mailstrata
from mailstrata import EntityBegin, Headers, Span, SpanKind

_FIRST_LINE_BREAK = re.compile(rb"\A\r?\n")


@dataclass(slots=True)
class ReadEntity:
    """One entity as the parser's events tell it: bytes as they stand."""

    path: str
    kind: str
    """`multipart`, `message` (a container of one) or `leaf`."""
    content_type: str
    block: bytes = b""
    preamble: bytes = b""
    epilogue: bytes = b""
    body: bytes = b""
    children: list[ReadEntity] = field(default_factory=list)

    @property
    def fields(self) -> list[bytes]:
        """The header fields as they stand, folding included, without the line break that ends each."""
        block = self.block
        return [
            block[raw.start : block.index(b":", raw.start) + 1 + len(raw.value)] for raw in Headers(self.block).fields
        ]


@dataclass(slots=True)
class ReadPart:
    """One part of a message as the pull form gives it, decoded."""

    path: str
    content_type: str
    is_container: bool
    encoding: str
    content: bytes
    json: dict[str, Any]
    """The part in `message_as_json`."""
    part: mailstrata.Part


@dataclass(slots=True)
class ReadMessage:
    """One message as the pull form gives it."""

    message: mailstrata.Message
    parts: list[ReadPart]
    json: dict[str, Any]


def entities(data: bytes) -> ReadEntity:
    """The tree of one message's entities."""
    roots: list[ReadEntity] = []
    by_path: dict[str, ReadEntity] = {}
    parser = mailstrata.Parser("message")
    for events in (parser.feed(data), parser.close()):
        for event in events:
            if isinstance(event, EntityBegin):
                entity = event.entity
                kind = "leaf"
                if entity.is_container:
                    kind = "multipart" if entity.boundary is not None else "message"
                read = ReadEntity(entity.path, kind, entity.content_type)
                by_path[entity.path] = read
                siblings = roots if entity.parent is None else by_path[entity.parent.path].children
                siblings.append(read)
            elif isinstance(event, Span) and event.entity is not None:
                read = by_path[event.entity.path]
                if event.kind is SpanKind.HEADER:
                    read.block += event.data
                elif event.kind is SpanKind.PREAMBLE:
                    read.preamble += event.data
                elif event.kind is SpanKind.EPILOGUE:
                    read.epilogue += event.data
                elif event.kind is SpanKind.BODY:
                    read.body += event.data
    (root,) = roots
    return root


def epilogue(read: ReadEntity) -> bytes:
    """The epilogue as RFC 2046, 5.1.1 has it: without the line break that ends the close-delimiter's line, which is
    part of neither. Our spans tile the input, so one of them has to hold it."""
    return _FIRST_LINE_BREAK.sub(b"", read.epilogue, count=1)


def messages(mail: Path | bytes) -> Iterator[ReadMessage]:
    """The messages of a file, each with its parts in document order, containers before their children."""
    with mailstrata.open(mail) as reader:
        for message in reader:
            taken = [(part, b"".join(part)) for part in message.parts()]
            described = mailstrata.message_as_json(message, [part for part, _ in taken])
            parts = [
                ReadPart(part.path, part.content_type, part.is_container, part.encoding, content, entry, part)
                for (part, content), entry in zip(taken, described["parts"], strict=True)
            ]
            yield ReadMessage(message, parts, described)


def only_message(mail: Path | bytes) -> ReadMessage:
    """The message of a file that holds one."""
    (message,) = messages(mail)
    return message
