from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.archives import write_pack
from support.faults import build, cut, files_of, flipped, mbox, verify

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.seal import sealed
from mailstrata.archive.maintenance.compact import compact
from mailstrata.archive.maintenance.erase import erase
from mailstrata.archive.packs.pack_reader import PackReader, members
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.snapshots.segments import SegmentWriter
from mailstrata.archive.verifying.findings import MOST_LISTED, Affected, Finding, FindingCode, Severity
from mailstrata.archive.verifying.verify import Verification
from mailstrata.errors import ArchiveError, NotAnArchiveError, UnsupportedFormatError
from mailstrata.sinks.pipeline import Pipeline, Progress
from mailstrata.sources.discover import find_sources
from mailstrata.testing.mailboxes import conformance_mailboxes
from mailstrata.testing.memory import memory_mbox


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with everything in it; not to be touched."""
    return build(tmp_path_factory.mktemp("pristine") / "archive")


@pytest.fixture
def root(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "archive"))


def log_of(root: Path) -> CommitLog:
    log = CommitLog(root / "commits")
    log.load()
    return log


def by_code(findings: list[Finding]) -> dict[FindingCode, list[Finding]]:
    found: dict[FindingCode, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def commit(root: Path, **changes: Any) -> None:
    """A commit of no writer of ours; the catalogue, which then is behind, goes."""
    given: dict[str, Any] = {"added": [], "removed": [], "sources": [], "totals": Totals()}
    log_of(root).append(created="", written_by="", options={}, **(given | changes))
    (root / "catalogue.sqlite").unlink()


def pack_entry(path: Path, rows: int) -> FileEntry:
    data = path.read_bytes()
    return FileEntry(f"packs/{path.name}", len(data), hashlib.sha256(data).hexdigest(), rows)


def rewrite_record(root: Path, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the last record, and seal it again, as a faulty writer would have written it."""
    path = root / f"commits/{number:08d}.json"
    data = json.loads(path.read_bytes())
    del data["sha256"]
    change(data)
    path.write_bytes(sealed(data))
    (root / "catalogue.sqlite").unlink(missing_ok=True)


# Archives that are whole ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [False, True])
def test_a_whole_archive_has_no_findings(pristine: Path, quick: bool) -> None:
    """None at all, and the summary says what was looked at; nothing in the folder is touched."""
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in pristine.rglob("*")}
    verification = Verification(pristine, quick=quick)
    assert list(verification) == []
    summary = verification.summary
    assert summary.is_whole
    assert (summary.commits, summary.packs, summary.sources, summary.snapshots) == (4, 4, 5, 6)
    assert (summary.messages > 0) == (not quick)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in pristine.rglob("*")} == before


def test_every_mailbox_of_the_suite_is_whole(tmp_path: Path) -> None:
    """Deep, wide, broken and hostile mail, in several commits."""
    root = tmp_path / "archive"
    Pipeline([ArchiveSink(root)], checkpoint_bytes=1 << 20).run(list(conformance_mailboxes()))
    assert verify(root) == []


