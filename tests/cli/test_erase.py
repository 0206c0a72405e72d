from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.archives import unpack_without_us
from support.command_line import ATTACHED, PLAIN, WITH_ATTACHMENT, Call, mbox_of
from support.histories import digest_of

from mailstrata.archive.reading import reader
from mailstrata.archive.writing.session import WriterSession

ATTACHED_TWICE = WITH_ATTACHMENT.replace(b"The picture", b"Again")
"""Another message with the same Message-ID and the same attachment."""
PLAIN_DIGEST, DIGEST, OTHER_DIGEST = map(digest_of, (PLAIN, WITH_ATTACHMENT, ATTACHED_TWICE))


@pytest.fixture
def archive(call: Call, tmp_path: Path) -> Path:
    """An archive of three messages, two of which share their Message-ID and attachment."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox_of(PLAIN, WITH_ATTACHMENT, ATTACHED_TWICE))
    assert call("archive", path, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    return tmp_path / "archive"


def members(archive: Path) -> list[str]:
    return [name for pack in (archive / "packs").iterdir() for name in unpack_without_us(pack)]


def commits(archive: Path) -> int:
    return len(list((archive / "commits").iterdir()))


def test_by_message_id(call: Call, archive: Path) -> None:
    """With angle brackets or without; the summary says what went, and restoring leaves a gap."""
    result = call("erase", archive, "<one@example.org>", "--reason", "asked to")
    assert result.exit_code == 0
    assert f"erased     {PLAIN_DIGEST}" in result.stdout
    assert "0 attachments that no other message holds" in result.stdout
    assert "1 pack of " in result.stdout
    assert "index files of " in result.stdout
    assert "commit     2" in result.stdout
    assert "damaged/" not in result.stdout
    shown = call("show", archive, PLAIN_DIGEST)
    assert shown.exit_code == 6
    assert "was erased (asked to)" in shown.stderr
    exported = call(
        "export", archive, "--message", PLAIN_DIGEST, "--to", archive.parent / "out.mbox", "--format", "mbox"
    )
    assert exported.exit_code == 0
    assert PLAIN_DIGEST in exported.stdout + exported.stderr
    assert "asked to" in exported.stdout + exported.stderr
    assert call("verify", archive, "--quiet").exit_code == 0
    restored = call("restore", archive, "--to", archive.parent / "out")
    assert PLAIN_DIGEST in restored.stdout + restored.stderr
    assert (archive.parent / "out" / "inbox.mbox").read_bytes().count(b"Message-ID") == 2


def test_a_message_id_of_several(call: Call, archive: Path) -> None:
    """Refused with their digests; one can be named by its own, and `--all` takes them all."""
    refused = call("erase", archive, "two@example.org")
    assert refused.exit_code == 2
    assert all(each in refused.stderr for each in (DIGEST, OTHER_DIGEST, "--all", "2 messages"))
    assert commits(archive) == 1
    one = call("erase", archive, DIGEST)
    assert one.exit_code == 0
    assert "0 attachments that no other message holds; 1 attachment that others hold stay" in one.stdout
    rest = call("erase", archive, "two@example.org", "--json")
    report = json.loads(rest.stdout)
    assert (report["messages"], report["already"], report["commit"]) == ([OTHER_DIGEST], [], 3)
    assert report["blobs"] == [digest_of(ATTACHED)]
    assert not [name for name in members(archive) if name.startswith("blobs/")]


def test_all_of_a_message_id(call: Call, archive: Path) -> None:
    """In one commit, with what they share; named once more, they were erased before."""
    result = call("erase", archive, "two@example.org", PLAIN_DIGEST, "--all")
    assert result.exit_code == 0
    assert "1 attachment that no other message holds" in result.stdout
    assert commits(archive) == 2
    assert [name for name in members(archive) if not name.startswith("sources/")] == []
    again = call("erase", archive, DIGEST)
    assert again.exit_code == 0
    assert f"before     {DIGEST} had been erased" in again.stdout
    assert commits(archive) == 2


def test_a_dry_run(call: Call, archive: Path) -> None:
    """Says what would go; not a byte is written."""
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*")}
    result = call("erase", archive, "two@example.org", "--all", "--dry-run")
    assert result.exit_code == 0
    assert f"would go   {min(DIGEST, OTHER_DIGEST)}" in result.stdout
    assert "1 attachment that no other message holds" in result.stdout
    assert "to write   1 pack of " in result.stdout
    assert {path: path.stat().st_mtime_ns for path in archive.rglob("*")} == before


def test_what_is_not_there(call: Call, archive: Path) -> None:
    """A Message-ID, a digest, and the beginning of one, which is too little to erase by."""
    for wanted, words in (
        ("three@example.org", "no message with the Message-ID three@example.org"),
        ("0" * 64, f"has no message {'0' * 64}"),
        (DIGEST[:12], f"no message with the Message-ID {DIGEST[:12]}"),
    ):
        result = call("erase", archive, wanted, "--quiet")
        assert result.exit_code == 2
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert commits(archive) == 1


def test_more_messages_than_are_listed(call: Call, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--all` would leave some of them: they have to be named."""
    monkeypatch.setattr(reader, "MOST_FOUND", 2)
    result = call("erase", archive, "two@example.org", "--all")
    assert result.exit_code == 2
    assert "stands for 2 messages or more" in result.stderr
    assert commits(archive) == 1


def test_interrupted_after_its_commit(call: Call, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command does not find the Message-ID any more, and removes what was left all the same."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(WriterSession, "_remove_at_once", interrupt)
        patch.setattr(WriterSession, "_sweep", lambda _: None)
        result = call("erase", archive, "one@example.org")
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr
    assert len(list((archive / "packs").iterdir())) == 2
    assert call("erase", archive, "one@example.org", "--dry-run").exit_code == 2
    assert len(list((archive / "packs").iterdir())) == 2
    assert call("erase", archive, "one@example.org").exit_code == 2
    assert len(list((archive / "packs").iterdir())) == 1


def test_files_that_a_repair_has_set_aside(call: Call, archive: Path) -> None:
    """They may hold what was erased, so they are named."""
    path = next((archive / "packs").iterdir())
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    call("repair", archive, "--quiet")
    result = call("erase", archive, "one@example.org")
    assert result.exit_code == 0
    assert "damaged/   has 1 damaged file that a repair has set aside" in result.stdout


def test_quiet(call: Call, archive: Path) -> None:
    """Not a word."""
    result = call("erase", archive, "one@example.org", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
