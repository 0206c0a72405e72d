"""Mbox quoting: undone as each variant demands, and done again to the very bytes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import BUFFER_SIZES, bodies, held_bytes, piece_sizes, split

from mailstrata.errors import UsageError
from mailstrata.transfer import mbox
from mailstrata.transfer.mbox import MAX_UNQUOTED_LINES, MboxQuoter, MboxUnquoter

VARIANTS = ["mboxo", "mboxrd", "mboxcl", "mboxcl2", None]
QUOTING_VARIANTS = ["mboxo", "mboxrd", "mboxcl"]

TOKENS = [
    b"\n",
    b"\r\n",
    b"\n\n",
    b">",
    b">>",
    b"From ",
    b"From",
    b"F",
    b"r",
    b"om ",
    b"\nFrom ",
    b"\n>From ",
    b"\n>>From ",
    b">From x\n",
    b"From x\n",
    b"\nFro",
    b"\n>>>Fr",
    b"from ",
    b" From ",
    b" ",
    b"\n>\n>",
]


def unquote_line(variant: str | None, line: bytes) -> bytes:
    """What a variant's reader makes of one line."""
    if variant in ("mboxrd", "mboxcl") and re.match(rb">+From ", line):
        return line[1:]
    if variant == "mboxo" and line.startswith(b">From "):
        return line[1:]
    return line


def unquote(variant: str | None, pieces: list[bytes]) -> tuple[bytes, MboxUnquoter]:
    """Undo the quoting of a message that comes in these pieces."""
    unquoter = MboxUnquoter(variant)
    out = [unquoter.feed(piece) for piece in pieces]
    out.append(unquoter.flush())
    return b"".join(out), unquoter


def quote(unquoter: MboxUnquoter, variant: str | None, pieces: list[bytes]) -> bytes:
    """Quote a message again, with what its unquoter noted."""
    quoter = MboxQuoter(variant, unquoter.unquoted_lines, unquoter.quoting_end)
    out = [quoter.feed(piece) for piece in pieces]
    out.append(quoter.flush())
    return b"".join(out)


def check(variant: str | None, raw: bytes) -> tuple[bytes, list[int], int | None]:
    """Unquote in pieces of several sizes, which must not matter, and quote the result in as many ways back to `raw`."""
    splits = [[raw], *(split(raw, [size] * (len(raw) + 1)) for size in BUFFER_SIZES)]
    if len(raw) <= 200:
        splits.extend([raw[:at], raw[at:]] for at in range(len(raw) + 1))
    seen = []
    for pieces in splits:
        message, unquoter = unquote(variant, pieces)
        seen.append((message, unquoter.unquoted_lines, unquoter.quoting_end))
    assert all(result == seen[0] for result in seen)
    message, unquoter = unquote(variant, [raw])
    splits = [[message], *(split(message, [size] * (len(message) + 1)) for size in BUFFER_SIZES)]
    if len(message) <= 200:
        splits.extend([message[:at], message[at:]] for at in range(len(message) + 1))
    assert all(quote(unquoter, variant, pieces) == raw for pieces in splits)
    return seen[0]


@pytest.mark.parametrize("variant", VARIANTS)
@given(raw=bodies(TOKENS, most_repeats=60), sizes=piece_sizes, other_sizes=piece_sizes)
def test_round_trip_is_exact_whatever_the_split(
    variant: str | None, raw: bytes, sizes: list[int], other_sizes: list[int]
) -> None:
    """For any bytes no split matters, and quoting again gives the same bytes."""
    whole, unquoter = unquote(variant, [raw])
    for pieces in (split(raw, sizes), split(raw, [1] * len(raw))):
        message, other = unquote(variant, pieces)
        assert message == whole
        assert other.unquoted_lines == unquoter.unquoted_lines
    assert quote(unquoter, variant, split(whole, other_sizes)) == raw
    assert quote(unquoter, variant, split(whole, [1] * len(whole))) == raw


