"""From the tree of a query to the messages for which it stands, in the order that was asked for.

Words are told by the full-text index, everything else by the tables; of some columns the full-text index has copies.
Where one of the two can tell all of a tree, it answers alone. Else the parts of the tree that the full-text index can
tell become sets of messages (one search each), which DuckDB joins with the tables by the messages' keys. Sets go into
tables that DuckDB puts on disk where they are large: memory does not depend on how many messages there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from mailstrata.search.engine.tables import Tables
from mailstrata.search.query.nodes import And, Node, Not, Or, Words
from mailstrata.search.query.sql import Condition, condition_of
from mailstrata.search.words.matching import Matching, is_leaf
from mailstrata.search.words.schema import DATE, KEY, RECENCY
from mailstrata.search.words.shown import Shown

if TYPE_CHECKING:
    import tantivy

    from mailstrata.search.words.index import WordsIndex

Sort = Literal["relevance", "date"]
SORTS: tuple[Sort, ...] = ("relevance", "date")

_KEY_OF_ROW = "('0x' || messages.sha256[1:16])::UBIGINT"
_HITS_AT_ONCE = 100_000
_MOST_RANKED_BY_KEY = 2_000
_LEAST_PAGE = 1000
_KEYS = 1 << 64


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was found: its SHA-256, and its score; 0 where messages are not ordered by that. `shown` is what a
    list shows of it, None where the full-text index does not have it."""

    sha256: str
    score: float
    shown: Shown | None = None