def test_a_source_that_grows_is_whole_and_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its older snapshots end within the file of the newest: they are compared on the way, not put together again."""
    root, path = tmp_path / "archive", tmp_path / "inbox.mbox"
    for count in (3, 6, 9, 12):
        path.write_bytes(mbox(count).contents[0].contents[0][1])  # type: ignore[union-attr]
        Pipeline([ArchiveSink(root)]).run(find_sources([str(path)]))
    assert len(log_of(root).state.snapshots) == 4
    read: list[str] = []
    real = Archive.read_message

    def counted(self: Archive, digest: str) -> Iterator[bytes]:
        read.append(digest)
        return real(self, digest)

    monkeypatch.setattr(Archive, "read_message", counted)
    assert verify(root) == []
    assert len(read) == 12


def test_an_older_snapshot_with_another_end_is_compared_by_itself(tmp_path: Path) -> None:
    """A file that was rewritten: neither is part of the other."""
    root, path = tmp_path / "archive", tmp_path / "inbox.mbox"
    whole = mbox(6).contents[0].contents[0][1]  # type: ignore[union-attr]
    for data in (whole, whole[: len(whole) // 2], whole.replace(b"Message", b"Subject")):
        path.write_bytes(data)
        Pipeline([ArchiveSink(root, reread=True)]).run(find_sources([str(path)]))
    assert verify(root) == []


def test_an_archive_that_was_compacted_and_erased_from_is_whole(root: Path) -> None:
    """The gap that an erased message leaves is named, and no damage."""
    with Archive.open(root) as archive:
        (digest,) = archive.find_messages("7@example.org")
    erase(root, [digest])
    found = verify(root)
    assert {finding.severity for finding in found} <= {Severity.NOTE, Severity.STRAY}
    (gap,) = by_code(found)[FindingCode.SOURCE_GAPS]
    assert gap.affected.messages.listed == [digest]
    assert gap.affected.sources.listed == ["grows.mbox"]
    compact(root)
    assert not [finding for finding in verify(root) if finding.is_damage]


def test_progress_is_told(pristine: Path) -> None:
    """Bytes only grow, and come to what was expected, but for what need not be read twice."""
    seen: list[int] = []
    totals: set[int | None] = set()

    def note(progress: Progress) -> None:
        seen.append(progress.bytes_read)
        totals.add(progress.bytes_total)

    list(Verification(pristine, progress=note))
    (total,) = totals
    assert seen == sorted(seen)
    assert total is not None
    assert total / 2 < seen[-1] <= total


# Files ----------------------------------------------------------------------------------------------------------


def test_quick_finds_what_the_structure_shows(root: Path) -> None:
    """Missing and truncated files, whatever they are; not a flipped bit in the middle of a pack."""
    for path in files_of(root):
        name = path.relative_to(root).as_posix()
        with cut(path, path.stat().st_size - 1):
            assert name in {finding.path for finding in Verification(root, quick=True) if finding.is_damage}
        data = path.read_bytes()
        path.unlink()
        assert name in {finding.path for finding in Verification(root, quick=True) if finding.is_damage}
        path.write_bytes(data)
    pack = max((root / "packs").iterdir(), key=lambda each: each.stat().st_size)
    with cut(pack, 1000):
        (damaged,) = [finding for finding in Verification(root, quick=True) if finding.is_damage]
    assert damaged.affected.messages.count
    with flipped(pack, 4 * pack.stat().st_size):
        assert list(Verification(root, quick=True)) == []


def test_a_damaged_frame_names_what_it_held(root: Path) -> None:
    """The messages and attachments of that frame, the messages that need those, the sources that they are in."""
    with Archive.open(root) as archive:
        (digest,) = archive.find_messages("0@example.org")
        message = b"".join(archive.read_message(digest))
        blob = hashlib.sha256(base64.b64decode(message.partition(b"\n\n")[2])).hexdigest()
        b"".join(archive.read_blob(blob))
    for path in sorted((root / "packs").iterdir()):
        for member in members(path):
            if member.name.endswith(blob):
                pack, place = path, member.place
    with flipped(pack, 8 * (place.frame_offset + place.frame_length // 2)):
        findings = verify(root)
    found = by_code(findings)
    (damaged,) = found[FindingCode.PACK_DAMAGED]
    assert f"byte {place.frame_offset}" in damaged.place
    assert blob in damaged.affected.attachments.listed
    assert digest in damaged.affected.messages.listed
    assert "grows.mbox" in damaged.affected.sources.listed
    for finding in found[FindingCode.SOURCE_DAMAGED]:
        if finding.affected.sources.listed == ["grows.mbox"]:
            assert blob in finding.affected.attachments.listed
            assert digest in finding.affected.messages.listed


@pytest.mark.parametrize("has_catalogue", [True, False])
def test_a_missing_pack_names_what_it_held(root: Path, has_catalogue: bool) -> None:
    """By the catalogue or, without one, by what the sources miss."""
    pack = next(iter(log_of(root).state.files.values()))
    assert pack.path.startswith("packs/")
    (root / pack.path).unlink()
    if not has_catalogue:
        (root / "catalogue.sqlite").unlink()
    (missing,) = by_code(verify(root))[FindingCode.PACK_MISSING]
    assert missing.severity is Severity.MISSING
    assert missing.affected.messages.count
    assert "grows.mbox" in missing.affected.sources.listed


def test_a_file_that_a_writer_removes_meanwhile_is_no_damage(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever verifies is told to begin again."""
    verification = Verification(root)
    real = Verification._everything

    def late(self: Verification, evidence: Any) -> Iterator[Finding]:
        compact(root)
        compact(root)
        return real(self, evidence)

    monkeypatch.setattr(Verification, "_everything", late)
    with pytest.raises(ArchiveError, match="run the same command again"):
        list(verification)


