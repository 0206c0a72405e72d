"""From a tree of nodes to a condition of DuckDB's SQL.

It stands behind a WHERE over *messages*, and asks *occurrences* and *parts* as well, by these names. Nothing of what
the query says becomes SQL text: it is bound. A condition is true or false, never null: NOT is the complement.

What words are found in, the tables do not say; conditions for `Words` are given by whoever knows that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from mailstrata.search.query.content_types import patterns
from mailstrata.search.query.nodes import (
    MESSAGE_FLAGS,
    OCCURRENCE_FLAGS,
    PART_FLAGS,
    And,
    ContentType,
    Date,
    Everything,
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
    fold_letters,
)

Parameter: TypeAlias = str | int | bool | datetime | list[str]


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL of a condition, which may stand anywhere in an expression, and the values of its parameters (`?`) in their
    order."""

    sql: str
    parameters: tuple[Parameter, ...] = ()


WordsCondition: TypeAlias = Callable[[Words], Condition]
"""The condition for words, which is never null either."""


def condition_of(node: Node, words: WordsCondition) -> Condition:
    """The condition that holds for the messages for which a node stands.

    `words` is asked for the condition of each `Words`; what it raises passes through.
    """
    if isinstance(node, And):
        return _joined(" AND ", [condition_of(item, words) for item in node.items])
    if isinstance(node, Or):
        return _any_of(node.items, words)
    if isinstance(node, Not):
        inner = condition_of(node.item, words)
        return Condition(f"(NOT {inner.sql})", inner.parameters)
    if isinstance(node, Words):
        return words(node)
    return _leaf(node)


def _any_of(nodes: tuple[Node, ...], words: WordsCondition) -> Condition:
    """The condition for one of these at least. What asks the same table asks it once: of hundreds of types or folders,
    each would be a join."""
    conditions: list[Condition] = []
    tests: dict[str, list[Condition]] = {}
    for node in nodes:
        found = _test(node)
        if found is None:
            conditions.append(condition_of(node, words))
        else:
            tests.setdefault(found[0], []).append(found[1])
    conditions += [_exists(table, _joined(" OR ", joined)) for table, joined in tests.items()]
    return _joined(" OR ", conditions)


def _exists(table: str, test: Condition) -> Condition:
    """The condition that the message has a row in that table which passes the test."""
    return Condition(f"(messages.sha256 IN (SELECT message FROM {table} WHERE {test.sql}))", test.parameters)  # noqa: S608


def _joined(joint: str, conditions: list[Condition]) -> Condition:
    """The conditions in a tree that is as shallow as can be: DuckDB refuses expressions that are too deep."""
    while len(conditions) > 1:
        conditions = [_pair(joint, conditions[place : place + 2]) for place in range(0, len(conditions), 2)]
    return conditions[0]


def _pair(joint: str, conditions: list[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    first, second = conditions
    return Condition(f"({first.sql}{joint}{second.sql})", first.parameters + second.parameters)


def _test(node: Node) -> tuple[str, Condition] | None:
    """The table of which a row, and the test which that row, makes a message one of those that a leaf stands for; None
    for other nodes. A test may be null, which is as good as false there."""
    match node:
        case ContentType(name):
            return "parts", _content_type(name)
        case Folder(text):
            return "occurrences", _names("occurrences.folder", text)
        case Path(text):
            return "occurrences", _names("occurrences.source_path || '/' || occurrences.file", text)
        case Flag(name) if name in OCCURRENCE_FLAGS:
            return "occurrences", Condition("contains(occurrences.flags, ?)", (OCCURRENCE_FLAGS[name],))
        case Flag(name) if name not in MESSAGE_FLAGS:
            return "parts", Condition(f"parts.{PART_FLAGS[name]}")
    return None


def _leaf(leaf: Leaf) -> Condition:
    found = _test(leaf)
    if found is not None:
        return _exists(*found)
    match leaf:
        case Everything():
            return Condition("TRUE")
        case HasAttachment():
            return Condition("messages.has_attachment")
        case Date(at_least, below):
            return _between("messages.date", _without_zone(at_least), _without_zone(below))
        case Size(at_least, below):
            return _between("messages.size", at_least, below)
        case Label(text):
            test = _names("label", text)
            return Condition(f"(len(list_filter(messages.labels, lambda label: {test.sql})) > 0)", test.parameters)
        case MessageId(text):
            return Condition("(messages.message_id IS NOT NULL AND messages.message_id = ?)", (text,))
        case Sha256(prefix):
            return _digest(prefix)
        case Flag(name):
            return Condition(f"messages.{MESSAGE_FLAGS[name]}")
        case _:
            raise AssertionError(f"{leaf} is asked for elsewhere")


def _content_type(name: str) -> Condition:
    tests: list[Condition] = []
    for column in ("parts.content_type", "parts.sniffed_type"):
        for pattern in patterns(name):
            if pattern.endswith("*"):
                sql = f"starts_with({column}, ?)"
            elif pattern.startswith("*"):
                sql = f"ends_with({column}, ?)"
            else:
                sql = f"{column} = ?"
            tests.append(Condition(sql, (pattern.strip("*"),)))
    return _joined(" OR ", tests)


def _between(column: str, at_least: datetime | int | None, below: datetime | int | None) -> Condition:
    tests = [Condition(f"{column} IS NOT NULL")]
    for sign, value in ((">=", at_least), ("<", below)):
        if value is not None:
            tests.append(Condition(f"{column} {sign} ?", (value,)))
    return _joined(" AND ", tests)


def _without_zone(instant: datetime | None) -> datetime | None:
    # The column has none: it is in UTC.
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)


def _names(column: str, text: str) -> Condition:
    """Whether the names of the text stand in a column one after the other, between slashes. What `fold_letters` does to
    the text, DuckDB does to the column."""
    sql = f"contains('/' || replace(lower(nfc_normalize({column})), ' ', '-') || '/', ?)"
    return Condition(sql, (f"/{fold_letters(text)}/",))


def _digest(prefix: str) -> Condition:
    if len(prefix) == 64:
        own, blob = Condition("messages.sha256 = ?", (prefix,)), Condition("parts.blob = ?", (prefix,))
    else:
        # A range: minima and maxima of row groups tell where it cannot be.
        limits = (prefix.ljust(64, "0"), prefix.ljust(64, "f"))
        own = Condition("(messages.sha256 >= ? AND messages.sha256 <= ?)", limits)
        blob = Condition("(parts.blob >= ? AND parts.blob <= ?)", limits)
    return _joined(" OR ", [own, _exists("parts", blob)])
