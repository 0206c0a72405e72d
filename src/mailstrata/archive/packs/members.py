"""What the members of packs are called, and the keys under which the catalogue knows them."""

from __future__ import annotations

import re
from enum import IntEnum

_CONTENT = re.compile(r"(blobs)/[0-9a-f]{2}/([0-9a-f]{64})|(messages|skeletons)/[0-9a-f]{2}/([0-9a-f]{64})\.eml")
_SEGMENT = re.compile(r"sources/([!-~]+)\.jsonl")


class MemberKind(IntEnum):
    """The kinds of members; the numbers are those in the catalogue."""

    BLOB = 1
    MESSAGE = 2
    SKELETON = 3
    SEGMENT = 4

    # That of an enumeration is a call of a Python function.
    __hash__ = int.__hash__

    @property
    def folder(self) -> str:
        """The folder in the tar file, which also says with what a member shares its frame."""
        return _FOLDERS[self]


MESSAGE_KINDS = (MemberKind.SKELETON, MemberKind.MESSAGE)
"""The kinds of members that a message may be kept as."""

_FOLDERS = {
    MemberKind.BLOB: "blobs",
    MemberKind.MESSAGE: "messages",
    MemberKind.SKELETON: "skeletons",
    MemberKind.SEGMENT: "sources",
}
_KINDS = {folder: kind for kind, folder in _FOLDERS.items()}


def content_name(kind: MemberKind, sha256: str) -> str:
    """The name of a blob, message or skeleton by its SHA-256 (64 lower-case hexadecimal digits)."""
    suffix = "" if kind is MemberKind.BLOB else ".eml"
    return f"{kind.folder}/{sha256[:2]}/{sha256}{suffix}"


def segment_name(source_id: str, segment: str) -> str:
    """The name of a segment of a source."""
    return f"sources/{source_id}/{segment}.jsonl"


def key_of(name: str) -> tuple[MemberKind, bytes] | None:
    """The kind and the catalogue's key of a member: the digest, or a segment's `ID/SEGMENT` as ASCII.

    None for a name that is not of this format: such a member is nobody's, and passed over.
    """
    if found := _CONTENT.fullmatch(name):
        folder, digest = (found[1], found[2]) if found[1] else (found[3], found[4])
        return _KINDS[folder], bytes.fromhex(digest)
    if found := _SEGMENT.fullmatch(name):
        return MemberKind.SEGMENT, found[1].encode("ascii")
    return None
