"""MIME-tools (Perl): a `.ref` beside a message says type, encoding, charset, disposition, file name, decoded size and
header fields of its parts.

A `.ref` is a Perl hash literal. Parts are numbered as ours are, but without the leading 1: `Part_3_1` is 1.3.1, and
`Msg` is the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.suites.case import Case
from tests.conformance.suites.entities import ReadEntity, ReadMessage, ReadPart, entities, epilogue, only_message

NAME = "mime-tools"
TITLE = "MIME-tools: parts as its references describe them, and its encoded files"
_TOKEN = re.compile(r'\s*(?:([{},]|=>)|"((?:[^"\\]|\\.)*)"|qq\{([^}]*)\}|(\w+))', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NAMED_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

_FIELDS = ("Subject", "From", "To")

Reference = dict[str, dict[str, str]]


def read_reference(text: str) -> Reference:
    """The hash of hashes that a `.ref` holds."""
    tokens = _TOKEN.finditer(text)
    outer: Reference = {}
    depth = 0
    key: str | None = None
    inner: dict[str, str] = {}
    is_value = False
    for token in tokens:
        mark = token[1]
        if mark == "{":
            depth += 1
            if depth == 2:
                assert key is not None
                inner = outer.setdefault(key, {})
                key, is_value = None, False
        elif mark == "}":
            depth -= 1
            key, is_value = None, False
        elif mark == "=>":
            is_value = True
        elif mark == ",":
            key, is_value = None, False
        else:
            word = _ESCAPE.sub(_unescape, next(group for group in token.groups()[1:] if group is not None))
            if is_value:
                assert key is not None
                inner[key] = word
            else:
                key = word
    return outer


def _unescape(escape: re.Match[str]) -> str:
    if escape[3] is not None:
        return _NAMED_ESCAPES.get(escape[3], escape[3])
    return chr(int(escape[1] or escape[2], 16))


def compare(reference: Reference, message: ReadMessage, root: ReadEntity) -> Iterator[str]:
    """Where a reference and ours differ."""
    if "Fail" in reference.get("Msg", {}):
        yield "read though the reference says it fails"
        return
    by_path = {part.path: part for part in message.parts}
    named = {_path(name): entry for name, entry in reference.items() if name != "Parser"}
    for path, entry in sorted(named.items()):
        part = by_path.get(path)
        if part is None:
            yield f"{path} missing"
            continue
        for name in sorted(entry):
            if name in _PROPERTIES:
                differs = _PROPERTIES[name](part) != _expected(name, entry[name])
            else:
                differs = name in _FIELDS and part.part.headers[name] != entry[name]
            if differs:
                yield f"{path} {name}"
    for name, ours in (("Preamble", root.preamble), ("Epilogue", epilogue(root))):
        theirs = reference.get("Msg", {}).get(name)
        if theirs is not None and theirs.encode("latin-1") != ours:
            yield f"1 {name}"
    # A reference that leaves out the root means its parts only.
    yield from (f"{path} unexpected" for path in by_path if path not in named and path != "1")


def _path(name: str) -> str:
    return "1" if name == "Msg" else name.replace("Part_", "1.").replace("_", ".")


def _expected(name: str, value: str) -> object:
    if name == "Size":
        return int(value)
    return value.lower() if name in ("Type", "Encoding", "Charset", "Disposition") else value


def _boundary(part: ReadPart) -> object:
    return part.part.type_parameters.get("boundary")


_PROPERTIES = {
    "Type": lambda part: part.json["content_type"],
    "Encoding": lambda part: part.json["encoding"],
    "Charset": lambda part: part.json["charset"],
    "Disposition": lambda part: part.json["disposition"],
    "Filename": lambda part: part.json["filename"],
    "Size": lambda part: part.json["size"],
    "Boundary": _boundary,
}


def _encoded_files(folder: Path) -> Iterator[Case]:
    """Encoded files with what they decode to: the bytes themselves, or their size as a `.ref` knows it."""
    content = (folder / "phil.bin").read_bytes()
    for name, encoding, expected in (
        ("phil.b64", b"base64", content),
        ("phil2.b64", b"base64", content),
        ("up.gif.uu", b"x-uuencode", 110),
        ("zeegee.gif.uu", b"x-uuencode", 4834),
    ):
        header = b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: " + encoding + b"\n\n"
        (part,) = only_message(header + (folder / name).read_bytes()).parts
        found = part.content if isinstance(expected, bytes) else len(part.content)
        yield Case(f"testin/{name}", () if found == expected else ("1 content",))


# The message that a reference is of, where the names differ.
_MAILS = {
    "ak-0696-nest": "ak-0696",
    "ak-0696-none": "ak-0696",
    "ak-0696-replace": "ak-0696",
    "uu-junk-extracted": "uu-junk",
}


def cases(corpora: Path) -> Iterator[Case]:
    """All references."""
    folder = corpora / "conformance" / "mime-tools" / "testmsgs"
    for path in sorted(folder.glob("*.ref")):
        mail = folder / f"{_MAILS.get(path.stem, path.stem)}.msg"
        data = mail.read_bytes()
        reference = read_reference(path.read_text("latin-1"))
        yield Case(f"testmsgs/{path.name}", tuple(compare(reference, only_message(data), entities(data))))
    yield from _encoded_files(folder.parent / "testin")