def test_files_that_no_commit_names_are_strays(root: Path) -> None:
    """What a writer left, and what somebody put there; neither is damage, and what `repair` set aside is none."""
    (root / "packs" / "00000009-0000-0123abcd.tar.zst.part").touch()
    (root / "index" / "parts" / "notes.txt").touch()
    (root / "parity.par2").touch()
    (root / "damaged").mkdir()
    (root / "damaged" / "x.tar.zst").touch()
    verification = Verification(root)
    assert sorted(finding.path for finding in verification) == [
        "index/parts/notes.txt",
        "packs/00000009-0000-0123abcd.tar.zst.part",
        "parity.par2",
    ]
    assert verification.summary.is_whole
    assert verification.summary.findings[Severity.STRAY] == 3


# Commit records -------------------------------------------------------------------------------------------------


def test_a_damaged_record_says_what_it_was_about(root: Path) -> None:
    """As long as it can be read at all, its sources; else what lies in the packs that it must have added."""
    path = root / "commits/00000004.json"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"written_by": "m', b'"written_by": "n'))
    (damaged,) = by_code(verify(root))[FindingCode.COMMIT_DAMAGED]
    assert damaged.affected.sources.listed == ["grows.mbox"]
    path.write_bytes(data.replace(b"{", b"[", 1))
    (damaged,) = by_code(verify(root))[FindingCode.COMMIT_DAMAGED]
    assert damaged.affected.messages.count


def test_a_record_that_was_exchanged_is_noticed(root: Path) -> None:
    """Sealed as it should be, but not the one that the next one names."""
    rewrite_record(root, 2, lambda data: data.update(created="2001-01-01T00:00:00Z"))
    (broken,) = by_code(verify(root))[FindingCode.COMMIT_CHAIN]
    assert broken.path == "commits/00000003.json"


def test_records_that_contradict_each_other_are_noticed(root: Path) -> None:
    """A file removed that was not there; totals that do not add up, in a record and over all of them."""
    rewrite_record(root, 4, lambda data: data["removed"].append("packs/never.tar.zst"))
    assert FindingCode.COMMIT_INCONSISTENT in by_code(verify(root))

    def change(data: dict[str, Any]) -> None:
        data["removed"].clear()
        data["totals"]["gap_bytes"] += 1

    rewrite_record(root, 4, change)
    assert {finding.place for finding in by_code(verify(root))[FindingCode.LEDGER]} == {"totals", "running_totals"}


def test_a_full_record_must_be_the_sum_of_those_before(tmp_path: Path) -> None:
    """Else readers that begin there would see another archive."""
    root = tmp_path / "archive"
    Pipeline([ArchiveSink(root)]).run([mbox(2)])
    log = log_of(root)
    while log.state.number < 100:
        log.append(created="", written_by="", options={}, added=[], removed=[], sources=[], totals=Totals())
    assert not [finding for finding in verify(root) if finding.is_damage]
    rewrite_record(root, 100, lambda data: data["full"]["files"].pop())
    assert FindingCode.COMMIT_INCONSISTENT in by_code(verify(root))


def test_behind_a_lost_record_a_full_one_says_all(tmp_path: Path) -> None:
    """What is damaged before it hides nothing: the rest is verified by what it lists."""
    root = tmp_path / "archive"
    Pipeline([ArchiveSink(root)]).run([mbox(2)])
    log = log_of(root)
    while log.state.number < 101:
        log.append(created="", written_by="", options={}, added=[], removed=[], sources=[], totals=Totals())
    (root / "commits/00000001.json").write_bytes(b"{")
    verification = Verification(root)
    codes = by_code(list(verification))
    assert set(codes) <= {FindingCode.COMMIT_DAMAGED, FindingCode.CATALOGUE}
    assert codes[FindingCode.COMMIT_DAMAGED][0].affected == Affected()
    assert verification.summary.messages == 2


