"""Which snapshots an archive held after a commit, and which of them somebody means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mailstrata.archive.commits.chain import ArchiveState
from mailstrata.errors import UsageError

if TYPE_CHECKING:
    from mailstrata.archive.commits.records import SourceSnapshot
    from mailstrata.archive.reading.reader import Archive


def snapshots_at(archive: Archive, commit: int | None) -> list[SourceSnapshot]:
    """Every snapshot of every source as it was after a commit (the last one where it is None), in the order of their
    first commits; a source that was still being read has the segments that were there then.

    Raises `UsageError` where there is no such commit, `ArchiveError` where a record cannot be read.
    """
    if commit is None:
        return archive.snapshots()
    state = ArchiveState()
    for record in archive.commits():
        state.apply(record, "")
        if record.number == commit:
            return list(state.snapshots.values())
    known = f"its commits are 1 to {state.number}" if state.number else "it has no commits yet"
    raise UsageError(f"{archive.path} has no commit {commit}; {known}")


def latest(snapshots: Iterable[SourceSnapshot]) -> list[SourceSnapshot]:
    """The latest snapshot of each source, in the order in which the sources first came in."""
    found: dict[str, SourceSnapshot] = {}
    for snapshot in snapshots:
        found[snapshot.id] = snapshot
    return list(found.values())


def last_whole(snapshots: Iterable[SourceSnapshot], source: str) -> SourceSnapshot | None:
    """The last snapshot of the source with that identifier that was read whole."""
    whole = [each for each in snapshots if each.id == source and each.status == "complete"]
    return whole[-1] if whole else None


def of_sources(snapshots: Iterable[SourceSnapshot], names: Sequence[str]) -> list[SourceSnapshot]:
    """The snapshots of the sources that `names` mean, each a label or a path; all where there are no names.

    Raises `UsageError` for a name that means none of them.
    """
    every = list(snapshots)
    if not names:
        return every
    chosen: dict[int, SourceSnapshot] = {}
    for name in names:
        paths = (os.fsencode(name), os.fsencode(os.path.abspath(name)))  # noqa: PTH100 - the archive has it so too
        found = [at for at, each in enumerate(every) if each.label == name or each.path in paths]
        if not found:
            raise UsageError(f"the archive has no source {name}; name one by its label or its path")
        chosen.update((at, every[at]) for at in found)
    return [chosen[at] for at in sorted(chosen)]
