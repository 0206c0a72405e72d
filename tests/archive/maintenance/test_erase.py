from __future__ import annotations

import base64
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard
from support.archives import write_pack
from support.histories import (
    POOL,
    archive_sources,
    damage_in,
    digest_of,
    everything_in,
    mbox_source,
    members_by_catalogue,
    members_by_packs,
)

from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.commits.records import FileEntry
from mailstrata.archive.commits.totals import Totals
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.maintenance.compact import compact
from mailstrata.archive.maintenance.erase import erase, finish, plan
from mailstrata.archive.packs.members import MemberKind, content_name
from mailstrata.archive.reading.history import snapshots_at
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.repairing.repair import repair
from mailstrata.archive.restoring.restore import restore
from mailstrata.archive.writing import session as session_module
from mailstrata.errors import ArchiveError, NotAnArchiveError, UsageError
from mailstrata.testing.memory import memory_mbox

_ZSTD = re.compile(re.escape(b"\x28\xb5\x2f\xfd"))
_CONTENT = b"content-of-the-attachment " * 300

SECRETS = (
    b"name-of-the-sender",
    b"address-of-the-sender",
    b"who-it-was-sent-to",
    b"subject-of-the-message",
    b"id-of-the-message",
    b"field-that-nobody-knows",
    b"text-of-the-body",
    b"html-of-the-body",
    b"name-of-the-file",
    b"content-of-the-attachment",
    b"boundary-of-the-parts",
    b"text-in-quoted-printable",
    b"preamble-of-the-message",
)
"""Words of the message below; each stands only there."""

MESSAGE = b"""\
From: "name-of-the-sender" <address-of-the-sender@example.org>
To: who-it-was-sent-to@example.org
Subject: subject-of-the-message
Message-ID: <id-of-the-message@example.org>
X-Unknown: field-that-nobody-knows
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=boundary-of-the-parts

preamble-of-the-message
--boundary-of-the-parts

text-of-the-body
--boundary-of-the-parts
Content-Type: text/html

<p>html-of-the-body
--boundary-of-the-parts
Content-Type: application/pdf; name=name-of-the-file.pdf
Content-Transfer-Encoding: quoted-printable

text-in-quoted=2Dprintable, and text-in-quoted-printable
--boundary-of-the-parts
Content-Type: application/pdf; name=name-of-the-file.pdf
Content-Transfer-Encoding: base64

""" + base64.encodebytes(_CONTENT) + b"--boundary-of-the-parts--\n"  # fmt: skip

DIGEST = digest_of(MESSAGE)
SEPARATOR = b"From a@example.org Mon Nov 10 10:00:00 2025\n"


def needles() -> Iterator[bytes]:
    """What must not be found: the words as they are, and as base64, however it is aligned."""
    for secret in SECRETS:
        yield secret
        for shift in range(3):
            encoded = base64.b64encode(bytes(shift) + secret)
            yield encoded[4:-4]
    yield bytes.fromhex(digest_of(_CONTENT))
    yield bytes.fromhex(DIGEST)


def plain(data: bytes) -> bytes:
    """The bytes of a file, and the content of all that looks like a zstd frame in it: frames and tables of packs, pages
    and dictionaries of Parquet files."""
    found = [data]
    for match in _ZSTD.finditer(data):
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        try:
            found.append(decompressor.decompress(data[match.start() :]))
        except zstandard.ZstdError:
            continue
    return b"\0".join(found)


def places_of_secrets(root: Path) -> list[str]:
    """The files that have anything of the message, by whatever way to look at them."""
    found = []
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        content = plain(path.read_bytes())
        if path.suffix == ".parquet":
            with path.open("rb") as opened, pq.ParquetFile(opened) as file:
                content += repr(file.read(use_threads=False).to_pylist()).encode()
                groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
                content += repr([group.to_dict() for group in groups]).encode()
        if any(each in content for each in needles()):
            found.append(path.relative_to(root).as_posix())
    return found


