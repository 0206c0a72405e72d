"""What content is found to be, at once and in chunks; that it costs bounded memory and time in proportion."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.attachments import PROGRAM, rar4, rar5, tar_of, zip_of

from mailstrata.index.inspection.compressed import MOST_DECOMPRESSED
from mailstrata.index.inspection.content import ContentInspection, inspect_content
from mailstrata.index.inspection.flags import HOLDS_EXECUTABLE, NEEDS_NO_ENCODING, flags_of


def in_chunks(content: bytes, cuts: list[int], **options: bool) -> int:
    inspection = ContentInspection(**options)
    for start, end in pairwise([0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]):
        inspection.feed(content[start:end])
    return inspection.close()


def test_each_content_has_its_flags(named_content: tuple[bytes, int]) -> None:
    """Of each kind one that is flagged, and one as near as can be that is not."""
    content, flags = named_content
    assert flags_of(inspect_content(content)) == flags_of(flags)


def test_byte_by_byte_is_the_same(named_content: tuple[bytes, int]) -> None:
    """The smallest chunks there are, up to a size at which it still takes no time."""
    content, _ = named_content
    content = content[:6000]
    assert in_chunks(content, list(range(len(content)))) == inspect_content(content)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_chunks_do_not_matter(data: st.DataObject, contents: list[bytes]) -> None:
    """Also where the content is damaged, or something else stands before and behind it; and nothing ever raises."""
    content = bytearray(data.draw(st.sampled_from(contents)))
    for at in data.draw(st.lists(st.integers(0, max(len(content) - 1, 0)), max_size=6)):
        if content:
            content[at] = data.draw(st.integers(0, 255))
    damaged = bytes(content) + data.draw(st.sampled_from(contents))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))] if data.draw(st.booleans()) else damaged
    options = {name: data.draw(st.booleans()) for name in ("as_markup", "watches_encoding")}
    cuts = data.draw(st.lists(st.integers(0, 1 << 20), max_size=12))
    assert in_chunks(damaged, cuts, **options) == inspect_content(damaged, **options)


BEGINNINGS = st.sampled_from([b"", b"PK\x03\x04", b"<"])


@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=5), BEGINNINGS)
def test_any_bytes(content: bytes, cuts: list[int], begin: bytes) -> None:
    """Bytes at random, and behind a signature."""
    content = begin + content
    assert in_chunks(content, cuts) == inspect_content(content)


@pytest.mark.parametrize(
    ("content", "needs_none"),
    [
        (b"Hello\n" * 1000, True),
        (b"x" * 998 + b"\r\n", True),
        (b"x" * 999 + b"\n", False),
        (b"\n" + b"x" * 5000, False),
        ("Grüße\n".encode(), False),
        (b"zero \0\n", False),
        (b"", True),
    ],
)
def test_what_needs_no_encoding(content: bytes, needs_none: bool) -> None:
    """ASCII in lines that mail can carry (RFC 5322, 2.1.1), whatever the chunks."""
    assert bool(inspect_content(content, watches_encoding=True) & NEEDS_NO_ENCODING) is needs_none
    cuts = list(range(0, len(content), 7))
    assert bool(in_chunks(content, cuts, watches_encoding=True) & NEEDS_NO_ENCODING) is needs_none


def test_a_program_behind_much_else_is_found() -> None:
    """The listing of a large zip is looked at wherever it stands."""
    large = zip_of(*(f"file {number}.txt" for number in range(2000)), "z.exe")
    assert inspect_content(large) == HOLDS_EXECUTABLE
    assert in_chunks(large, list(range(0, len(large), 1000))) == HOLDS_EXECUTABLE


def test_decompression_is_bounded() -> None:
    """What lies beyond the limit is not looked at: a bomb costs what its beginning costs."""
    tar = tar_of("a.txt")[:-10240].rstrip(b"\0")
    near = gzip.compress(tar_of("a.txt")[:1536] + tar_of("b.exe"))
    far = gzip.compress(b"\0" * (MOST_DECOMPRESSED + 512) + tar)
    assert (inspect_content(near), inspect_content(far)) == (HOLDS_EXECUTABLE, 0)


HOSTILE = {
    "signatures of zip": b"PK\x03\x04",
    "headers of zip": b"PK\x03\x04" + bytes(22) + b"\xff\xff\x00\x00" + b"Basic/",
    "names of directories": b"PK\x01\x02\x14\x00\x14\x00" + bytes(20) + b"\x04\x00" + bytes(16) + b"a.js",
    "tags": b"<script",
    "handlers": b" onload",
    "addresses": b"script:",
    "metas": b"<meta http-equiv ",
    "rar": rar4("")[7:27],
    "names of directory entries": "_VBA_PROJECT".encode("utf-16-le"),
    "sheets": b"\x85\x00\x10\x00",
    "encrypt": b"/Encrypt 1",
    "7z names": b"\x11\xf0\xff\xff\xff\x00",
}
BEGINS = [
    b"PK\x03\x04",
    b"<html>",
    b"Rar!\x1a\x07\x00",
    b"Rar!\x1a\x07\x01\x00",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"%PDF-1.4\n",
    b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(12) + b"\x00\x00\x04" + bytes(5),
    b"MSCF\0\0\0\0",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear(name: str) -> None:
    """A megabyte of what an inspector stops at takes no longer than a few microseconds for each place."""
    body = HOSTILE[name] * ((1 << 20) // len(HOSTILE[name]))
    for begin in BEGINS:
        began = time.process_time()
        inspect_content(begin + body)
        assert time.process_time() - began < 3, begin


def test_memory_is_bounded() -> None:
    """64 MiB of content in chunks, of the kinds that look at all of it."""
    chunk = bytes(range(256)) * 256
    for begin in (b"PK\x03\x04", b"<html>", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-", rar5("a"), PROGRAM):
        inspection = ContentInspection()
        inspection.feed(begin)
        tracemalloc.start()
        for _ in range(256):
            inspection.feed(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        inspection.close()
        assert peak < 1 << 20, begin
