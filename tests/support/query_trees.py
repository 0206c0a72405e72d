"""Random queries, as trees and as text, from the vocabulary of given messages: what they ask for is often there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from mailstrata.search.query.content_types import NAMES
from mailstrata.search.query.nodes import (
    ANYWHERE,
    MESSAGE_FLAGS,
    OCCURRENCE_FLAGS,
    PART_FLAGS,
    RECIPIENTS,
    ContentType,
    Date,
    Everything,
    Field,
    Flag,
    Folder,
    HasAttachment,
    Label,
    MessageId,
    Node,
    Path,
    Sha256,
    Size,
    Words,
    conjunction,
    disjunction,
    negation,
)
from mailstrata.search.query.operators import has_words
from mailstrata.search.query.printing import print_query
from support.query_reference import Mail, plain_words, texts_of

FIELDS: tuple[tuple[Field, ...], ...] = (
    ANYWHERE,
    RECIPIENTS,
    (Field.FROM, *RECIPIENTS),
    *((each,) for each in Field if each is not Field.TO),
)
"""The fields that an operator looks into, for each of the operators."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What random queries are made of."""

    texts: tuple[str, ...]
    types: tuple[str, ...]
    folders: tuple[str, ...]
    labels: tuple[str, ...]
    paths: tuple[str, ...]
    message_ids: tuple[str, ...]
    digests: tuple[str, ...]
    dates: tuple[datetime, ...]
    sizes: tuple[int, ...]
    flags: tuple[str, ...] = (*PART_FLAGS, *MESSAGE_FLAGS, *OCCURRENCE_FLAGS)


def vocabulary_of(mails: Sequence[Mail]) -> Vocabulary:
    """What these messages have, in an order that does not depend on theirs."""
    texts = {text for mail in mails for each in Field for text in texts_of(mail, each)}
    parts = [part for mail in mails for part in mail.parts]
    places = [each for mail in mails for each in mail.occurrences]
    return Vocabulary(
        texts=tuple(sorted(filter(has_words, texts))),
        types=tuple(sorted({part[name] for part in parts for name in ("content_type", "sniffed_type")} - {None})),
        folders=tuple(sorted({each["folder"] for each in places})),
        labels=tuple(sorted({label for mail in mails for label in mail.message["labels"]})),
        paths=tuple(sorted({f"{each['source_path']}/{each['file']}".strip("/") for each in places})),
        message_ids=tuple(sorted({mail.message["message_id"] for mail in mails} - {None})),
        digests=tuple(sorted({mail.sha256 for mail in mails} | ({part["blob"] for part in parts} - {None}))),
        dates=tuple(sorted({mail.message["date"].replace(tzinfo=UTC) for mail in mails if mail.message["date"]})),
        sizes=tuple(sorted({mail.message["size"] for mail in mails})),
    )


@st.composite
def pieces_of_paths(draw: st.DrawFn, paths: Sequence[str]) -> str:
    """Names of a path, one after the other, in any case, some of them cut short."""
    names = draw(st.sampled_from(paths)).strip("/").split("/")
    first = draw(st.integers(0, len(names) - 1))
    text = "/".join(names[first : first + draw(st.integers(1, 3))])
    change = draw(st.sampled_from([str, str.lower, str.upper, lambda each: each[:-1] or each]))
    return change(text).strip("/") or "x"


@st.composite
def terms(draw: st.DrawFn, texts: Sequence[str]) -> tuple[str, bool]:
    """Words that follow one another in one of the texts, and whether the last of them was cut short."""
    text = draw(st.sampled_from(texts))
    spaced = text.split()
    first = draw(st.integers(0, len(spaced) - 1))
    chosen = " ".join(spaced[first : first + draw(st.integers(1, 3))])
    if draw(st.booleans()):
        words = plain_words(chosen)
        if words:
            chosen = draw(st.sampled_from([words[0], words[-1], " ".join(words[:2])]))
    is_prefix = draw(st.integers(0, 3)) == 0
    if is_prefix and len(chosen) > 1:
        chosen = chosen[: draw(st.integers(1, len(chosen)))]
    return (chosen, is_prefix) if has_words(chosen) else (text, False)


