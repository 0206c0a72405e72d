"""The archive as verification sees it: members are found by what the packs were seen to hold, not by the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailstrata.archive.catalogue.lookup import Lookup
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, content_name
from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES
from mailstrata.archive.packs.pack_table import Place
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.verifying.evidence import Evidence
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.stripping import placeholders


class EvidenceLookup(Lookup):
    """Finds the members that are whole."""

    def __init__(self, layout: Layout, log: CommitLog, evidence: Evidence) -> None:
        super().__init__(layout, log)
        self._evidence = evidence

    def find(self, kind: MemberKind, key: bytes) -> tuple[str, Place] | None:
        """The pack and the place of a whole member; None where there is none."""
        return self._evidence.find(kind, key)

    def reload(self) -> None:
        """What was whole is there no longer: nothing that was found so far can be relied on."""
        raise ArchiveError(
            "the archive was changed by another process while it was read (a pack is gone); run the same command again"
        )


class ProvenArchive(Archive):
    """Reads what is whole, and notes which messages were put together and have the SHA-256 that names them.

    Keeps 48 MiB of frames, so that what is read in the order of its sources decompresses each frame about once.
    """

    def __init__(self, layout: Layout, log: CommitLog, evidence: Evidence) -> None:
        super().__init__(layout, log, cache_bytes=ORDERED_CACHE_BYTES)
        self._lookup = EvidenceLookup(layout, log, evidence)
        self._evidence = evidence
        self._named_losses = log.state.lost

    def read_message(self, digest: str) -> Iterable[bytes]:
        """As in `Archive`. Raises `ArchiveError` where a record or a line names a message that is not there."""
        try:
            pieces = super().read_message(digest)
        except UsageError as error:
            raise _not_whole(error) from error
        return pieces if isinstance(pieces, list) else _translated(pieces)

    def read_skeleton(self, key: bytes) -> Iterable[bytes]:
        """As `read_message`, for the message of that skeleton and no other member."""
        try:
            pieces = self._message(*self._find((MemberKind.SKELETON,), "message", key.hex()))
        except UsageError as error:
            raise _not_whole(error) from error
        return pieces if isinstance(pieces, list) else _translated(pieces)

    def _kept_message(self, digest: str) -> list[bytes] | None:
        """As in `Archive`; but of a member of which there are several, the first is to be proven, whatever is kept."""
        return None if self._evidence.has_repeated else super()._kept_message(digest)

    def _note_unstripped(self, key: bytes) -> None:
        self._evidence.prove(key)

    def erased(self, digest: str) -> str | None:
        """Why the message is not there, and nobody expects it to be: it was erased, or its loss is on record."""
        reason = super().erased(digest)
        if reason is None and self._named_losses and self._is_named_loss(bytes.fromhex(digest)):
            return "lost"
        return reason

    def _is_named_loss(self, key: bytes) -> bool:
        missing = self.missing_for(key)
        return bool(missing) and all(self.is_named(kind, each) for kind, each in missing)

    def is_named(self, kind: MemberKind, key: bytes) -> bool:
        """Whether a commit has put on record that a member is lost."""
        kinds = MESSAGE_KINDS if kind in MESSAGE_KINDS else (kind,)
        return any(name_of(each, key) in self._named_losses for each in kinds)

    def missing_for(self, key: bytes) -> list[tuple[MemberKind, bytes]]:
        """What is missing to put a message together: itself, or contents of parts that were taken out."""
        find = self._evidence.find
        if find(MemberKind.SKELETON, key) is None:
            return [] if find(MemberKind.MESSAGE, key) is not None else [(MemberKind.SKELETON, key)]
        skeleton = self._pieces(MemberKind.SKELETON, key)
        wanted = dict.fromkeys(bytes.fromhex(each.sha256) for each in placeholders(skeleton))
        return [(MemberKind.BLOB, blob) for blob in wanted if find(MemberKind.BLOB, blob) is None]


def _translated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except UsageError as error:
        raise _not_whole(error) from error


def _not_whole(error: UsageError) -> ArchiveError:
    return ArchiveError(f"no pack holds what is needed whole: {error}")


def name_of(kind: MemberKind, key: bytes) -> str:
    """The name of a member by its kind and key: `members.key_of` undone."""
    if kind is MemberKind.SEGMENT:
        return f"sources/{key.decode('ascii')}.jsonl"
    return content_name(kind, key.hex())
