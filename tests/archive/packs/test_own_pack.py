"""A spool file that becomes a pack."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from pathlib import Path

import pytest
from support.archives import item_of, unpack_without_us

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frame_runs import frame_runs
from mailstrata.archive.packs.frames import LARGE_FRAME, FrameCompressor, stored_frame
from mailstrata.archive.packs.item import SPOOL_START
from mailstrata.archive.packs.own_pack import make_own_pack
from mailstrata.archive.packs.pack_reader import PackReader, rebuild_table
from mailstrata.archive.packs.pack_table import read_table
from mailstrata.errors import TargetError

NAME = "00000001-0000-01234567.tar.zst"
COMPRESSOR = FrameCompressor(1)


@pytest.mark.parametrize("size", [LARGE_FRAME + 1, 2 * LARGE_FRAME])
def test_it_is_a_pack_like_any_other(tmp_path: Path, size: int) -> None:
    """For tar, for its table, for who has lost that, for who takes members over, and for who reads one."""
    content = random.Random(size).randbytes(size)
    item = item_of(tmp_path, content)
    finished, member = make_own_pack(tmp_path, NAME, "blobs/ab/abc", item, COMPRESSOR)
    item.discard()
    path = tmp_path / NAME
    data = path.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
    assert (finished.name, finished.size, finished.members) == (NAME, len(data), 1)
    assert finished.sha256 == hashlib.sha256(data).hexdigest()
    assert unpack_without_us(path) == {"blobs/ab/abc": content}
    with path.open("rb") as file:
        assert list(read_table(file)) == [member]
        assert list(rebuild_table(file)) == [member]
    [run] = [run for run in frame_runs(path) if run.members]
    assert run.is_whole
    assert run.members == [member]
    with PackReader(1 << 20) as reader:
        assert b"".join(reader.read(path, member.place)) == content


@pytest.mark.parametrize("size", [0, 8 << 30, 1 << 62])
def test_there_is_room_for_every_header(size: int) -> None:
    """Of members beyond 8 GiB, too, whose size stands there in another form."""
    assert len(stored_frame(tar_format.header("blobs/ab/abc", size))) == SPOOL_START


@pytest.mark.parametrize("function", ["fsync", "rename"])
def test_where_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """The file is still the item's, which removes it."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    item = item_of(tmp_path, bytes(LARGE_FRAME + 1))
    monkeypatch.setattr(os, function, fail)
    with pytest.raises(TargetError):
        make_own_pack(tmp_path, NAME, "blobs/ab/abc", item, COMPRESSOR)
    item.discard()
    assert not list(tmp_path.iterdir())
