"""Reading archives and packs in tests: with mailstrata, and with nothing of it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from mailstrata.archive.commits.records import SourceSnapshot
from mailstrata.archive.packs.frames import FrameCompressor
from mailstrata.archive.packs.item import Item
from mailstrata.archive.packs.pack import PackWriter
from mailstrata.archive.packs.pack_table import Member
from mailstrata.archive.reading.reader import Archive
from mailstrata.transfer.mbox import MboxQuoter

needs_tar_and_zstd = pytest.mark.skipif(
    shutil.which("tar") is None or shutil.which("zstd") is None, reason="the programs tar and zstd are not installed"
)


def item_of(folder: Path, content: bytes, compressor: FrameCompressor | None = None, *, chunk: int = 1 << 20) -> Item:
    """A finished item with that content, written in chunks."""
    item = Item(folder, compressor or FrameCompressor(3))
    for start in range(0, len(content), chunk):
        item.write(content[start : start + chunk])
    item.finish()
    return item


def write_pack(folder: Path, contents: dict[str, bytes], name: str = "pack.tar.zst") -> tuple[Path, list[Member]]:
    """A finished pack with those members, grouped by their first folder; the path, and the members as told."""
    compressor = FrameCompressor(3)
    placed: list[Member] = []
    pack = PackWriter(folder, name, compressor, placed.extend)
    for member, content in contents.items():
        item = item_of(folder, content, compressor)
        pack.add(member.partition("/")[0], member, item)
        item.discard()
    pack.finish()
    return folder / name, placed


def unpack_without_us(pack: Path) -> dict[str, bytes]:
    """All members of a pack, read with nothing but zstandard and tarfile."""
    data = pack.read_bytes()
    plain = bytearray()
    while data:
        if 0x184D2A50 <= int.from_bytes(data[:4], "little") <= 0x184D2A5F:
            data = data[8 + int.from_bytes(data[4:8], "little") :]
            continue
        frame = zstandard.ZstdDecompressor().decompressobj()
        plain += frame.decompress(data)
        assert frame.eof
        data = frame.unused_data
    with tarfile.open(fileobj=io.BytesIO(bytes(plain))) as tar:
        members = {}
        for info in tar:
            file = tar.extractfile(info)
            assert file is not None
            members[info.name] = file.read()
        return members


def segment_lines(archive: Archive, snapshot: SourceSnapshot) -> Iterator[dict[str, Any]]:
    """The lines of all segments of a snapshot."""
    for segment in snapshot.segments:
        for line in b"".join(archive.read_segment(segment.name)).splitlines():
            yield json.loads(line)


def files_of(archive: Archive, snapshot: SourceSnapshot) -> dict[bytes, bytes]:
    """The files of a source, put together again from its segments by the rules of docs/archive-format.md.

    Written from that page, and from nothing else: it checks `archive.restore` as much as the archive.
    """
    files: dict[bytes, bytearray] = {}
    name: bytes | None = None
    quoting: object = None
    for line in resolved_lines(archive, snapshot):
        kind = line["type"]
        if kind == "file":
            name, quoting = str(line["name"]).encode("latin-1"), line["quoting"]
            if line["offset"] == 0:
                files[name] = bytearray()
            assert line["offset"] == len(files[name])
        elif kind in ("gap", "separator"):
            assert name is not None
            assert line["start"] == len(files[name])
            if "data" in line:
                data = str(line["data"]).encode("latin-1")
            else:
                data = b"".join(archive.read_blob(str(line["sha256"])))
            assert len(data) == line["size"]
            files[name] += data
        elif kind == "message":
            assert name is not None
            assert line["start"] == len(files[name])
            quoter = MboxQuoter(quoting, line.get("unquoted_lines"), line.get("quoting_end"))  # type: ignore[arg-type]
            message = b"".join(archive.read_message(str(line["sha256"])))
            assert len(message) == line["size"]
            files[name] += quoter.feed(message) + quoter.flush()
            assert line["end"] == len(files[name])
        elif kind == "file-end":
            assert name is not None
            assert line["length"] == len(files[name])
            assert line["sha256"] in (None, hashlib.sha256(files[name]).hexdigest())
    return {name: bytes(content) for name, content in files.items()}


def resolved_lines(archive: Archive, snapshot: SourceSnapshot) -> list[dict[str, Any]]:
    """The lines of a snapshot that count as such, those that it copies from earlier ones in their place."""
    lines: list[dict[str, Any]] = []
    for line in segment_lines(archive, snapshot):
        if line["type"] == "copy":
            [other] = [each for each in archive.snapshots() if each.snapshot == line["snapshot"]]
            copied = resolved_lines(archive, other)[line["first"] : line["first"] + line["count"]]
            assert len(copied) == line["count"]
            lines.extend(copied)
        elif line["type"] not in ("segment", "source-end"):
            lines.append(line)
    return lines
