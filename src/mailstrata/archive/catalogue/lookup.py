"""Finding members for a reader: by the catalogue where it is of use, and by the packs' own tables where it is not.

A reader writes nothing. Where the catalogue is missing, damaged, in use or of another archive, the tables of all packs
are read into a temporary one; where it is merely behind, as after a crash, those of the packs that came since.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from itertools import chain
from typing import TypeVar

from mailstrata.archive.catalogue.catalogue import Catalogue, changes_since, packs_of
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_table import Place

_Result = TypeVar("_Result")


class Lookup:
    """Where members lie, for one reader; nothing is opened before it is asked for the first time."""

    def __init__(self, layout: Layout, log: CommitLog) -> None:
        self._layout = layout
        self._log = log
        self._catalogues: list[Catalogue] | None = None

    def find(self, kind: MemberKind, key: bytes) -> tuple[str, Place] | None:
        """The pack (path below the root) and the place of a committed member; None where there is none.

        Raises `ArchiveError` where packs cannot be read.
        """

        def look(catalogues: list[Catalogue]) -> tuple[str, Place] | None:
            return next((found for each in catalogues if (found := each.find(kind, key))), None)

        found = self._ask(look)
        if found is None or found[0] in self._log.state.files:
            return found
        # The catalogue has moved on with a writer; so do we.
        self._log.load()
        return found if found[0] in self._log.state.files else None

    def keys(self, kind: MemberKind, low: bytes, high: bytes, most: int) -> list[bytes]:
        """At most `most` keys of committed members of a kind with `low <= key <= high`, in order."""

        def look(catalogues: list[Catalogue]) -> list[bytes]:
            return sorted({*chain.from_iterable(each.digests(kind, low, high, most) for each in catalogues)})

        return [key for key in self._ask(look)[:most] if self.find(kind, key) is not None]

    def reload(self) -> None:
        """Look at the archive anew: what was found no longer lies where it did."""
        self._log.load()
        self.close()

    def close(self) -> None:
        """Let go of files. May be called again."""
        for catalogue in self._catalogues or ():
            catalogue.close()
        self._catalogues = None

    def _ask(self, look: Callable[[list[Catalogue]], _Result]) -> _Result:
        try:
            if self._catalogues is None:
                self._catalogues = self._open()
            return look(self._catalogues)
        except sqlite3.Error:
            # The catalogue is derived: whatever is wrong with it, the packs know.
            self.close()
            self._catalogues = [self._temporary(packs_of(self._log.state))]
            return look(self._catalogues)

    def _open(self) -> list[Catalogue]:
        catalogue = Catalogue.open(self._layout.catalogue)
        try:
            number, sha256 = catalogue.state()
            if number > self._log.state.number:
                self._log.load()
            changes = changes_since(self._log, number, sha256)
            if changes is None:
                raise sqlite3.DatabaseError("a catalogue of another history")
            # The newer places come first: what lay in a pack that was removed has moved to one that was added.
            return [self._temporary(changes.added), catalogue] if changes.added else [catalogue]
        except BaseException:
            catalogue.close()
            raise

    def _temporary(self, packs: list[str]) -> Catalogue:
        return Catalogue.temporary(self._layout.root, packs)
