"""Queries as SQL: DuckDB finds over the tables what looking at each message finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.query_reference import Mail, finds, plain_words
from support.query_trees import Vocabulary, queries, trees

from mailstrata.archive.reading.reader import Archive
from mailstrata.search.query.nodes import (
    PART_FLAGS,
    And,
    ContentType,
    Flag,
    Folder,
    Label,
    MessageId,
    Node,
    Not,
    Or,
    Sha256,
    Words,
)
from mailstrata.search.query.nodes import (
    Path as PathNode,
)
from mailstrata.search.query.parsing import MOST_TERMS, parse_query
from mailstrata.search.query.sql import Condition, condition_of


@pytest.fixture(scope="module")
def session(samples_archive: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of the archive of samples, with the columns of flags that an archive may not have yet."""
    with Archive.open(samples_archive) as archive, duckdb.connect() as opened:
        for table in ("messages", "occurrences", "parts"):
            names = [str(path) for path in archive.index_files(table)]
            relation = opened.read_parquet(names, union_by_name=True)
            missing = [column for column in PART_FLAGS.values() if table == "parts" and column not in relation.columns]
            columns = ", ".join(["*", *(f"NULL::BOOLEAN AS {column}" for column in missing)])
            relation.project(columns).create(table)
        yield opened


def found_by_sql(session: duckdb.DuckDBPyConnection, node: Node, mails: list[Mail]) -> set[str]:
    """The digests for which the condition of a query holds; what holds words is told by looking."""

    def words(asked: Words) -> Condition:
        return Condition("list_contains(?, messages.sha256)", (sorted(finds(asked, mails, plain_words)),))

    condition = condition_of(node, words)
    rows = session.execute(f"SELECT sha256 FROM messages WHERE {condition.sql}", list(condition.parameters)).fetchall()
    assert len(rows) == len({row[0] for row in rows})
    return {row[0] for row in rows}


@given(data=st.data())
@settings(max_examples=60)
def test_sql_finds_what_a_plain_scan_finds(
    session: duckdb.DuckDBPyConnection, mails: list[Mail], vocabulary: Vocabulary, data: st.DataObject
) -> None:
    """Random trees over the samples."""
    tree = data.draw(trees(vocabulary))
    assert found_by_sql(session, tree, mails) == finds(tree, mails, plain_words)


@given(data=st.data())
@settings(max_examples=30)
def test_sql_finds_what_is_written(
    session: duckdb.DuckDBPyConnection, mails: list[Mail], vocabulary: Vocabulary, data: st.DataObject
) -> None:
    """Random queries as text."""
    tree = parse_query(data.draw(queries(vocabulary)))
    assert found_by_sql(session, tree, mails) == finds(tree, mails, plain_words)


@given(data=st.data())
@settings(max_examples=30)
def test_a_complement_holds_all_others(
    session: duckdb.DuckDBPyConnection, mails: list[Mail], vocabulary: Vocabulary, data: st.DataObject
) -> None:
    """No condition is null: each message is found by a query or by its opposite."""
    tree = data.draw(trees(vocabulary, 3))
    assert found_by_sql(session, Not(tree), mails) == {mail.sha256 for mail in mails} - found_by_sql(
        session, tree, mails
    )


@pytest.mark.parametrize(
    ("query", "least"),
    [
        ("has:attachment", 5),
        ("type:pdf", 3),
        ("has:image", 2),
        ("type:*/pdf", 3),
        ("in:INBOX", 3),
        ("folder:letters/2024", 2),
        ("folder:spring", 1),
        ("in:important", 1),
        ("folder:entwürfe", 1),
        ('folder:"all mail including"', 0),
        ("is:starred", 1),
        ("is:unread", 10),
        ("path:inbox.mbox", 20),
        ("after:2024-04 before:2024-05", 3),
        ("flag:signed", 1),
        ("from:tanaka", 2),
        ("契約 OR contract", 3),
        ("bcc:secret", 1),
        ("to:secret", 1),
        ('cc:"smith ann"', 1),
        ("deliveredto:mail.example.org", 1),
        ("list:dev@lists", 1),
        ("label:to-do", 1),
        ("in:work", 1),
        ("date:2024-06-01", 1),
        ("-after:1900", 1),
        ("-before:9999", 1),
        ("-id:nobody@example.org -has:attachment", 10),
        ("-label:sent", 10),
        ("-type:pdf", 10),
        ("-folder:sent", 10),
        ("-flag:macros has:attachment", 5),
    ],
)
def test_the_samples_have_what_is_asked_for(
    session: duckdb.DuckDBPyConnection, mails: list[Mail], query: str, least: int
) -> None:
    """So that what is compared is not nothing with nothing."""
    tree = parse_query(query)
    found = found_by_sql(session, tree, mails)
    assert found == finds(tree, mails, plain_words)
    assert len(found) >= least
    assert len(found) < len(mails)


@pytest.mark.parametrize("length", [6, 7, 63, 64])
def test_every_digest_is_found_by_its_beginning(
    session: duckdb.DuckDBPyConnection, mails: list[Mail], vocabulary: Vocabulary, length: int
) -> None:
    """Of messages and of parts; whatever comes behind it."""
    for digest in vocabulary.digests[length % 5 :: 5]:
        node = Sha256(digest[:length])
        found = found_by_sql(session, node, mails)
        assert found == finds(node, mails, plain_words)
        assert found


def test_messages_that_lack_something_are_in_the_complement(
    session: duckdb.DuckDBPyConnection, mails: list[Mail]
) -> None:
    """A message without an id is not of an id."""
    without = {mail.sha256 for mail in mails if mail.message["message_id"] is None}
    assert without
    assert without < found_by_sql(session, Not(MessageId("nobody@example.org")), mails)


@pytest.mark.parametrize("text", ["'; DROP TABLE messages; --", "%", "_", "\\", "?", '"', "*", "a\nb", "$1"])
def test_nothing_of_a_query_becomes_sql(session: duckdb.DuckDBPyConnection, mails: list[Mail], text: str) -> None:
    """What means something to SQL means itself."""
    for node in (Folder(text), Label(text), PathNode(text), MessageId(text), ContentType(f"x/{text}"), Sha256(text)):
        condition = condition_of(node, lambda _: Condition("FALSE"))
        assert text not in condition.sql or text in "?*_"
        assert found_by_sql(session, node, mails) == set()
    with pytest.raises(KeyError):
        condition_of(Flag(text), lambda _: Condition("FALSE"))


def test_the_widest_query_can_be_asked(session: duckdb.DuckDBPyConnection, mails: list[Mail]) -> None:
    """So many terms, in one list and nested."""
    ids = tuple(MessageId(f"{number}@example.org") for number in range(MOST_TERMS))
    assert found_by_sql(session, Or(ids), mails) == set()
    assert found_by_sql(session, Not(And(ids)), mails) == {mail.sha256 for mail in mails}
    folders = tuple(Folder(f"folder {number}") for number in range(MOST_TERMS))
    assert found_by_sql(session, Or(folders), mails) == set()