def test_another_format_is_refused(root: Path, tmp_path: Path) -> None:
    """A newer archive is not damaged, and a folder of something else is none at all."""
    path = root / "format.json"
    data = json.loads(path.read_bytes())
    del data["sha256"]
    path.write_bytes(sealed(data | {"version": 2}))
    with pytest.raises(UnsupportedFormatError):
        list(Verification(root))
    with pytest.raises(NotAnArchiveError):
        list(Verification(tmp_path / "nothing"))


# What a faulty writer might have written: every digest of a file is right ---------------------------------------


def test_content_under_a_wrong_name_is_found(root: Path) -> None:
    """A member whose SHA-256 is not the one that names it."""
    wrong = f"blobs/ab/{'ab' * 32}"
    path, _ = write_pack(root / "packs", {wrong: b"something else"}, "00000005-0000-0123abcd.tar.zst")
    commit(root, added=[pack_entry(path, 1)])
    (damaged,) = by_code(verify(root))[FindingCode.MEMBER_DAMAGED]
    assert (damaged.path, damaged.place) == (f"packs/{path.name}", wrong)
    assert damaged.affected.attachments.listed == ["ab" * 32]


def test_a_skeleton_of_another_message_is_found(root: Path) -> None:
    """It is whole, but what comes of it is not the message that it says to be."""
    for pack in sorted((root / "packs").iterdir()):
        for member in members(pack):
            if member.name.startswith("skeletons/"):
                skeleton = b"".join(PackReader().read(pack, member.place))
    wrong = f"skeletons/ab/{'ab' * 32}.eml"
    path, _ = write_pack(root / "packs", {wrong: skeleton}, "00000005-0000-0123abcd.tar.zst")
    commit(root, added=[pack_entry(path, 1)])
    (damaged,) = by_code(verify(root))[FindingCode.MESSAGE_DAMAGED]
    assert damaged.affected.messages.listed == ["ab" * 32]


def test_a_pack_with_other_members_than_its_commit_says_is_found(root: Path) -> None:
    """Their number is in the record."""
    path, _ = write_pack(root / "packs", {"nobody/x": b""}, "00000005-0000-0123abcd.tar.zst")
    commit(root, added=[pack_entry(path, 2)])
    assert FindingCode.PACK_TABLE in by_code(verify(root))


def test_what_is_stored_twice_is_a_note(root: Path) -> None:
    """A reader does not mind, and compaction drops one."""
    content = b"twice"
    name = f"blobs/xx/{hashlib.sha256(content).hexdigest()}".replace("xx", hashlib.sha256(content).hexdigest()[:2])
    entries = []
    for number in (0, 1):
        path, _ = write_pack(root / "packs", {name: content}, f"00000005-000{number}-0123abcd.tar.zst")
        entries.append(pack_entry(path, 1))
    commit(root, added=entries)
    (twice,) = by_code(verify(root))[FindingCode.MEMBER_TWICE]
    assert twice.path == entries[1].path


def test_a_source_with_another_digest_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All messages are right, and the file that they make is not the one that was read."""
    real = SegmentWriter.end_file

    def wrong(self: SegmentWriter, outcome: Any) -> None:
        outcome.sha256 = "ab" * 32
        real(self, outcome)

    monkeypatch.setattr(SegmentWriter, "end_file", wrong)
    root = tmp_path / "archive"
    Pipeline([ArchiveSink(root)]).run([mbox(2)])
    (damaged,) = by_code(verify(root))[FindingCode.SOURCE_DAMAGED]
    assert damaged.affected.sources.listed == ["grows.mbox"]
    assert "abab" in damaged.text


@pytest.mark.parametrize("fault", ["digest", "lines"])
def test_an_older_snapshot_is_not_taken_for_whole_because_the_newest_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Both tell of the same bytes: but the older one states another digest, or names another message of that size."""
    real_end, real_message = SegmentWriter.end_file, SegmentWriter.message
    digests: list[str] = []

    def end_file(self: SegmentWriter, outcome: Any) -> None:
        if fault == "digest":
            outcome.sha256 = "ab" * 32
        real_end(self, outcome)

    def message(self: SegmentWriter, info: Any) -> None:
        digests.append(info.sha256)
        if fault == "lines":
            info.sha256 = digests[0]
        real_message(self, info)

    root = tmp_path / "archive"
    messages = [b"From a@b Mon Nov 10 10:00:00 2025\nSubject: %d\n\nx\n\n" % number for number in range(4)]
    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, "end_file", end_file)
        patch.setattr(SegmentWriter, "message", message)
        Pipeline([ArchiveSink(root)]).run([memory_mbox("grows.mbox", b"".join(messages[:2]))])
    Pipeline([ArchiveSink(root, reread=True)]).run([memory_mbox("grows.mbox", b"".join(messages))])
    (damaged,) = by_code(verify(root))[FindingCode.SOURCE_DAMAGED]
    assert damaged.path.rpartition("/")[2].startswith("00000001-")


