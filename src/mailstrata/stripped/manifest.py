"""The manifest: what was taken out of which mailbox, and all that is needed to put it back; see `docs/strip.md`.

`manifest.jsonl` is a series of blocks, one for each run, each a line that says how long it is and what its SHA-256 is,
and that many bytes of lines. A run collects its lines in its working folder and appends them when all else is
durable; a block that was cut off by a crash is no block, and the next run cuts it away.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mailstrata.errors import ArchiveError, UnsupportedFormatError
from mailstrata.stripped.attachments import LOCK_NAME, MANIFEST_NAME
from mailstrata.stripped.files import locked, show, sync_folder, writing

FORMAT = "mailstrata-strip"
VERSION = 1

Shape = Literal["file", "folder"]

_MAX_HEADER_BYTES = 1 << 20
_CHUNK = 1 << 20


def bytes_to_json(data: bytes) -> str:
    """Bytes as a string in which each character is the byte of its number (ISO 8859-1)."""
    return data.decode("latin-1")


def bytes_from_json(text: object) -> bytes:
    """The bytes that such a string stands for. Raises ValueError or TypeError for what is none."""
    if not isinstance(text, str):
        raise TypeError(f"not a string: {text!r}")
    return text.encode("latin-1")


@dataclass(frozen=True, slots=True)
class Block:
    """The first line of a block, and where its other lines stand in the manifest.

    `target` is the absolute path of the stripped mailbox when it was written, `shape` whether that is one file or a
    folder of them. `stripped_size` and `stripped_sha256` are those of the one file (0 and empty for a folder).
    `size` (bytes) and `sha256` are those of the other lines, which begin at `offset`.
    """

    id: str
    target: bytes
    shape: Shape
    stripped_size: int
    stripped_sha256: str
    created: str
    written_by: str
    size: int
    sha256: str
    offset: int = 0

    def line(self) -> bytes:
        """As it stands in the manifest."""
        return _encode(
            {
                "type": "strip",
                "format": FORMAT,
                "version": VERSION,
                "id": self.id,
                "created": self.created,
                "written_by": self.written_by,
                "target": bytes_to_json(self.target),
                "shape": self.shape,
                "stripped_size": self.stripped_size,
                "stripped_sha256": self.stripped_sha256,
                "size": self.size,
                "sha256": self.sha256,
            }
        )

    @classmethod
    def from_line(cls, line: bytes, offset: int) -> Block:
        """From the line; `offset` is where the next one begins. Raises KeyError, TypeError or ValueError for what is
        none, `UnsupportedFormatError` for a newer one."""
        data = json.loads(line)
        if data["format"] != FORMAT:
            raise ValueError(f"not the format {FORMAT}")
        if data["version"] != VERSION:
            raise UnsupportedFormatError(
                f"the manifest is in version {data['version']} of its format, this program knows {VERSION}; "
                "use a newer mailstrata"
            )
        shape: Shape = "file" if data["shape"] == "file" else "folder"
        size = int(data["size"])
        if size < 0:
            raise ValueError("a size below 0")
        return cls(
            str(data["id"]),
            bytes_from_json(data["target"]),
            shape,
            int(data["stripped_size"]),
            str(data["stripped_sha256"]),
            str(data["created"]),
            str(data["written_by"]),
            size,
            str(data["sha256"]),
            offset,
        )


def _encode(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


class BlockWriter:
    """Collects the lines of a block in a file of the run's working folder. Raises `TargetError`."""

    __slots__ = ("_digest", "_file", "_path", "size")

    def __init__(self, working: Path) -> None:
        self._path = working / "lines.jsonl"
        self._digest = hashlib.sha256()
        self.size = 0
        with writing(self._path):
            self._file = self._path.open("x+b")

    def add(self, line: dict[str, Any]) -> None:
        """Add a line: a JSON object with a `type`."""
        data = _encode(line)
        self._digest.update(data)
        self.size += len(data)
        with writing(self._path):
            self._file.write(data)

    @property
    def sha256(self) -> str:
        """That of the lines so far."""
        return self._digest.hexdigest()

    def append_to(self, directory: Path, block: Block) -> None:
        """Append the block to the manifest in `directory` and make it durable. Readers see all of it or, if this is
        interrupted, nothing. Raises also `ArchiveError`, where the manifest is damaged."""
        path = directory / MANIFEST_NAME
        with writing(path), locked(directory / LOCK_NAME):
            is_new = not path.exists()
            with path.open("ab") as manifest:
                end = 0
                for found in _blocks(path):
                    end = found.offset + found.size
                if end < manifest.tell():
                    manifest.truncate(end)
                manifest.write(block.line())
                self._file.seek(0)
                while data := self._file.read(_CHUNK):
                    manifest.write(data)
                manifest.flush()
                os.fsync(manifest.fileno())
            if is_new:
                sync_folder(directory)

    def close(self) -> None:
        """Let go of the file, which is removed with its folder. May be called again."""
        # Without the flush of what is buffered: it could fail once more on a full disk, and nobody wants it.
        self._file.raw.close()


