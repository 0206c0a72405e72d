"""The language: what queries mean, what cannot be read and where, and what neither costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import QueryError
from mailstrata.search.query.nodes import (
    ANYWHERE,
    RECIPIENTS,
    And,
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
    Not,
    Or,
    Path,
    Sha256,
    Size,
    Words,
)
from mailstrata.search.query.operators import BY_NAME
from mailstrata.search.query.parsing import MOST_CHARACTERS, MOST_LEVELS, MOST_TERMS, parse_query
from mailstrata.search.query.printing import print_query

NOW = datetime(2024, 6, 5, 12, 30, tzinfo=UTC)


def anywhere(text: str, *, is_prefix: bool = False) -> Words:
    """A word without an operator."""
    return Words(ANYWHERE, text, is_prefix)


def in_from(text: str) -> Words:
    """A word of `from:`."""
    return Words((Field.FROM,), text)


A, B, C = anywhere("a"), anywhere("b"), anywhere("c")
ANN, BOB = in_from("ann"), in_from("bob")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a b OR c", And((A, Or((B, C))))),
        ("a AND b OR c", And((A, Or((B, C))))),
        ("(a AND b) OR c", Or((And((A, B)), C))),
        ("{a b}", Or((A, B))),
        ("{a {b c}}", Or((A, B, C))),
        ("{a (b c)}", Or((A, And((B, C))))),
        ("a (b (c))", And((A, B, C))),
        ("-a", Not(A)),
        ("NOT a", Not(A)),
        ("-NOT -a", Not(A)),
        ("--a", A),
        ("-(a b) c", And((Not(And((A, B))), C))),
        ("-{a b}", Not(Or((A, B)))),
        ("-from:ann", Not(ANN)),
        ("a or b", And((A, anywhere("or"), B))),
        ("a OReilly", And((A, anywhere("OReilly")))),
        ('a "OR" b', And((A, anywhere("OR"), B))),
        ("(a)(b)", And((A, B))),
        ("a(b)", anywhere("a(b)")),
        ("a(b OR c)", And((A, Or((B, C))))),
        ("(a OR b)c", And((Or((A, B)), C))),
        ("a AROUND b", And((A, anywhere("AROUND"), B))),
        ("*", Everything()),
        ("-*", Not(Everything())),
    ],
)
def test_how_terms_are_joined(query: str, tree: Node) -> None:
    """As in Gmail: OR holds its neighbours, a space holds all; words in small letters do not join."""
    assert parse_query(query) == tree


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("contr*", anywhere("contr", is_prefix=True)),
        ('"signed contract"', anywhere("signed contract")),
        ('"signed contr"*', anywhere("signed contr", is_prefix=True)),
        ("“signed contract”", anywhere("signed contract")),
        ("„signed contract“", anywhere("signed contract")),
        ('"say ""hi"""', anywhere('say "hi"')),
        ("ann@example.org", anywhere("ann@example.org")),
        ("re: a", And((anywhere("re:"), A))),
        ("re:a", anywhere("re:a")),
        ("note: a", And((anywhere("note:"), A))),
        ("10:30", anywhere("10:30")),
        ("https://example.org/a?b=(c)", anywhere("https://example.org/a?b=(c)")),
        ("file:///home/ann", anywhere("file:///home/ann")),
        ("mailto:ann@example.org", anywhere("mailto:ann@example.org")),
        ("std::string", anywhere("std::string")),
        ("C:\\mail", anywhere("C:\\mail")),
        ("тема:a", anywhere("тема:a")),
        ("(hello:-)", anywhere("hello:-")),
        ("a & b - c", And((A, B, C))),
        ("契約", anywhere("契約")),
        ("a\ud800b", anywhere("a\ufffdb")),
        ("re\u0301sume\u0301*", anywhere("re\u0301sume\u0301", is_prefix=True)),
        ("a \u0301 b", And((A, B))),
    ],
)
def test_words(query: str, tree: Node) -> None:
    """What is a word, a phrase or a prefix, and no operator."""
    assert parse_query(query) == tree


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("from:ann", ANN),
        ("FROM:ann", ANN),
        ("from: ann", ANN),
        ('from:"ann"', ANN),
        ("from:(ann OR bob)", Or((ANN, BOB))),
        ("from:{ann bob}", Or((ANN, BOB))),
        ("from:(ann -bob)", And((ANN, Not(BOB)))),
        ("from:ann bob", And((ANN, anywhere("bob")))),
        ("to:ann", Words(RECIPIENTS, "ann")),
        ("recip:ann", Words(RECIPIENTS, "ann")),
        ("cc:ann", Words((Field.CC,), "ann")),
        ("bcc:ann", Words((Field.BCC,), "ann")),
        ("contact:ann", Words((Field.FROM, *RECIPIENTS), "ann")),
        ("deliveredto:ann", Words((Field.DELIVERED_TO,), "ann")),
        ('subject:"quarterly report"', Words((Field.SUBJECT,), "quarterly report")),
        ("subject:re:", Words((Field.SUBJECT,), "re:")),
        ("subject: re: a", And((Words((Field.SUBJECT,), "re:"), A))),
        ("body:a", Words((Field.BODY,), "a")),
        ("content:a", Words((Field.CONTENT,), "a")),
        ("filename:scan(1).pdf", Words((Field.FILENAME,), "scan(1).pdf")),
        ("filename:*.pdf", Words((Field.FILENAME,), "pdf")),
        ("attachment:pdf", Words((Field.FILENAME,), "pdf")),
        ("list:dev@lists.example.org", Words((Field.LIST,), "dev@lists.example.org")),
        ("has:attachment", HasAttachment()),
        ("has:spreadsheet", ContentType("spreadsheet")),
        ("type:PDF", ContentType("pdf")),
        ("mimetype:application/pdf", ContentType("application/pdf")),
        ("mime:image/*", ContentType("image/*")),
        ("after:2024/04/16", Date(datetime(2024, 4, 16, tzinfo=UTC), None)),
        ("before:2024-04", Date(None, datetime(2024, 4, 1, tzinfo=UTC))),
        ("newer_than:2d", Date(datetime(2024, 6, 3, 12, 30, tzinfo=UTC), None)),
        ("older_than:1y", Date(None, datetime(2023, 6, 5, 12, 30, tzinfo=UTC))),
        ("date:2024-05", Date(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))),
        ('date:"last week"', Date(datetime(2024, 5, 27, tzinfo=UTC), datetime(2024, 6, 3, tzinfo=UTC))),
        ("larger:10M", Size(10_000_001, None)),
        ("smaller:10k", Size(None, 10_000)),
        ("size:1M..2M", Size(1_000_000, 2_000_001)),
        ("size:1000000", Size(1_000_000, None)),
        ("in:anywhere", Everything()),
        ("in:inbox", Or((Folder("inbox"), Label("inbox")))),
        ("-in:inbox", Not(Or((Folder("inbox"), Label("inbox"))))),
        ("folder:Work/2024", Folder("Work/2024")),
        ("maildir:/Work/", Folder("Work")),
        ('folder:""', Folder("")),
        ('label:"to do"', Label("to do")),
        ("path:/home/ann/**", Path("home/ann")),
        ("rfc822msgid:<1@example.org>", MessageId("1@example.org")),
        ("id:1@example.org", MessageId("1@example.org")),
        ("sha256:ABCDEF", Sha256("abcdef")),
        ("flag:type-mismatch", Flag("type-mismatch")),
        ("flag:type_mismatch", Flag("type-mismatch")),
        ("is:unread", Not(Flag("seen"))),
        ("is:starred", Flag("flagged")),
        ("flag:attach", HasAttachment()),
    ],
)
def test_operators(query: str, tree: Node) -> None:
    """What each operator makes of its value."""
    assert parse_query(query, NOW) == tree


