from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Call


@pytest.fixture
def archive(call: Call, mbox: Path, tmp_path: Path) -> Path:
    """An archive of three messages."""
    target = tmp_path / "archive"
    assert call("archive", mbox, "--to", target, "--quiet").exit_code == 0
    return target


def test_nothing_to_repair(call: Call, archive: Path) -> None:
    """Says so, with exit code 0."""
    result = call("repair", archive)
    assert result.exit_code == 0
    assert "there is nothing to repair" in result.stdout


def test_the_index_is_repaired(call: Call, archive: Path) -> None:
    """Exit code 0: nothing was lost, and verify finds nothing any more."""
    for path in (archive / "index").rglob("*.parquet"):
        path.unlink()
    dry = call("repair", archive, "--dry-run")
    assert dry.exit_code == 0
    assert "would be made anew" in dry.stdout
    assert call("verify", archive).exit_code == 6
    result = call("repair", archive)
    assert result.exit_code == 0
    assert "blobs, messages, occurrences, parts made anew" in result.stdout
    assert call("verify", archive).exit_code == 0


def test_what_is_lost_has_exit_code_6(call: Call, archive: Path, mbox: Path) -> None:
    """The command says how much, verify names it, and archiving the source again brings it back."""
    for path in (archive / "packs").iterdir():
        path.unlink()
    result = call("repair", archive, "--json")
    assert result.exit_code == 6
    report = json.loads(result.stdout)
    assert report["lost_messages"] == 3
    assert report["commit"] == 2
    verified = call("verify", archive)
    assert verified.exit_code == 0
    assert "lost: commits: " in verified.stdout
    assert call("archive", "--reread", mbox, "--to", archive, "--quiet").exit_code == 0
    assert call("verify", archive).exit_code == 0
    again = call("restore", archive, "--to", archive.parent / "out", "--quiet")
    assert again.exit_code == 0
    assert (archive.parent / "out" / mbox.name).read_bytes() == mbox.read_bytes()


def test_the_last_commit_is_given_up_only_when_told(call: Call, archive: Path, mbox: Path) -> None:
    """The error names the option; the option without need is refused."""
    refused = call("repair", archive, "--drop-last-commit")
    assert refused.exit_code == 2
    mbox.write_bytes(mbox.read_bytes() + b"From a@b Mon Nov 10 10:00:00 2025\nSubject: new\n\nnew\n")
    call("archive", mbox, "--to", archive, "--quiet")
    (archive / "commits" / "00000002.json").write_bytes(b"")
    told = call("repair", archive)
    assert told.exit_code == 6
    assert "--drop-last-commit" in told.stderr
    result = call("repair", archive, "--drop-last-commit")
    assert result.exit_code == 0
    assert "commit 2 given up" in result.stdout
    assert call("verify", archive).exit_code == 0
