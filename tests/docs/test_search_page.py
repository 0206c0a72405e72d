"""docs/search.md: every query in it can be read, every error is the one that comes, and nothing is left out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mailstrata.errors import QueryError
from mailstrata.search.query.content_types import FAMILIES, NAMES
from mailstrata.search.query.nodes import MESSAGE_FLAGS, OCCURRENCE_FLAGS, PART_FLAGS
from mailstrata.search.query.operators import BY_NAME
from mailstrata.search.query.parsing import MOST_CHARACTERS, MOST_LEVELS, MOST_TERMS, parse_query

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
LANGUAGE, _, ERRORS = PAGE.partition("## Errors")
FLOWING = " ".join(LANGUAGE.split())
CODE = re.compile(r"`([^`]+)`")


def first_cells(text: str) -> list[str]:
    """The first cell of each row of the tables, headings left out."""
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    assert rows
    return rows


EXAMPLES = [query for cell in first_cells(LANGUAGE) for query in CODE.findall(cell)]
# What stands elsewhere in the page and begins with an operator; but for what is named as not offered.
EXAMPLES += [
    code
    for code in CODE.findall(LANGUAGE)
    if re.match(r"-?[a-z0-9_]+:\S", code) and code not in (*EXAMPLES, "has:drive")
]
WRONG = re.findall(r"^\| `([^`]+)` \| (.+) \|$", ERRORS, re.MULTILINE)


def test_there_are_examples() -> None:
    """What the other tests are about is found in the page."""
    assert len(EXAMPLES) > 120
    assert len(WRONG) > 10


@pytest.mark.parametrize("query", EXAMPLES)
def test_every_example_can_be_read(query: str) -> None:
    """Those of the tables, and those in the text."""
    parse_query(query)


def test_every_command_has_a_query_that_can_be_read() -> None:
    """Those of the examples at the top."""
    lines = re.findall(r"^    (mailstrata (?:search|export) .*)$", PAGE, re.MULTILINE)
    assert len(lines) > 4
    for line in lines:
        words = shlex.split(line)
        parse_query(words[words.index("--query") + 1] if "--query" in words else words[-1])


@pytest.mark.parametrize(("query", "says"), WRONG)
def test_every_error_is_what_comes(query: str, says: str) -> None:
    """To the letter."""
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert str(caught.value).partition(" of the query: ")[2] == says


def test_nothing_is_left_out() -> None:
    """Every name of an operator, every flag and every kind of content has its example; the limits are the real ones."""
    named = {query.partition(":")[0].removeprefix("-") for query in EXAMPLES if ":" in query}
    assert set(BY_NAME) <= named
    flags = {query.partition(":")[2] for query in EXAMPLES if query.startswith("flag:")}
    assert {*PART_FLAGS, *MESSAGE_FLAGS, *OCCURRENCE_FLAGS} <= flags
    kinds = re.search(r"or a kind: (.*?)\. `has:`", FLOWING)
    assert kinds is not None
    assert CODE.findall(kinds[1]) == list(FAMILIES)
    extensions = re.search(r"extension of its files \((.*?), \.\.\.\)", FLOWING)
    assert extensions is not None
    assert set(CODE.findall(extensions[1])) <= set(NAMES)
    assert f"{MOST_CHARACTERS:,} characters, {MOST_TERMS} words and values, and {MOST_LEVELS} brackets" in ERRORS


def test_the_picture_of_an_error_is_the_one_that_comes() -> None:
    """With the carets under the piece at fault."""
    with pytest.raises(QueryError) as caught:
        parse_query("contract form:ann")
    picture = ERRORS.partition("    mailstrata: error: ")[2].splitlines()
    assert picture[0] == str(caught.value)
    assert picture[1].strip() == "contract form:ann"
    offset = picture[1].index("contract")
    assert picture[2].index("^") - offset == caught.value.start
    assert picture[2].count("^") == caught.value.end - caught.value.start
