"""Splitting Content-Type and its kin into a main value and parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.parser.parameters import comment_end, split_parameters


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        (b"", b"", []),
        (b" text/plain", b"text/plain", []),
        (b" Text/PLAIN; Charset=UTF-8", b"text/plain", [(b"charset", b"UTF-8")]),
        (
            b' multipart/mixed;\r\n\tboundary="a b=c";\r\n type=x\r\n',
            b"multipart/mixed",
            [(b"boundary", b"a b=c"), (b"type", b"x")],
        ),
        (b'a/b; c=""', b"a/b", [(b"c", b"")]),
        (b"a/b; c=d; c=e", b"a/b", [(b"c", b"d"), (b"c", b"e")]),
        (
            b"attachment;filename*0*=utf-8''a;filename*1=b",
            b"attachment",
            [(b"filename*0*", b"utf-8''a"), (b"filename*1", b"b")],
        ),
        (b'a; name="a\\"b\\\\c"', b"a", [(b"name", b'a"b\\c')]),
        (b'a; name="two\r\n words"', b"a", [(b"name", b"two words")]),
    ],
)
def test_well_formed_values(value, main, parameters):
    """What RFC 2045, 5.1 allows is read as it says, folding and quoting undone, duplicates kept in order."""
    assert split_parameters(value) == (main, parameters)


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        (b"(a) text/plain (b (c) \\) d)", b"text/plain", []),
        (b"text (a) / (b) plain", b"text/plain", []),
        (b"text/plain; charset=us-ascii (Plain text)", b"text/plain", [(b"charset", b"us-ascii")]),
        (b'a/b (;) ; (x=y) c (;) = (;) "d" (;)', b"a/b", [(b"c", b"d")]),
        (b'a; b="(c)"', b"a", [(b"b", b"(c)")]),
    ],
)
def test_comments(value, main, parameters):
    """Comments are removed wherever they may stand, nested ones and their semicolons included, but not in quotes."""
    assert split_parameters(value) == (main, parameters)


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        # no quotes
        (b"a; filename=my file.pdf ; size=3", b"a", [(b"filename", b"my file.pdf"), (b"size", b"3")]),
        (b"a; filename=report (1).pdf", b"a", [(b"filename", b"report (1).pdf")]),
        (b"a; filename=(1) report.pdf", b"a", [(b"filename", b"(1) report.pdf")]),
        (b"a; filename=\xe4 \xf6.txt", b"a", [(b"filename", b"\xe4 \xf6.txt")]),
        (b"a; name==?utf-8?Q?x=3Dy?=; b=c", b"a", [(b"name", b"=?utf-8?Q?x=3Dy?="), (b"b", b"c")]),
        (b"a; b=c=d", b"a", [(b"b", b"c=d")]),
        # quotes that never close
        (b'a; filename="x y.pdf', b"a", [(b"filename", b"x y.pdf")]),
        (b'a; filename="x; charset=utf-8', b"a", [(b"filename", b"x"), (b"charset", b"utf-8")]),
        (b'a; filename="x; y', b"a", [(b"filename", b"x; y")]),
        # missing, stray and doubled separators
        (b"text/plain charset=utf-8 name=x", b"text/plain", [(b"charset", b"utf-8"), (b"name", b"x")]),
        (b'text/plain; name="x y" charset=z', b"text/plain", [(b"name", b"x y"), (b"charset", b"z")]),
        (b"text/plain, charset=utf-8, name=x", b"text/plain", [(b"charset", b"utf-8"), (b"name", b"x")]),
        (b";; text/plain ;; charset=x ;;", b"", [(b"charset", b"x")]),
        (b"text/plain;;charset=x;;", b"text/plain", [(b"charset", b"x")]),
        (b'a; filename = "x" ; b = c', b"a", [(b"filename", b"x"), (b"b", b"c")]),
        (b"a; filename=; b=c", b"a", [(b"filename", b""), (b"b", b"c")]),
        # what is no parameter
        (b"a; junk; b=c; more", b"a", [(b"b", b"c")]),
        (b'a; b="c"junk d; e=f', b"a", [(b"b", b"c"), (b"e", b"f")]),
        (b'filename="x"', b"", [(b"filename", b"x")]),
        (b'"text/plain"; b=c', b"text/plain", [(b"b", b"c")]),
        (b"text/plain> ; b=c", b"text/plain", [(b"b", b"c")]),
        # parentheses that never close
        (b"a (b; charset=utf-8", b"a", [(b"charset", b"utf-8")]),
        (b"a; b=(c; charset=(d)", b"a", [(b"b", b"(c"), (b"charset", b"(d)")]),
    ],
)
def test_malformed_values_as_mail_clients_read_them(value, main, parameters):
    """Each kind of breakage that the function's documentation names is read as it says."""
    assert split_parameters(value) == (main, parameters)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'"C:\\temp\\new.txt"', b"C:\\temp\\new.txt"),
        (b'"C:\\\\temp\\\\new.txt"', b"C:\\temp\\new.txt"),
        (b'"C:\\temp\\"', b"C:\\temp\\"),
        (b'"C:\\temp\\"; size=1', b"C:\\temp\\"),
        (b"C:\\temp\\new.txt", b"C:\\temp\\new.txt"),
    ],
)
def test_windows_paths_keep_their_backslashes(value, expected):
    """A backslash escapes only a quote or a backslash, and not the quote that would else be missing."""
    assert split_parameters(b"attachment; filename=" + value)[1][0] == (b"filename", expected)


