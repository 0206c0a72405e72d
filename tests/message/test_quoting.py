"""Events with mbox quoting undone: whatever the split, what an unquoter would have made of each message."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.quoting import EventStream
from mailstrata.parser.events import EntityEnd, Span
from mailstrata.parser.machine import Parser
from mailstrata.transfer.mbox import MboxUnquoter

SEPARATOR = b"From a@b Mon Jan  5 10:00:00 2004\n"
TOKENS = [
    *(b"\n", b"\n\n", b">", b">>From ", b"From ", b">From x\n", b"\nFro", b"m ", b"x", b"F", b"text\n", b">Fr"),
    *(b"a: b\n\n", b"\n\n" + SEPARATOR, b"Content-Type: multipart/mixed; boundary=b\n\n", b"\n--b\n", b"\n--b--"),
]


def read(data, cuts, variant):
    """Bytes, lines that were not quoted, and where quoting ended, of each message."""
    stream = EventStream(Parser("mbox"), variant)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    chunks = [data[start:end] for start, end in itertools.pairwise(places)]
    messages, pieces, spans = [], [], []
    for batch in stream.batches(chunks):
        for event in batch:
            if type(event) is Span:
                spans.append(event)
                if event.entity is not None:
                    pieces.append(event.data)
            elif type(event) is EntityEnd and event.entity.parent is None:
                unquoter = stream.take_unquoter()
                noted = ([], None) if unquoter is None else (unquoter.unquoted_lines, unquoter.quoting_end)
                messages.append((b"".join(pieces), *noted))
                pieces = []
    return messages, spans


def raw_messages(data):
    """The bytes of each message as they stand, and the spans that they are in, by the parser alone."""
    messages, spans = [], []
    parser = Parser("mbox")
    for event in [*parser.feed(data), *parser.close()]:
        if type(event) is Span and event.entity is not None:
            spans.append(event)
        elif type(event) is EntityEnd and event.entity.parent is None:
            messages.append(spans)
            spans = []
    return messages


def unquoted(spans, variant):
    """What one unquoter makes of all spans of a message."""
    unquoter = MboxUnquoter(variant)
    pieces = []
    for number, span in enumerate(spans):
        pieces.append(unquoter.feed(span.data))
        following = spans[number + 1] if number + 1 < len(spans) else None
        if following is None or (following.entity, following.kind) != (span.entity, span.kind):
            pieces.append(unquoter.flush())
    return b"".join(pieces), unquoter.unquoted_lines, unquoter.quoting_end


@pytest.mark.parametrize("variant", ["mboxo", "mboxrd"])
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=25), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_every_message_is_unquoted(variant, tokens, cuts):
    """An unquoter that is made late, or never, finds what one that sees all of the message does."""
    data = SEPARATOR + b"".join(tokens)
    assert read(data, cuts, variant)[0] == [unquoted(spans, variant) for spans in raw_messages(data)]


@pytest.mark.parametrize("variant", [None, "mboxcl2"])
def test_without_quoting(variant):
    """Where nothing is quoted, nothing is undone, and there is no unquoter."""
    data = SEPARATOR + b"a: b\n\n>From x\n"
    assert read(data, (), variant)[0] == [(b"a: b\n\n>From x\n", [], None)]


def test_offsets_stay_those_of_the_source():
    """Spans carry unquoted bytes; their offsets tile the source all the same."""
    data = SEPARATOR + b"a: b\n\n>From x\n>From y\n\n" + SEPARATOR + b"c: d\n\nz\n"
    spans = read(data, (60, 61, 62), "mboxrd")[1]
    places = [(span.start, span.end) for span in spans if span.start < span.end]
    assert places[0][0] == 0
    assert places[-1][1] == len(data)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(places))
