from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import PLAIN, WITH_ATTACHMENT, Call, mbox_of

from mailstrata.archive.maintenance import compact as compaction


@pytest.fixture
def archive(call: Call, tmp_path: Path) -> Path:
    """An archive of two runs."""
    for number, message in enumerate((PLAIN, WITH_ATTACHMENT)):
        path = tmp_path / f"{number}.mbox"
        path.write_bytes(mbox_of(message))
        assert call("archive", path, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    return tmp_path / "archive"


def test_the_summary(call: Call, archive: Path) -> None:
    """Says what became of packs and index, and that the old files are to go; run again, they are gone."""
    first = call("compact", archive)
    assert first.exit_code == 0
    lines = dict(line.split(None, 1) for line in first.stdout.splitlines())
    assert lines["packs"].startswith("2 of ")
    assert " -> 1 of " in lines["packs"]
    assert lines["index"].startswith("8 of ")
    assert " -> 4 of " in lines["index"]
    assert lines["commit"].strip() == "3"
    assert "of old files, when the archive is next written to" in first.stdout
    second = call("compact", archive)
    assert second.exit_code == 0
    assert "there is nothing to merge" in second.stdout
    assert "10 files that earlier runs had left" in second.stdout
    third = call("compact", archive)
    assert third.stdout.split() == ["compact", "there", "is", "nothing", "to", "merge"]
    assert call("verify", archive, "--quiet").exit_code == 0


def test_as_json(call: Call, archive: Path) -> None:
    """All numbers, in one object."""
    result = json.loads(call("compact", archive, "--json").stdout)
    assert (result["before"]["packs"], result["after"]["packs"], result["commit"]) == (2, 1, 3)
    assert (result["before"]["index_files"], result["after"]["index_files"]) == (8, 4)
    assert result["removed_bytes"] == result["before"]["pack_bytes"] + result["before"]["index_bytes"]
    assert (result["duplicates"], result["swept"]) == (0, 0)


def test_quiet(call: Call, archive: Path) -> None:
    """Not a word."""
    result = call("compact", archive, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_what_is_no_archive(call: Call, tmp_path: Path) -> None:
    """One line, and its exit code; nothing is written."""
    result = call("compact", tmp_path)
    assert result.exit_code == 6
    assert "is not a mailstrata archive" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_pack(call: Call, archive: Path) -> None:
    """One line that names it, and the exit code of a damaged archive."""
    path = next((archive / "packs").iterdir())
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(data)
    result = call("compact", archive)
    assert result.exit_code == 6
    assert path.name in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_interrupted(call: Call, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that nothing has changed, and so it is."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compaction._Run, "_merge_packs", interrupt)
    result = call("compact", archive)
    assert result.exit_code == 130
    assert "the archive is as it was before" in result.stderr
    assert len(list((archive / "commits").iterdir())) == 2
