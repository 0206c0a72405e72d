"""What the engine finds: the same as a plain scan of all messages and as SQL over the tables, whatever is asked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.query_reference import Mail, finds
from support.query_trees import Vocabulary, trees, vocabulary_of

from mailstrata.archive.reading.reader import Archive
from mailstrata.search.engine import finding
from mailstrata.search.engine.search import Search
from mailstrata.search.query.nodes import (
    ANYWHERE,
    PART_FLAGS,
    And,
    Everything,
    Field,
    Flag,
    Folder,
    HasAttachment,
    Node,
    Not,
    Or,
    Words,
)
from mailstrata.search.query.parsing import parse_query
from mailstrata.search.query.sql import Condition, condition_of
from mailstrata.search.words import folding


@pytest.fixture(scope="module")
def session(searchable: Path) -> duckdb.DuckDBPyConnection:
    """The tables, and a table of the words of the texts: each text a string of its words between spaces."""
    opened = duckdb.connect()
    with Archive.open(searchable) as archive:
        for table in ("messages", "occurrences", "parts"):
            relation = opened.read_parquet([str(path) for path in archive.index_files(table)], union_by_name=True)
            missing = [name for name in PART_FLAGS.values() if table == "parts" and name not in relation.columns]
            relation.project(", ".join(["*", *(f"NULL::BOOLEAN AS {name}" for name in missing)])).create(table)
    texts = str(searchable / "search" / "texts" / "*.parquet")
    unnested = {
        Field.SUBJECT: "SELECT sha256, subject FROM messages",
        Field.DELIVERED_TO: "SELECT sha256, unnest(delivered_to) FROM messages",
        Field.LIST: "SELECT sha256, list_id FROM messages",
        Field.FILENAME: "SELECT message, filename FROM parts",
        Field.BODY: f"SELECT sha256, unnest([text, quoted, signature]) FROM '{texts}' WHERE kind = 'body'",
        Field.CONTENT: f"SELECT message, text FROM parts JOIN '{texts}' t ON t.sha256 = blob WHERE kind = 'attachment'",
    }
    for field in (Field.FROM, Field.TO, Field.CC, Field.BCC):
        boxes = f"(SELECT sha256, unnest({field}_addresses) AS box FROM messages)"
        unnested[field] = f"SELECT sha256, unnest([box.name, box.address]) FROM {boxes}"
    rows = " UNION ALL ".join(
        f"SELECT '{field}' AS field, s.* FROM ({sql}) AS s(message, text)" for field, sql in unnested.items()
    )
    texts_of_fields = opened.execute(f"SELECT field, message, text FROM ({rows}) WHERE text <> ''").fetchall()
    opened.execute("CREATE TABLE found_words (field VARCHAR, message VARCHAR, words VARCHAR)")
    opened.executemany(
        "INSERT INTO found_words VALUES (?, ?, ?)",
        [(field, message, f" {' '.join(words_of(text))} ") for field, message, text in texts_of_fields],
    )
    return opened


def found_by_sql(session: duckdb.DuckDBPyConnection, node: Node) -> set[str]:
    """The digests that SQL over the tables gives."""

    def words(asked: Words) -> Condition:
        wanted = words_of(asked.text)
        if not wanted:
            return Condition("FALSE")
        text = f" {' '.join(wanted)}{'' if asked.is_prefix else ' '}"
        test = "list_contains(?, field) AND contains(words, ?)"
        sql = f"(messages.sha256 IN (SELECT message FROM found_words WHERE {test}))"
        return Condition(sql, ([str(field) for field in asked.fields], text))

    condition = condition_of(node, words)
    sql = f"SELECT sha256 FROM messages WHERE {condition.sql}"
    return {row[0] for row in session.execute(sql, list(condition.parameters)).fetchall()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_search_sql_and_a_plain_scan_find_the_same(
    data: st.DataObject, search: Search, session: duckdb.DuckDBPyConnection, known: list[Mail]
) -> None:
    """The promise: whatever a tree asks for, its count, its ids, and the first of them in both orders."""
    node = data.draw(trees(_vocabulary(known)))
    expected = finds(node, known, words_of)
    assert found_by_sql(session, node) == expected
    ids = list(search.ids(node))
    assert set(ids) == expected
    assert len(ids) == len(expected) == search.count(node)
    for sort in finding.SORTS:
        hits = [hit.sha256 for hit in search.list(node, limit=1000, sort=sort)]
        assert sorted(hits) == sorted(expected)


words_of = cache(folding.words_of)

_KNOWN: dict[int, Vocabulary] = {}


def _vocabulary(known: list[Mail]) -> Vocabulary:
    return _KNOWN.setdefault(len(known), vocabulary_of(known))


@pytest.mark.parametrize("kept", [1, 3])
def test_many_hits_are_joined_slice_by_slice(
    search: Search, known: list[Mail], monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """Sets that are too large to be taken at once, and a ranking of more messages than are named in a query: the
    same."""
    monkeypatch.setattr(finding, "_HITS_AT_ONCE", kept)
    monkeypatch.setattr(finding, "_MOST_RANKED_BY_KEY", kept)
    monkeypatch.setattr(finding, "_LEAST_PAGE", kept)
    for text in ("contract -in:sent", "the (in:inbox OR folder:work)", "-a in:inbox"):
        node = parse_query(text)
        expected = finds(node, known, words_of)
        assert expected
        assert set(search.ids(node)) == expected
        for limit in (1, 2, 1000):
            hits = [hit.sha256 for hit in search.list(node, limit=limit)]
            assert len(hits) == len(set(hits)) == min(limit, len(expected))
            assert set(hits) <= expected


def test_a_limit_gives_the_beginning_of_the_same_order(search: Search) -> None:
    """Also where words and tables are joined, and in both orders."""
    for text in ("contract", "contract in:inbox", "in:inbox", "has:attachment", "(contract OR invoice) -in:sent"):
        for sort in finding.SORTS:
            whole = [hit.sha256 for hit in search.list(text, limit=1000, sort=sort)]
            assert len(whole) > 1
            for limit in range(1, len(whole)):
                assert [hit.sha256 for hit in search.list(text, limit=limit, sort=sort)] == whole[:limit]


def test_by_date_the_newest_come_first(search: Search, known: list[Mail]) -> None:
    """Those without a date come last; whether the words alone tell, the tables, or both."""
    dates = {mail.sha256: mail.message["date"] for mail in known}
    for node in (
        Everything(),
        HasAttachment(),
        parse_query("the"),
        parse_query("in:inbox"),
        parse_query("the in:inbox"),
    ):
        found = [dates[hit.sha256] for hit in search.list(node, limit=1000, sort="date")]
        dated = [date for date in found if date is not None]
        assert dated == sorted(dated, reverse=True)
        assert found[: len(dated)] == dated
        assert [dates[sha256] for sha256 in search.ids(node)] == found


def test_a_search_may_be_read_while_another_is_made(search: Search) -> None:
    """Ids come as they are asked for; the tables of one search are not those of another."""
    query = "the in:inbox"
    first, second = search.ids(query), search.ids(query)
    pairs = list(zip(first, second, strict=True))
    assert pairs
    assert all(one == other for one, other in pairs)
    assert search.count(query) == len(pairs)


def test_only_words_that_are_asked_for_count(search: Search) -> None:
    """A tree that excludes words, and one of everything, have no score to order by: the newest come first."""
    excluded = Not(Words(ANYWHERE, "contract"))
    by_date = [hit.sha256 for hit in search.list(excluded, limit=1000, sort="date")]
    assert [hit.sha256 for hit in search.list(excluded, limit=1000)] == by_date
    assert finding.positive_words(And((excluded, Not(Or((Words(ANYWHERE, "a"), Not(Words(ANYWHERE, "b")))))))) == [
        Words(ANYWHERE, "b")
    ]


def test_flags_that_no_table_has_yet_are_set_nowhere(search: Search) -> None:
    """An archive that was written before there were such columns is searched all the same."""
    assert search.count(Flag("macros")) == 0 or search.count(Not(Flag("macros"))) > 0
    assert search.count(Or((Flag("macros"), Folder("no such folder")))) == search.count(Flag("macros"))
