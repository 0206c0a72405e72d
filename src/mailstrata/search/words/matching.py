"""From a leaf of a query to one of the full-text index that finds exactly the messages for which the leaf stands.

The index's own ways are not exact in two places, so they are not used there: its query for a phrase whose last word is
a beginning takes the first fifty words with that beginning, and its query for a phrase of patterns fails where too many
words fit one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mailstrata.search.query.content_types import patterns
from mailstrata.search.query.nodes import (
    ContentType,
    Date,
    Everything,
    Field,
    HasAttachment,
    Leaf,
    MessageId,
    Node,
    Size,
    Words,
)
from mailstrata.search.words.folding import words_of
from mailstrata.search.words.package import load_tantivy
from mailstrata.search.words.schema import BLOBS, DATE, HAS_ATTACHMENT, KEY, KIND, MESSAGE, MESSAGE_ID, SIZE, TYPES

if TYPE_CHECKING:
    import tantivy

    from mailstrata.search.words.index import WordsIndex

WEIGHTS: dict[str, float] = {
    "subject": 4.0,
    "from": 3.0,
    "to": 2.0,
    "cc": 1.5,
    "bcc": 1.5,
    "delivered-to": 1.0,
    "list": 1.5,
    "filename": 2.0,
    "body": 1.0,
    "quoted": 0.4,
    "content": 0.6,
}
"""What the score of a field is multiplied by: what a message is about and who wrote it, before what it says, before
what it quotes."""

_OTHER_FIELDS = 0.2
"""Share of their score that fields add in which a word stands as well, beside the one of the highest score."""

_CONTENT_SCORE = 4.0
"""The score of a word found in an attachment, before `WEIGHTS`: the message has a list of blobs, and no count of
words."""

_LEAST_SCORE = 0.001
"""Of messages that no word speaks for: more than nothing, so that the newest come first."""

_NEARNESS = 2
"""How many words may stand between those of a phrase that is not asked for, but preferred."""

_MOST_EXPANSIONS = 10_000
"""Words with one beginning at most in a phrase: tantivy refuses more than 16,384."""

_FIRST_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_KEYS_AT_ONCE = 1 << 16


_RANGES = {DATE: (-(1 << 62), 1 << 62), SIZE: (0, 1 << 62)}
_FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)


class Matching:
    """Makes queries for one index as it was opened."""

    def __init__(self, index: WordsIndex) -> None:
        self._package = load_tantivy()
        self._index = index
        self._schema = index.schema
        self._query: type[tantivy.Query] = self._package.Query

    def messages(self) -> tantivy.Query:
        """All messages, each with the least score."""
        query = self._query
        return query.const_score_query(query.term_query(self._schema, KIND, MESSAGE, "basic"), _LEAST_SCORE)

    def nothing(self) -> tantivy.Query:
        """No message."""
        return self._query.empty_query()

    def of_keys(self, field: str, keys: Sequence[int]) -> tantivy.Query:
        """Documents with one of these keys in a field, each with the least score."""
        query = self._query
        sets = [
            query.term_set_query(self._schema, field, keys[start : start + _KEYS_AT_ONCE])
            for start in range(0, len(keys), _KEYS_AT_ONCE)
        ]
        return query.const_score_query(self.any_of(sets), _LEAST_SCORE)

    def message_of_keys(self, keys: Sequence[int]) -> tantivy.Query:
        """The messages with these keys."""
        return self.all_of([self.of_keys(KEY, keys), self.messages()])

    def within(self, field: str, least: int, most: int, query: tantivy.Query) -> tantivy.Query:
        """What a query finds of which the number in a field is one of these."""
        borders = self._query.range_query(self._schema, field, self._package.FieldType.Unsigned, least, most)
        return self.all_of([query, self._query.const_score_query(borders, 0.0)])

    def all_of(self, queries: Sequence[tantivy.Query]) -> tantivy.Query:
        """What all of these find, with the sum of their scores."""
        return queries[0] if len(queries) == 1 else self._boolean(self._package.Occur.Must, queries)

    def any_of(self, queries: Sequence[tantivy.Query]) -> tantivy.Query:
        """What one of these finds at least, with the sum of their scores."""
        if not queries:
            return self.nothing()
        return queries[0] if len(queries) == 1 else self._boolean(self._package.Occur.Should, queries)

    def all_but(self, query: tantivy.Query) -> tantivy.Query:
        """All messages that a query does not find."""
        occur = self._package.Occur
        return self._query.boolean_query([(occur.Must, self.messages()), (occur.MustNot, query)])

    def preferring(self, query: tantivy.Query, preferred: Sequence[tantivy.Query]) -> tantivy.Query:
        """What a query finds, with the scores of these besides where they find it as well."""
        occur = self._package.Occur
        return self._query.boolean_query([(occur.Must, query), *((occur.Should, each) for each in preferred)])

    def words(self, node: Words) -> tantivy.Query:
        """The messages for which a node stands."""
        words = words_of(node.text)
        if not words:
            return self.nothing()
        found = []
        for field in node.fields:
            for name in _names(field):
                matched = (
                    self._carrying(words, node.is_prefix)
                    if field is Field.CONTENT
                    else self._in_field(name, words, node.is_prefix)
                )
                if matched is not None:
                    found.append(self._query.boost_query(matched, WEIGHTS[name]))
        return self._best_of(found)

    def leaf(self, node: Leaf) -> tantivy.Query:
        """The messages for which a leaf stands that `is_leaf` takes: each with the least score, unless it is of
        words."""
        query = self._query
        match node:
            case Words():
                return self.words(node)
            case Date(at_least, below):
                found = self._between(
                    DATE, self._package.FieldType.Integer, _microseconds(at_least), _microseconds(below)
                )
            case Size(at_least, below):
                found = self._between(SIZE, self._package.FieldType.Unsigned, at_least, below)
            case HasAttachment():
                found = query.term_query(self._schema, HAS_ATTACHMENT, 1)
            case MessageId(text):
                found = query.term_query(self._schema, MESSAGE_ID, text, "basic")
            case ContentType(name):
                found = self.any_of([self._type(pattern) for pattern in patterns(name)])
            case _:
                return self.messages()
        return query.const_score_query(found, _LEAST_SCORE)

    def _between(self, field: str, kind: tantivy.FieldType, at_least: int | None, below: int | None) -> tantivy.Query:
        # Both are bounded by what the field can hold: what a query says may be more.
        least, most = _RANGES[field]
        low = least if at_least is None else max(least, at_least)
        high = most if below is None else min(most, below - 1)
        if low > high:
            return self.nothing()
        return self._query.range_query(self._schema, field, kind, low, high)

    def _type(self, pattern: str) -> tantivy.Query:
        if "*" not in pattern:
            return self._query.term_query(self._schema, TYPES, pattern, "basic")
        return self._query.regex_query(self._schema, TYPES, "(.|\\n)*".join(map(re.escape, pattern.split("*"))))

    def near(self, nodes: Sequence[Words]) -> tantivy.Query | None:
        """Messages in whose subject or body the words of these nodes stand near one another, in their order; None where
        that says nothing."""
        words = [word for node in nodes for word in words_of(node.text)]
        if len(nodes) < 2 or any(node.is_prefix for node in nodes):
            return None
        return self._best_of(
            [
                self._query.boost_query(
                    self._query.phrase_query(self._schema, name, list(words), _NEARNESS * (len(words) - 1)),
                    WEIGHTS[name],
                )
                for name in ("subject", "body")
            ]
        )

    def field_query(self, name: str, node: Words) -> tantivy.Query | None:
        """Documents in one field of which the words of a node stand; None where there are none."""
        words = words_of(node.text)
        return self._in_field(name, words, node.is_prefix) if words else None

    def _boolean(self, occur: tantivy.Occur, queries: Sequence[tantivy.Query]) -> tantivy.Query:
        return self._query.boolean_query([(occur, each) for each in queries])

    def _best_of(self, queries: Sequence[tantivy.Query]) -> tantivy.Query:
        if len(queries) < 2:
            return queries[0] if queries else self.nothing()
        return self._query.disjunction_max_query(queries, _OTHER_FIELDS)

    def _carrying(self, words: Sequence[str], is_prefix: bool) -> tantivy.Query | None:
        """Messages that carry an attachment in whose text the words stand."""
        blobs = self._in_field("content", words, is_prefix)
        if blobs is None:
            return None
        searcher = self._index.searcher
        with self._index.reading():
            found = searcher.search(blobs, limit=max(1, searcher.num_docs), count=False, order_by_field=KEY).hits
        if not found:
            return None
        keys = [key for key, _ in found]
        query = self._query
        return query.const_score_query(self.of_keys(BLOBS, keys), _CONTENT_SCORE)

    def _in_field(self, name: str, words: Sequence[str], is_prefix: bool) -> tantivy.Query | None:
        """Documents in whose field the words follow one another; None where there can be none."""
        query = self._query
        if not is_prefix:
            if len(words) == 1:
                return query.term_query(self._schema, name, words[0])
            return query.phrase_query(self._schema, name, list(words))
        if len(words) == 1:
            # Words are letters, digits and marks: nothing in them means anything in a pattern.
            return query.regex_query(self._schema, name, f"{words[0]}.*")
        found = self._expanded(name, list(words[:-1]), words[-1])
        return self.any_of(found) if found else None

    def _expanded(self, name: str, words: list[str], prefix: str) -> list[tantivy.Query]:
        """Phrases of patterns which, together, find the words with one that begins like this behind them."""
        with self._index.reading():
            terms = self._index.searcher.terms_with_prefix(name, prefix, limit=_MOST_EXPANSIONS + 1)
        if not terms:
            return []
        if len(terms) <= _MOST_EXPANSIONS:
            return [self._query.regex_phrase_query(self._schema, name, [*words, f"{prefix}.*"])]
        found = [query for first in _FIRST_CHARACTERS for query in self._expanded(name, words, prefix + first)]
        others = f"{prefix}([^{_FIRST_CHARACTERS}].*)?"
        return [*found, self._query.regex_phrase_query(self._schema, name, [*words, others])]


def is_leaf(node: Node) -> bool:
    """Whether a leaf asks for what the full-text index has."""
    return isinstance(node, Words | Everything | Date | Size | HasAttachment | MessageId | ContentType)


def _microseconds(instant: datetime | None) -> int | None:
    return None if instant is None else (instant - _FIRST_INSTANT) // timedelta(microseconds=1)


def _names(field: Field) -> tuple[str, ...]:
    """The names of a field in the index."""
    return ("body", "quoted") if field is Field.BODY else (str(field),)
