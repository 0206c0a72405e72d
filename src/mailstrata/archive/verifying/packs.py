"""Verifying packs: the file's digest, the table of members, and every member by decompressing each frame once.

A pack is read twice from front to end, for its digest and for its frames; what is read the second time usually comes
out of the system's cache. Held are a few frames, and one digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailstrata.archive.commits.records import FileEntry, SegmentEntry
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind, key_of
from mailstrata.archive.packs.pack_table import Member, read_table
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.archive.verifying.findings import Finding, FindingCode
from mailstrata.errors import ArchiveError
from mailstrata.sinks.stream_digest import StreamDigest

if TYPE_CHECKING:
    pass

_CHUNK = 1 << 20
_NAMED_BY_DIGEST = frozenset({MemberKind.BLOB, MemberKind.MESSAGE})
_RESTORE = "bring the pack back from a backup, or run `mailstrata repair` to save what is whole in it"

NoteBytes = Callable[[int], None]
"""Called with the number of bytes just read, for progress."""


@dataclass(slots=True)
class Loss:
    """A damage whose effect is known only when all packs and sources were looked at: `number` is that in `Evidence`."""

    number: int
    finding: Finding


@dataclass(slots=True)
class _Whole:
    """A member whose bytes all came out of whole frames, with their digest."""

    name: str
    size: int
    frame_offset: int
    digest: bytes


class PackCheck:
    """Verifies packs one by one and notes in `evidence` what is whole; `losses` are the damages found.

    `segments` are those that the commits name, by their member names.
    """

    def __init__(
        self, root: Path, evidence: Evidence, segments: dict[str, SegmentEntry], note_bytes: NoteBytes
    ) -> None:
        self._root = root
        self._evidence = evidence
        self._segments = segments
        self._note_bytes = note_bytes
        self.losses: list[Loss] = []
        self.unknown_losses: list[int] = []
        """Numbers of the losses of which nobody knows what they took."""
        self.members = 0
        self._bad_frames: list[str] = []

    def missing(self, entry: FileEntry, known: Iterator[tuple[MemberKind, bytes]]) -> None:
        """The file is not there; `known` is what something derived says that it held."""
        loss = self._loss(FindingCode.PACK_MISSING, entry.path, "", f"the pack is missing; {_RESTORE}")
        held = 0
        for kind, key in known:
            held += 1
            self._evidence.lose(loss, kind, key)
        if not held:
            self.unknown_losses.append(loss)

    def unreadable(self, entry: FileEntry, reason: str) -> None:
        """The file is there, and cannot be read at all."""
        loss = self._loss(FindingCode.PACK_DAMAGED, entry.path, "", f"cannot be read: {reason}; check the disk")
        self.unknown_losses.append(loss)

    def verify(self, entry: FileEntry) -> None:
        """Verify one pack, which is there. Raises `OSError` where it cannot be read."""
        path = self._root / entry.path
        problem = _digest_problem(path, entry, self._note_bytes)
        pack = self._evidence.add_pack(entry.path)
        self._bad_frames = []
        if problem is not None:
            loss = self._loss(FindingCode.PACK_DAMAGED, entry.path, "", problem)
            self._compare(path, entry, pack, loss)
            if self._bad_frames:
                finding = self.losses[loss].finding
                more = f" and {len(self._bad_frames) - 1} more" if len(self._bad_frames) > 1 else ""
                finding.place = f"{self._bad_frames[0]}{more}"
            return
        self._compare(path, entry, pack, None)
        for place in self._bad_frames:
            # The bytes are those that were written: a writer's fault, not the disk's.
            self._loss(FindingCode.PACK_DAMAGED, entry.path, place, "the frame cannot be read as its writer left it")

    def _loss(self, code: FindingCode, path: str, place: str, text: str) -> int:
        number = len(self.losses)
        self.losses.append(Loss(number, Finding(code, path, place, text)))
        return number

    def _compare(self, path: Path, entry: FileEntry, pack: int, loss: int | None) -> None:
        """Go through the table and through the frames side by side; both are in the order of the file."""
        table = self._table(path, entry, loss)
        listed = next(table, None)
        seen = 0
        for whole in self._whole_members(path):
            while listed is not None and not _is_listed(whole, listed):
                if listed.place.frame_offset > whole.frame_offset:
                    break
                self._lost(listed, entry, loss)
                listed = next(table, None)
            seen += 1
            if listed is None or not _is_listed(whole, listed):
                self._loss(FindingCode.PACK_TABLE, entry.path, whole.name, "the member is not in the pack's table")
                continue
            if listed.place.size != whole.size:
                self._loss(FindingCode.PACK_TABLE, entry.path, whole.name, "the pack's table states another size")
            self._keep(whole, listed, entry, pack, loss)
            listed = next(table, None)
        while listed is not None:
            self._lost(listed, entry, loss)
            listed = next(table, None)
        self.members += seen
        if loss is None and seen != entry.rows:
            text = f"it has {seen} members, its commit says {entry.rows}"
            self._loss(FindingCode.PACK_TABLE, entry.path, "", text)

    def _table(self, path: Path, entry: FileEntry, loss: int | None) -> Iterator[Member]:
        with path.open("rb") as file:
            try:
                yield from read_table(file)
                return
            except ArchiveError as error:
                if loss is None:
                    self._loss(FindingCode.PACK_TABLE, entry.path, "", str(error))
        try:
            # The same places from the tar headers, as far as the pack is whole.
            yield from pack_reader.members(path)
        except ArchiveError:
            return

    def _whole_members(self, path: Path) -> Iterator[_Whole]:
        digest = StreamDigest()
        position = start = reached = 0
        name = ""
        for piece in pack_reader.walk(path, damaged=self._damaged_frame):
            if piece.frame_offset != reached:
                self._note_bytes(piece.frame_offset - reached)
                reached = piece.frame_offset
            if piece.offset == 0:
                digest = StreamDigest(hashlib.sha256(piece.data))
                position, start, name = 0, reached, piece.name
            elif piece.name != name or piece.offset != position:
                # The rest of a member of which a frame is damaged.
                continue
            else:
                digest.update(piece.data)
            position += len(piece.data)
            if position == piece.size:
                yield _Whole(name, position, start, digest.state().digest())

    def _damaged_frame(self, offset: int, error: ArchiveError) -> None:
        self._bad_frames.append(f"frame at byte {offset}: {error}" if str(offset) not in str(error) else str(error))

    def _keep(self, whole: _Whole, listed: Member, entry: FileEntry, pack: int, loss: int | None) -> None:
        known = key_of(whole.name)
        if known is None:
            return
        kind, key = known
        if kind in _NAMED_BY_DIGEST and whole.digest != key:
            text = f"its content has the SHA-256 {whole.digest.hex()}, not the one that names it"
            self._lose_member(FindingCode.MEMBER_DAMAGED, listed, entry, loss, text)
        elif kind is MemberKind.SEGMENT and not self._is_segment(whole):
            text = f"it has {whole.size} bytes with the SHA-256 {whole.digest.hex()}, its commit says otherwise"
            self._lose_member(FindingCode.SEGMENT_DAMAGED, listed, entry, loss, text)
        else:
            self._evidence.add(pack, kind, key, listed.place)

    def _is_segment(self, whole: _Whole) -> bool:
        """Whether a segment is what its commit says; one that no commit names is what it is."""
        segment = self._segments.get(whole.name)
        return segment is None or (segment.size, segment.sha256) == (whole.size, whole.digest.hex())

    def _lose_member(self, code: FindingCode, member: Member, entry: FileEntry, loss: int | None, text: str) -> None:
        # In a pack that was changed, the pack is the finding; its members are what is affected.
        self._lost(member, entry, self._loss(code, entry.path, member.name, text) if loss is None else loss)

    def _lost(self, member: Member, entry: FileEntry, loss: int | None) -> None:
        known = key_of(member.name)
        if loss is None:
            text = "the pack's table lists it, the pack does not hold it whole"
            loss = self._loss(FindingCode.MEMBER_DAMAGED, entry.path, member.name, text)
        if known is not None:
            self._evidence.lose(loss, *known)


def _is_listed(whole: _Whole, listed: Member) -> bool:
    return listed.name == whole.name and listed.place.frame_offset == whole.frame_offset


def _digest_problem(path: Path, entry: FileEntry, note_bytes: NoteBytes) -> str | None:
    sha256, size = digest_of(path, note_bytes)
    if size != entry.size:
        return f"it has {size} bytes, its commit says {entry.size}; {_RESTORE}"
    if sha256 != entry.sha256:
        return f"its SHA-256 is {sha256}, its commit says {entry.sha256}; {_RESTORE}"
    return None


def digest_of(path: Path, note_bytes: NoteBytes) -> tuple[str, int]:
    """SHA-256 and size of a file, read once. Raises `OSError`."""
    digest = StreamDigest()
    size = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            digest.update(data)
            size += len(data)
            note_bytes(len(data))
    return digest.hexdigest(), size
