"""Bringing the search index up to date for the commands that search, and for those that change an archive."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.errors import LockedError, MailstrataError

if TYPE_CHECKING:
    from mailstrata.search.engine.update import Progress


def require_package() -> None:
    """Raise `UsageError` where what searching needs is not installed."""
    from mailstrata.search.words.package import load_tantivy

    load_tantivy()


def update_before(archive: str, query: str, *, quiet: bool = False, rebuild: bool = False) -> None:
    """Bring the index up to date, before a search for this query. Where another process is doing that, say so, and
    leave it to it. Raises what `update` raises, and `QueryError` at once for a query that cannot be read."""
    from mailstrata.search.query.parsing import parse_query

    parse_query(query)
    try:
        _update(Path(archive), quiet=quiet, rebuild=rebuild)
    except LockedError:
        if rebuild or not _has_words(archive):
            raise
        output.note("another process is bringing the search index up to date; searching what it has so far")
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(
            "interrupted; what was indexed is kept; run the same command again to go on, or search with --no-update"
        ) from interrupt


def update_after(archive: str, command: str, *, wanted: bool | None, quiet: bool) -> None:
    """Bring the index up to date after a command has changed the archive: `wanted`, or (None) where there is one.

    What goes wrong is said, and does not change what the command has done: the next search mends it.
    """
    from mailstrata.search.engine.place import Place

    path = Path(archive)
    if not wanted and not Place(path).exists():
        return
    try:
        _update(path, quiet=quiet)
    except MailstrataError as error:
        output.note(f"{command} is done, but the search index is not up to date: {error}")
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(
            f"interrupted; {command} is done; the next search brings the search index up to date"
        ) from interrupt


def forget_after(archive: str, *, quiet: bool) -> None:
    """Take out of the search index what was erased. Raises `MailstrataError` where that fails: its words are still
    there."""
    from mailstrata.search.engine.place import Place

    path = Path(archive)
    if not Place(path).exists():
        return
    left = f"the messages are erased, but their text is still in {Place(path).folder}"
    try:
        _update(path, quiet=quiet)
    except MailstrataError as error:
        raise type(error)(f"{left}: {error}; run the same command again, or delete that folder") from error
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(
            f"interrupted; {left}; run the same command again, or delete that folder"
        ) from interrupt


def _has_words(archive: str) -> bool:
    from mailstrata.search.engine.place import Place
    from mailstrata.search.engine.state import read_state

    return bool(read_state(Place(Path(archive)).state).words)


def _update(path: Path, *, quiet: bool, rebuild: bool = False) -> None:
    from mailstrata.cli.progress import ProgressBar, wanted
    from mailstrata.search.engine.update import update

    bar = ProgressBar() if wanted(quiet) else None
    with bar or nullcontext():
        update(path, rebuild=rebuild, progress=None if bar is None else _shown_by(bar.update))


def _shown_by(show: object) -> Progress:
    from mailstrata.sinks.progress import Progress as Shown

    def tell(messages: int, total_messages: int, message_bytes: int, total_bytes: int) -> None:
        del total_messages
        assert callable(show)
        show(Shown(bytes_read=message_bytes, bytes_total=total_bytes, messages=messages, source="search index"))

    return tell