@pytest.mark.parametrize("variant", VARIANTS)
@given(raw=bodies(TOKENS, most_repeats=4))
def test_lines_are_those_of_the_variant(variant: str | None, raw: bytes) -> None:
    """Each line is unquoted as the variant has it, and those that were not quoted are noted by their offset."""
    message, unquoter = unquote(variant, [raw])
    offset = 0
    noted = []
    lines = []
    for line in re.split(rb"(?<=\n)", raw):
        if line.startswith(b"From ") and variant in QUOTING_VARIANTS:
            noted.append(offset)
        lines.append(unquote_line(variant, line))
        offset += len(lines[-1])
    assert message == b"".join(lines)
    assert unquoter.unquoted_lines == noted


@pytest.mark.parametrize("variant", VARIANTS)
@given(raw=bodies(TOKENS, most_repeats=5), sizes=st.lists(st.integers(1, 9), max_size=30), often=st.booleans())
def test_flush_anywhere_loses_nothing(variant: str | None, raw: bytes, sizes: list[int], often: bool) -> None:
    """Even where `flush` cuts a quoted line in two, all bytes of a span are out, and the way back is exact."""
    unquoter = MboxUnquoter(variant)
    message = b""
    for number, piece in enumerate(split(raw, sizes)):
        message += unquoter.feed(piece)
        if often or number % 2:
            message += unquoter.flush()
            assert held_bytes(unquoter) <= 5
    message += unquoter.flush()
    assert quote(unquoter, variant, split(message, sizes)) == raw


@pytest.mark.parametrize(
    ("variant", "pieces", "message", "noted"),
    [
        ("mboxrd", [b"a\n>Fr", b"om x"], b"a\n>From x", [3]),
        ("mboxrd", [b"a\n>", b"From x"], b"a\n>From x", [3]),
        ("mboxrd", [b"a\n>", b">From x"], b"a\n>From x", []),
        ("mboxrd", [b"a\n>>F", b"r", b"om x"], b"a\n>>From x", [4]),
        ("mboxrd", [b"a\n>Fr", b"iday\n>From x"], b"a\n>Friday\nFrom x", []),
        ("mboxo", [b"a\n>Fr", b"om x"], b"a\n>From x", []),
        ("mboxo", [b"a\nFr", b"om x"], b"a\nFrom x", [2]),
        ("mboxo", [b"a\n>", b">From x"], b"a\n>>From x", []),
    ],
)
def test_flush_within_a_from_line(variant: str, pieces: list[bytes], message: bytes, noted: list[int]) -> None:
    """What has been let out cannot lose its `>` any more; if it would be quoted again, that is noted."""
    unquoter = MboxUnquoter(variant)
    assert b"".join(unquoter.feed(piece) + unquoter.flush() for piece in pieces) == message
    assert unquoter.unquoted_lines == noted
    assert quote(unquoter, variant, [message]) == b"".join(pieces)


@pytest.mark.parametrize("variant", VARIANTS)
@given(lines=st.lists(bodies(TOKENS, most_repeats=2).map(lambda line: line.replace(b"\n", b"")), max_size=12))
def test_flush_at_lines_changes_nothing(variant: str | None, lines: list[bytes]) -> None:
    """Where spans end at the beginning of a line, or before a line break, the result is that without `flush`."""
    raw = b"\n".join(lines)
    expected, unquoter = unquote(variant, [raw])
    flushed = MboxUnquoter(variant)
    message = b""
    for number, line in enumerate(lines):
        if number:
            message += flushed.feed(b"\n") + flushed.flush()
        message += flushed.feed(line) + flushed.flush()
    assert message == expected
    assert flushed.unquoted_lines == unquoter.unquoted_lines


def test_mboxrd_takes_one_sign_off() -> None:
    """A line that begins with any number of `>` and `From ` loses one; the mark of a reply stays."""
    raw = b"a\n>From b\n>>>From c\n> From d\n>Fromage\n"
    assert check("mboxrd", raw) == (b"a\nFrom b\n>>From c\n> From d\n>Fromage\n", [], None)


