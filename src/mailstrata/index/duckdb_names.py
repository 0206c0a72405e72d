"""Parquet files, and what DuckDB says of them, as DuckDB and people take them."""

from __future__ import annotations

from pathlib import Path


class FileNames:
    """Gives files names that DuckDB opens: it takes a path for a pattern and for UTF-8. A link to the file's folder, in
    the folder `scratch`, has a name that is text and no pattern, whatever the folder's is."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch
        self._links: dict[Path, Path] = {}

    def name(self, path: Path) -> str:
        """The name of a file."""
        link = self._links.get(path.parent)
        if link is None:
            link = self._links[path.parent] = Path(self._scratch, f"folder-{len(self._links)}")
            link.symlink_to(path.parent.resolve(), target_is_directory=True)
        return str(link / path.name)


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def first_paragraph(error: Exception) -> str:
    """What an error says, in one line: DuckDB adds several, and a picture."""
    return " ".join(str(error).partition("\n\n")[0].split())
