from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstrata.archive.packs import item as module
from mailstrata.archive.packs.frames import LARGE_FRAME, FrameCompressor, read_frame
from mailstrata.archive.packs.item import SPOOL_START, Item
from mailstrata.errors import TargetError


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


class _FullDisk:
    """Stands in for the spool file."""

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        pass


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_processors", lambda: 2)


@pytest.mark.usefixtures("two_processors")
@pytest.mark.parametrize("chunk", [100_000, 9 << 20])
def test_frames_written_in_the_background(tmp_path: Path, chunk: int) -> None:
    """From 8 MiB on; they are the same, they are there for who reads amidst the writing, and one at most waits."""
    content = random.Random(5).randbytes(5 * LARGE_FRAME + 77)
    files = []
    for processors in (1, 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "usable_processors", lambda count=processors: count)
            item = Item(tmp_path, FrameCompressor(1))
            for start in range(0, len(content), chunk):
                item.write(content[start : start + chunk])
                if start // chunk in (100, 1):
                    assert b"".join(item.read()) == content[: start + chunk]
            assert (item._background is not None) == (processors > 1)
            item.finish()
            assert content_of(item) == content
            assert item.spool is not None
            files.append(item.spool.read_bytes())
            item.discard()
    assert files[0] == files[1]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("two_processors")
@pytest.mark.parametrize("ending", ["write", "finish", "read"])
def test_what_fails_in_the_background_is_raised(tmp_path: Path, ending: str) -> None:
    """By whatever comes next; then the item can be discarded, and its file is gone."""
    item = Item(tmp_path, FrameCompressor(1))
    for _ in range(3):
        item.write(bytes(LARGE_FRAME))
    assert item._background is not None
    item._background.wait()
    assert item._file is not None
    item._file.close()
    item._file = _FullDisk()  # type: ignore[assignment]
    item.write(bytes(LARGE_FRAME))
    with pytest.raises(TargetError, match="No space left"):
        if ending == "write":
            for _ in range(2):
                item.write(bytes(LARGE_FRAME))
        elif ending == "finish":
            item.finish()
        else:
            list(item.read())
    item.discard()
    assert not list(tmp_path.iterdir())


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
