from __future__ import annotations

import pytest

from mailstrata.archive.packs.members import MemberKind, content_name, key_of, segment_name

_DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (MemberKind.BLOB, f"blobs/ab/{_DIGEST}"),
        (MemberKind.MESSAGE, f"messages/ab/{_DIGEST}.eml"),
        (MemberKind.SKELETON, f"skeletons/ab/{_DIGEST}.eml"),
    ],
)
def test_content_is_named_by_its_digest(kind: MemberKind, name: str) -> None:
    """There and back."""
    assert content_name(kind, _DIGEST) == name
    assert key_of(name) == (kind, bytes.fromhex(_DIGEST))


def test_segments_are_named_by_source_and_snapshot() -> None:
    """There and back."""
    name = segment_name("0123", "00000001-abcd-0000")
    assert name == "sources/0123/00000001-abcd-0000.jsonl"
    assert key_of(name) == (MemberKind.SEGMENT, b"0123/00000001-abcd-0000")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "blobs/ab",
        f"blobs/ab/{_DIGEST}.eml",
        f"messages/ab/{_DIGEST}",
        f"blobs/ab/{_DIGEST.upper()}",
        f"x/ab/{_DIGEST}",
    ],
)
def test_other_names_are_nobodys(name: str) -> None:
    """A member that a later version adds is passed over."""
    assert key_of(name) is None