def test_folders_are_counted(tmp_path: Path) -> None:
    """Every folder that a snapshot names counts, and its ledger must say the same number."""
    (tmp_path / "Maildir/cur").mkdir(parents=True)
    (tmp_path / "Maildir/new").mkdir()
    Pipeline([ArchiveSink(tmp_path / "archive")]).run(find_sources([tmp_path / "Maildir"]))
    check = Verification(tmp_path / "archive")
    assert list(check) == []
    assert check.summary.source_folders == 3

    def change(data: dict[str, Any]) -> None:
        for totals in (data["sources"][0]["totals"], data["totals"], data["running_totals"]):
            totals["folders"] += 1

    rewrite_record(tmp_path / "archive", 1, change)
    texts = [finding.text for finding in by_code(verify(tmp_path / "archive"))[FindingCode.SOURCE_LEDGER]]
    assert any("its lines name 3 folders, its ledger counts 4" in text for text in texts)


def test_a_ledger_that_the_lines_contradict_is_found(root: Path) -> None:
    """The record's totals add up, and are not those of what is there."""

    def change(data: dict[str, Any]) -> None:
        for totals in (data["sources"][0]["totals"], data["totals"], data["running_totals"]):
            for count in ("gap_bytes", "source_bytes", "messages_new", "messages_found"):
                totals[count] += 1

    rewrite_record(root, 4, change)
    texts = [finding.text for finding in by_code(verify(root))[FindingCode.SOURCE_LEDGER]]
    assert len(texts) == 3


@pytest.mark.parametrize("table", ["messages", "parts", "occurrences", "blobs"])
def test_an_index_without_rows_that_the_packs_have_is_found(root: Path, table: str) -> None:
    """A file is taken out of a table by a commit: every digest is right, and the tables are not."""
    path = next(path for path in log_of(root).state.files if path.startswith(f"index/{table}/"))
    commit(root, removed=[path])
    found = by_code(verify(root))
    assert any(finding.path.startswith("index/") for finding in found[FindingCode.INDEX_WRONG])
    assert all(
        finding.affected.messages.count or finding.affected.attachments.count
        for finding in found[FindingCode.INDEX_WRONG]
    )


def test_an_index_with_rows_that_the_packs_have_not_is_found(root: Path) -> None:
    """A pack is taken out by a commit: messages and attachments have rows and are nowhere."""
    path = next(path for path in log_of(root).state.files if path.startswith("packs/"))
    commit(root, removed=[path])
    found = by_code(verify(root))
    assert {finding.path for finding in found[FindingCode.INDEX_WRONG]} >= {"index/messages", "index/blobs"}
    assert FindingCode.SEGMENT_MISSING in found


def test_a_catalogue_of_other_places_is_a_note(root: Path) -> None:
    """It is made anew by the next writer; one that is not there is not even that."""
    (root / "catalogue.sqlite").write_bytes(b"SQLite format 3\0")
    (note,) = verify(root)
    assert (note.code, note.severity) == (FindingCode.CATALOGUE, Severity.NOTE)
    (root / "catalogue.sqlite").unlink()
    assert verify(root) == []


def test_names_are_listed_up_to_a_thousand_and_all_counted() -> None:
    """So that a finding about a whole pack stays small."""
    affected = Affected()
    for number in range(3 * MOST_LISTED):
        affected.messages.add(str(number))
        affected.messages.add("0")
    assert affected.messages.count == 3 * MOST_LISTED
    assert len(affected.messages.listed) == MOST_LISTED
    assert affected.to_json()["messages"]["count"] == 3 * MOST_LISTED


def test_every_code_is_on_the_page(pytestconfig: pytest.Config) -> None:
    """docs/verify.md says what each means, with its severity."""
    page = (pytestconfig.rootpath / "docs/verify.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for code in FindingCode:
        assert [row for row in rows if row.startswith(f"| `{code.value}` | {code.severity.value} |")], code
