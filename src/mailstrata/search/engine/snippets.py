"""The piece of a text in which words were found, with their places in it.

Words are found in the folded text, and shown as they stand in the text itself. So the text is walked piece by piece
(what stands between separators), each piece is folded by the same function, and a piece that holds several words
(Chinese, say) character by character. Only windows of the text that hold one of the words are walked at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mailstrata.search.engine.hits import Mark, Snippet
from mailstrata.search.query.nodes import Words
from mailstrata.search.words.folding import words_of, words_text

LENGTH = 160
"""Characters of a snippet, about."""

_BEFORE = 50
_WINDOW = 1 << 15
_MOST_WINDOWS = 512
_MOST_PLACES = 200
_PIECE = re.compile("[0-9A-Za-z\x80-\U0010ffff]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow one another; the last one may go on where `is_prefix`."""

    words: tuple[str, ...]
    is_prefix: bool = False


def term_of(node: Words) -> Term:
    """What a node looks for."""
    return Term(tuple(words_of(node.text)), node.is_prefix)


def snippet(field: str, text: str, terms: Sequence[Term]) -> Snippet | None:
    """The piece of a text with the most of these terms, or the first such; None where it has none of them."""
    wanted = [term for term in terms if term.words]
    best: tuple[int, int, list[tuple[int, int, int]]] | None = None
    for start, end in _windows(text, wanted):
        places = list(_places(text, start, end, wanted))[:_MOST_PLACES]
        for first, (begin, _, _) in enumerate(places):
            near = [place for place in places[first:] if place[1] <= begin + LENGTH - _BEFORE]
            kinds = len({place[2] for place in near})
            if near and (best is None or kinds > best[0]):
                best = (kinds, begin, near)
        if best is not None and best[0] == len(wanted):
            break
    if best is None:
        return None
    return _cut(field, text, best[1], [(begin, end) for begin, end, _ in best[2]])


def beginning(field: str, text: str) -> Snippet | None:
    """The first characters of a text, where nothing is to be marked; None where there are none but spaces."""
    shown = _SPACE.sub(" ", text[: 4 * LENGTH]).strip()
    if not shown:
        return None
    return Snippet(field, shown if len(shown) <= LENGTH else shown[: LENGTH - 1] + "…")


def _windows(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Pieces of the text, cut between words, in which all words of one of the terms stand."""
    start = windows = 0
    while start < len(text) and windows < _MOST_WINDOWS:
        end = min(len(text), start + _WINDOW)
        folded = f" {words_text(text[start:end])} "
        if any(all(f" {word}" in folded for word in term.words) for term in terms):
            yield start, end
        windows += 1
        # They overlap, so that a term over the border is in one of them.
        start = end if end == len(text) else end - 512


def _places(text: str, start: int, end: int, terms: Sequence[Term]) -> Iterator[tuple[int, int, int]]:
    """Begin, end and number of each term that stands in a window, in order."""
    words = list(_words(text, start, end))
    firsts = {number: term.words[0] for number, term in enumerate(terms)}
    for at, (word, begin, _) in enumerate(words):
        for number, first in firsts.items():
            if not word.startswith(first):
                continue
            term = terms[number]
            there = words[at : at + len(term.words)]
            if _is(term, [each[0] for each in there]):
                yield begin, there[-1][2], number


def _is(term: Term, found: list[str]) -> bool:
    asked = list(term.words)
    return found == asked or (
        term.is_prefix and found[:-1] == asked[:-1] and bool(found) and found[-1].startswith(asked[-1])
    )


def _words(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The words of a piece of the text, with their places in the text."""
    for piece in _PIECE.finditer(text, start, end):
        written = piece[0]
        folded = _folded(written) if len(written) <= 64 else tuple(words_of(written))
        if len(folded) == 1:
            yield folded[0], piece.start(), piece.end()
        elif folded:
            yield from _words_of_piece(written, piece.start())


@lru_cache(4096)
def _folded(piece: str) -> tuple[str, ...]:
    return tuple(words_of(piece))


def _words_of_piece(piece: str, offset: int) -> Iterator[tuple[str, int, int]]:
    """The words of a piece that holds several: character by character, which belong to a word until a separator
    comes."""
    word, begin = "", offset
    for place, character in enumerate(piece, offset):
        folded = words_text(character)
        for index, part in enumerate(folded.split(" ")):
            if index and word:
                yield word, begin, place if not part and not folded.strip() else place + bool(folded.strip())
                word = ""
            if part and not word:
                begin = place
            word += part
    if word:
        yield word, begin, offset + len(piece)


def _cut(field: str, text: str, begin: int, places: Sequence[Mark]) -> Snippet:
    """The piece around a place, on one line, with the marks moved along."""
    start = max(0, begin - _BEFORE)
    if start:
        # At a space, if there is one near: not in the midst of a word.
        space = _SPACE.search(text, start, begin)
        start = space.end() if space is not None else start
    stop = min(len(text), max(start + LENGTH, places[0][1]))
    if stop < len(text):
        space_before = text.rfind(" ", places[-1][1], stop)
        stop = space_before if space_before > 0 else stop
    pieces: list[str] = ["…"] if start and text[:start].strip() else []
    marks: list[Mark] = []
    length = len(pieces)
    at = start
    for first, last in places:
        if first < at or last > stop:
            continue
        for piece, is_mark in ((text[at:first], False), (text[first:last], True)):
            shown = _SPACE.sub(" ", piece)
            if not pieces:
                shown = shown.lstrip()
            if shown and is_mark:
                marks.append((length, length + len(shown)))
            pieces.append(shown)
            length += len(shown)
        at = last
    pieces.append(_SPACE.sub(" ", text[at:stop]).rstrip())
    if text[stop : stop + _WINDOW].strip():
        pieces.append("…")
    return Snippet(field, "".join(pieces), tuple(marks))
