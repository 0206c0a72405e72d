"""A cut never changes what an mbox holds: the parser begins a message wherever one is made."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.archive.jobs.cutting import Cutter, find_cut
from mailstrata.parser.events import EntityBegin, EntityEnd, Event, Span, SpanKind
from mailstrata.parser.machine import Parser

_FROM = b"From a@example.org Mon Nov 10 10:00:00 2025\n"
_PIECES = st.sampled_from(
    [
        _FROM,
        _FROM.replace(b"\n", b"\r\n"),
        b"From - Mon Nov 10 10:00:00 2025\n",
        b"From here on\n",
        b"From " + b"x" * 1200 + b" Mon Nov 10 10:00:00 2025\n",
        b"\n",
        b"\n\n",
        b"\r\n",
        b"\r\n\r\n",
        b"Subject: x\n",
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Length: 60\n",
        b"--b\n",
        b"--b--\n",
        b"text\n",
        b">From x\n",
        b"QUJD\n",
        b"\xef\xbb\xbf",
        b"\r",
        b"no line break",
        b" folded\n",
        b"x" * 300,
    ]
)
_MBOXES = st.lists(_PIECES, max_size=60).map(b"".join) | st.lists(_PIECES, max_size=60).map(
    lambda pieces: _FROM + b"".join(pieces)
)


def _events(
    data: bytes, offset: int, check: Callable[[int], bool] | None, ahead: bytes = b""
) -> list[tuple[object, ...]]:
    """What the parser makes of it: spans joined, with what they belong to and the defects. Of the line `ahead` that
    stands behind it, only that it begins a message."""
    parser = Parser("mbox", offset=offset, length_check=check)
    found: list[tuple[object, ...]] = []

    def take(event: Event) -> None:
        if isinstance(event, Span):
            path = None if event.entity is None else event.entity.path
            if found and found[-1][:2] == (event.kind, path):
                found[-1] = event.kind, path, found[-1][2], event.end
            else:
                found.append((event.kind, path, event.start, event.end))
        elif isinstance(event, EntityBegin):
            found.append(("begin", event.entity.path, event.entity.start, event.entity.content_type))
        elif isinstance(event, EntityEnd):
            entity = event.entity
            found.append(("end", entity.path, entity.end, [(d.code, d.start, d.end) for d in entity.defects]))

    for event in parser.feed(data + ahead):
        if ahead and isinstance(event, Span) and event.start == offset + len(data):
            assert event.kind is SpanKind.SEPARATOR
            return found
        take(event)
    assert not ahead
    for event in parser.close():
        take(event)
    return found


@settings(max_examples=400)
@given(_MBOXES)
def test_behind_a_message_every_place_is_the_beginning_of_one(data: bytes) -> None:
    separators = {start for kind, _, start, _ in _events(data, 0, None) if kind is SpanKind.SEPARATOR}
    place = -1
    while (cut := find_cut(data, max(place, 0))) is not None:
        assert cut.start > place
        place = cut.start
        assert data[place - len(cut.blank) : place + len(cut.line)] == cut.blank + cut.line
        assert place in separators


@settings(max_examples=400)
@given(_MBOXES, st.integers(1, 400), st.integers(0, 10), st.booleans())
def test_the_pieces_give_what_the_whole_gives(data: bytes, size: int, wait: int, believes: bool) -> None:
    def leads(offset: int) -> bool:
        return offset == len(data) or data[offset : offset + 7].lstrip(b"\r\n").startswith(b"From ")

    check = leads if believes else None
    cutter = Cutter(0, None if check is None else Parser("mbox", length_check=check))
    cuts = [(0, b"")]
    for start in range(0, len(data), size):
        chunk = data[start : start + size]
        cut = cutter.look(chunk, is_wanted=start // size % (wait + 1) == 0)
        if cut is not None:
            cuts.append((start + cut.start, cut.line))
    pieces = [
        event
        for (start, _), (end, ahead) in zip(cuts, [*cuts[1:], (len(data), b"")], strict=True)
        for event in _events(data[start:end], start, check, ahead)
    ]
    assert pieces == _events(data, 0, check)


def test_nothing_is_cut_before_the_first_message() -> None:
    junk = b"no mail\n" * 100
    mbox = junk + b"\n" + _FROM + b"Subject: x\n\n\n" + _FROM + b"Subject: y\n\n"
    cut = Cutter(0).look(mbox, is_wanted=True)
    assert cut is not None
    assert cut.start == mbox.rindex(_FROM)


def test_a_line_that_goes_on_in_the_next_chunk_is_passed_over() -> None:
    mbox = _FROM + b"\n\n" + _FROM
    assert find_cut(mbox) is not None
    assert find_cut(mbox[:-1]) is None
