"""mime4j: the raw event tree of each message (`.xml`), the decoded one, and the decoded bodies that it names.

A tree is written as tags, each on a line that ends in CRLF, with the bytes of fields and bodies between them as Latin-1
and only `&`, `<` and `>` escaped. It is no XML that a parser of XML would give back byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mailstrata
from tests.conformance.suites.case import Case
from tests.conformance.suites.entities import ReadEntity, entities, epilogue, only_message

NAME = "mime4j"
TITLE = "Apache James mime4j: event trees, decoded trees, decoded bodies, and an mbox"
_FOLDERS = ("testmsgs", "mimetools-testmsgs")
_TAG = re.compile(r'<(/?)([a-z-]+)(?: name="([^"]*)")?/?>(?:\r\n)?')


@dataclass(slots=True)
class Expected:
    """One entity of an expected tree. `file` names its decoded body; `body` is the raw one."""

    fields: list[bytes] = field(default_factory=list)
    kind: str = "leaf"
    preamble: bytes = b""
    epilogue: bytes = b""
    body: bytes = b""
    file: str | None = None
    children: list[Expected] = field(default_factory=list)


def read_tree(path: Path) -> Expected:
    """The root entity of a tree."""
    text = path.read_bytes().decode("latin-1")
    open_entities: list[Expected] = []
    root: Expected | None = None
    position = 0
    for tag in _TAG.finditer(text):
        is_end, name, file = tag[1] == "/", tag[2], tag[3]
        content = unescape_text(text[position : tag.start()])
        position = tag.end()
        if name in ("message", "body-part"):
            if is_end:
                open_entities.pop()
                continue
            entity = Expected()
            if open_entities:
                parent = open_entities[-1]
                parent.children.append(entity)
                parent.kind = "message" if name == "message" else "multipart"
            else:
                root = entity
            open_entities.append(entity)
            continue
        entity = open_entities[-1]
        if name == "multipart":
            entity.kind = "multipart"
        elif name in ("text-body", "binary-body"):
            entity.file = file
        elif is_end and name == "field":
            entity.fields.append(content)
        elif is_end and name in ("preamble", "epilogue", "body"):
            setattr(entity, name, content)
    assert root is not None
    return root


def unescape_text(text: str) -> bytes:
    """Undo the escaping of a tree."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").encode("latin-1")


def compare_raw(expected: Expected, read: ReadEntity, path: str = "1") -> Iterator[str]:
    """Where a raw tree and ours differ. Below an entity of another kind nothing is compared."""
    if expected.fields != read.fields:
        yield f"{path} fields"
    if expected.kind != read.kind:
        yield f"{path} {read.kind} for {expected.kind}"
        return
    if expected.preamble != read.preamble:
        yield f"{path} preamble"
    if expected.epilogue != epilogue(read):
        yield f"{path} epilogue"
    if expected.body != read.body:
        yield f"{path} body"
    yield from _compare_children(expected, read, path, compare_raw)


def compare_decoded(
    expected: Expected, read: ReadEntity, contents: dict[str, bytes], folder: Path, path: str = "1"
) -> Iterator[str]:
    """Where a decoded tree, with the bodies that it names, and ours differ in what the raw tree does not show."""
    if expected.kind != read.kind:
        yield f"{path} decoded as {read.kind} for {expected.kind}"
        return
    if expected.kind == "leaf":
        content = (folder / expected.file).read_bytes() if expected.file is not None else b""
        if content != contents[read.path]:
            yield f"{path} content"
    yield from _compare_children(
        expected,
        read,
        path,
        lambda theirs, ours, number: compare_decoded(theirs, ours, contents, folder, number),
    )


def _compare_children(
    expected: Expected, read: ReadEntity, path: str, compare: Callable[[Expected, ReadEntity, str], Iterator[str]]
) -> Iterator[str]:
    if len(expected.children) != len(read.children):
        yield f"{path} {len(read.children)} children for {len(expected.children)}"
    # A message is the only child of what contains it; its path goes one level down all the same.
    for number, (theirs, ours) in enumerate(zip(expected.children, read.children, strict=False), 1):
        yield from compare(theirs, ours, f"{path}.{number}")


def _split_mbox(folder: Path) -> Iterator[Case]:
    """An mbox, and a file for each message that it holds."""
    with mailstrata.open(folder / "mbox.rlug") as reader:
        found = [b"".join(message.raw()) for message in reader]
    expected = [(folder / f"mbox.rlug-{index}").read_bytes() for index in range(len(list(folder.glob("mbox.rlug-*"))))]
    if len(found) != len(expected):
        yield Case("mbox/mbox.rlug", (f"{len(found)} messages for {len(expected)}",))
    for index, (theirs, ours) in enumerate(zip(expected, found, strict=False)):
        differs = ("line break at the end",) if theirs == ours + b"\n" else ("content",)
        yield Case(f"mbox/mbox.rlug-{index}", () if theirs == ours else differs)


def cases(corpora: Path) -> Iterator[Case]:
    """All messages of the parser's core, and those of the mbox."""
    resources = corpora / "conformance" / "mime4j" / "core" / "src" / "test" / "resources"
    for name in _FOLDERS:
        for path in sorted((resources / name).glob("*.msg")):
            mail = path.read_bytes()
            root = entities(mail)
            # Bytes with a `From ` line would be an mbox, whose last blank line belongs to no message.
            alone = mail.partition(b"\n")[2] if mail.startswith(b"From ") else mail
            contents = {part.path: part.content for part in only_message(alone).parts}
            raw = compare_raw(read_tree(path.with_suffix(".xml")), root)
            decoded_tree = read_tree(path.with_name(f"{path.stem}_decoded.xml"))
            decoded = compare_decoded(decoded_tree, root, contents, path.parent)
            yield Case(f"{name}/{path.name}", tuple(dict.fromkeys((*raw, *decoded))))
    yield from _split_mbox(corpora / "conformance" / "mime4j" / "mbox" / "src" / "test" / "resources" / "test-1")