_PIECES = st.sampled_from(
    [b"a", b"name", b"=", b'"', b";", b" ", b"(", b")", b"\\", b",", b"/", b"\r\n ", b"\n", b"*", b"\xff", b"charset="]
)


@given(st.one_of(st.binary(), st.lists(_PIECES).map(b"".join)))
def test_any_bytes_are_split(value):
    """Never raises; names and main value are lower-case, names not empty, and nothing holds a line break."""
    main, parameters = split_parameters(value)
    assert main == main.lower()
    for name, content in parameters:
        assert name
        assert name == name.lower()
        assert not {10, 13} & set(name + content)


@given(
    st.lists(
        st.tuples(
            st.from_regex(rb"[a-z][a-z0-9-]{0,9}", fullmatch=True),
            st.binary().map(lambda content: content.translate(None, b"\r\n")),
        )
    )
)
def test_what_is_quoted_properly_comes_back(parameters):
    """Any bytes but line breaks survive quoting as RFC 2045 has it."""
    value = b"a/b" + b"".join(
        b"; " + name + b'="' + content.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        for name, content in parameters
    )
    assert split_parameters(value) == (b"a/b", parameters)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("start", [b"", b"a; ", b"a; b=", b'a; b="'])
@pytest.mark.parametrize(
    "unit",
    [
        b"(",
        b"()",
        b'"',
        b";",
        b"=",
        b'\\"',
        b"a ",
        b'a="',
        b'a="b" c',
        b" name=",
        b'; name="',
        b'; name=\\"',
        b"a=(",
        b"((a)",
    ],
)
def test_hostile_values_take_linear_time(start, unit):
    """A quarter of a megabyte of any of these is split at once; anything quadratic would take minutes."""
    split_parameters(start + unit * (250_000 // len(unit)))


def test_the_end_of_a_comment():
    """Nesting and quoted-pairs are counted; a comment that is never closed has no end."""
    assert comment_end(b"x(a)b", 1) == 4
    assert comment_end(b"(a(b)\\)c) d)", 0) == 9
    assert comment_end(b"((a)", 0) == -1
    assert comment_end(b"((a)", 1) == 4
    assert comment_end(b"(" * 100_000 + b")" * 100_000, 0) == 200_000
