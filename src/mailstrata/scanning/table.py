"""The table *scans*: what a scanner said of each content, one row a blob and scan.

It lies in `scans/` of an archive, beside the index. No commit names it and nothing else needs it: whoever removes the
folder loses the time that scanning took.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mailstrata.archive.folder.files import TEMPORARY_PREFIX, remove
from mailstrata.archive.folder.lock import WriterLock
from mailstrata.errors import ArchiveError
from mailstrata.index.files import sync_directory, writing
from mailstrata.scanning.verdict import Verdict

FOLDER = "scans"
"""The folder of the table, below that of an archive."""

ROWS_AT_ONCE = 20_000
"""Rows of one file: what a killed run loses at most, and holds in memory."""

_LOCK = ".lock"


def _column(name: str, kind: pa.DataType, description: str, *, nullable: bool = False) -> pa.Field[Any]:
    return pa.field(name, kind, nullable=nullable, metadata={"description": description})


SCANS = pa.schema(
    [
        _column("blob", pa.string(), "`parts.blob`: SHA-256 of the content, hexadecimal."),
        _column("scanned", pa.timestamp("us"), "When it was scanned, in UTC."),
        _column("engine", pa.string(), "The scanner and its version (`ClamAV 1.4.3`)."),
        _column(
            "signatures",
            pa.string(),
            "The version of its signatures, as it says it; empty where it does not (clamd with databases of one's own "
            "only).",
        ),
        _column("verdict", pa.string(), "`clean`, `found`, or `error`: it could not be scanned."),
        _column("signature", pa.string(), "What was found.", nullable=True),
        _column("reason", pa.string(), "Why it could not be scanned.", nullable=True),
    ],
    metadata={"mailstrata.table": FOLDER, "mailstrata.schema_version": "1"},
)


def scan_files(archive: Path) -> list[Path]:
    """The files of the table of an archive, or of a folder of tables, in the order in which they were written. Raises
    `ArchiveError` where the folder cannot be read."""
    try:
        return sorted(path for path in (archive / FOLDER).glob("*.parquet") if not path.name.startswith("."))
    except OSError as error:
        raise ArchiveError(f"cannot read {archive / FOLDER}: {error.strerror}; check permissions and disk") from error


class ScansWriter:
    """Adds rows to the table of an archive, whose folder is made if need be. One process at a time: raises
    `LockedError` for a second one, and `TargetError` where the disk does not take it.

    Files appear whole and durable. Leaving the `with` block writes what was added, also when an error ends it.
    """

    def __init__(self, archive: Path, engine: str, signatures: str) -> None:
        self._folder = archive / FOLDER
        self._engine = engine
        self._signatures = signatures
        self._rows: list[dict[str, Any]] = []
        self._files = 0
        self._lock = WriterLock(self._folder / _LOCK)

    def __enter__(self) -> ScansWriter:
        with writing(self._folder):
            self._folder.mkdir(exist_ok=True)
        self._lock.acquire()
        with writing(self._folder):
            for leftover in self._folder.glob(f"{TEMPORARY_PREFIX}*"):
                remove(leftover)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            self._lock.release()

    def add(self, blob: str, verdict: Verdict) -> None:
        """Add what was said of a content just now."""
        self._rows.append(
            {
                "blob": blob,
                "scanned": datetime.now(UTC).replace(tzinfo=None),
                "engine": self._engine,
                "signatures": self._signatures,
                "verdict": verdict.kind.value,
                "signature": verdict.signature,
                "reason": verdict.reason,
            }
        )
        if len(self._rows) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was added since the last time."""
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        self._files += 1
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.urandom(4).hex()}-{self._files:04}.parquet"
        temporary = self._folder / f"{TEMPORARY_PREFIX}{name}"
        with writing(self._folder):
            try:
                with temporary.open("xb") as file:
                    pq.write_table(pa.Table.from_pylist(rows, SCANS), file, compression="zstd")
                    file.flush()
                    os.fsync(file.fileno())
                temporary.rename(self._folder / name)
            finally:
                remove(temporary)
            sync_directory(self._folder)
