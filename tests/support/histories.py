"""Archives with a history: mail that comes in in small commits, compaction and erasure in any order; and all that an
archive holds, so that it can be compared before and after."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mailstrata.archive.catalogue.catalogue import Catalogue, packs_of
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.archive.maintenance import compact
from mailstrata.archive.packs import item, own_pack, pack, pack_reader
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, key_of
from mailstrata.archive.reading.history import snapshots_at
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.snapshots.rebuild import RebuiltFile, rebuild_files
from mailstrata.archive.snapshots.snapshot_lines import SnapshotLines
from mailstrata.archive.verifying.findings import Finding
from mailstrata.archive.verifying.verify import Verification
from mailstrata.archive.writing import pack_rewriter, store
from mailstrata.message.origin import FileInfo
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing.memory import MemoryFile, MemorySource, memory_mbox, memory_tree
from support.archive_runs import committed, rows_of

_noise = random.Random(20261124).randbytes

SMALL_PACK = 16_000
"""A pack of fewer bytes is to be merged, with `small_limits`."""

GAP = _noise(70_000)
"""Bytes of no message, so many that they are a blob; one message has them as an attachment."""

_SEPARATOR = b"From a@example.org Mon Nov 10 10:00:00 2025\n"


def digest_of(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, and the SHA-256s of the contents that are taken out of it."""

    raw: bytes
    blobs: frozenset[str]

    @property
    def sha256(self) -> str:
        """Its digest."""
        return digest_of(self.raw)


def mail(number: int, *contents: bytes, text: bytes = b"") -> Mail:
    """A message with that number, a text, and contents as attachments."""
    header = b"From: a@example.org\nSubject: Message %d\nMessage-ID: <%d@example.org>\nMIME-Version: 1.0\n" % (
        number,
        number,
    )
    parts = [b"--b\n\nText %d\nFrom here on\n%s" % (number, text)]
    parts += [
        b"--b\nContent-Type: application/octet-stream; name=p%d.bin\nContent-Transfer-Encoding: base64\n\n%s"
        % (at, base64.encodebytes(content))
        for at, content in enumerate(contents)
    ]
    raw = header + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"".join(parts) + b"--b--\n"
    return Mail(raw, frozenset(map(digest_of, contents)))


_SHARED, _OTHER, _LARGE = _noise(3000), _noise(900), _noise(30_000)
POOL = (
    mail(0),
    mail(1, text=b"something to be compressed " * 100),
    mail(2, _SHARED),
    mail(3, _SHARED, _OTHER),
    mail(4, _OTHER, _OTHER),
    mail(5, GAP),
    mail(6, b"text in base64 " * 40),
    mail(7, _LARGE),
    mail(8, _LARGE, _SHARED, text=_noise(200).hex().encode() + b"\n"),
    mail(9, text=_noise(9000).hex().encode() + b"\n"),
)
"""Messages without and with attachments: of their own, of several messages, of a gap; small and large ones."""


def quoted(text: bytes) -> bytes:
    """As it stands in an mbox."""
    return text.replace(b"\nFrom ", b"\n>From ")


def mbox_source(name: str, mails: Iterable[Mail]) -> MemorySource:
    """A mailbox of that name."""
    data = b"".join(_SEPARATOR + quoted(each.raw) + b"\n" for each in mails)
    return memory_mbox(name, data, mtime_ns=10**18 + len(data))


def tree_source(name: str, mails: Iterable[Mail]) -> MemorySource:
    """A folder of that name, with the messages in files of their own and one file that also has the large gap."""
    files = [
        MemoryFile((("message", each.raw),), FileInfo(b"%d.eml" % at, mtime_ns=10**18, size=len(each.raw)))
        for at, each in enumerate(mails)
    ]
    files.append(MemoryFile((("gap", GAP), ("message", POOL[0].raw)), FileInfo(b"gap.emlx")))
    return memory_tree(name, files)


def archive_sources(root: Path, *sources: MemorySource, checkpoint_bytes: int = 20_000) -> None:
    """A run that commits often."""
    sink = ArchiveSink(root)
    report = Pipeline([sink], known=sink, checkpoint_bytes=checkpoint_bytes).run(list(sources))
    assert report.failures == []


