"""The full-text index finds exactly the documents for which a leaf stands, also where tantivy's own ways do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.query_reference import follow_one_another

from mailstrata.errors import ArchiveError, TargetError, UsageError
from mailstrata.search.query.nodes import ContentType, Date, Field, HasAttachment, Node, Size, Words
from mailstrata.search.query.parsing import parse_query
from mailstrata.search.words import matching
from mailstrata.search.words.folding import words_of
from mailstrata.search.words.index import MessageWords, WordsIndex, WordsWriter
from mailstrata.search.words.matching import Matching
from mailstrata.search.words.schema import KEY, key_of, recency_of
from mailstrata.search.words.shown import Shown, pack_shown, unpack_shown

LITTLE = 16_000_000


def shown(number: int, date: int | None = None) -> Shown:
    """What is shown of the message of that number."""
    return Shown(f"{number:016x}{'0' * 48}", None, date, None, None, None, 1000 + number, bool(number % 2), False)


def build(folder: Path, bodies: list[list[str]], **facts: dict[int, int]) -> WordsIndex:
    """An index of messages, each with these texts in its body."""
    with WordsWriter(folder, threads=1, memory_bytes=LITTLE) as writer:
        for number, texts in enumerate(bodies):
            date = facts.get("dates", {}).get(number)
            types = ["text/plain", f"application/x-{number}"]
            writer.add_message(MessageWords(shown(number, date), [("body", texts)], (), types))
        writer.commit()
    return WordsIndex(folder)


def found(index: WordsIndex, node: Node) -> set[int]:
    """The numbers of the messages."""
    query = Matching(index).leaf(node)  # type: ignore[arg-type]
    hits = index.searcher.search(query, limit=1_000_000, order_by_field=KEY).hits
    return {key for key, _ in hits}


ALPHABET = st.sampled_from(
    ["a", "ab", "abc", "b", "é", "e", "契", "約", "契約", "x-y", "ß", "ss", "1", "12", ".*", "[a]", "|"]
)
TEXTS = st.lists(ALPHABET, max_size=6).map(" ".join)


@given(bodies=st.lists(st.lists(TEXTS, max_size=3), min_size=1, max_size=6), asked=TEXTS, is_prefix=st.booleans())
def test_words_that_follow_one_another(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[list[str]], asked: str, is_prefix: bool
) -> None:
    """In one text, not over the border of two; the last of them may go on."""
    index = build(tmp_path_factory.mktemp("words"), bodies)
    expected = {
        number
        for number, texts in enumerate(bodies)
        if any(follow_one_another(words_of(asked), words_of(text), is_prefix) for text in texts)
    }
    assert found(index, Words((Field.BODY,), asked, is_prefix)) == expected


def test_a_beginning_that_many_words_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tantivy's own query takes the first fifty."""
    bodies = [[f"the word{number:03}x and"] for number in range(300)] + [["the words"], ["word the"], ["the wor"]]
    index = build(tmp_path / "a", bodies)
    phrase = Words((Field.BODY,), "the word", is_prefix=True)
    assert found(index, phrase) == set(range(301))
    assert found(index, Words((Field.BODY,), "word", is_prefix=True)) == set(range(302))
    # Where they are too many for one pattern, it is asked for letter by letter.
    monkeypatch.setattr(matching, "_MOST_EXPANSIONS", 20)
    assert found(index, phrase) == set(range(301))
    assert found(index, Words((Field.BODY,), "the wor", is_prefix=True)) == {*range(301), 302}


