"""What the parser said of each input when that was recorded.

`digests.json` holds a digest of each input and one of what is said of it; `listings.txt` the latter in full where the
input is small and made to show something.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from support.parsing import Parsed, run

from mailstrata.parser.entity import Entity
from mailstrata.parser.fields import split_fields
from tests.parser.golden.inputs import Input, all_inputs, splits_of

DIGESTS = Path(__file__).with_name("digests.json")
LISTINGS = Path(__file__).with_name("listings.txt")

REWRITE = "python -m tests.parser.golden --write"
_SHOW = "python -m tests.parser.golden --show"
_TITLE = "== "
_DIGITS = 12
_MOST_LINES = 60
_LONG = 200
_END = 80


def listing(one: Input, pieces: list[int] | None = None) -> str:
    """All that the parser says of an input, a line for each event and defect."""
    parsed = run(one.data, one.mode, pieces, **one.options)
    return "".join(f"{line}\n" for line in _lines(parsed))


def _lines(parsed: Parsed) -> Iterator[str]:
    entities = iter(parsed.entities)
    open_entities: list[Entity] = []
    blocks: dict[int, bytes] = {}
    for event in parsed.events:
        if event[0] == "begin":
            entity = next(entities)
            open_entities.append(entity)
            yield f"begin {event[1]} {entity.content_type} {entity.encoding}"
        elif event[0] == "end":
            entity = open_entities.pop()
            yield f"end {event[1]} {_described(entity, blocks.pop(entity.start, b''))}"
            for defect in entity.defects:
                yield f"  defect {defect.code.value} {defect.start}-{defect.end}"
        else:
            kind, path, start, end, data = event
            if kind == "header":
                blocks[start] = data
            yield f"{kind} {path or '-'} {start}-{end} {data!r}"


def _described(entity: Entity, block: bytes) -> str:
    """What is known of an entity that has ended. What only the short ways find is looked up where they found nothing,
    so that it makes no difference which way was taken."""
    said = [f"{entity.start}-{entity.body_start}-{entity.end}"]
    if entity.boundary is not None:
        said.append(f"boundary={entity.boundary!r}")
    said += [word for word in ("opaque", "is_message_container") if getattr(entity, word)]
    if entity.children:
        said.append(f"children={entity.children}")
    first: dict[bytes, bytes] = {}
    for field in split_fields(block):
        first.setdefault(field.name.lower(), field.value)
    fields = entity.content_fields
    known = {
        b"from": entity.from_value,
        b"subject": entity.subject_value,
        b"content-type": fields and fields.type_value,
        b"content-disposition": fields and fields.disposition_value,
    }
    for name, value in known.items():
        text = first.get(name) if value is None else value.rstrip(b"\r")
        if text is not None:
            said.append(f"{name.decode()}={text!r}")
    if fields is not None and not fields.may_be_named:
        # It may say that there is a name where there is none.
        assert b"name" not in b" ".join(first.get(name, b"") for name in known if name.startswith(b"content")).lower()
    return " ".join(said)


def _brief(text: str) -> str:
    """A listing to be read: of long lines the beginning and the end."""
    lines = text.splitlines()
    return "".join((line if len(line) < _LONG else f"{line[:_END]}...{line[-_END:]}") + "\n" for line in lines)


def digest(data: bytes) -> str:
    """Of an input, or of a listing."""
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def write() -> None:
    """Record what is said now."""
    digests: dict[str, str] = {}
    listings: list[str] = []
    for name, one in all_inputs().items():
        text = listing(one)
        digests[name] = f"{digest(one.data)} {digest(text.encode())}"
        if one.is_listed:
            listings.append(f"{_TITLE}{name}\n{_brief(text)}")
    DIGESTS.write_text(json.dumps(digests, indent=0) + "\n", encoding="ascii")
    LISTINGS.write_text("".join(listings), encoding="ascii")


def read_digests() -> dict[str, tuple[str, str]]:
    """By name, the digest of the input and that of its listing."""
    recorded: dict[str, str] = json.loads(DIGESTS.read_text(encoding="ascii"))
    return {name: (of_input, of_listing) for name, (of_input, of_listing) in map(_split, recorded.items())}


def _split(item: tuple[str, str]) -> tuple[str, list[str]]:
    return item[0], item[1].split(" ")


def read_listings() -> dict[str, str]:
    """By name, what was said of the inputs that are recorded in full."""
    found: dict[str, str] = {}
    for section in LISTINGS.read_text(encoding="ascii").split(f"\n{_TITLE}"):
        name, _, text = section.removeprefix(_TITLE).partition("\n")
        found[name] = text if text.endswith("\n") or not text else text + "\n"
    return found


def differences(one: Input, recorded: tuple[str, str], listed: str | None) -> Iterator[str]:
    """How what is said of an input, whole and split, differs from what was recorded."""
    if digest(one.data) != recorded[0]:
        yield f"{one.name}: the input is another one than was recorded, so nothing is known of the parser; {REWRITE}"
        return
    for pieces in (None, *splits_of(one)):
        text = listing(one, pieces)
        if digest(text.encode()) != recorded[1]:
            way = "whole" if pieces is None else f"in {len(pieces)} pieces and the rest"
            yield f"{one.name}, fed {way}: not what was recorded\n{_shown(one, text, listed)}"
            return


def _shown(one: Input, text: str, listed: str | None) -> str:
    if listed is None:
        said = [f"recorded as a digest only; to compare: {_SHOW} {one.name}, here and in a checkout that passes"]
        said += _brief(text).splitlines()
    else:
        said = list(unified_diff(listed.splitlines(), _brief(text).splitlines(), "recorded", "now", lineterm=""))
    more = len(said) - _MOST_LINES
    return "\n".join([*said[:_MOST_LINES], *([f"and {more} lines more"] if more > 0 else ())])
