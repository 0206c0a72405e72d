from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstrata.archive.packs.frames import LARGE_FRAME, FrameCompressor, read_frame
from mailstrata.archive.packs.item import SPOOL_START, Item


def content_of(item: Item) -> bytes:
    if item.spool is None:
        return bytes(item.buffer)
    content = b""
    with item.spool.open("rb") as file:
        start = offset = file.seek(SPOOL_START)
        while frame := read_frame(file, offset):
            offset += frame.length
            content += frame.content()
    assert offset == start + item.spool_length
    return content


@given(
    size=st.sampled_from([0, 1, 1000, *[n * LARGE_FRAME + d for n in (1, 2) for d in (-1, 0, 1)]]),
    chunk=st.sampled_from([1000, 65_537, 1 << 20, 9 << 20]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_held(tmp_path_factory: pytest.TempPathFactory, size: int, chunk: int) -> None:
    """In memory up to 4 MiB, in a spool file beyond, whatever the chunks."""
    folder = tmp_path_factory.mktemp("items")
    content = (b"%d " % size * size)[:size]
    item = Item(folder, FrameCompressor(1))
    for start in range(0, size, chunk):
        item.write(content[start : start + chunk])
    item.finish()
    assert item.size == size
    assert (item.spool is not None) == (size > LARGE_FRAME)
    assert content_of(item) == content
    item.discard()
    assert not list(folder.iterdir())


def test_frames_of_a_spool_are_full(tmp_path: Path) -> None:
    """All but the last have 4 MiB, so that the place of each byte is known."""
    item = Item(tmp_path, FrameCompressor(1))
    for _ in range(90):
        item.write(bytes(100_001))
    item.finish()
    assert item.spool is not None
    sizes = []
    with item.spool.open("rb") as file:
        offset = file.seek(SPOOL_START)
        while frame := read_frame(file, offset):
            offset += frame.length
            sizes.append(frame.content_size)
    assert sizes == [LARGE_FRAME, LARGE_FRAME, 90 * 100_001 - 2 * LARGE_FRAME]
    item.discard()


def test_what_is_compressed_already_is_seen_frame_by_frame(tmp_path: Path) -> None:
    """Both ways: whatever stands before it, each frame is what the compressor makes of content of its kind."""
    compressor = FrameCompressor(5)
    noise = [random.Random(each).randbytes(LARGE_FRAME) for each in range(3)]
    text = [b"".join(b"%d %d " % (each, number * number) for number in range(400_000))[:LARGE_FRAME] for each in (1, 2)]
    contents = [noise[0], noise[1], text[0], text[1], noise[2], text[0]]
    item = Item(tmp_path, compressor)
    for content in contents:
        item.write(content)
    item.finish()
    assert item.spool is not None
    expected = [compressor.compress(content, looks_compressed=content in noise) for content in contents]
    assert item.spool.read_bytes()[SPOOL_START:] == b"".join(expected)
    item.discard()


def test_an_unfinished_item_is_discarded(tmp_path: Path) -> None:
    """Its spool file is closed and gone."""
    item = Item(tmp_path, FrameCompressor(1))
    item.write(bytes(5 << 20))
    assert list(tmp_path.iterdir())
    item.discard()
    item.discard()
    assert not list(tmp_path.iterdir())


@given(
    chunks=st.lists(st.sampled_from([0, 1, 70_000, LARGE_FRAME - 1, LARGE_FRAME, LARGE_FRAME + 1]), max_size=5),
    reads=st.sets(st.integers(0, 5)),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[int], reads: set[int]
) -> None:
    """At any time, as often as one likes, without a trace in what is written on."""
    folder = tmp_path_factory.mktemp("items")
    item = Item(folder, FrameCompressor(1))
    content = b""
    for number, size in enumerate([*chunks, 5]):
        if number in reads:
            assert b"".join(item.read()) == content
            assert b"".join(item.read()) == content
        data = bytes([number]) * size
        item.write(data)
        content += data
    item.finish()
    assert b"".join(item.read()) == content_of(item) == content
    item.discard()
