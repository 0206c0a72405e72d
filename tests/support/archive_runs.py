"""Four commands on one archive, small enough to be disturbed a thousand times: mail comes in, more mail comes in,
compaction, an erasure. And what an archive holds, so that two can be compared."""

from __future__ import annotations

import base64
import hashlib
import os
import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zstandard

from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.archive.maintenance.compact import compact
from mailstrata.archive.maintenance.erase import erase
from mailstrata.archive.packs import item, own_pack, pack_reader
from mailstrata.archive.packs.members import MemberKind, key_of
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.snapshots.rebuild import RebuiltFile, rebuild_files
from mailstrata.archive.snapshots.snapshot_lines import lines_or_damage
from mailstrata.archive.verifying.findings import FindingCode
from mailstrata.archive.verifying.verify import Verification
from mailstrata.archive.writing.session import WriterSession
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sources.discover import find_sources

_MISSING = FindingCode.COMMIT_MISSING
_ZSTD = b"\x28\xb5\x2f\xfd"

CHECKPOINT_BYTES = 6000
"""Input between two commits."""

SPOOL_BYTES = 4096
"""Content of this size goes through a spool file, so that messages of some KiB do."""

OWN_PACK_BYTES = 8192
"""A spool file of this size becomes a pack."""

_NOISE = random.Random(20261124).randbytes
SECRET = _NOISE(3000)
"""The attachment of the message that is erased."""


def _message(number: int, content: bytes | None = None) -> bytes:
    header = b"From: a@example.org\nSubject: Message %d\nMessage-ID: <%d@example.org>\n" % (number, number)
    if content is None:
        return header + b"\nText %d\nFrom here on\n" % number
    header += b"MIME-Version: 1.0\nContent-Type: application/octet-stream; name=p.bin\n"
    return header + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)


_MESSAGES = [_message(number, _NOISE(9000) if number == 5 else None) for number in range(12)]
_MESSAGES[3] = _message(3, SECRET)
_MESSAGES[8] = _message(8, b"the same in two " * 200)
ERASED = hashlib.sha256(_MESSAGES[3]).hexdigest()
"""The message that is erased."""


def _mbox(messages: list[bytes]) -> bytes:
    separator = b"From a@example.org Mon Nov 10 10:00:00 2025\n"
    return b"".join(separator + each.replace(b"\nFrom ", b"\n>From ") + b"\n" for each in messages)


def write_sources(folder: Path, *, is_grown: bool) -> list[str]:
    """An mbox and a Maildir, as they were at first or as they have grown; their paths."""
    mbox, maildir = folder / "inbox.mbox", folder / "Maildir"
    files = {mbox: _mbox(_MESSAGES[: 9 if is_grown else 6])}
    for number in range(2, 12 if is_grown else 6):
        files[maildir / "cur" / f"{number}.host:2,S"] = _MESSAGES[number]
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    for path in (maildir / "cur").iterdir():
        if path not in files:
            path.unlink()
    for path, data in files.items():
        path.write_bytes(data)
        # Whether a file has changed is told by size and time: the same sources must have the same.
        os.utime(path, ns=(10**18 + len(data), 10**18 + len(data)))
    for path in (maildir / "cur", maildir / "new", maildir / "tmp", maildir):
        os.utime(path, ns=(10**18, 10**18))
    return [str(mbox), str(maildir)]


@dataclass(frozen=True, slots=True)
class Command:
    """A command, run on an archive with sources in a folder of their own."""

    name: str
    is_grown: bool
    run: Callable[[Path, list[str]], object]

    def __call__(self, archive: Path, sources: Path) -> None:
        """Write the sources and run it."""
        paths = write_sources(sources, is_grown=self.is_grown)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(item, "LARGE_FRAME", SPOOL_BYTES)
            patch.setattr(own_pack, "OWN_PACK", OWN_PACK_BYTES)
            self.run(archive, paths)


def _archive(archive: Path, sources: list[str]) -> None:
    sink = ArchiveSink(archive)
    report = Pipeline([sink], known=sink, checkpoint_bytes=CHECKPOINT_BYTES).run(find_sources(sources))
    assert report.failures == []


COMMANDS = (
    Command("archive", False, _archive),
    Command("archive again", True, _archive),
    Command("compact", True, lambda archive, _: compact(archive)),
    Command("erase", True, lambda archive, _: erase(archive, [ERASED], reason="asked to")),
)