def test_mboxcl_is_quoted_like_mboxrd() -> None:
    """Content-Length makes it readable without; its quoting is undone all the same."""
    assert check("mboxcl", b"\n>>From c\n") == (b"\n>From c\n", [], None)


def test_mboxo_takes_the_only_sign_off() -> None:
    """`>From ` loses its `>`; `>>From ` was never quoted, and stands."""
    assert check("mboxo", b"a\n>From b\n>>From c\n") == (b"a\nFrom b\n>>From c\n", [], None)


@pytest.mark.parametrize("variant", ["mboxcl2", None])
def test_without_quoting_nothing_changes(variant: str | None) -> None:
    """What was never quoted is passed on, the same object, both ways."""
    data = b"From a\n>From b\n>>From c\n"
    assert MboxUnquoter(variant).feed(data) is data
    assert MboxQuoter(variant, [], None).feed(data) is data
    assert check(variant, data) == (data, [], None)


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_lines_that_were_not_quoted_are_noted(variant: str) -> None:
    """Offsets count in the message, where `>` of other lines are gone already."""
    raw = b"From 1\n>From 2\nFrom 3\r\n\nFrom 4"
    assert check(variant, raw) == (b"From 1\nFrom 2\nFrom 3\r\n\nFrom 4", [0, 14, 23], None)


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_from_inside_a_line_is_not_touched(variant: str) -> None:
    """Only the beginning of a line counts, and a bare CR does not begin one."""
    raw = b"x>From a\ny >From b\r>From c\n>from d\n>From\n>\n"
    assert check(variant, raw) == (raw, [], None)


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_message_begins_a_line(variant: str) -> None:
    """The first byte of a message stands at the beginning of a line."""
    assert check(variant, b">From a\n") == (b"From a\n", [], None)


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_held_bytes_come_out_where_a_span_ends(variant: str) -> None:
    """A span that ends before a line break gives back all its bytes, which are no `From ` line."""
    unquoter = MboxUnquoter(variant)
    assert unquoter.feed(b"a\n>From") + unquoter.flush() == b"a\n>From"
    assert unquoter.feed(b"\n>From b") == b"\nFrom b"
    assert unquoter.unquoted_lines == []


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_flush_at_the_beginning_of_a_line_keeps_that_it_is_one(variant: str) -> None:
    """The first line of the next span is unquoted as well."""
    unquoter = MboxUnquoter(variant)
    assert unquoter.feed(b"a\n") + unquoter.flush() == b"a\n"
    assert unquoter.feed(b">From b") == b"From b"


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_chunk_without_from_is_not_copied(variant: str) -> None:
    """Most chunks pass as the same object."""
    for data in (b"QUJD\n" * 1000, b"some text from here\n" * 1000):
        unquoter = MboxUnquoter(variant)
        assert unquoter.feed(data) is data
        assert MboxQuoter(variant, [], None).feed(data) is data


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
def test_too_many_unquoted_lines_end_the_quoting(variant: str) -> None:
    """After `MAX_UNQUOTED_LINES` exceptions the rest of the message stays as it is, in whatever pieces it comes."""
    raw = b">From q\n" + b"From u\n" * MAX_UNQUOTED_LINES + b">From q\nFrom v\n>From w\n>>From x\n>Fro"
    end = 7 + 7 * MAX_UNQUOTED_LINES + 7
    expected = raw[1:].replace(b">From q\nFrom v", b"From q\nFrom v")
    for size in (1 << 20, 4096, 1000):
        message, unquoter = unquote(variant, split(raw, [size] * 1000))
        assert message == expected
        assert unquoter.quoting_end == end
        assert unquoter.unquoted_lines == list(range(7, end - 7, 7))
        assert quote(unquoter, variant, split(message, [size] * 1000)) == raw


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
@given(raw=bodies(TOKENS, most_repeats=5), sizes=piece_sizes, flushes=st.booleans())
def test_round_trip_beyond_the_limit(variant: str, raw: bytes, sizes: list[int], flushes: bool) -> None:
    """With a low limit, whatever comes after it, the way back is exact and no split matters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mbox, "MAX_UNQUOTED_LINES", 2)
        whole, unquoter = unquote(variant, [raw])
        for pieces in (split(raw, sizes), split(raw, [1] * len(raw))):
            message, other = unquote(variant, pieces)
            assert (message, other.unquoted_lines, other.quoting_end) == (
                whole,
                unquoter.unquoted_lines,
                unquoter.quoting_end,
            )
            assert quote(other, variant, split(message, sizes)) == raw
        assert quote(unquoter, variant, split(whole, [1] * len(whole))) == raw
        flushed = MboxUnquoter(variant)
        message = b"".join(flushed.feed(piece) + flushed.flush() for piece in split(raw, sizes))
        assert quote(flushed, variant, split(message, sizes)) == raw


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
@given(pieces=st.lists(bodies(TOKENS, most_repeats=5), max_size=8), sizes=piece_sizes)
def test_quoting_again_while_unquoting(variant: str, pieces: list[bytes], sizes: list[int]) -> None:
    """The way back can be checked as a message streams by, with what has been noted so far."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mbox, "MAX_UNQUOTED_LINES", 3)
        unquoter = MboxUnquoter(variant)
        quoter = MboxQuoter(variant, unquoter.unquoted_lines)
        again = b""
        for piece in pieces:
            for part in split(piece, sizes):
                message = unquoter.feed(part)
                quoter.quoting_end = unquoter.quoting_end
                again += quoter.feed(message)
            again += quoter.feed(unquoter.flush())
        assert again + quoter.flush() == b"".join(pieces)