def leaves(vocabulary: Vocabulary) -> st.SearchStrategy[Node]:
    """Nodes without others in them."""
    seconds = st.integers(-90_000, 90_000).map(lambda count: timedelta(seconds=count))
    instants = st.builds(lambda date, by: date + by, st.sampled_from(vocabulary.dates), seconds)
    instants |= st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(lambda date: date.replace(tzinfo=UTC))
    sizes = st.builds(lambda size, by: max(0, size + by), st.sampled_from(vocabulary.sizes), st.integers(-2, 2))
    own_types = [
        name
        for each in vocabulary.types
        for name in (each, f"{each.partition('/')[0]}/*", f"*/{each.partition('/')[2]}", f"{each[:-1]}*")
    ]
    strategies: list[st.SearchStrategy[Node]] = [
        st.builds(lambda fields, term: Words(fields, *term), st.sampled_from(FIELDS), terms(vocabulary.texts)),
        st.builds(lambda term: Words(ANYWHERE, *term), terms(vocabulary.texts)),
        st.builds(Date, instants, st.none()) | st.builds(Date, st.none(), instants),
        st.builds(
            lambda one, other: Date(min(one, other), max(one, other) + timedelta(microseconds=1)), instants, instants
        ),
        st.builds(Size, sizes, st.none()) | st.builds(Size, st.none(), sizes),
        st.builds(lambda one, other: Size(min(one, other), max(one, other) + 1), sizes, sizes),
        st.builds(ContentType, st.sampled_from([*NAMES, *own_types])),
        st.builds(Folder, pieces_of_paths([each for each in vocabulary.folders if each])) | st.just(Folder("")),
        st.builds(Path, pieces_of_paths(vocabulary.paths)),
        st.builds(MessageId, st.sampled_from([*vocabulary.message_ids, "nobody@example.org"])),
        st.builds(
            lambda digest, length: Sha256(digest[:length]), st.sampled_from(vocabulary.digests), st.integers(6, 64)
        ),
        st.builds(Flag, st.sampled_from(vocabulary.flags)),
        st.just(HasAttachment()),
        st.just(Everything()),
    ]
    if vocabulary.labels:
        strategies.append(st.builds(Label, pieces_of_paths(vocabulary.labels)))
    return st.one_of(strategies)


def trees(vocabulary: Vocabulary, most_leaves: int = 12) -> st.SearchStrategy[Node]:
    """Canonical trees."""
    return st.recursive(
        leaves(vocabulary),
        lambda nodes: (
            st.lists(nodes, min_size=2, max_size=4).map(conjunction)
            | st.lists(nodes, min_size=2, max_size=4).map(disjunction)
            | nodes.map(negation)
        ),
        max_leaves=most_leaves,
    )


def queries(vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    """Text of queries that can be read: printed trees, and what people write besides."""
    values = terms(vocabulary.texts).map(lambda term: f'"{term[0].replace(chr(34), "")}"').filter(has_words)
    written = st.builds(
        lambda operator, form, one, other: form.format(operator, one, other),
        st.sampled_from(["", "from:", "TO:", "Subject:", "cc:", "attachment:", "contact:", "content:", "body:"]),
        st.sampled_from(
            ["{0}{1}", "-{0}{1}", "{0}({1} OR {2})", "{0}{{{1} {2}}}", "NOT {0}({1} -{2})", "{0}({1} AND {2}) & {0}{1}"]
        ),
        values,
        values,
    )
    printed = trees(vocabulary, 6).map(print_query)
    joints = st.sampled_from([" ", " OR ", " AND ", "\n", " - "])
    return st.lists(st.tuples(written | printed, joints), min_size=1, max_size=4).map(
        lambda terms: "".join([text + joint for text, joint in terms[:-1]] + [terms[-1][0]])
    )
