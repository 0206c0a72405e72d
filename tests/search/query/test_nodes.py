"""What all nodes have in common."""

from __future__ import annotations

import dataclasses

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.search.query.nodes import (
    And,
    Everything,
    Flag,
    Not,
    Or,
    conjunction,
    disjunction,
    fold_letters,
    negation,
)

SEEN, DRAFT, SIGNED = Flag("seen"), Flag("draft"), Flag("signed")


def test_joining_keeps_trees_canonical() -> None:
    """No And in an And, no Or in an Or, no Not in a Not, and neither of one."""
    assert conjunction([SEEN]) == SEEN
    assert conjunction([And((SEEN, DRAFT)), SIGNED]) == And((SEEN, DRAFT, SIGNED))
    assert conjunction([Or((SEEN, DRAFT)), SIGNED]) == And((Or((SEEN, DRAFT)), SIGNED))
    assert disjunction([Or((SEEN, DRAFT)), SIGNED]) == Or((SEEN, DRAFT, SIGNED))
    assert negation(negation(SEEN)) == SEEN
    assert negation(SEEN) == Not(SEEN)


def test_nodes_stay_as_they_are() -> None:
    """They can be keys, and cannot be changed."""
    assert {Flag("seen"): 1, Everything(): 2}[SEEN] == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        SEEN.name = "draft"  # type: ignore[misc]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0", max_codepoint=0x2FFFF)))
)
def test_letters_are_folded_as_duckdb_folds_them(texts: list[str]) -> None:
    """Of any text of characters that are older than both."""
    with duckdb.connect() as session:
        rows = session.execute(
            "SELECT replace(lower(nfc_normalize(x)), ' ', '-') FROM (SELECT unnest(?) AS x)", [texts]
        )
        assert [row[0] for row in rows.fetchall()] == [fold_letters(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Sent Items", "sent-items"),
        ("Entwu\u0308rfe", "entw\u00fcrfe"),
        ("\u0130NBOX", "inbox"),
        ("ΦΑΚΕΛΟΣ", "φακελοσ"),
    ],
)
def test_folded_letters(text: str, folded: str) -> None:
    """Case, spaces and composition do not matter; diacritics do."""
    assert fold_letters(text) == folded
