"""Writing one message of an archive as a page of HTML."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.cli.targets import refuse_target_in_archive
from mailstrata.errors import TargetError
from mailstrata.search.rendering.archived_message import archived_message
from mailstrata.search.rendering.page import render
from mailstrata.sinks.target_errors import target_error

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive


def write_page(archive: Archive, path: str, digest: str, target: str) -> None:
    """The message as a page: in a new file, or on standard output where that is `-`.

    Raises `TargetError` where the file is there already or cannot be written, `UsageError` where it would lie inside
    the
    archive or nh3 is missing.
    """
    pieces = render(lambda: archived_message(archive, digest))
    if target == "-":
        for piece in pieces:
            output.write_bytes(piece.encode("utf-8", "replace"))
        return
    refuse_target_in_archive(path, target)
    if os.path.lexists(target):
        raise TargetError(f"{target} is there already; name a new file for the page")
    # Whatever is wrong with the message is known before there is a file.
    first = next(pieces)
    try:
        # A page of a private letter is for whoever asked for it.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as file:  # noqa: PTH123
                file.write(first)
                file.writelines(pieces)
        except BaseException:
            Path(target).unlink()
            raise
    except OSError as error:
        raise target_error(target, error) from error