class Finder:
    """Finds messages in one state of an archive and its index.

    `is_current` says that the index covers all messages of the tables and no other; where it does not, words are found
    in what it covers, and only messages of the tables are.
    """

    def __init__(self, index: WordsIndex, tables: Tables, *, is_current: bool) -> None:
        self._index = index
        self.tables = tables
        self._matching = Matching(index)
        self.is_current = is_current
        self._numbers = count(1)

    def next_number(self) -> int:
        """A number that no table has yet."""
        return next(self._numbers)

    def count(self, node: Node) -> int:
        """How many messages there are in all."""
        if self.is_current and _is_indexed(node):
            return self._count(self._query(node))
        with _Joined(self, node) as joined:
            return int(self.tables.rows(f"SELECT count(*) FROM messages WHERE {joined.sql}", joined.parameters)[0][0])  # noqa: S608

    def all(self, node: Node) -> Iterator[str]:
        """The digests of all of them, newest first; those without a date last."""
        with _Joined(self, node) as joined:
            sql = f"SELECT sha256 FROM messages WHERE {joined.sql} ORDER BY date DESC NULLS LAST, sha256"  # noqa: S608
            with self.tables.reading():
                # A cursor of its own, so that the session may be asked while these are read.
                rows = self.tables.session.cursor().execute(sql, list(joined.parameters))
            while True:
                with self.tables.reading():
                    some = rows.fetchmany(_HITS_AT_ONCE)
                if not some:
                    return
                yield from (row[0] for row in some)

    def first(self, node: Node, limit: int, sort: Sort) -> list[Found]:
        """The first of them, in that order. By relevance: the highest score first, and of equal ones the newest; where
        nothing has a score, as by date: the newest first, those without a date last."""
        scoring = self._scoring(node) if sort == "relevance" else None
        if not (self.is_current and _is_indexed(node)):
            return self._first_joined(node, limit, scoring)
        query = self._query(node)
        if scoring is None:
            return self._found(query, limit, order_by_field=DATE)
        return self._found(self._preferring_near(query, node), limit, weight_by_field=RECENCY)

    # By words -----------------------------------------------------------------------------------------------------

    def _query(self, node: Node) -> tantivy.Query:
        """The query for a tree that the full-text index answers alone."""
        matching = self._matching
        match node:
            case And(items):
                return matching.all_of([self._query(item) for item in items])
            case Or(items):
                return matching.any_of([self._query(item) for item in items])
            case Not(item):
                return matching.all_but(self._query(item))
            case _:
                return matching.leaf(node)

    def _scoring(self, node: Node) -> tantivy.Query | None:
        """What gives messages a score: the words that are asked for, not those that are excluded; None where there are
        none."""
        leaves = positive_words(node)
        if not leaves:
            return None
        return self._preferring_near(self._matching.any_of([self._matching.words(each) for each in leaves]), node)

    def _preferring_near(self, query: tantivy.Query, node: Node) -> tantivy.Query:
        """What a query finds; where words without an operator stand near one another as they were written, it comes
        first."""
        items = node.items if isinstance(node, And) else (node,)
        near = self._matching.near([item for item in items if isinstance(item, Words) and len(item.fields) > 1])
        return query if near is None else self._matching.preferring(query, [near])

    def _count(self, query: tantivy.Query) -> int:
        with self._index.reading():
            # Its stubs do not know the count.
            found: Any = self._index.searcher.search(query, limit=1)
        return int(found.count)

    def _found(
        self,
        query: tantivy.Query,
        limit: int,
        *,
        order_by_field: str | None = None,
        weight_by_field: str | None = None,
    ) -> list[Found]:
        searcher = self._index.searcher
        with self._index.reading():
            # The index makes room for as many as it is asked for.
            hits = searcher.search(
                query,
                limit=max(1, min(limit, searcher.num_docs)),
                count=False,
                order_by_field=order_by_field,
                weight_by_field=weight_by_field,
            ).hits
            found = [(value if order_by_field is None else 0.0, self._index.shown(address)) for value, address in hits]
        return [Found(shown.sha256, score, shown) for score, shown in found]

    # By words and tables ------------------------------------------------------------------------------------------

    def fill(self, table: str, node: Node) -> None:
        """Make a table of the keys of the messages for which a tree of words alone stands."""
        import pyarrow as pa  # noqa: PLC0415

        query = self._query(node)
        session = self.tables.session
        searcher = self._index.searcher
        with self.tables.reading():
            session.execute(f"CREATE TABLE {table} (key UBIGINT)")
        total = self._count(query)
        slices = -(-total // _HITS_AT_ONCE)
        for number in range(slices):
            some = query
            if slices > 1:
                # Keys are even over their range, being digests.
                some = self._matching.within(KEY, _KEYS * number // slices, _KEYS * (number + 1) // slices - 1, query)
            with self._index.reading():
                hits = searcher.search(some, limit=max(1, total), count=False, order_by_field=KEY).hits
            keys = pa.table({"key": pa.array([key for key, _ in hits], pa.uint64())})
            with self.tables.reading():
                session.register("found_keys", keys)
                session.execute(f"INSERT INTO {table} SELECT key FROM found_keys")  # noqa: S608 - a name of ours
                session.unregister("found_keys")

    def _first_joined(self, node: Node, limit: int, scoring: tantivy.Query | None) -> list[Found]:
        with _Joined(self, node) as joined:
            if scoring is None:
                rows = self.tables.rows(
                    f"SELECT sha256 FROM messages WHERE {joined.sql} "  # noqa: S608
                    f"ORDER BY date DESC NULLS LAST, sha256 LIMIT {int(limit)}",
                    joined.parameters,
                )
                return [Found(row[0], 0.0) for row in rows]
            with self.tables.reading():
                self.tables.session.execute(
                    "CREATE OR REPLACE TEMP TABLE ranked AS "  # noqa: S608 - what was asked is bound
                    f"SELECT {_KEY_OF_ROW} AS key, sha256, date FROM messages WHERE {joined.sql}",
                    list(joined.parameters),
                )
        found = self._ranked(limit, scoring)
        self.tables.drop("ranked")
        return found

    def _ranked(self, limit: int, scoring: tantivy.Query) -> list[Found]:
        """The first of the messages of the table `ranked`, by their scores."""
        found: list[Found] = []
        total = self.tables.rows("SELECT count(*) FROM ranked")[0][0]
        if total <= _MOST_RANKED_BY_KEY:
            keys = [row[0] for row in self.tables.rows("SELECT key FROM ranked")]
            query = self._matching.preferring(self._matching.of_keys(KEY, keys), [scoring])
            found = self._found(query, limit, weight_by_field=RECENCY)
        else:
            found = self._ranked_by_pages(limit, scoring)
        if len(found) < min(limit, total):
            # What has no score, or is not in the index yet, comes behind.
            named = {each.sha256 for each in found}
            rows = self.tables.rows(
                f"SELECT sha256 FROM ranked ORDER BY date DESC NULLS LAST, sha256 LIMIT {int(limit) + len(named)}"  # noqa: S608
            )
            found += [Found(row[0], 0.0) for row in rows if row[0] not in named][: limit - len(found)]
        return found

    def _ranked_by_pages(self, limit: int, scoring: tantivy.Query) -> list[Found]:
        """The same where they are many: what has the highest scores is looked up in the table, page by page."""
        import pyarrow as pa  # noqa: PLC0415

        found: list[Found] = []
        searcher = self._index.searcher
        session = self.tables.session
        offset, size = 0, max(_LEAST_PAGE, 4 * limit)
        while len(found) < limit:
            with self._index.reading():
                hits = searcher.search(scoring, limit=size, count=False, offset=offset, weight_by_field=RECENCY).hits
                keys = searcher.fast_field_values(KEY, [address for _, address in hits])
            page = {"place": list(range(len(hits))), "key": pa.array(keys, pa.uint64())}
            with self.tables.reading():
                session.register("scored", pa.table(page))
                rows = session.execute("SELECT place FROM scored JOIN ranked USING (key) ORDER BY place").fetchall()
                session.unregister("scored")
            for (place,) in rows[: limit - len(found)]:
                score, address = hits[place]
                shown = self._index.shown(address)
                found.append(Found(shown.sha256, score, shown))
            if len(hits) < size:
                break
            offset += size
            size = min(2 * size, _HITS_AT_ONCE)
        return found


class _Joined:
    """A tree as a condition over *messages*, with tables for its words, which are gone at the end of the `with`
    block."""

    def __init__(self, finder: Finder, node: Node) -> None:
        self._finder = finder
        self._sets: list[str] = []
        self._nodes: dict[Words, Node] = {}
        condition = condition_of(self._grouped(node), self._condition)
        self.sql = condition.sql
        self.parameters = condition.parameters

    def __enter__(self) -> _Joined:
        return self

    def __exit__(self, *exception: object) -> None:
        for table in self._sets:
            self._finder.tables.drop(table)

    def _grouped(self, node: Node) -> Node:
        """The tree with a leaf in the place of each part of it that has words and that the full-text index shall
        tell."""
        if self._is_told(node) and _has_words(node):
            leaf = Words((), f"{len(self._nodes)}")
            self._nodes[leaf] = node
            return leaf
        if isinstance(node, Not):
            return Not(self._grouped(node.item))
        if isinstance(node, And | Or):
            kind = type(node)
            told = [item for item in node.items if self._is_told(item)]
            others = [self._grouped(item) for item in node.items if not self._is_told(item)]
            if len(told) > 1 and any(map(_has_words, told)):
                others.append(self._grouped(kind(tuple(told))))
            else:
                others += [self._grouped(item) for item in told]
            return others[0] if len(others) == 1 else kind(tuple(others))
        return node

    def _is_told(self, node: Node) -> bool:
        """Whether the full-text index can tell what a tree stands for: where it does not cover all messages, only
        words."""
        return _is_indexed(node) if self._finder.is_current else _is_words(node)

    def _condition(self, leaf: Words) -> Condition:
        # Not a temporary table, which only the session that made it would see; a name of its own, since one search may
        # be read while another is made.
        table = f"words_{self._finder.next_number()}"
        self._sets.append(table)
        self._finder.fill(table, self._nodes[leaf])
        return Condition(f"({_KEY_OF_ROW} IN (SELECT key FROM {table}))")  # noqa: S608 - names of ours


def _is_indexed(node: Node) -> bool:
    """Whether the full-text index alone can tell what a tree stands for."""
    match node:
        case And(items) | Or(items):
            return all(map(_is_indexed, items))
        case Not(item):
            return _is_indexed(item)
        case _:
            return is_leaf(node)


def _is_words(node: Node) -> bool:
    """Whether a tree is words of which one or all are asked for."""
    return all(map(_is_words, node.items)) if isinstance(node, And | Or) else isinstance(node, Words)


def _has_words(node: Node) -> bool:
    match node:
        case And(items) | Or(items):
            return any(map(_has_words, items))
        case Not(item):
            return _has_words(item)
        case _:
            return isinstance(node, Words)


def positive_words(node: Node) -> list[Words]:
    """The words that a message was found by: those of a tree that are not excluded, each once."""
    found: dict[Words, None] = {}

    def walk(each: Node, *, is_excluded: bool) -> None:
        match each:
            case And(items) | Or(items):
                for item in items:
                    walk(item, is_excluded=is_excluded)
            case Not(item):
                walk(item, is_excluded=not is_excluded)
            case Words() if not is_excluded:
                found[each] = None

    walk(node, is_excluded=False)
    return list(found)
