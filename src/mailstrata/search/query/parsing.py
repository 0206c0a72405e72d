"""From the text of a query to a tree of nodes.

The grammar; white space lies between any two of these, and OR holds its sides more tightly than a space or AND does::

    query    = clauses
    clauses  = clause { [ "AND" ] clause }
    clause   = term { "OR" term }
    term     = { "-" | "NOT" } ( group | operator | phrase | word )
    group    = "(" clauses ")" | "{" clauses "}"        braces: at least one of the clauses
    operator = NAME ":" ( group | phrase | word )       in the group, words and phrases are values of the operator
    phrase   = DQUOTE text DQUOTE [ "*" ]               two quotes in the text stand for one
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from mailstrata.errors import QueryError
from mailstrata.search.query.nodes import Node, conjunction, disjunction, negation
from mailstrata.search.query.operators import BY_NAME, Operator, Value, has_words, nearest_operator, read_bare
from mailstrata.search.query.unreadable import UnreadableError

MOST_CHARACTERS = 16_384
"""The longest query, in characters."""

MOST_TERMS = 512
"""Words, phrases and values of operators in one query."""

MOST_LEVELS = 50
"""Groups within one another."""

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,63}):")
_PIECE = re.compile('[^\\s"\u201c-\u201f(){}]+')
_BRACKET_OR_END = re.compile('[\\s"\u201c-\u201f(){}]|\\Z')
_KEYWORD = re.compile('(?:AND|OR|NOT|AROUND(?=\\s+[0-9]))(?=[\\s"\u201c-\u201f(){}]|\\Z)')
_QUOTED = re.compile(r'"((?>(?:[^"]++|"")*))"')
# Word processors and telephones turn quotes: “English”, „German“.
_TURNED = re.compile('[\u201c-\u201f]([^"\u201c-\u201f]*+)["\u201c-\u201f]')
_QUOTES = frozenset('"\u201c\u201d\u201e\u201f')
_CLOSING = {"(": ")", "{": "}"}
_SURROGATE = re.compile("[\ud800-\udfff]")

_JOINING = frozenset({"AND", "OR"})
# Words before a colon that no operator will ever be called: what mailers put before a subject, and schemes of addresses
# (others are known by `//`).
_NO_OPERATORS = frozenset(
    {
        *(
            "re",
            "fw",
            "fwd",
            "aw",
            "wg",
            "sv",
            "vs",
            "vb",
            "antw",
            "tr",
            "rv",
            "res",
            "enc",
            "ref",
            "rif",
            "odp",
            "ynt",
        ),
        *("bitcoin", "callto", "cid", "data", "doi", "geo", "magnet", "mailto", "news", "sip", "sips", "sms", "tel"),
        *("urn", "webcal", "xmpp"),
    }
)


def parse_query(text: str, now: datetime | None = None) -> Node:
    """The tree of a query; canonical, as `nodes` says.

    `now` is the time (aware) from which relative dates are counted, that of the call unless told otherwise. Takes time
    in proportion to the length of the text. Raises `QueryError`, with the place, where the query cannot be read.
    """
    return _Parser(text, datetime.now(UTC) if now is None else now).parse()


class _Parser:
    """One query, being read from left to right."""

    def __init__(self, text: str, now: datetime) -> None:
        # Words of a command line that are no UTF-8 have surrogates; no table has any.
        self._text = _SURROGATE.sub("\ufffd", text)
        self._now = now
        self._position = 0
        self._terms = 0
        self._level = 0

    def parse(self) -> Node:
        length = len(self._text)
        if length > MOST_CHARACTERS:
            raise self._error(
                f"the query has {length:,} characters, {MOST_CHARACTERS:,} at most are read; ask in several steps",
                MOST_CHARACTERS,
                length,
            )
        self._skip()
        if self._position == length:
            raise self._error("the query holds nothing to look for; write a word, or * for every message", 0, length)
        node = None if self._is_over() else self._clauses(None, None)
        if node is None or self._position < length:
            closing = self._text[self._position]
            raise self._error(f"nothing is open that this {closing} could close; leave it out", self._position)
        return node

    def _clauses(self, operator: Operator | None, opening: int | None) -> Node:
        """What stands up to the bracket that closes the one at `opening`, or up to the end."""
        braces = opening is not None and self._text[opening] == "{"
        clauses: list[Node] = []
        while not self._is_over():
            start = self._position
            if self._take("AND"):
                if braces:
                    raise self._error(
                        "AND has no meaning in { }, where one of several is enough; use ( )", start, start + 3
                    )
                if not clauses:
                    raise self._error("AND has nothing before it; leave it out", start, start + 3)
                if self._is_over() or self._peek() in _JOINING:
                    raise self._error("AND has nothing after it; leave it out", start, start + 3)
            elif self._take("OR"):
                raise self._error("OR has nothing before it; leave it out", start, start + 2)
            clauses.append(self._clause(operator))
            self._skip()
        if not clauses:
            assert opening is not None  # a query of nothing was refused before
            end = min(self._position + 1, len(self._text))
            raise self._error("there is nothing between these; write a word, or leave them out", opening, end)
        return disjunction(clauses) if braces else conjunction(clauses)

    def _clause(self, operator: Operator | None) -> Node:
        terms = [self._term(operator)]
        while True:
            self._skip()
            start = self._position
            if not self._take("OR"):
                return disjunction(terms)
            if self._is_over() or self._peek() in _JOINING:
                raise self._error("OR has nothing after it; leave it out", start, start + 2)
            terms.append(self._term(operator))

    def _term(self, operator: Operator | None) -> Node:
        negated = False
        while True:
            start = self._position
            if self._take("NOT"):
                if self._is_over() or self._peek() in _JOINING:
                    raise self._error("NOT has nothing after it; leave it out", start, start + 3)
            elif self._text[start] == "-" and start + 1 < len(self._text):
                # Another thing than a dash between words, which `_skip` has passed over.
                self._position += 1
            else:
                break
            negated = not negated
        node = self._positive(operator)
        return negation(node) if negated else node

    def _positive(self, operator: Operator | None) -> Node:
        """A group, an operator with its value, a phrase or a word."""
        start = self._position
        character = self._text[start]
        if character in _CLOSING:
            return self._group(operator)
        if character in _QUOTES:
            return self._read(operator, self._phrase(), start)
        found = self._operator()
        if found is not None:
            if operator is not None:
                raise self._error(
                    f"{found.name}: stands within {operator.name}:( ); close that before", start, self._position
                )
            return self._operation(found)
        if self._peek() == "AROUND" and operator is None:
            raise self._error("AROUND is not known here; put words that follow one another in quotes", start, start + 6)
        return self._read(operator, self._word(), start)

    def _group(self, operator: Operator | None) -> Node:
        opening = self._position
        closing = _CLOSING[self._text[opening]]
        if self._level == MOST_LEVELS:
            raise self._error(f"more than {MOST_LEVELS} brackets stand within one another; take some away", opening)
        self._level += 1
        self._position += 1
        self._skip()
        node = self._clauses(operator, opening)
        self._level -= 1
        if not self._text.startswith(closing, self._position):
            if self._position == len(self._text):
                raise self._error(f"this {self._text[opening]} is not closed; write {closing}", opening)
            raise self._error(f"{closing} is wanted here, for the {self._text[opening]} before", self._position)
        self._position += 1
        return node

    def _operator(self) -> Operator | None:
        """The operator whose name and colon stand here, which are passed over; None where words do."""
        start = self._position
        named = _NAME.match(self._text, start)
        if named is None or self._text.startswith("//", named.end()):
            return None
        name = named[1].lower()
        if name in BY_NAME:
            self._position = named.end()
            return BY_NAME[name]
        if name in _NO_OPERATORS or self._text.startswith((":", "\\"), named.end()):
            return None
        piece = _PIECE.match(self._text, named.end())
        if not self._text.startswith(("(", "{", '"'), named.end()) and (piece is None or not has_words(piece[0])):
            return None
        nearest = nearest_operator(name)
        otherwise = f"did you mean {nearest}:?" if nearest else "put it in quotes to look for it as words"
        raise self._error(
            f"unknown operator {named[0]}{', ' if nearest else '; '}{otherwise}",
            start,
            named.end(),
        )

    def _operation(self, operator: Operator) -> Node:
        """What an operator whose name was read has behind its colon."""
        colon = self._position - 1
        start = self._position = self._space_end()
        character = self._text[start : start + 1]
        if character in _CLOSING:
            return self._group(operator)
        if character in _QUOTES:
            return self._read(operator, self._phrase(), start)
        is_apart = start > colon + 1
        if not character or character in ")}" or (is_apart and (self._peek() or self._is_known_name())):
            raise self._error(f"{operator.name}: wants {operator.wanted}", colon, colon + 1)
        return self._read(operator, self._word(), start)

    def _is_known_name(self) -> bool:
        named = _NAME.match(self._text, self._position)
        return named is not None and named[1].lower() in BY_NAME

    def _read(self, operator: Operator | None, value: Value, start: int) -> Node:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise self._error(f"the query has more than {MOST_TERMS} terms; ask in several steps", start)
        try:
            return read_bare(value) if operator is None else operator.read(value, self._now)
        except UnreadableError as error:
            raise self._error(str(error), start, self._position) from error

    def _phrase(self) -> Value:
        """What stands between quotes, which are passed over."""
        start = self._position
        straight = self._text[start] == '"'
        found = (_QUOTED if straight else _TURNED).match(self._text, start)
        if found is None:
            raise self._error("this quote is not closed; write another one at its end", start)
        self._position = found.end()
        after = self._text[self._position : self._position + 2]
        is_prefix = after[:1] == "*" and (len(after) == 1 or _BRACKET_OR_END.match(after, 1) is not None)
        self._position += is_prefix
        return Value(found[1].replace('""', '"') if straight else found[1], is_quoted=True, is_prefix=is_prefix)

    def _word(self) -> Value:
        """A word, which is passed over. Brackets belong to it where it both opens and closes them: `scan(1).pdf`."""
        start = end = self._position
        opened: list[int] = []
        for found in _BRACKET_OR_END.finditer(self._text, start):
            character, end = found[0], found.start()
            if character in _CLOSING:
                opened.append(end)
            elif opened and character == _CLOSING[self._text[opened[-1]]]:
                opened.pop()
            else:
                break
        self._position = opened[0] if opened else end
        return Value(self._text[start : self._position])

    def _is_over(self) -> bool:
        """Whether the query ends here, or a bracket closes, when what says nothing was passed over."""
        self._skip()
        return self._text[self._position : self._position + 1] in ("", ")", "}")

    def _skip(self) -> None:
        """Pass over white space, and what has no letter or digit in it (`a & b`, `a - b`)."""
        while True:
            self._position = self._space_end()
            piece = _PIECE.match(self._text, self._position)
            if piece is None or has_words(piece[0]) or piece[0].lstrip("-") == "*":
                return
            end = piece.end()
            if self._text[end : end + 1] in _CLOSING or self._text[end : end + 1] in _QUOTES:
                # A dash before a group or a phrase is no punctuation.
                end = piece.start() + len(piece[0].rstrip("-"))
                if end == self._position:
                    return
            self._position = end

    def _space_end(self) -> int:
        found = _SPACE.match(self._text, self._position)
        assert found is not None  # also where there is none
        return found.end()

    def _peek(self) -> str:
        """The word here that joins or negates, `AROUND` among them; empty where there is none."""
        found = _KEYWORD.match(self._text, self._position)
        return "" if found is None else found[0]

    def _take(self, keyword: str) -> bool:
        """Whether this word stands here; it is passed over then."""
        if self._peek() != keyword:
            return False
        self._position += len(keyword)
        return True

    def _error(self, message: str, start: int, end: int | None = None) -> QueryError:
        return QueryError(
            f"character {start + 1:,} of the query: {message}",
            self._text,
            start,
            min(start + 1, len(self._text)) if end is None else end,
        )