def test_more_words_than_tantivy_takes_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not found wrongly, and no traceback."""
    letters = [chr(code) for code in range(0x43A, 0x450)]
    words = [f"q{one}{two}{three}x{four}" for one in letters for two in letters for three in letters for four in "ab"]
    index = build(tmp_path / "a", [[" ".join(f"the {word}" for word in words)]])
    with pytest.raises(UsageError, match="write more of that word"), index.reading():
        found(index, Words((Field.BODY,), "the q", is_prefix=True))


@given(data=st.data())
def test_copies_of_columns(data: st.DataObject, dated: WordsIndex) -> None:
    """Dates to the microsecond, sizes, whatever the ends; and beyond what a column can hold."""
    ends = st.none() | st.integers(-5, 5) | st.sampled_from([-(10**30), 10**30])
    low, high = data.draw(ends), data.draw(ends)
    size = Size(None if low is None else low + 1002, None if high is None else high + 1002)
    expected = {
        number
        for number in range(4)
        if (size.at_least is None or 1000 + number >= size.at_least)
        and (size.below is None or 1000 + number < size.below)
    }
    assert found(dated, size) == expected


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> WordsIndex:
    """Four messages: before 1970, at its first instant, a microsecond later, and without a date."""
    return build(tmp_path_factory.mktemp("dated") / "a", [[], [], [], []], dates={0: -1, 1: 0, 2: 1})


def test_dates_and_types(dated: WordsIndex) -> None:
    """Ends are as the nodes say; a message without a date has none of them."""
    first = parse_query("after:1970-01-01")
    assert isinstance(first, Date)
    assert found(dated, first) == {1, 2}
    assert found(dated, Date(None, first.at_least)) == {0}
    assert found(dated, HasAttachment()) == {1, 3}
    assert found(dated, ContentType("text/plain")) == {0, 1, 2, 3}
    assert found(dated, ContentType("application/x-1")) == {1}
    assert found(dated, ContentType("application/*")) == {0, 1, 2, 3}
    assert found(dated, ContentType("*/x-2")) == {2}
    assert found(dated, ContentType("text/.*")) == set()


def test_of_equal_scores_the_newest_comes_first(tmp_path: Path) -> None:
    """Also where they are an hour apart; no date is like the oldest."""
    hour = 3_600_000_000
    dates = {0: 400_000 * hour, 1: 400_001 * hour, 2: 300_000 * hour, 4: 0}
    index = build(tmp_path / "a", [["same"]] * 5, dates=dates)
    query = Matching(index).leaf(Words((Field.BODY,), "same"))
    hits = index.searcher.search(query, limit=10, weight_by_field="recency").hits
    assert [index.shown(address).sha256 for _, address in hits][:3] == [shown(number).sha256 for number in (1, 0, 2)]
    assert recency_of(None) == recency_of(-1) == 0
    assert recency_of(10**18) == pytest.approx(2**1.1 - 2)


def test_what_is_shown_comes_back() -> None:
    """Header fields are cut, and nothing in them is taken for anything else."""
    one = Shown("ab" * 32, "<\u2028\ud800>", -5, '"quoted"\n', None, "s" * 5000, 7, True, False)
    back = unpack_shown(pack_shown(one))
    assert back.subject == "s" * 1000
    assert (back.sha256, back.date, back.from_, back.to, back.size) == (one.sha256, -5, '"quoted"\n', None, 7)
    assert key_of(one.sha256) == 0xABABABABABABABAB


def test_a_word_of_a_mebibyte_is_found(tmp_path: Path) -> None:
    """tantivy leaves out what is longer than 64 KiB; here it is cut."""
    index = build(tmp_path / "a", [["x" * (1 << 20)], ["small"]])
    assert found(index, Words((Field.BODY,), "x" * (1 << 20))) == {0}
    assert found(index, Words((Field.BODY,), "xxx", is_prefix=True)) == {0}


def test_errors_are_one_line(tmp_path: Path) -> None:
    """A folder that is no index, and one that cannot be written."""
    with pytest.raises(ArchiveError, match="--rebuild"):
        WordsIndex(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TargetError, match="cannot write the full-text index"):
        WordsWriter(tmp_path / "file")
    with WordsWriter(tmp_path / "a", threads=1, memory_bytes=LITTLE), pytest.raises(TargetError, match="cannot write"):
        WordsWriter(tmp_path / "a", threads=1, memory_bytes=LITTLE)