@pytest.mark.parametrize(
    ("query", "marked", "says"),
    [
        ("", "", "nothing to look for"),
        (" & ", " & ", "nothing to look for"),
        ("a form:ann", "form:", "did you mean from:?"),
        ("a sbject:(b c)", "sbject:", "did you mean subject:?"),
        ("xyz:b", "xyz:", "put it in quotes"),
        ("from:", ":", "as in from:ann"),
        ("from: OR a", ":", "as in from:ann"),
        ("from: to:bob", ":", "as in from:ann"),
        ("(date:)", ":", "as in date:2024-05..2024-07"),
        ("from:(ann to:bob)", "to:", "within from:( )"),
        ("OR a", "OR", "nothing before it"),
        ("a OR", "OR", "nothing after it"),
        ("a OR ) b", "OR", "nothing after it"),
        ("a OR AND b", "OR", "nothing after it"),
        ("a AND", "AND", "nothing after it"),
        ("(AND a)", "AND", "nothing before it"),
        ("{a AND b}", "AND", "no meaning in { }"),
        ("a NOT", "NOT", "nothing after it"),
        ("a (b", "(", "not closed"),
        ("a b)", ")", "nothing is open"),
        ("(a}", "}", ") is wanted"),
        ("a ()", "()", "nothing between"),
        ("a(b c", "(", "not closed"),
        ('id:"a"*', '"a"*', "leave it out"),
        ('a "b c', '"', "quote is not closed"),
        ("from:“ann", "“", "quote is not closed"),
        ("f*o", "f*o", "the end of a word only"),
        ("foo.*", "foo.*", "the end of a word only"),
        ('a ""', '""', "no letter or digit"),
        ("subject:--", "--", "no letter or digit"),
        ("a AROUND 5 b", "AROUND", "not known here"),
        ("type:spredsheet", "spredsheet", "did you mean spreadsheet?"),
        ("type:*/*", "*/*", "application/pdf"),
        ("has:drive", "drive", "has: does not know"),
        ("date:2024-13", "2024-13", "is no date"),
        ("date:2025..2024", "2025..2024", "earlier date first"),
        ("newer_than:2024", "2024", "3d, 2w"),
        ("size:big", "big", "is no size"),
        ("sha256:abcde", "abcde", "6 to 64"),
        ("flag:executible", "executible", "did you mean executable?"),
        ("label:/", "/", "is no label"),
        ("path:*.mbox", "*.mbox", "leave the * out"),
    ],
)
def test_what_cannot_be_read(query: str, marked: str, says: str) -> None:
    """One line says where, what, and what to write; the place is that of the piece at fault."""
    with pytest.raises(QueryError) as caught:
        parse_query(query, NOW)
    error = caught.value
    assert error.query[error.start : error.end] == marked
    assert says in str(error)
    assert str(error).startswith(f"character {error.start + 1} of the query: ")
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_operator_says_what_it_wants(name: str) -> None:
    """Where nothing is behind it; and the example that it gives can be read."""
    with pytest.raises(QueryError) as caught:
        parse_query(f"{name}:")
    examples = [piece for piece in str(caught.value).replace(",", " ").split() if ":" in piece[:-1]]
    assert examples
    for example in examples:
        parse_query(example)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("a" * (MOST_CHARACTERS + 1), "characters"),
        ("a " * (MOST_TERMS + 1), "terms"),
        ("(" * (MOST_LEVELS + 1) + "a" + ")" * (MOST_LEVELS + 1), "within one another"),
        ("from:" + "(" * (MOST_LEVELS + 1), "within one another"),
    ],
)
def test_limits(query: str, says: str) -> None:
    """One more than what is documented is refused."""
    with pytest.raises(QueryError, match=says):
        parse_query(query)


