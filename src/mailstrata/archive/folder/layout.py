"""Where things lie in an archive; making a new one; refusing what is none.

`format.json` is written last: a folder without it is no archive, whatever else it holds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from mailstrata.archive.folder.files import CLAIM_PREFIX, TEMPORARY_PREFIX, remove, write_new
from mailstrata.archive.folder.readme import README
from mailstrata.archive.folder.seal import sealed
from mailstrata.errors import ArchiveError, NotAnArchiveError, UnsupportedFormatError
from mailstrata.index.files import sync_directory, writing

FORMAT_NAME = "mailstrata-archive"
FORMAT_VERSION = 1
KNOWN_FEATURES: frozenset[str] = frozenset()
"""What an archive may require of its reader besides format 1; none are defined yet."""

_LEFT_BEHIND = (TEMPORARY_PREFIX, CLAIM_PREFIX)
TABLE_NAMES = ("messages", "occurrences", "parts", "blobs")
"""The folders of the index: `index.schema.TABLES`, whose import would bring in pyarrow."""

_FOLDERS = ("packs", "commits", "index")


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths in an archive at `root`."""

    root: Path

    @property
    def readme(self) -> Path:
        """How to get mail back with zstd and tar alone."""
        return self.root / "README.txt"

    @property
    def format(self) -> Path:
        """Format version and required features."""
        return self.root / "format.json"

    @property
    def packs(self) -> Path:
        """The folder of packs, and of the spool files beside them."""
        return self.root / "packs"

    @property
    def commits(self) -> Path:
        """The folder of commit records."""
        return self.root / "commits"

    @property
    def index(self) -> Path:
        """The folder of the Parquet tables."""
        return self.root / "index"

    @property
    def catalogue(self) -> Path:
        """The SQLite database of digests and places."""
        return self.root / "catalogue.sqlite"

    @property
    def catalogue_journal(self) -> Path:
        """What SQLite leaves beside the catalogue when a merge is interrupted."""
        return self.root / "catalogue.sqlite-journal"

    @property
    def staged_catalogue(self) -> Path:
        """The database of what is not committed yet; nobody's but the writer's."""
        return self.root / ".catalogue-staged.sqlite"

    @property
    def damaged(self) -> Path:
        """What a repair has set aside; nobody reads it."""
        return self.root / "damaged"

    @property
    def lock(self) -> Path:
        """The file that a writer locks."""
        return self.root / ".lock"

    def exists(self) -> bool:
        """Whether an archive lies here (in whatever format)."""
        return self.format.is_file()

    def check_format(self) -> None:
        """Refuse what is no archive, or one that this version cannot read.

        Raises `NotAnArchiveError`, `UnsupportedFormatError`, or `ArchiveError` where `format.json` is damaged.
        """
        try:
            stated = json.loads(self.format.read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotAnArchiveError(
                f"{self.root} is not a mailstrata archive: it has no format.json; "
                "name the folder that `mailstrata archive` wrote"
            ) from error
        except OSError as error:
            raise ArchiveError(f"cannot read {self.format}: {error.strerror}; check permissions and disk") from error
        except ValueError as error:
            raise ArchiveError(f"{self.format} is damaged ({error}); bring it back from a backup") from error
        if not isinstance(stated, dict) or stated.get("format") != FORMAT_NAME:
            raise NotAnArchiveError(f"{self.root} is not a mailstrata archive: its format.json says something else")
        version = stated.get("version")
        if version != FORMAT_VERSION:
            raise UnsupportedFormatError(
                f"{self.root} has archive format {version}, this version of mailstrata reads format "
                f"{FORMAT_VERSION}; use a newer mailstrata"
            )
        features = stated.get("features")
        unknown = sorted({str(name) for name in features} - KNOWN_FEATURES) if isinstance(features, list) else ["?"]
        if unknown:
            raise UnsupportedFormatError(
                f"{self.root} needs features that this version of mailstrata does not know "
                f"({', '.join(unknown)}); use a newer mailstrata"
            )

    def check_creatable(self) -> None:
        """Refuse to make an archive where something else lies.

        A missing or empty folder will do, and one in which making an archive was interrupted. Raises
        `NotAnArchiveError` or `TargetError`.
        """
        if not self.root.exists() and not self.root.is_symlink():
            return
        if not self.root.is_dir():
            raise NotAnArchiveError(f"{self.root} is a file; name a folder for the archive, new or empty")
        with writing(self.root):
            ours = {path.name for path in (self.readme, self.lock, self.staged_catalogue)}
            for path in self.root.iterdir():
                if path.name in ours or path.name.startswith(_LEFT_BEHIND):
                    continue
                if path.name in _FOLDERS and path.is_dir() and not any(path.iterdir()):
                    continue
                raise NotAnArchiveError(
                    f"{self.root} is not empty and not a mailstrata archive (it holds {path.name}); "
                    "name a new or empty folder, or an archive"
                )

    def make_folder(self) -> None:
        """Make the archive's folder and those above it, durably, where they are missing. Raises `TargetError`."""
        with writing(self.root):
            missing = [folder for folder in (self.root, *self.root.parents) if not folder.is_dir()]
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in reversed(missing):
                sync_directory(folder.parent)

    def create(self) -> None:
        """Make a new, empty archive in a folder that `check_creatable` has found fit. Raises `TargetError`."""
        with writing(self.root):
            for name in _FOLDERS:
                (self.root / name).mkdir(exist_ok=True)
            for path in self.root.iterdir():
                if path.name.startswith(_LEFT_BEHIND) or path == self.readme:
                    remove(path)
        readme = README.encode("ascii")
        stated: dict[str, Any] = {
            "format": FORMAT_NAME,
            "version": FORMAT_VERSION,
            "features": [],
            "id": os.urandom(16).hex(),
            "created": utc_now(),
            "written_by": written_by(),
            "readme_sha256": hashlib.sha256(readme).hexdigest(),
        }
        with writing(self.readme):
            write_new(self.readme, readme)
        with writing(self.format):
            write_new(self.format, sealed(stated))

    def remove_empty(self) -> None:
        """Take an archive without a single commit away again: `create` undone. What is not ours stays."""
        for path in (self.format, self.readme, self.catalogue, self.staged_catalogue, self.lock):
            remove(path)
        for table in TABLE_NAMES:
            _remove_if_empty(self.index / table)
        for name in _FOLDERS:
            _remove_if_empty(self.root / name)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        # What is not empty holds something that is not ours.
        folder.rmdir()


def utc_now() -> str:
    """The time now in UTC, to the second, as ISO 8601; for people: no order depends on it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def written_by() -> str:
    """Name and version of this program, for records."""
    return f"mailstrata {getattr(import_module('mailstrata'), '__version__', 'unknown')}"