@contextmanager
def small_limits() -> Iterator[None]:
    """With limits so small that messages of some KiB go through spool files, have frames of their own, and fill
    packs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item, "LARGE_FRAME", 16_384)
        patch.setattr(pack, "OWN_FRAME", 8192)
        patch.setattr(own_pack, "OWN_PACK", 32_768)
        patch.setattr(pack_rewriter, "SMALL_FRAME", 4096)
        for module in (store, pack_rewriter):
            patch.setattr(module, "PACK_BYTES", 8 * SMALL_PACK)
            patch.setattr(module, "PACK_MEMBERS", 40)
        patch.setattr(compact, "SMALL_PACK_MEMBERS", 5)
        yield


_PLACES = {"blobs": {"pack", "frame", "frame_length", "offset", "length"}}


@dataclass(frozen=True, slots=True)
class FileContent:
    """A restored file, and the messages that are left out of it: start, end, digest, reason."""

    data: bytes
    erased: list[tuple[int, int, str, str]]


@dataclass(slots=True)
class Everything:
    """What an archive holds, read and proven: messages, blobs and segments by digest or name, what is restored at each
    commit (by commit, snapshot and file name), and the rows of the index without places."""

    messages: dict[str, MemberKind] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    segments: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[int, str, bytes], FileContent] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)


def everything_in(root: Path) -> Everything:
    """Read all of it."""
    found = Everything()
    with Archive.open(root) as archive:
        for path in committed(root):
            if path.startswith("packs/"):
                for name, _ in pack_reader.members(root / path):
                    _note(found, archive, name)
        for number in range(1, archive.info().commits + 1):
            for snapshot in snapshots_at(archive, number):
                for each in rebuild_files(archive, SnapshotLines(archive, snapshot), snapshot.label):
                    if isinstance(each, RebuiltFile):
                        data = b"".join(each)
                        spans = [(span.start, span.end, span.sha256, span.reason) for span in each.erased]
                        found.files[number, snapshot.snapshot, each.file.name] = FileContent(data, spans)
        for table in TABLE_NAMES:
            found.rows[table] = rows_of(archive, table, _PLACES.get(table, set()))
    return found


def _note(found: Everything, archive: Archive, name: str) -> None:
    known = key_of(name)
    assert known is not None
    kind, key = known
    if kind is MemberKind.BLOB:
        found.blobs.add(key.hex())
        assert digest_of(b"".join(archive.read_blob(key.hex()))) == key.hex()
    elif kind in MESSAGE_KINDS:
        found.messages[key.hex()] = kind
        assert digest_of(b"".join(archive.read_message(key.hex()))) == key.hex()
    else:
        found.segments[name] = digest_of(b"".join(archive.read_segment(name)))


def strays(root: Path) -> list[int]:
    """The sizes of the packs and index files that do not count."""
    live = committed(root)
    found = [path for folder in ("packs", "index") for path in (root / folder).rglob("*") if path.is_file()]
    return [path.stat().st_size for path in found if path.relative_to(root).as_posix() not in live]


def damage_in(root: Path) -> list[Finding]:
    """What verification finds that is no mere note."""
    return [finding for finding in Verification(root) if finding.is_damage]


def members_by_catalogue(root: Path) -> set[tuple[Any, ...]]:
    """The rows of the catalogue as they stand, with packs by path."""
    layout = Layout(root)
    catalogue = Catalogue.open(layout.catalogue)
    try:
        return _members(catalogue)
    finally:
        catalogue.close()


def members_by_packs(root: Path) -> set[tuple[Any, ...]]:
    """The rows of a catalogue that is made anew from the packs that count."""
    log = CommitLog(Layout(root).commits)
    log.load()
    catalogue = Catalogue.temporary(root, packs_of(log.state))
    try:
        return _members(catalogue)
    finally:
        catalogue.close()


def _members(catalogue: Catalogue) -> set[tuple[Any, ...]]:
    query = "SELECT kind, key, path, frame_offset, frame_length, offset, size FROM members JOIN packs ON id = pack"
    rows = catalogue._database.execute(query).fetchall()
    assert len(rows) == catalogue._database.execute("SELECT count(*) FROM members").fetchone()[0]
    return set(rows)