def log_of(root: Path) -> CommitLog:
    log = CommitLog(Layout(root).commits)
    log.load()
    return log


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive that has the message among others, in the middle of everything, and in two sources."""
    root = tmp_path / "archive"
    others = [SEPARATOR + POOL[number].raw + b"\n" for number in (0, 2, 6)]
    data = b"".join((*others[:2], SEPARATOR, MESSAGE, b"\n", others[2]))
    archive_sources(root, memory_mbox("a.mbox", data), mbox_source("b.mbox", POOL[1:5]), checkpoint_bytes=1 << 30)
    archive_sources(root, memory_mbox("c.mbox", SEPARATOR + MESSAGE + b"\n"))
    return root


def test_nothing_of_it_is_left(root: Path) -> None:
    """Not in a pack, a table, a statistic, a dictionary, the catalogue, or anywhere. (The commit names digests.)"""
    before = places_of_secrets(root)
    assert {name.partition("/")[0] for name in before} == {"packs", "index", "catalogue.sqlite"}
    assert {name.split("/")[1] for name in before if "/" in name} >= {"messages", "parts"}
    report = erase(root, [DIGEST], reason="asked to")
    assert report.blobs == sorted([digest_of(_CONTENT)])
    assert places_of_secrets(root) == []
    named = {path.name for path in (root / "commits").iterdir() if digest_of(_CONTENT).encode() in path.read_bytes()}
    assert named == {f"{report.commit:08d}.json"}


def test_nothing_of_it_is_left_where_it_moved_before(root: Path) -> None:
    """After compaction the old files are still there: they go, too."""
    compact(root)
    assert len(places_of_secrets(root)) > 4
    erase(root, [DIGEST])
    assert places_of_secrets(root) == []


def test_what_interrupted_runs_have_left_goes(root: Path) -> None:
    """Spool files, packs and tables that were being written, and what is staged for the catalogue."""
    left = [
        root / "packs" / ".spool-0123456789abcdef",
        root / "packs" / "00000003-0000-0123abcd.tar.zst.part",
        root / "packs" / "00000003-0001-0123abcd.tar.zst",
        root / "index" / ".staging" / "messages-1.parquet.tmp",
        root / "index" / "messages" / "00000003-0123abcd.parquet",
        root / ".catalogue-staged.sqlite",
    ]
    left[3].parent.mkdir()
    for path in left:
        path.write_bytes(MESSAGE)
    erase(root, [DIGEST])
    assert [path for path in left if path.exists()] == []
    assert places_of_secrets(root) == []


def test_a_run_that_ended_after_its_commit_is_finished(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old files are there still: naming the message again removes them, and so does `finish`, without a name."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(session_module.WriterSession, "_remove_at_once", stop)
        patch.setattr(session_module.WriterSession, "_sweep", lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            erase(root, [DIGEST])
    assert finish(root.parent / "archive") > 0
    assert places_of_secrets(root) == []
    assert finish(root) == 0


def test_finishing_does_not_touch_an_archive_without_erasures(root: Path) -> None:
    """Files that a compaction has removed stay for whoever reads."""
    compact(root)
    before = sorted(root.rglob("*"))
    assert finish(root) == 0
    assert sorted(root.rglob("*")) == before


def test_a_message_that_cannot_be_had_back_says_so(root: Path) -> None:
    """With the reason; whoever restores its mailbox, now or as of a commit before, is told where it was."""
    commits = log_of(root).state.number
    erase(root, [DIGEST.upper()], reason="asked to")
    with Archive.open(root) as archive:
        with pytest.raises(ArchiveError, match=rf"the message {DIGEST} was erased \(asked to\); it cannot be had back"):
            b"".join(archive.read_message(DIGEST))
        with pytest.raises(UsageError, match="has no blob"):
            b"".join(archive.read_blob(digest_of(_CONTENT)))
        for at in (None, commits):
            target = root.parent / f"restored-{at}"
            report = restore(archive, os.fsencode(target), snapshots_at(archive, at))
            assert [each.span.sha256 for each in report.erased] == [DIGEST] * 2
            assert list(report.failures) == []
            assert (target / "c.mbox").read_bytes() == SEPARATOR + b"\n"
            assert (target / "a.mbox").read_bytes().count(SEPARATOR) == 4
    assert damage_in(root) == []


def test_erased_twice(root: Path) -> None:
    """The second time nothing is done, and it says so; with another message, that one goes."""
    erase(root, [DIGEST])
    commits = log_of(root).state.number
    report = erase(root, [DIGEST, DIGEST])
    assert (report.messages, report.already, report.commit) == ([], [DIGEST], None)
    assert log_of(root).state.number == commits
    report = erase(root, [DIGEST, POOL[0].sha256])
    assert (report.messages, report.already, report.commit) == ([POOL[0].sha256], [DIGEST], commits + 1)


def test_one_that_is_not_there(root: Path, tmp_path: Path) -> None:
    """All of it is erased or nothing; an archive is not made of a folder that is none."""
    before = everything_in(root)
    for wanted in ([DIGEST, "0" * 64], ["no digest"], []):
        for act in (erase, plan):
            with pytest.raises(UsageError):
                act(root, wanted)
    assert everything_in(root) == before
    for act in (erase, plan):
        with pytest.raises(NotAnArchiveError):
            act(tmp_path, [DIGEST])
    with pytest.raises(NotAnArchiveError):
        finish(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive"]


def test_planning_writes_nothing(root: Path) -> None:
    """And needs no lock; it says what erasing comes to, except for the index."""
    before = {path: path.stat() for path in sorted(root.rglob("*"))}
    session = session_module.WriterSession(root, level=3, options={}, placed=lambda *_: None)
    planned = plan(root, [DIGEST])
    session.close()
    assert {path: path.stat().st_size for path in before} == {path: status.st_size for path, status in before.items()}
    report = erase(root, [DIGEST])
    assert (planned.index_files, planned.index_bytes, planned.commit) == (0, 0, None)
    planned.index_files, planned.index_bytes, planned.commit = report.index_files, report.index_bytes, report.commit
    assert planned == report
    assert report.index_files > 4


@pytest.mark.parametrize("damage", ["bit", "missing"])
@pytest.mark.parametrize("what", ["packs", "index/messages", "index/blobs", "index/occurrences"])
def test_damaged_files(root: Path, what: str, damage: str) -> None:
    """Nothing is erased: a flipped bit might hide what has to go. The error names the file."""
    entry = [entry for path, entry in log_of(root).state.files.items() if path.startswith(what)][-1]
    path = root / entry.path
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.unlink()
    if damage == "bit":
        path.write_bytes(data)
    commits = log_of(root).state.number
    with pytest.raises(ArchiveError, match=path.name):
        erase(root, [DIGEST])
    assert log_of(root).state.number == commits


def test_what_a_repair_has_set_aside_is_named(root: Path) -> None:
    """Nobody can tell what damaged files hold: how many there are is said."""
    path = next(iter((root / "packs").iterdir()))
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    repair(root)
    state = log_of(root).state
    assert state.lost
    assert plan(root, [DIGEST]).set_aside == 1
    assert erase(root, [DIGEST]).set_aside == 1


def test_a_message_that_is_lost(root: Path) -> None:
    """Its rows go, and it counts as erased from then on; what it says of the others stays."""
    packs = sorted((root / "packs").iterdir())
    for path in packs:
        path.unlink()
    repair(root)
    assert content_name(MemberKind.MESSAGE, DIGEST) in log_of(root).state.lost
    report = erase(root, [DIGEST])
    assert (report.messages, report.packs, report.blobs) == ([DIGEST], 0, [])
    assert places_of_secrets(root) == []
    assert DIGEST in log_of(root).state.erased
    archive_sources(root, mbox_source("again", [POOL[1]]))
    assert damage_in(root) == []


def test_a_message_that_is_stored_twice(root: Path) -> None:
    """In whatever packs; what else they hold twice is kept once."""
    before = everything_in(root)
    session = session_module.WriterSession(root, level=3, options={}, placed=lambda *_: None)
    contents = {content_name(MemberKind.MESSAGE, DIGEST): MESSAGE}
    contents |= {content_name(MemberKind.BLOB, blob): _blob(root, blob) for blob in before.blobs}
    path, _ = write_pack(root / "packs", contents, "00000009-0000-00000000.tar.zst")
    added = FileEntry(f"packs/{path.name}", path.stat().st_size, digest_of(path.read_bytes()), len(contents))
    session.log.append(created="", written_by="", options={}, sources=[], totals=Totals(), removed=[], added=[added])
    session.close()
    report = erase(root, [DIGEST])
    assert report.packs == 2
    assert places_of_secrets(root) == []
    after = everything_in(root)
    assert after.blobs == before.blobs - {digest_of(_CONTENT)}
    assert members_by_catalogue(root) == members_by_packs(root)
    assert damage_in(root) == []


def _blob(root: Path, digest: str) -> bytes:
    with Archive.open(root) as archive:
        return b"".join(archive.read_blob(digest))


def test_a_catalogue_that_is_behind(root: Path) -> None:
    """As after a crash between the commit and the catalogue: the next writer forgets what was erased."""
    older = (root / "catalogue.sqlite").read_bytes()
    erase(root, [DIGEST])
    (root / "catalogue.sqlite").write_bytes(older)
    with Archive.open(root) as archive, pytest.raises(ArchiveError, match="was erased"):
        b"".join(archive.read_message(DIGEST))
    archive_sources(root, mbox_source("again", [POOL[9]]))
    assert places_of_secrets(root) == []
    with sqlite3.connect(root / "catalogue.sqlite") as database:
        assert database.execute("SELECT count(*) FROM members WHERE key = ?", (bytes.fromhex(DIGEST),)).fetchone() == (
            0,
        )
    database.close()
    assert members_by_catalogue(root) == members_by_packs(root)
