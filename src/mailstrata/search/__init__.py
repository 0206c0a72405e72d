"""Finding: text of bodies and attachments, the query language, the engine.

from mailstrata import search

with search.open("archive/") as archive:
    for hit in archive.search("from:ann subject:contract has:attachment", limit=10):
        print(hit.date, hit.subject, hit.snippet)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from mailstrata.search.engine.search import Search


def open(archive: str | os.PathLike[str]) -> Search:  # noqa: A001 - as `mailstrata.open`
    """Open an archive for searching, as it is; `mailstrata.search.engine.update.update` brings its search index up to
    date.

    Raises `UsageError` where it has none, or where the package for it is missing (`pip install 'mailstrata[search]'`).
    """
    from mailstrata.search.engine.search import Search  # noqa: PLC0415 - brings in DuckDB and pyarrow

    return Search(archive)
