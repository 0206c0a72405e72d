"""What a query is: a tree of nodes, and what each of them says of a message.

A node stands for a set of the messages of an archive, and its docstring says for which one. `And`, `Or` and `Not` are
the intersection, the union and the complement of such sets, nothing else: a message that lacks what a leaf asks for (a
date, an attachment) is not in the leaf's set, and therefore in that of its `Not`.

*Columns* are those of docs/index-schema.md and docs/texts.md. Text is compared in two ways. *By words*: as `Words`
says. *By letter*: after `fold_letters`, the same on both sides.

Trees that the parser makes are canonical, and so are those of `conjunction`, `disjunction` and `negation`: `And` and
`Or` have two items or more, none of their own kind, and `Not` is never directly in a `Not`. They are at most
`parsing.MOST_LEVELS` groups deep, so that a recursive function may walk them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from unicodedata import normalize


class Field(StrEnum):
    """Where words are looked for: a set of texts of each message. The order of the members is that of
    `Words.fields`."""

    SUBJECT = "subject"
    """`messages.subject`."""

    FROM = "from"
    """Each name and each address of `messages.from_addresses`, a text of its own each."""

    TO = "to"
    """The same of `to_addresses`."""

    CC = "cc"
    """The same of `cc_addresses`."""

    BCC = "bcc"
    """The same of `bcc_addresses`."""

    DELIVERED_TO = "delivered-to"
    """Each address of `messages.delivered_to`."""

    LIST = "list"
    """`messages.list_id`."""

    BODY = "body"
    """The message's row of the kind `body` in the table *texts*: `text`, `quoted` and `signature`, a text of its own
    each."""

    FILENAME = "filename"
    """`parts.filename` of each part."""

    CONTENT = "content"
    """The text of each attachment: `text` of the rows of the kind `attachment` in *texts* whose `sha256` is the
    `parts.blob` of one of its parts."""


ANYWHERE: tuple[Field, ...] = (
    Field.SUBJECT,
    Field.FROM,
    Field.TO,
    Field.CC,
    Field.BCC,
    Field.BODY,
    Field.FILENAME,
    Field.CONTENT,
)
"""What a word without an operator looks into."""

RECIPIENTS: tuple[Field, ...] = (Field.TO, Field.CC, Field.BCC)
"""What `to:` looks into."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Every message."""


@dataclass(frozen=True, slots=True)
class Words:
    """Messages with a text, of one of `fields`, in which the words of `text` follow one another.

    What the words of `text` and of a text of the message are, one function says for both (docs/finding.md, Words):
    letters without their marks, in folded case; everything else separates. So `ann@example.org` is three words, and
    quotes make no difference to a text that has them around it. Words that lie in two texts, or in two fields, do not
    follow one another: a name is not followed by its address. Where `is_prefix`, the last word may be the beginning of
    one. `text` that has no word at all is found in no message.

    `fields` has at least one field, each once, in the order of `Field`.
    """

    fields: tuple[Field, ...]
    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class HasAttachment:
    """`messages.has_attachment`."""


@dataclass(frozen=True, slots=True)
class ContentType:
    """Messages with a part, containers included, of which `content_type` or `sniffed_type` fits one of the patterns of
    `content_types.patterns(name)`.

    `name` is in lower case: a name of `content_types.NAMES` (`pdf`, `spreadsheet`), a type (`application/pdf`), or one
    with a `*` for any characters as its first or last character (`image/*`, `*/pdf`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Date:
    """`at_least <= messages.date < below`; None leaves an end open, not both.

    Both are aware datetimes in UTC, of microseconds. A message without a date has none of them.
    """

    at_least: datetime | None
    below: datetime | None


@dataclass(frozen=True, slots=True)
class Size:
    """`at_least <= messages.size < below`, in bytes; None leaves an end open, not both."""

    at_least: int | None
    below: int | None


@dataclass(frozen=True, slots=True)
class Folder:
    """Messages with an occurrence whose `folder` has the names of `text`: between slashes, one after the other,
    anywhere in it. Compared by letter; `Work/2024` is found by `work`, by `2024` and by `work/2024`, and not by `wor`.

    `text` has no slash at its ends. Empty, it stands for messages that were found in no folder at all.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """Messages of which one of `labels` has the names of `text`, as `Folder` has; `text` is not empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """Messages with an occurrence whose `source_path`, a slash, and `file` have the names of `text`, as `Folder` has;
    `text` is not empty."""

    text: str


@dataclass(frozen=True, slots=True)
class MessageId:
    """`messages.message_id`, to the letter; without angle brackets."""

    text: str


@dataclass(frozen=True, slots=True)
class Sha256:
    """Messages whose own `sha256`, or `parts.blob` of a part, begins with `prefix`: 6 to 64 lower-case hexadecimal
    digits."""

    prefix: str


PART_FLAGS: dict[str, str] = {
    name: f"flag_{name.replace('-', '_')}"
    for name in (
        "active-content",
        "ambiguous",
        "deceptive-name",
        "double-extension",
        "encrypted",
        "executable",
        "external-body",
        "holds-executable",
        "macros",
        "suspicious-encoding",
        "type-mismatch",
    )
}
"""Flags of parts (docs/attachment-flags.md), and the column of *parts* that is true where one is set. A table that was
written before there was such a column has it nowhere set."""

MESSAGE_FLAGS: dict[str, str] = {"encrypted-mail": "is_encrypted", "signed": "is_signed"}
"""Flags of messages, and the column of *messages* that is true where it is set."""

OCCURRENCE_FLAGS: dict[str, str] = {
    "draft": "D",
    "flagged": "F",
    "passed": "P",
    "replied": "R",
    "seen": "S",
    "trashed": "T",
}
"""Flags of a place where a message was found, and the letter that a Maildir has for it in `occurrences.flags`."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Messages with a part that has this flag (`PART_FLAGS`), whose column is true (`MESSAGE_FLAGS`), or with an
    occurrence that has the letter (`OCCURRENCE_FLAGS`): `name` is of one of these."""

    name: str


@dataclass(frozen=True, slots=True)
class And:
    """Messages of all `items`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Messages of at least one of `items`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """All messages but those of `item`."""

    item: Node


Leaf: TypeAlias = (
    Everything | Words | HasAttachment | ContentType | Date | Size | Folder | Label | Path | MessageId | Sha256 | Flag
)
Node: TypeAlias = And | Or | Not | Leaf


def conjunction(nodes: Iterable[Node]) -> Node:
    """All of these, at least one; canonical where they are."""
    items = tuple(item for node in nodes for item in (node.items if isinstance(node, And) else (node,)))
    return items[0] if len(items) == 1 else And(items)


def disjunction(nodes: Iterable[Node]) -> Node:
    """At least one of these; canonical where they are."""
    items = tuple(item for node in nodes for item in (node.items if isinstance(node, Or) else (node,)))
    return items[0] if len(items) == 1 else Or(items)


def negation(node: Node) -> Node:
    """All others; canonical where it is."""
    return node.item if isinstance(node, Not) else Not(node)


def fold_letters(text: str) -> str:
    """Text as it is compared by letter: composed (NFC), in lower case by Unicode's simple mapping, with `-` for a
    space.

    What DuckDB makes of it with `replace(lower(nfc_normalize(text)), ' ', '-')`.
    """
    return "".join(map(_lower, normalize("NFC", text))).replace(" ", "-")


def _lower(character: str) -> str:
    # The full mapping of this one (the only one that is longer) has a combining dot.
    return "i" if character == "\u0130" else character.lower()
