"""Apache Pony Mail: for each message of an mbox its Message-ID and, for each attachment, type, size, name and SHA-256.

The expectations are YAML as one program wrote it; what it needs of YAML is little, and read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance.suites.case import Case
from tests.conformance.suites.entities import ReadMessage, messages

NAME = "ponymail"
TITLE = "Apache Pony Mail: message boundaries, Message-IDs and digests of attachments"
_MBOX = re.compile(r"  (corpus/\S+\.mbox):")
_PAIR = re.compile(r" +(?:- )?([a-z_0-9-]+): ?(.*)")


@dataclass(slots=True)
class Expected:
    """One message."""

    message_id: str = ""
    attachments: list[dict[str, str]] = field(default_factory=list)


def read_expectations(text: str) -> dict[str, list[Expected]]:
    """The messages of each mbox that a file of expectations is about."""
    mboxes: dict[str, list[Expected]] = {}
    current: list[Expected] = []
    for line in text.partition("\nparsing:\n")[2].splitlines():
        if mbox := _MBOX.fullmatch(line):
            current = mboxes.setdefault(mbox[1], [])
            continue
        pair = _PAIR.fullmatch(line)
        if pair is None:
            continue
        key, value = pair[1], _scalar(pair[2])
        if key == "index":
            current.append(Expected())
        elif key == "message-id":
            current[-1].message_id = value
        elif key == "content_type":
            current[-1].attachments.append({key: value})
        elif key in ("size", "filename", "hash"):
            current[-1].attachments[-1][key] = value
    return mboxes


def _scalar(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text.strip('"')


def compare(expected: Expected, read: ReadMessage) -> Iterator[str]:
    """Where a message and what is expected of it differ."""
    found = "".join(read.message.headers.get("Message-ID", "").split())
    if found != "".join(expected.message_id.split()):
        yield "Message-ID"
    attachments = [
        {
            "content_type": part.content_type,
            "size": str(part.json["size"]),
            "filename": part.json["filename"],
            "hash": part.json["sha256"],
        }
        for part in read.parts
        if part.part.is_attachment and part.part.filename is not None
    ]
    if attachments != expected.attachments:
        yield f"{len(attachments)} attachments for {len(expected.attachments)}"


def cases(corpora: Path) -> Iterator[Case]:
    """Every message of every mbox that is there and has expectations."""
    folder = corpora / "mbox" / "ponymail"
    seen: dict[str, list[Expected]] = {}
    for path in sorted((folder / "yaml").glob("*.yaml")):
        for name, expectations in read_expectations(path.read_text("utf-8")).items():
            # Some are named without a word about their messages; others are there twice.
            if expectations and (folder / name).is_file() and seen.get(name) != expectations:
                seen[name] = expectations
                yield from _cases_of(folder / name, name, expectations)


def _cases_of(path: Path, name: str, expectations: list[Expected]) -> Iterator[Case]:
    read = list(messages(path))
    if len(read) != len(expectations):
        yield Case(name, (f"{len(read)} messages for {len(expectations)}",))
    for index, (expected, message) in enumerate(zip(expectations, read, strict=False)):
        yield Case(f"{name} {index}", tuple(compare(expected, message)))