def read_blocks(directory: Path) -> list[Block]:
    """The blocks of the manifest in a folder of attachments, in the order in which they were written.

    Memory: about a KiB each. Raises `ArchiveError` where there is no manifest, or it is damaged.
    """
    path = directory / MANIFEST_NAME
    try:
        return list(_blocks(path))
    except OSError as error:
        raise ArchiveError(
            f"{show(path)} cannot be read ({error.strerror}); name the folder that strip wrote the attachments to"
        ) from error


def _blocks(path: Path) -> Iterator[Block]:
    """The whole blocks of a manifest. Raises OSError, `ArchiveError`."""
    with path.open("rb") as manifest:
        end = os.fstat(manifest.fileno()).st_size
        offset = 0
        while offset < end:
            manifest.seek(offset)
            line = manifest.readline(_MAX_HEADER_BYTES)
            if not line.endswith(b"\n") and offset + len(line) == end:
                return  # cut off
            try:
                block = Block.from_line(line, offset + len(line))
            except (KeyError, TypeError, ValueError) as error:
                raise ArchiveError(
                    f"{show(path)} is damaged: no block begins at byte {offset}; restore it from a copy"
                ) from error
            offset = block.offset + block.size
            if offset <= end:
                yield block


def check_block(directory: Path, block: Block) -> None:
    """Raise `ArchiveError` unless the lines of the block are what was written."""
    digest = hashlib.sha256()
    for data in _lines_data(directory, block):
        digest.update(data)
    if digest.hexdigest() != block.sha256:
        raise ArchiveError(
            f"{show(directory / MANIFEST_NAME)} is damaged between the bytes {block.offset} and "
            f"{block.offset + block.size}; restore it from a copy"
        )


def read_lines(directory: Path, block: Block) -> Iterator[bytes]:
    """The lines of the block, one at a time. Raises `ArchiveError` where they cannot be read."""
    held = b""
    for data in _lines_data(directory, block):
        *lines, held = (held + data).split(b"\n")
        yield from lines
    if held:
        raise ArchiveError(f"{show(directory / MANIFEST_NAME)} is damaged: a line does not end")


def _lines_data(directory: Path, block: Block) -> Iterator[bytes]:
    path = directory / MANIFEST_NAME
    try:
        with path.open("rb") as manifest:
            manifest.seek(block.offset)
            left = block.size
            while left:
                data = manifest.read(min(left, _CHUNK))
                if not data:
                    raise ArchiveError(f"{show(path)} is shorter than it says; restore it from a copy")
                left -= len(data)
                yield data
    except OSError as error:
        raise ArchiveError(
            f"{show(path)} cannot be read ({error.strerror}); check the disk and run the command again"
        ) from error
