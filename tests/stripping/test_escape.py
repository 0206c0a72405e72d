"""Escaping the words of the marker."""

from hypothesis import example, given
from hypothesis import strategies as st
from support.decoding import split

from mailstrata.stripping.escape import ESCAPED_WORDS, WORDS, Escaper, unfinished
from mailstrata.stripping.placeholder import MARKER
from mailstrata.stripping.skeleton import SkeletonReader

# Every piece that the words can be cut into, and what they may be followed by.
texts = st.lists(
    st.builds(lambda start, end: WORDS[start:end], st.integers(0, 23), st.integers(1, 24))
    | st.sampled_from([WORDS, ESCAPED_WORDS, MARKER, MARKER[:40], b"-", b";", b"a", b"x", b"\n"]),
    max_size=12,
).map(b"".join)
sizes = st.lists(st.integers(1, 30), max_size=12)


def escape(data, pieces=()):
    """The bytes escaped, and whether there was anything to escape."""
    escaper = Escaper()
    return b"".join([*map(escaper.feed, split(data, pieces)), escaper.flush()]), escaper.changed


def unescape(data, pieces=()):
    """The bytes as a reader of the skeleton gives them."""
    reader = SkeletonReader()
    found = [piece for data in split(data, pieces) for piece in reader.feed(data)]
    return b"".join(found + reader.close())


@given(data=texts, pieces=sizes)
@example(data=WORDS[:-1] + WORDS, pieces=[])
def test_what_is_escaped_comes_back(data, pieces):
    """Any bytes come back, no marker is left in what is escaped, and no split matters."""
    escaped, changed = escape(data)
    assert MARKER not in escaped
    assert escaped.replace(ESCAPED_WORDS, b"").count(WORDS) == 0
    assert changed == (escaped != data) == (WORDS in data)
    assert escape(data, pieces) == (escaped, changed)
    assert unescape(escaped, pieces) == data


def test_one_dash_more():
    """What looks as if it was escaped already gets one more dash."""
    assert escape(b"x access-type=x-mailstrata-; y")[0] == b"x access-type=x-mailstrata--; y"


def test_little_is_held_back():
    """Of any text, less than the words is held back, and only what they may begin with."""
    escaper = Escaper()
    assert escaper.feed(b"some text, and acc") == b"some text, and "
    assert escaper.feed(b"ess") == b""
    assert escaper.feed(b"ible") == b"accessible"
    assert escaper.flush() == b""


@given(data=texts)
def test_unfinished(data):
    """The end of the data that may become the word is the longest there is."""
    ends = [size for size in range(1, len(WORDS)) if data.endswith(WORDS[:size])]
    assert unfinished(data, WORDS) == max(ends, default=0)
