from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from support.archives import write_pack
from support.histories import GAP, POOL, Mail, archive_sources, digest_of, mail, mbox_source, tree_source

from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.maintenance.erasure_plan import ErasurePlan, plan_erasure
from mailstrata.archive.packs import pack_reader
from mailstrata.archive.packs.members import MemberKind, content_name, segment_name
from mailstrata.errors import ArchiveError, UsageError
from mailstrata.message.origin import FileInfo
from mailstrata.sinks.pipeline import Progress
from mailstrata.stripping.placeholder import MARKER
from mailstrata.testing.memory import MemoryFile, memory_tree

_A, _B, _C = (bytes([number]) * 3000 for number in b"abc")
_SKELETONS = {_A: mail(10, _A), _B: mail(11, _A, _B), _C: mail(12, _C)}


def state_of(root: Path) -> ArchiveState:
    log = CommitLog(Layout(root).commits)
    log.load()
    return log.state


def planned(root: Path, *mails: Mail) -> ErasurePlan:
    return plan_erasure(root, state_of(root), [each.sha256 for each in mails])


def digests(*contents: bytes) -> list[str]:
    return sorted(map(digest_of, contents))


def names(root: Path) -> list[str]:
    """The names of all members."""
    return [name for path in (root / "packs").iterdir() for name, _ in pack_reader.members(path)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Messages with A, with A and B, with C, and without an attachment; a commit for each."""
    for name, each in zip("1234", (*_SKELETONS.values(), POOL[0]), strict=True):
        archive_sources(tmp_path, mbox_source(name, [each]))
    return tmp_path


def test_what_nothing_else_refers_to_goes(root: Path) -> None:
    """An attachment of its own goes with a message, one that another message has as well stays."""
    plan = planned(root, _SKELETONS[_C])
    assert (plan.blobs, plan.blobs_kept) == (digests(_C), [])
    skeleton = content_name(MemberKind.SKELETON, _SKELETONS[_C].sha256)
    assert plan.members.intersection(names(root)) == {skeleton, content_name(MemberKind.BLOB, digest_of(_C))}
    plan = planned(root, _SKELETONS[_B])
    assert (plan.blobs, plan.blobs_kept) == (digests(_B), digests(_A))
    plan = planned(root, POOL[0])
    assert (plan.blobs, plan.blobs_kept) == ([], [])


def test_messages_that_share_an_attachment_and_all_go(root: Path) -> None:
    """Then nothing refers to it any more."""
    plan = planned(root, _SKELETONS[_A], _SKELETONS[_B])
    assert (plan.blobs, plan.blobs_kept) == (digests(_A, _B), [])


def test_the_packs_that_hold_any_of_it(root: Path) -> None:
    """A was stored with the first message, and the second one has brought B: both packs, whose sizes are known."""
    plan = planned(root, _SKELETONS[_A], _SKELETONS[_B])
    held = {
        entry.path
        for entry in plan.packs
        if plan.members & {name for name, _ in pack_reader.members(root / entry.path)}
    }
    assert held == {entry.path for entry in plan.packs} == {
        f"packs/{path.name}" for path in (root / "packs").iterdir() if path.name.startswith(("00000001", "00000002"))
    }  # fmt: skip


def test_a_gap_that_is_the_same_as_an_attachment(tmp_path: Path) -> None:
    """It refers to the blob, in whichever snapshot it stands; a message of that digest does not."""
    archive_sources(tmp_path, mbox_source("a", [POOL[5]]))
    assert planned(tmp_path, POOL[5]).blobs == digests(GAP)
    archive_sources(tmp_path, tree_source("b", []))
    plan = planned(tmp_path, POOL[5])
    assert (plan.blobs, plan.blobs_kept) == ([], digests(GAP))


def test_an_attachment_that_is_kept_as_a_message(tmp_path: Path) -> None:
    """The same bytes as a message of its own are another member: the blob goes all the same."""
    inner = POOL[1].raw
    outer = mail(20, inner)
    files = [MemoryFile((("message", raw),), FileInfo(b"%d.eml" % at)) for at, raw in enumerate((inner, outer.raw))]
    archive_sources(tmp_path, memory_tree("a", files))
    assert planned(tmp_path, outer).blobs == digests(inner)


def test_a_text_that_only_looks_like_a_reference(root: Path) -> None:
    """A message that quotes a digest, and its segment, do not hold the attachment."""
    digest = digest_of(_C).encode()
    text = b'sha256=%s; {"type": "gap", "sha256": "%s"}\n' % (digest, digest)
    archive_sources(root, mbox_source("quotes", [mail(30, _A, text=text)]))
    plan = planned(root, _SKELETONS[_C])
    assert (plan.blobs, plan.blobs_kept) == (digests(_C), [])


def test_a_message_that_is_stored_twice(root: Path) -> None:
    """Both packs that hold it are written anew, also where one has the skeleton and the other the whole message."""
    each = _SKELETONS[_C]
    whole = content_name(MemberKind.MESSAGE, each.sha256)
    path, _ = write_pack(root / "packs", {whole: each.raw}, "00000009-0000-00000000.tar.zst")
    state = state_of(root)
    state.files[f"packs/{path.name}"] = FileEntry(f"packs/{path.name}", path.stat().st_size, "0" * 64, 1)
    plan = plan_erasure(root, state, [each.sha256])
    assert len(plan.packs) == 2
    assert whole in plan.members


def test_what_is_not_there(root: Path) -> None:
    """An error names it, and nothing is planned for the others; a message that is on record as lost may be named."""
    missing = "0" * 64
    with pytest.raises(UsageError, match=f"has no message {missing}"):
        plan_erasure(root, state_of(root), [POOL[0].sha256, missing])
    state = state_of(root)
    state.lost = {content_name(MemberKind.MESSAGE, missing): None}
    plan = plan_erasure(root, state, [POOL[0].sha256, missing])
    assert plan.messages == [POOL[0].sha256, missing]
    assert len(plan.packs) == 1


def test_large_skeletons_and_segments(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces that cut placeholders and lines anywhere, everything that is referred to is found."""
    read = pack_reader.PackReader.read

    def in_pieces(reader: pack_reader.PackReader, path: Path, place: object) -> object:
        for piece in read(reader, path, place):  # type: ignore[arg-type]
            for at in range(0, len(piece), 7):
                yield piece[at : at + 7]

    archive_sources(root, tree_source("gap", [POOL[5]]))
    monkeypatch.setattr(pack_reader.PackReader, "read", in_pieces)
    plan = planned(root, POOL[5], _SKELETONS[_B])
    assert (plan.blobs, plan.blobs_kept) == (digests(_B), digests(_A, GAP))


def test_reading_ends_when_everything_is_referred_to(root: Path) -> None:
    """A message whose attachments others have costs no reading of all packs."""
    told: list[Progress] = []
    plan_erasure(root, state_of(root), [_SKELETONS[_A].sha256], told.append)
    assert len(told) == 1
    assert told[0].source == "references"
    told.clear()
    plan_erasure(root, state_of(root), [_SKELETONS[_C].sha256], told.append)
    assert told[-1].bytes_read == sum(path.stat().st_size for path in (root / "packs").iterdir())


def test_a_damaged_segment(root: Path) -> None:
    """Where references cannot be told nothing is planned: an attachment might be lost that something needs."""
    digest = digest_of(_C)
    line = json.dumps({"type": "gap", "sha256": digest})[:-1].encode() + b"\n"
    path, _ = write_pack(root / "packs", {segment_name("s", "1"): line}, "00000009-0000-00000000.tar.zst")
    state = state_of(root)
    state.files[f"packs/{path.name}"] = FileEntry(f"packs/{path.name}", path.stat().st_size, "0" * 64, 1)
    with pytest.raises(ArchiveError, match=r"sources/s/1\.jsonl is damaged: a line of it is no JSON"):
        plan_erasure(root, state, [_SKELETONS[_C].sha256])


def test_a_damaged_skeleton(root: Path) -> None:
    """A placeholder that is none is an error that names pack and member."""
    digest = hashlib.sha256(b"x").hexdigest()
    name = content_name(MemberKind.SKELETON, digest)
    skeleton = MARKER + b" sha256=" + digest_of(_C).encode() + b"\n\n"
    path, _ = write_pack(root / "packs", {name: skeleton}, "00000009-0000-00000000.tar.zst")
    state = state_of(root)
    state.files[f"packs/{path.name}"] = FileEntry(f"packs/{path.name}", path.stat().st_size, "0" * 64, 1)
    with pytest.raises(ArchiveError, match=rf"00000009.*{name}: the placeholder at byte"):
        plan_erasure(root, state, [_SKELETONS[_C].sha256])
