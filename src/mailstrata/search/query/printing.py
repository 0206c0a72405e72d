"""From a tree of nodes to the text of a query, which is read as the same tree."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TypeAlias

from mailstrata.search.query.nodes import (
    ANYWHERE,
    RECIPIENTS,
    And,
    ContentType,
    Date,
    Everything,
    Field,
    Flag,
    Folder,
    HasAttachment,
    Label,
    Leaf,
    MessageId,
    Node,
    Not,
    Or,
    Path,
    Sha256,
    Size,
    Words,
)

# What is read as it stands, without quotes. Words in capitals may join.
_BARE = re.compile(r"(?!(?:AND|OR|NOT|AROUND)\Z)[A-Za-z0-9](?:[A-Za-z0-9@._+-]*[A-Za-z0-9])?")
_OPERATOR_OF_FIELDS: dict[tuple[Field, ...], str] = {
    ANYWHERE: "",
    RECIPIENTS: "to:",
    (Field.FROM, *RECIPIENTS): "contact:",
    (Field.DELIVERED_TO,): "deliveredto:",
    **{(field,): f"{field}:" for field in Field if field not in (Field.TO, Field.DELIVERED_TO)},
}
# `to:` is more than the field To, and so is no name of it.
_Text: TypeAlias = Words | Folder | Label | Path | MessageId


def print_query(node: Node) -> str:
    """The text of a query that is read as this tree, where that is canonical (see `nodes`).

    A `Words` with fields for which there is no operator is printed as several with one each, which find the same; of
    the field `to` alone there is none, and `ValueError` is raised.
    """
    if isinstance(node, And):
        # OR holds more tightly than a space: without brackets here a tree has no more of them than it was read with.
        return " ".join(print_query(item) if isinstance(item, Or) else _print_one(item) for item in node.items)
    if isinstance(node, Or) and _place_of(node) is None:
        return " OR ".join(map(_print_one, node.items))
    return _print_one(node)


def _print_one(node: Node) -> str:
    """The text of a node, in brackets where it would fall apart among others."""
    if isinstance(node, Or):
        place = _place_of(node)
        return f"({print_query(node)})" if place is None else f"in:{_quoted(place)}"
    if isinstance(node, And):
        return f"({print_query(node)})"
    if isinstance(node, Not):
        return f"-{_print_one(node.item)}"
    return _print_leaf(node)


def _place_of(node: Or) -> str | None:
    """The value of `in:` of which the node was made, where it was."""
    match node.items:
        case (Folder(text), Label(same)) if text == same and text.lower() not in ("anywhere", "all"):
            return text
    return None


def _print_leaf(leaf: Leaf) -> str:
    match leaf:
        case Everything():
            return "*"
        case HasAttachment():
            return "has:attachment"
        case Words():
            return _print_words(leaf)
        case ContentType(name):
            return f"type:{name}"
        case Date():
            return _print_date(leaf)
        case Size():
            return _print_size(leaf)
        case Folder(text):
            return f"folder:{_quoted(text)}"
        case Label(text):
            return f"label:{_quoted(text)}"
        case Path(text):
            return f"path:{_quoted(text)}"
        case MessageId(text):
            return f"id:{_quoted(text)}"
        case Sha256(prefix):
            return f"sha256:{prefix}"
        case Flag(name):
            return f"flag:{name}"


def _print_words(words: Words) -> str:
    text = _quoted(words.text) + "*" * words.is_prefix
    operator = _OPERATOR_OF_FIELDS.get(words.fields)
    if operator is not None:
        return operator + text
    if Field.TO in words.fields:
        raise ValueError(f"no operator looks into {', '.join(words.fields)}")
    return f"({' OR '.join(_OPERATOR_OF_FIELDS[field,] + text for field in words.fields)})"


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text) is not None:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _print_date(date: Date) -> str:
    first = "" if date.at_least is None else _instant(date.at_least)
    if date.below is None:
        return f"date:{first}.."
    if date.at_least is None:
        return f"before:{_instant(date.below)}"
    # Of a range, the last instant is named, which with so many digits is a span of one microsecond.
    return f"date:{first}..{_to_the_microsecond(date.below - timedelta(microseconds=1))}"


def _instant(instant: datetime) -> str:
    if (instant.hour, instant.minute, instant.second, instant.microsecond) == (0, 0, 0, 0):
        return instant.date().isoformat()
    return _to_the_microsecond(instant)


def _to_the_microsecond(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds")


def _print_size(size: Size) -> str:
    if size.below is None:
        return f"size:{size.at_least}.."
    return f"smaller:{size.below}" if size.at_least is None else f"size:{size.at_least}..{size.below - 1}"
