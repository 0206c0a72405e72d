"""Trees as text: what is printed is read as the same tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.query_trees import Vocabulary, queries, trees

from mailstrata.search.query.nodes import ANYWHERE, Field, Folder, Label, Node, Words, disjunction
from mailstrata.search.query.parsing import parse_query
from mailstrata.search.query.printing import print_query


@given(data=st.data())
def test_a_tree_comes_back(vocabulary: Vocabulary, data: st.DataObject) -> None:
    """Of anything that the samples hold."""
    tree = data.draw(trees(vocabulary))
    assert parse_query(print_query(tree)) == tree


@given(data=st.data())
def test_a_query_is_printed_once_and_for_all(vocabulary: Vocabulary, data: st.DataObject) -> None:
    """What people write is read, and its printed form is a fixed point."""
    printed = print_query(parse_query(data.draw(queries(vocabulary))))
    assert print_query(parse_query(printed)) == printed


@given(st.text(min_size=1), st.sampled_from([Folder, Label]))
def test_any_text_comes_back(text: str, node: type[Folder | Label]) -> None:
    """Quotes, brackets and stars in a name are part of it."""
    named = node(text.strip("/") or "x")
    assert parse_query(print_query(named)) == named


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("{a b} c", "a OR b c"),
        ("(a b) OR c", "(a b) OR c"),
        ("-in:work", "-in:work"),
        ("in:work OR a", "folder:work OR label:work OR a"),
        ("from:(ann OR bob)", "from:ann OR from:bob"),
        ('"NOT" re:', '"NOT" "re:"'),
        ("date:2024-05", "date:2024-05-01..2024-05-31T23:59:59.999999"),
        ("larger:10k", "size:10001.."),
        ("size:1k..2k", "size:1000..2000"),
    ],
)
def test_how_it_is_printed(query: str, printed: str) -> None:
    """Short, and without brackets that nobody needs."""
    assert print_query(parse_query(query)) == printed


def test_fields_without_an_operator() -> None:
    """Are printed as several operators, which find the same; of the field To alone there is none."""
    several: Node = Words((Field.SUBJECT, Field.BODY), "a")
    assert parse_query(print_query(several)) == disjunction([Words((Field.SUBJECT,), "a"), Words((Field.BODY,), "a")])
    assert print_query(Words(ANYWHERE, "a")) == "a"
    with pytest.raises(ValueError, match="no operator"):
        print_query(Words((Field.TO,), "a"))