@dataclass(slots=True)
class Content:
    """What an archive holds: the latest snapshots' files (a digest each, and which messages are left out as erased),
    messages, blobs, and the rows of its index without what only says where in the archive a thing lies."""

    sources: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)

    def differs_from(self, other: Content) -> str:
        """In which way, for people; empty where it does not."""
        found = [name for name in ("sources", "messages", "blobs") if getattr(self, name) != getattr(other, name)]
        for table in TABLE_NAMES:
            mine, theirs = Counter(self.rows[table]), Counter(other.rows[table])
            found += [f"+ {table} {row}" for row in mine - theirs] + [f"- {table} {row}" for row in theirs - mine]
        return "\n".join(found)

    @classmethod
    def empty(cls) -> Content:
        """What an archive without a commit holds."""
        return cls(rows={table: [] for table in TABLE_NAMES})


_OF_THE_RUN = {"occurrences": {"snapshot"}, "blobs": {"pack", "frame", "frame_length", "offset", "length"}}


def content_of(root: Path) -> Content:
    """Read everything there is; each message and blob is proven on the way."""
    content = Content()
    with Archive.open(root) as archive:
        for snapshot in archive.sources():
            files = {}
            for each in rebuild_files(archive, lines_or_damage(archive, snapshot), snapshot.label):
                if isinstance(each, RebuiltFile):
                    length = sum(map(len, each))
                    files[each.file.name] = length, each.sha256, [span.sha256 for span in each.erased]
            content.sources[f"{snapshot.kind} {snapshot.path!r}"] = snapshot.status, files
        kinds: dict[MemberKind, set[str]] = {kind: set() for kind in MemberKind}
        for path in committed(root):
            if path.startswith("packs/"):
                for name, _ in pack_reader.members(root / path):
                    known = key_of(name)
                    assert known is not None
                    kinds[known[0]].add(known[1].hex())
        content.messages = sorted(kinds[MemberKind.MESSAGE] | kinds[MemberKind.SKELETON])
        content.blobs = sorted(kinds[MemberKind.BLOB])
        for digest in content.messages:
            assert hashlib.sha256(b"".join(archive.read_message(digest))).hexdigest() == digest
        for digest in content.blobs:
            assert hashlib.sha256(b"".join(archive.read_blob(digest))).hexdigest() == digest
        for table in TABLE_NAMES:
            content.rows[table] = rows_of(archive, table, _OF_THE_RUN.get(table, set()))
    return content


def rows_of(archive: Archive, table: str, left_out: Collection[str]) -> list[str]:
    """The rows of a table without some columns, in order."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes time to import

    rows: list[dict[str, Any]] = []
    for path in archive.index_files(table):
        with path.open("rb") as opened, pq.ParquetFile(opened) as file:
            rows += file.read(use_threads=False).to_pylist()
    return sorted(repr({name: value for name, value in row.items() if name not in left_out}) for row in rows)


def committed(root: Path) -> set[str]:
    """The paths of the files that count."""
    with Archive.open(root) as archive:
        return set(archive._log.state.files)


def records(root: Path) -> list[bytes]:
    """The commit records, as they lie on the disk."""
    return [path.read_bytes() for path in sorted((root / "commits").glob("[0-9]*.json"))]


def check_whole(root: Path) -> None:
    """Verification finds no damage."""
    damage = [finding for finding in Verification(root) if finding.is_damage]
    if not records(root):
        # A pack beside no record at all: a first run that did not come to its first commit looks as if they were lost.
        damage = [finding for finding in damage if (finding.code, finding.path) != (_MISSING, "commits")]
    found = [f"{finding.code.value}: {finding.path}" for finding in damage]
    assert not found, found


def check_clean(root: Path, *, is_erased: bool) -> None:
    """After the next writer, nothing lies in the archive but what counts, and nothing of what was erased."""
    WriterSession(root, level=3, options={}, placed=lambda *_: None).close()
    live = committed(root)
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file():
            is_ours = name in live or (path.parent.name == "commits" and not path.name.startswith("."))
            assert is_ours or path.parent == root, name
            assert path.parent != root or path in _roots(root), name
            if is_erased:
                assert not has_secret(path.read_bytes()), name
        else:
            assert path.name != ".staging", name


def has_secret(data: bytes) -> bool:
    """Whether the bytes of a file, decompressed where they are zstd frames, have anything of what is erased: its
    attachment, or (in a catalogue) the digest that it is found by."""
    plain = bytearray(data if bytes.fromhex(ERASED) in data else b"")
    while data.startswith(_ZSTD):
        frame = zstandard.ZstdDecompressor().decompressobj()
        plain += frame.decompress(data)
        data = frame.unused_data
    return SECRET in plain or bytes.fromhex(ERASED) in plain or ERASED.encode() + b".eml" in plain


def _roots(root: Path) -> tuple[Path, ...]:
    layout = Layout(root)
    return layout.readme, layout.format, layout.catalogue, layout.lock
