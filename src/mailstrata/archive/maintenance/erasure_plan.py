"""What has to go for a message to be gone: its own members, and the blobs that nothing else refers to.

References are found where they are, in the skeletons and segments of the packs: the index is derived, and wrong once
is once too often. All packs are read for that, with the memory of one pack reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mailstrata.archive.catalogue.catalogue import packs_of
from mailstrata.archive.commits.chain import ArchiveState
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MESSAGE_KINDS, MemberKind, content_name, key_of
from mailstrata.archive.packs.pack_reader import ORDERED_CACHE_BYTES, PackReader
from mailstrata.archive.packs.pack_table import Member
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.sinks.progress import Progress
from mailstrata.stripping import placeholders

_IN_SKELETON = re.compile(rb"sha256=([0-9a-f]{64})")
_IN_SEGMENT = re.compile(rb'"sha256":\s*"([0-9a-f]{64})"')
_GAPS = ("gap", "separator")


@dataclass(slots=True)
class ErasurePlan:
    """What erasing messages comes to; digests are SHA-256 in hexadecimal.

    `blobs` go with the messages, `blobs_kept` are those of their attachments that something else refers to. `members`
    are the names of all that is to be left out of packs, and `packs` those that hold any of it, to be written anew.
    """

    messages: list[str]
    blobs: list[str] = field(default_factory=list)
    blobs_kept: list[str] = field(default_factory=list)
    members: set[str] = field(default_factory=set)
    packs: list[FileEntry] = field(default_factory=list)


def plan_erasure(
    root: Path,
    state: ArchiveState,
    messages: Collection[str],
    progress: Callable[[Progress], None] | None = None,
) -> ErasurePlan:
    """Find out what has to go for these messages (SHA-256 in lower-case hexadecimal) to be gone.

    A message that is on record as lost comes to nothing but itself. Raises `UsageError` where one is not there, and
    `ArchiveError` where a pack is missing or damaged so that references cannot be told.
    """
    return _Planner(root, state, messages, progress).plan()


class _Planner:
    def __init__(
        self,
        root: Path,
        state: ArchiveState,
        messages: Collection[str],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._root = root
        self._entries = [state.files[path] for path in packs_of(state)]
        self._lost = state.lost
        self._messages = list(dict.fromkeys(messages))
        self._wanted = {content_name(kind, digest) for digest in self._messages for kind in MESSAGE_KINDS}
        self._progress = progress
        # Blobs of the messages that nothing else has been seen to refer to.
        self._candidates: set[str] = set()

    def plan(self) -> ErasurePlan:
        plan = ErasurePlan(self._messages)
        holding = self._find(self._wanted)
        plan.members.update(member.name for found in holding.values() for member in found)
        for digest in self._messages:
            names = [content_name(kind, digest) for kind in MESSAGE_KINDS]
            if plan.members.isdisjoint(names) and self._lost.keys().isdisjoint(names):
                raise UsageError(f"{self._root} has no message {digest}")
        for path, members in holding.items():
            self._candidates.update(self._references(path, members))
        needed = set(self._candidates)
        if self._candidates:
            self._strike_out_what_is_referred_to()
        plan.blobs = sorted(self._candidates)
        plan.blobs_kept = sorted(needed - self._candidates)
        blobs = {content_name(MemberKind.BLOB, digest) for digest in self._candidates}
        plan.members |= blobs
        packs = {*holding, *(self._find(blobs) if blobs else ())}
        plan.packs = [entry for entry in self._entries if entry.path in packs]
        return plan

    def _find(self, names: Collection[str]) -> dict[str, list[Member]]:
        """The packs that hold members of these names, and the members."""
        found: dict[str, list[Member]] = {}
        for entry in self._entries:
            members = [member for member in pack_reader.members(self._root / entry.path) if member.name in names]
            if members:
                found[entry.path] = members
        return found

    def _references(self, path: str, members: Iterable[Member]) -> Iterator[str]:
        with PackReader() as reader:
            for member in members:
                if member.name.startswith("skeletons/"):
                    yield from _blobs_of(self._root / path, member, reader)

    def _strike_out_what_is_referred_to(self) -> None:
        total = sum(entry.size for entry in self._entries)
        done = 0
        for entry in self._entries:
            path = self._root / entry.path
            with PackReader(ORDERED_CACHE_BYTES) as reader:
                for member in pack_reader.members(path):
                    known = key_of(member.name)
                    if known is None or member.name in self._wanted:
                        continue
                    if known[0] is MemberKind.SKELETON:
                        self._look_into_skeleton(path, member, reader)
                    elif known[0] is MemberKind.SEGMENT:
                        self._look_into_segment(path, member, reader)
                    if not self._candidates:
                        return
            done += entry.size
            if self._progress is not None:
                self._progress(Progress(done, total, source="references"))

    def _look_into_skeleton(self, path: Path, member: Member, reader: PackReader) -> None:
        pieces = reader.read(path, member.place)
        first = next(pieces, b"")
        if len(first) == member.place.size:
            # The digests of a placeholder stand in one piece; what else looks like one is only a reason to look closer.
            found = {digest.decode("ascii") for digest in _IN_SKELETON.findall(first)}
            if self._candidates.isdisjoint(found):
                return
        self._candidates.difference_update(_named(path, member, chain((first,), pieces)))

    def _look_into_segment(self, path: Path, member: Member, reader: PackReader) -> None:
        rest = b""
        for piece in chain(reader.read(path, member.place), (b"\n",)):
            lines, _, rest = (rest + piece).rpartition(b"\n")
            found = {digest.decode("ascii") for digest in _IN_SEGMENT.findall(lines)}
            if self._candidates.isdisjoint(found):
                continue
            for line in lines.split(b"\n"):
                self._candidates.difference_update(_gap_of(path, member, line))


def _blobs_of(path: Path, member: Member, reader: PackReader) -> Iterator[str]:
    yield from _named(path, member, reader.read(path, member.place))


def _named(path: Path, member: Member, skeleton: Iterable[bytes]) -> Iterator[str]:
    try:
        for placeholder in placeholders(skeleton):
            yield placeholder.sha256
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {member.name}: {error}") from error


def _gap_of(path: Path, member: Member, line: bytes) -> Iterator[str]:
    """The blob of a large gap, if the line of a segment is about one."""
    if not line:
        return
    try:
        about = json.loads(line)
        if about["type"] in _GAPS and "sha256" in about:
            yield str(about["sha256"])
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveError(
            f"{path}: {member.name} is damaged: a line of it is no JSON; bring the pack back from a backup"
        ) from error
