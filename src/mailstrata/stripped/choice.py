"""Which block of a manifest is about a stripped mailbox: the one whose files it has, wherever it was moved to since."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from mailstrata.errors import ArchiveError
from mailstrata.stripped.attachments import MANIFEST_NAME
from mailstrata.stripped.files import show
from mailstrata.stripped.lines import FileEndLine, FileLine, parse_block
from mailstrata.stripped.manifest import Block, read_blocks

_FILES_COMPARED = 1000


def choose_block(directory: Path, stripped: Path) -> Block:
    """The block of the manifest in `directory` that is about the mailbox `stripped`.

    That is the latest one whose content fits: for a file size and SHA-256, for a folder the sizes of its first
    thousand files. Where a mail program has changed the mailbox, none fits; then it is the latest that was written to
    this path, or the only one there is, and what has changed is found out when it is put together.

    Raises `ArchiveError` where there is none, or nothing says which.
    """
    blocks = read_blocks(directory)
    if not os.path.lexists(stripped):
        raise ArchiveError(f"{show(stripped)}: there is no such file or folder; name what strip has written")
    shape = "folder" if stripped.is_dir() else "file"
    blocks = [block for block in blocks if block.shape == shape]
    blocks.reverse()
    target = os.path.abspath(os.fsencode(stripped))  # noqa: PTH100 - bytes, as the manifest has them
    written_there = [block for block in blocks if block.target == target]
    # Those of this path first: one look is then enough, as a rule.
    others = [block for block in blocks if block.target != target]
    found = _fitting(directory, stripped, [*written_there, *others])
    if found is not None:
        return found
    if written_there:
        return written_there[0]
    if len(blocks) == 1:
        return blocks[0]
    path = show(directory / MANIFEST_NAME)
    if not blocks:
        raise ArchiveError(f"{path} is about no {shape}; name the mailbox and the folder that belong together")
    raise ArchiveError(
        f"{path} is about {len(blocks)} mailboxes, and {show(stripped)} is none of them as it was; move it to where "
        f"strip has written it ({show(blocks[0].target)}, for one)"
    )


def _fitting(directory: Path, stripped: Path, blocks: Iterable[Block]) -> Block | None:
    sha256 = ""
    try:
        for block in blocks:
            if block.shape == "folder":
                if _has_its_files(directory, stripped, block):
                    return block
            elif stripped.stat().st_size == block.stripped_size:
                if not sha256:
                    with stripped.open("rb") as file:
                        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                if sha256 == block.stripped_sha256:
                    return block
    except OSError as error:
        raise ArchiveError(f"{show(stripped)} cannot be read: {error.strerror}; make it readable") from error
    return None


def _has_its_files(directory: Path, stripped: Path, block: Block) -> bool:
    """Whether the first files of the block are there, each in its size. Raises OSError."""
    compared = 0
    name = b""
    for line in parse_block(directory, block):
        if isinstance(line, FileLine):
            name = line.stripped_name
        elif isinstance(line, FileEndLine):
            try:
                if (stripped / os.fsdecode(name)).stat().st_size != line.stripped_length:
                    return False
            except (FileNotFoundError, NotADirectoryError):
                return False
            compared += 1
            if compared == _FILES_COMPARED:
                break
    return True
