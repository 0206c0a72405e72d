"""Reading an archive: what is in it, and the bytes of messages and blobs.

A reader takes no lock, writes nothing and trusts only what commits name, so it may be at work while a writer is. What
it gives back is proven: the SHA-256 of every message and blob is checked on the way.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mailstrata.archive.catalogue.lookup import Lookup
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import CommitRecord, SourceSnapshot
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, content_name
from mailstrata.archive.packs.pack_reader import CACHE_BYTES, PackReader
from mailstrata.archive.packs.pack_table import Place
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.sinks.stream_digest import StreamDigest
from mailstrata.stripping.placeholder import Placeholder
from mailstrata.stripping.skeleton import placeholders, read_skeleton
from mailstrata.stripping.unstripper import ReadBlob, unstrip_message, unstripped

if TYPE_CHECKING:
    from hashlib import _Hash

MOST_FOUND = 1000
"""Messages that `Archive.find_messages` returns at most."""

_AT_ONCE = 4 << 20
"""Bytes of a member, or of all attachments of a message, that are held at once."""

Found = tuple[str, Place]
"""Where a member lies: the pack's path below the archive's root, and the place in it."""

_DIGEST_PREFIX = re.compile("[0-9a-fA-F]{4,64}")


@dataclass(frozen=True, slots=True)
class ArchiveInfo:
    """What `mailstrata info` says.

    Bytes of packs and index are those on disk; `sources` holds the latest snapshot of each source, `snapshots`
    counts all; `created` is the time (UTC) of the first commit, `changed` that of the last, both empty where
    there is none.
    """

    commits: int
    created: str
    changed: str
    messages: int
    occurrences: int
    blobs: int
    packs: int
    pack_bytes: int
    index_files: int
    index_bytes: int
    totals: Totals
    sources: list[SourceSnapshot]
    snapshots: int


class Archive:
    """An archive, open for reading. Use it in a `with` statement, or `close` it.

    It stands at the last commit there was when it was opened, or at a later one where a writer has moved on.
    Methods raise `ArchiveError` where the archive does not hold what its records say.
    """

    def __init__(self, layout: Layout, log: CommitLog, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._layout = layout
        self._log = log
        self._lookup = Lookup(layout, log)
        self._packs = PackReader(cache_bytes)
        self._paths: dict[str, Path] = {}

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, cache_bytes: int = CACHE_BYTES) -> Archive:
        """Open the archive in a folder. `cache_bytes` of decompressed frames are kept; whoever reads all of it in
        the order of its sources wants `pack_reader.ORDERED_CACHE_BYTES`, so that each frame is decompressed about once.

        Raises `NotAnArchiveError`, `UnsupportedFormatError`, or `ArchiveError` where its records are damaged.
        """
        layout = Layout(Path(path))
        layout.check_format()
        log = CommitLog(layout.commits)
        log.load()
        return cls(layout, log, cache_bytes=cache_bytes)

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files. May be called again."""
        self._lookup.close()
        self._packs.close()

    # What is in it -------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The archive's folder."""
        return self._layout.root

    def commits(self) -> Iterator[CommitRecord]:
        """All commits from the first one on; the chain is checked on the way."""
        return self._log.records()

    def totals(self) -> Totals:
        """The totals of all commits."""
        return self._log.state.totals.copy()

    def snapshots(self) -> list[SourceSnapshot]:
        """Every snapshot of every source, in the order of their first commits."""
        return list(self._log.state.snapshots.values())

    def sources(self) -> list[SourceSnapshot]:
        """The latest snapshot of each source, in the order in which the sources first came in."""
        latest: dict[str, SourceSnapshot] = {}
        for snapshot in self._log.state.snapshots.values():
            latest[snapshot.id] = snapshot
        return list(latest.values())

    def latest(self, source_id: str) -> SourceSnapshot | None:
        """The latest snapshot of the source of that ID; None where there is none, or where segments that it needs are
        on record as lost."""
        state = self._log.state
        snapshots = [snapshot for snapshot in state.snapshots.values() if snapshot.id == source_id]
        if not snapshots:
            return None
        needed = snapshots[-1 - snapshots[-1].depth :]
        is_lost = any(segment.name in state.lost for snapshot in needed for segment in snapshot.segments)
        return None if is_lost else snapshots[-1]

    def info(self) -> ArchiveInfo:
        """What `mailstrata info` says."""
        state = self._log.state
        totals = self.totals()
        packs = [entry.size for path, entry in state.files.items() if path.startswith("packs/")]
        index = [entry.size for path, entry in state.files.items() if path.startswith("index/")]
        return ArchiveInfo(
            commits=state.number,
            created=self._log.read(1)[0].created if state.number else "",
            changed=self._log.read(state.number)[0].created if state.number else "",
            messages=totals.messages_new,
            occurrences=totals.messages_found,
            blobs=totals.blobs_new,
            packs=len(packs),
            pack_bytes=sum(packs),
            index_files=len(index),
            index_bytes=sum(index),
            totals=totals,
            sources=self.sources(),
            snapshots=len(state.snapshots),
        )

    def index_files(self, table: str) -> list[Path]:
        """The committed Parquet files of a table (`messages`, `occurrences`, `parts`, `blobs`)."""
        if table not in TABLE_NAMES:
            raise UsageError(f"the index has no table {table}; its tables are {', '.join(TABLE_NAMES)}")
        prefix = f"index/{table}/"
        return [self._layout.root / path for path in self._log.state.files if path.startswith(prefix)]

    def pack_files(self) -> list[Path]:
        """The committed packs, in the order of their commits."""
        return [self._layout.root / path for path in self._log.state.files if path.startswith("packs/")]

    # Messages and blobs --------------------------------------------------------------------------------------

    def find_messages(self, identifier: str) -> list[str]:
        """The digests of the messages that an identifier stands for, at most a thousand.

        It is the beginning of a SHA-256 (four hexadecimal digits or more), or a Message-ID with angle brackets or
        without.
        """
        identifier = identifier.strip()
        if _DIGEST_PREFIX.fullmatch(identifier):
            prefix = identifier.lower()
            low, high = bytes.fromhex(prefix.ljust(64, "0")), bytes.fromhex(prefix.ljust(64, "f"))
            keys = {key for kind in MESSAGE_KINDS for key in self._lookup.keys(kind, low, high, MOST_FOUND)}
            if keys:
                return [key.hex() for key in sorted(keys)[:MOST_FOUND]]
        return self._find_by_message_id(identifier.removeprefix("<").removesuffix(">"))

    def _find_by_message_id(self, message_id: str) -> list[str]:
        import pyarrow as pa  # noqa: PLC0415 - a tenth of a second, which reading a message by digest does not need
        from pyarrow import dataset  # noqa: PLC0415

        from mailstrata.index.field_columns import NAME_LIMIT, text  # noqa: PLC0415

        files = [str(path) for path in self.index_files("messages")]
        if not files:
            return []
        condition = dataset.field("message_id") == text(message_id, NAME_LIMIT)
        try:
            table = dataset.dataset(files, format="parquet").scanner(columns=["sha256"], filter=condition)
            found = table.head(MOST_FOUND)["sha256"].to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise ArchiveError(
                f"cannot read the index in {self._layout.index}: {str(error).splitlines()[0]}; bring it "
                "back from a backup, or name the message by its SHA-256"
            ) from error
        return sorted({str(digest) for digest in found})

    def read_message(self, digest: str) -> Iterable[bytes]:
        """The bytes of a message by its SHA-256, in pieces of at most some MiB; attachments are put back.

        A list, all of them, where there are no more than some MiB; else an iterator. Raises `UsageError` at once where
        the archive has no such message, and `ArchiveError` where it was erased. Where its bytes are not those that the
        digest names, `ArchiveError` comes at once for a list, and at the end for an iterator, when the pieces before it
        are out.
        """
        pieces = self._kept_message(digest)
        return self._message(*self._find(MESSAGE_KINDS, "message", digest)) if pieces is None else pieces

    def _kept_message(self, digest: str) -> list[bytes] | None:
        """The message, where what is kept of the packs in memory holds it; without asking where it lies."""
        skeleton = self._packs.kept(content_name(MemberKind.SKELETON, digest))
        if skeleton is not None:
            try:
                return self._unstripped(bytes.fromhex(digest), skeleton, self._kept_blob)
            except (ArchiveError, UsageError):
                # It is put together anew of what is known to be there, and what is wrong is said then.
                return None
        content = self._packs.kept(content_name(MemberKind.MESSAGE, digest))
        return None if content is None or hashlib.sha256(content).hexdigest() != digest else [content]

    def _message(self, kind: MemberKind, key: bytes, found: Found) -> Iterable[bytes]:
        """The message of a member that was found there."""
        content = self._member(kind, key, found) if found[1].size <= _AT_ONCE else None
        if kind is MemberKind.MESSAGE:
            if content is None:
                return self._proven(self._pieces(kind, key, found), "message", key)
            self._prove(hashlib.sha256(content), "message", key)
            return [content]
        if content is None:
            return self._unstripped_stream(key, self._pieces(kind, key, found))
        try:
            pieces = self._unstripped(key, content, self._found_blob)
        except ArchiveError:
            self._blame_blobs((content,))
            raise
        return self._unstripped_stream(key, (content,)) if pieces is None else pieces

    def _unstripped(self, key: bytes, skeleton: bytes, read_blob: ReadBlob) -> list[bytes] | None:
        """The message of a skeleton; None where its attachments are too large to be held at once."""
        items = read_skeleton(skeleton)
        if sum(item.size for item in items if isinstance(item, Placeholder)) > _AT_ONCE:
            return None
        pieces: list[bytes] = []
        seen = hashlib.sha256()
        for piece in unstripped(items, read_blob):
            seen.update(piece)
            pieces.append(piece)
        self._prove(seen, "message", key)
        self._note_unstripped(key)
        return pieces

    def _unstripped_stream(self, key: bytes, skeleton: Iterable[bytes]) -> Iterator[bytes]:
        """As `_unstripped`, piece by piece, of whatever size."""
        try:
            yield from self._proven(unstrip_message(skeleton, self._found_blob), "message", key)
        except ArchiveError:
            self._blame_blobs(self._pieces(MemberKind.SKELETON, key))
            raise
        self._note_unstripped(key)

    def _note_unstripped(self, key: bytes) -> None:
        """A skeleton and its attachments have come to the message that they should, for who keeps account of that."""

    def _kept_blob(self, digest: str) -> Iterable[bytes]:
        content = self._packs.kept(content_name(MemberKind.BLOB, digest))
        return self._found_blob(digest) if content is None else (content,)

    def _found_blob(self, digest: str) -> Iterable[bytes]:
        """The bytes of a blob that a message contains: whether they are right, the digest of the message says."""
        kind, key, found = self._find((MemberKind.BLOB,), "blob", digest)
        return self._pieces(kind, key, found) if found[1].size > _AT_ONCE else (self._member(kind, key, found),)

    def _blame_blobs(self, skeleton: Iterable[bytes]) -> None:
        """Raise the error of the blob at fault where a message is not what it was, if one is."""
        for placeholder in placeholders(skeleton):
            for _ in self.read_blob(placeholder.sha256):
                pass

    def erased(self, digest: str) -> str | None:
        """Why the message of that SHA-256 was erased, in the words of whoever did it (maybe none); None where it was
        not."""
        return self._log.state.erased.get(digest.lower())

    def read_blob(self, digest: str) -> Iterator[bytes]:
        """The bytes of a blob by its SHA-256; as `read_message`, always an iterator."""
        kind, key, found = self._find((MemberKind.BLOB,), "blob", digest)
        return self._proven(self._pieces(kind, key, found), "blob", key)

    def read_segment(self, name: str) -> Iterator[bytes]:
        """The bytes of a segment by its name in `SourceSnapshot.segments`, in pieces of at most some MiB."""
        key = name.removeprefix("sources/").removesuffix(".jsonl").encode()
        if self._lookup.find(MemberKind.SEGMENT, key) is None:
            raise ArchiveError(
                f"{self.path} has no member {name}, which a commit names; bring its packs back from a backup"
            )
        return self._pieces(MemberKind.SEGMENT, key)

    def _find(self, kinds: Iterable[MemberKind], noun: str, digest: str) -> tuple[MemberKind, bytes, Found]:
        try:
            key = bytes.fromhex(digest)
        except ValueError:
            key = b""
        for kind in kinds:
            found = self._lookup.find(kind, key)
            if found is not None:
                return kind, key, found
        if kinds == MESSAGE_KINDS and (reason := self.erased(digest)) is not None:
            why = f" ({reason})" if reason else ""
            raise ArchiveError(f"{self.path}: the message {digest} was erased{why}; it cannot be had back")
        raise UsageError(f"{self.path} has no {noun} {digest}")

    def _pieces(self, kind: MemberKind, key: bytes, found: Found | None = None) -> Iterator[bytes]:
        """The bytes of a member, which was `found` there. Where its pack has gone since the commits were read,
        compaction has put the member into another one."""
        for is_last_try in (False, True):
            if found is None:
                found = self._lookup.find(kind, key)
                if found is None:
                    raise ArchiveError(f"{self.path}: the {kind.name.lower()} {key.hex()} has been removed meanwhile")
            path = self._path(found[0])
            try:
                # What fails after the first piece is out cannot be begun anew.
                pieces = self._packs.read(path, found[1])
                first = next(pieces, b"")
            except ArchiveError:
                if is_last_try or path.exists():
                    raise
                self._lookup.reload()
                found = None
                continue
            yield first
            yield from pieces
            return

    def _member(self, kind: MemberKind, key: bytes, found: Found) -> bytes:
        """All bytes of a member of at most some MiB."""
        try:
            content = self._packs.read_at_once(self._path(found[0]), found[1])
        except ArchiveError:
            # Either this comes again, or the member lies somewhere else by now.
            content = None
        return b"".join(self._pieces(kind, key, found)) if content is None else content

    def _path(self, pack: str) -> Path:
        # Making a path takes longer than finding the member in the pack.
        path = self._paths.get(pack)
        if path is None:
            path = self._paths[pack] = self.path / pack
        return path

    def _proven(self, pieces: Iterable[bytes], noun: str, key: bytes) -> Iterator[bytes]:
        seen = StreamDigest()
        for piece in pieces:
            seen.update(piece)
            yield piece
        self._prove(seen.state(), noun, key)

    def _prove(self, seen: _Hash, noun: str, key: bytes) -> None:
        if seen.digest() != key:
            raise ArchiveError(
                f"{self.path}: the {noun} {key.hex()} is damaged: its bytes have another SHA-256; bring "
                "its pack back from a backup"
            )
