"""All of searching behind one object, which the command line and programs use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.search.engine.details import Details, hit_of
from mailstrata.search.engine.finding import Finder, Sort
from mailstrata.search.engine.hits import Hit
from mailstrata.search.engine.place import Place
from mailstrata.search.engine.state import read_state
from mailstrata.search.engine.tables import Tables
from mailstrata.search.engine.update import is_current
from mailstrata.search.query.nodes import Node
from mailstrata.search.query.parsing import parse_query
from mailstrata.search.texts.reader import TextsReader
from mailstrata.search.words.index import WordsIndex

DEFAULT_LIMIT = 20
Hits: TypeAlias = list[Hit]
_QUERIES_BEFORE_GIVING_UP = 3


class Search:
    """An archive, open for searching. Use it in a `with` statement, or `close` it.

    It stands at the archive's last commit and the state of the search index when it was opened, and may be asked any
    number of times, by one thread at a time. It writes nothing: `engine.update` brings the index up to date.
    """

    def __init__(self, archive: str | os.PathLike[str]) -> None:
        """Open it. Raises `UsageError` where the archive has no search index or the package for it is missing,
        `ArchiveError` where one of both is damaged."""
        path = Path(archive)
        place = Place(path)
        with Archive.open(path) as opened:
            for attempt in range(_QUERIES_BEFORE_GIVING_UP):
                state = read_state(place.state)
                if not state.words:
                    raise UsageError(f"{path} has no search index yet; make it with: mailstrata search {path} QUERY")
                try:
                    self._index = WordsIndex(place.words / state.words)
                    break
                except ArchiveError:
                    # Another process may have put a new one in its place meanwhile.
                    if attempt + 1 == _QUERIES_BEFORE_GIVING_UP or read_state(place.state).words == state.words:
                        raise
            self.is_current = is_current(opened, state)
            self._tables = Tables(path)
            try:
                for table in ("messages", "occurrences", "parts"):
                    self._tables.show(table, opened.index_files(table))
                self._texts = TextsReader(path)
            except BaseException:
                self._tables.close()
                raise
        self._finder = Finder(self._index, self._tables, is_current=self.is_current)
        self._details = Details(self._index, self._tables, self._texts)

    def __enter__(self) -> Search:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files. May be called again."""
        self._tables.close()
        self._texts.close()

    def search(self, query: str | Node, limit: int = DEFAULT_LIMIT, sort: Sort = "relevance") -> Hits:
        """The first hits, at most `limit`, each with a snippet.

        By `relevance` the best come first; by `date` the newest. `query` is text of the search language, or its tree.
        Raises `QueryError`, with the place, where text cannot be read, and `ArchiveError` where the archive or the
        index cannot.
        """
        node = _tree(query)
        return self._details.of(node, self._finder.first(node, limit, sort))

    def list(self, query: str | Node, limit: int = DEFAULT_LIMIT, sort: Sort = "relevance") -> Hits:
        """The same without snippets and attachments, which takes much less time: no text is read."""
        found = self._finder.first(_tree(query), limit, sort)
        return [hit_of(shown, score) for shown, score in self._details.shown(found)]

    def count(self, query: str | Node) -> int:
        """How many messages there are in all."""
        return self._finder.count(_tree(query))

    def ids(self, query: str | Node) -> Iterator[str]:
        """The SHA-256s of all of them, newest first, while they come; memory does not depend on their number."""
        return self._finder.all(_tree(query))


def _tree(query: str | Node) -> Node:
    return parse_query(query) if isinstance(query, str) else query
