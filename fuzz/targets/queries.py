"""Queries: any text is a tree that can be printed and asked, or an error of one line with a place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from fuzz.given import Given
from mailstrata.errors import QueryError
from mailstrata.search.query import sql
from mailstrata.search.query.nodes import MESSAGE_FLAGS, PART_FLAGS, And, Node, Not, Or
from mailstrata.search.query.parsing import parse_query
from mailstrata.search.query.printing import print_query

_NOW = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
_WORDS = frozenset(re.findall(r"\w+", Path(sql.__file__).read_text("utf-8"))).union(
    PART_FLAGS.values(), MESSAGE_FLAGS.values(), ("words",)
)
"""What a condition may be made of: what its source has, and columns of flags."""


def queries(data: bytes) -> None:
    """One query, as it comes from a command line."""
    text = Given(data).content.decode("utf-8", "surrogateescape")
    tree = _tree_or_error(text)
    if isinstance(tree, QueryError):
        assert 0 <= tree.start <= tree.end <= len(tree.query) == len(text)
        assert len(str(tree).splitlines()) == 1
        assert len(str(tree)) < 500
        return
    assert _is_canonical(tree)
    printed = print_query(tree)
    assert parse_query(printed, _NOW) == tree, printed
    condition = sql.condition_of(tree, lambda words: sql.Condition("contains(words, ?)", (words.text,)))
    assert _WORDS.issuperset(re.findall(r"\w+", condition.sql)), condition.sql
    assert condition.sql.count("?") == len(condition.parameters)


def _tree_or_error(text: str) -> Node | QueryError:
    try:
        return parse_query(text, _NOW)
    except QueryError as error:
        return error


def _is_canonical(node: Node) -> bool:
    if isinstance(node, And | Or):
        return len(node.items) > 1 and all(
            not isinstance(item, type(node)) and _is_canonical(item) for item in node.items
        )
    return not isinstance(node, Not) or (not isinstance(node.item, Not) and _is_canonical(node.item))