@pytest.mark.parametrize("variant", QUOTING_VARIANTS)
@pytest.mark.parametrize(
    "pattern", [b">", b"\n>", b">From ", b"\nFrom ", b"\n>From ", b"\n>>From ", b"From", b"\n", b"> "]
)
def test_hostile_messages_leave_no_state_behind(variant: str, pattern: bytes) -> None:
    """Of a line of a million `>` no more than one is held back, and none is lost."""
    unquoter = MboxUnquoter(variant)
    quoter = MboxQuoter(variant, unquoter.unquoted_lines)
    chunk = pattern * (65_536 // len(pattern))
    returned = 0
    for _ in range(16):
        message = unquoter.feed(chunk)
        quoter.quoting_end = unquoter.quoting_end
        returned += len(quoter.feed(message))
        assert held_bytes(unquoter) <= 5
        assert held_bytes(quoter) <= 4
        assert len(unquoter.unquoted_lines) <= MAX_UNQUOTED_LINES
    returned += len(quoter.feed(unquoter.flush()) + quoter.flush())
    assert returned == 16 * len(chunk)


@pytest.mark.parametrize("variant", ["mboxrd", "mboxcl"])
def test_quoted_line_of_a_million_signs(variant: str) -> None:
    """However many `>` stand before it, in one chunk or many, `From ` loses one of them."""
    raw = b"\n" + b">" * 1_000_000 + b"From x\n"
    for size in (1 << 21, 1000):
        message, unquoter = unquote(variant, split(raw, [size] * 2000))
        assert message == raw[:1] + raw[2:]
        assert quote(unquoter, variant, split(message, [size] * 2000)) == raw


@pytest.mark.parametrize("kind", [MboxUnquoter, MboxQuoter])
def test_unknown_variant(kind: type[MboxUnquoter] | type[MboxQuoter]) -> None:
    """A wrong name is a wrong call, and the message lists the right ones."""
    with pytest.raises(UsageError, match="mboxo, mboxrd, mboxcl, mboxcl2"):
        kind("maildir")