def test_what_is_within_the_limits() -> None:
    """The longest, the widest and the deepest query are read, walked and printed."""
    assert parse_query("a" * MOST_CHARACTERS) == anywhere("a" * MOST_CHARACTERS)
    wide = parse_query("a " * MOST_TERMS)
    assert isinstance(wide, And)
    assert len(wide.items) == MOST_TERMS
    deep = "-(a -{b " * (MOST_LEVELS // 2) + "-in:c" + "})" * (MOST_LEVELS // 2)
    assert parse_query(print_query(parse_query(deep))) == parse_query(deep)


HOSTILE: dict[str, Callable[[int], str]] = {
    "opening brackets in a word": lambda size: "a(" * (size // 2),
    "pairs of brackets in a word": lambda size: "a()" * (size // 3),
    "mixed brackets": lambda size: "a({" * (size // 3),
    "quotes": lambda size: '"' * size,
    "turned quotes": lambda size: "“" * size,
    "dashes": lambda size: "-" * size + "(a)",
    "dashes apart": lambda size: "- " * (size // 2) + "a",
    "negations": lambda size: "NOT " * (size // 4) + "a",
    "stars": lambda size: "*" * size,
    "punctuation": lambda size: "&" * size,
    "colons": lambda size: "a:" * (size // 2),
    "a long name": lambda size: "a" * size + ":b",
    "digits of a date": lambda size: "date:" + "1d" * (size // 2),
    "dots of a date": lambda size: "date:" + "." * size,
    "digits of a size": lambda size: "size:" + "1" * size,
    "stars of a type": lambda size: "type:a/" + "*" * size,
    "an unknown type": lambda size: "type:" + "ab" * (size // 2),
    "slashes": lambda size: "path:" + "/" * size + "a",
    "what decomposes": lambda size: "\ufdfa" * size,
    "spaces": lambda size: " " * size + "a",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_queries_cost_little(name: str) -> None:
    """The longest query of each kind takes some milliseconds of processor time, read or refused."""
    query = HOSTILE[name](MOST_CHARACTERS - 10)
    start = time.process_time()
    _, error = tried(query)
    assert time.process_time() - start < 0.5
    assert error is None or len(str(error)) < 500


PIECES = (
    *(f"{name}:" for name in BY_NAME),
    *("form:", "re:", "http://x", "10:30", "AND", "OR", "NOT", "AROUND 5", "-", "(", ")", "{", "}", '"', "“", "”", "*"),
    *("a", "contr*", "ann@example.org", "2024-05", "2w", "..", "10M", "pdf", "image/*", "attachment", "seen", "abcdef"),
    *(" ", "  ", "\n", "&", "契約", "\u0301", "\ud800", "\x00", "<1@example.org>", "Work/2024", "anywhere"),
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=20).map("".join))
def test_anything_is_a_query_or_an_error(text: str) -> None:
    """Whatever is written is read, and its tree printed and read again is the same tree; or one line says what is
    wrong, with a place in the text."""
    tree, error = tried(text)
    if tree is not None:
        assert is_canonical(tree)
        assert parse_query(print_query(tree), NOW) == tree
    else:
        assert error is not None
        assert 0 <= error.start <= error.end <= len(text) == len(error.query)
        assert len(str(error).splitlines()) == 1


def tried(query: str) -> tuple[Node | None, QueryError | None]:
    """The tree of a query, or what is wrong with it."""
    try:
        return parse_query(query, NOW), None
    except QueryError as error:
        return None, error


def is_canonical(node: Node) -> bool:
    """As the docstring of `nodes` says."""
    if isinstance(node, And | Or):
        return len(node.items) > 1 and all(
            not isinstance(item, type(node)) and is_canonical(item) for item in node.items
        )
    if isinstance(node, Not):
        return not isinstance(node.item, Not) and is_canonical(node.item)
    return True
