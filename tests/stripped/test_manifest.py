"""The manifest: blocks that are there whole or not at all, and lines that are read strictly."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mailstrata.errors import ArchiveError, UnsupportedFormatError
from mailstrata.stripped.lines import MessageLine, OutsideLine, parse_block
from mailstrata.stripped.manifest import Block, BlockWriter, check_block, read_blocks, read_lines


def _append(folder: Path, *lines: dict[str, object], target: bytes = b"/t") -> Block:
    working = folder / f"working-{hashlib.sha256(target).hexdigest()[:8]}"
    working.mkdir()
    writer = BlockWriter(working)
    for line in lines:
        writer.add(line)
    block = Block("id", target, "file", 3, "0" * 64, "2026-01-01T00:00:00Z", "test", writer.size, writer.sha256)
    writer.append_to(folder, block)
    writer.close()
    return block


def test_blocks_come_back(tmp_path: Path) -> None:
    """Several blocks, one without lines, each with its own lines and bytes of any kind in its path."""
    blocks = [
        _append(tmp_path, {"type": "gap", "start": 0, "size": 3}, target=b"/\xff\n"),
        _append(tmp_path, target=b"/empty"),
        _append(tmp_path, {"type": "new in later versions"}, {"type": "separator", "start": 3, "size": 4, "more": 1}),
    ]
    found = read_blocks(tmp_path)
    assert [replace(block, offset=0) for block in found] == blocks
    for block in found:
        check_block(tmp_path, block)
    assert list(parse_block(tmp_path, found[0])) == [OutsideLine(0, 3)]
    assert list(parse_block(tmp_path, found[1])) == []
    assert list(parse_block(tmp_path, found[2])) == [OutsideLine(3, 4)]
    assert len(list(read_lines(tmp_path, found[2]))) == 2


def test_a_block_that_was_cut_off_is_none(tmp_path: Path) -> None:
    """Wherever the crash came: what was there stays, and the next run goes on behind it."""
    _append(tmp_path, {"type": "gap", "start": 0, "size": 3}, target=b"/1")
    manifest = tmp_path / "manifest.jsonl"
    whole = manifest.read_bytes()
    _append(tmp_path, {"type": "gap", "start": 0, "size": 5}, target=b"/2")
    both = manifest.read_bytes()
    for end in range(len(whole), len(both)):
        manifest.write_bytes(both[:end])
        assert [block.target for block in read_blocks(tmp_path)] == [b"/1"]
    manifest.write_bytes(both[:-1])
    _append(tmp_path, target=b"/4")
    assert [block.target for block in read_blocks(tmp_path)] == [b"/1", b"/4"]
    assert manifest.read_bytes().startswith(whole)


def test_damage_is_found(tmp_path: Path) -> None:
    """In a block's own line, in its lines, and in the number of a newer version."""
    _append(tmp_path, {"type": "gap", "start": 0, "size": 3})
    manifest = tmp_path / "manifest.jsonl"
    data = manifest.read_bytes()
    manifest.write_bytes(data.replace(b'"start":0', b'"start":1'))
    (block,) = read_blocks(tmp_path)
    with pytest.raises(ArchiveError, match=r"damaged between the bytes \d+ and \d+"):
        check_block(tmp_path, block)
    manifest.write_bytes(data.replace(b'"format"', b'"farmat"'))
    with pytest.raises(ArchiveError, match="no block begins at byte 0"):
        read_blocks(tmp_path)
    manifest.write_bytes(data.replace(b'"version":1', b'"version":2'))
    with pytest.raises(UnsupportedFormatError, match="use a newer mailstrata"):
        read_blocks(tmp_path)


_MESSAGE = {
    "type": "message",
    "start": 0,
    "end": 9,
    "stripped_start": 0,
    "stripped_end": 5,
    "size": 9,
    "sha256": "a" * 64,
    "stripped": True,
    "parts": [{"sha256": "b" * 64}, {"sha256": "b" * 64}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"start": -1},
        {"end": "9"},
        {"size": None},
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
        {"parts": 3},
        {"parts": [{}]},
        {"unquoted_lines": [1.5]},
        {"type": "file"},
        {"type": "file-end"},
    ],
)
def test_lines_are_read_strictly(tmp_path: Path, change: dict[str, object]) -> None:
    """A line that is not what the page says is an error, never a guess."""
    _append(tmp_path, {**_MESSAGE, **change})
    (block,) = read_blocks(tmp_path)
    with pytest.raises(ArchiveError, match="line 0 of the block"):
        list(parse_block(tmp_path, block))


def test_a_message_line(tmp_path: Path) -> None:
    """All of it comes back; parts are counted, their digests are a set."""
    _append(tmp_path, {**_MESSAGE, "unquoted_lines": [1, 5], "quoting_end": 7})
    (block,) = read_blocks(tmp_path)
    assert list(parse_block(tmp_path, block)) == [
        MessageLine(0, 9, 0, 5, 9, "a" * 64, True, [1, 5], 7, 2, frozenset({"b" * 64}))
    ]
    assert json.loads(next(read_lines(tmp_path, block)))["type"] == "message"
