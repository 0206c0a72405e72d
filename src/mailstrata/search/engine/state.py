"""`search/state.json`: what the search index covers.

The file is replaced when what it says is on disk, and read before anything else. What it does not say does not count: a
folder of words that it does not name is removed by the next update, a file of texts that it does not name is indexed.
Where it is missing or cannot be read, the index is made anew.
"""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mailstrata.index.files import sync_directory, writing
from mailstrata.search.words import schema

FORMAT = 1
"""The version of the file itself."""


@dataclass(frozen=True, slots=True)
class State:
    """What the search index covers.

    `words` is the name of the folder of words that counts, empty where there is none yet. `message_files` are the table
    files of *messages* of which all messages have been indexed, by their names; `texts_files` the files of texts that
    have. Where `is_unfinished`, a run has begun to add what the others do not name yet: some of it may be in.
    """

    words: str = ""
    message_files: frozenset[str] = field(default_factory=frozenset)
    texts_files: frozenset[str] = field(default_factory=frozenset)
    is_unfinished: bool = False

    def changed(self, **changes: Any) -> State:
        """A copy with changes."""
        return replace(self, **changes)


def _versions() -> dict[str, Any]:
    """What must be the same for an index to be added to, and asked."""
    return {"format": FORMAT, "words_format": schema.FORMAT, "unicode": unicodedata.unidata_version}


def read_state(path: Path) -> State:
    """The state that a file holds; that of no index at all where it is missing, not readable, or of another version."""
    try:
        stated = json.loads(path.read_bytes())
        if {name: stated[name] for name in _versions()} != _versions():
            return State()
        return State(
            words=_name(stated["words"]),
            message_files=frozenset(map(str, stated["message_files"])),
            texts_files=frozenset(map(str, stated["texts_files"])),
            is_unfinished=bool(stated["is_unfinished"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        # It is never a source of truth: whatever is wrong with it, making the index anew mends it.
        return State()


def _name(words: object) -> str:
    name = str(words)
    if name and not (name.isascii() and name.isdigit()):
        raise ValueError(name)
    return name


def write_state(path: Path, state: State) -> None:
    """Replace the file, durably. Raises `TargetError`."""
    stated = {
        **_versions(),
        "words": state.words,
        "message_files": sorted(state.message_files),
        "texts_files": sorted(state.texts_files),
        "is_unfinished": state.is_unfinished,
    }
    temporary = path.with_name(f"{path.name}.tmp")
    with writing(path):
        with temporary.open("wb") as file:
            file.write(json.dumps(stated, indent=1).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
