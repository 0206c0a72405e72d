"""`mailstrata verify` and `mailstrata repair` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Call

from mailstrata.archive.verifying.findings import Affected, Finding, FindingCode
from mailstrata.cli.verify_summary import line


@pytest.fixture
def archive(call: Call, mbox: Path, tmp_path: Path) -> Path:
    """An archive of three messages."""
    target = tmp_path / "archive"
    assert call("archive", mbox, "--to", target, "--quiet").exit_code == 0
    return target


def damage(path: Path) -> None:
    """Flip one bit for good, in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def pack_of(archive: Path) -> Path:
    (pack,) = (archive / "packs").iterdir()
    return pack


@pytest.mark.parametrize("options", [[], ["--quick"]])
def test_a_whole_archive(call: Call, archive: Path, options: list[str]) -> None:
    """Exit code 0, and a summary that says so."""
    result = call("verify", archive, *options)
    assert result.exit_code == 0
    assert "found      nothing" in result.stdout
    assert "archive    whole" in result.stdout
    assert call("verify", archive, "--quiet", *options).output == ""


def test_damage_is_a_line_and_exit_code_6(call: Call, archive: Path) -> None:
    """The line names code, file, and what is affected; with --quiet it is all there is."""
    damage(pack_of(archive))
    result = call("verify", archive)
    assert result.exit_code == 6
    lines = [line for line in result.stdout.splitlines() if line.startswith("pack-damaged: ")]
    assert len(lines) == 1
    assert pack_of(archive).name in lines[0]
    assert "affects" in lines[0]
    quiet = call("verify", archive, "--quiet")
    assert quiet.exit_code == 6
    assert result.stdout.startswith(quiet.stdout + "checked ")


def test_what_costs_nothing_has_exit_code_0(call: Call, archive: Path) -> None:
    """A stray file is told, and no damage."""
    (archive / "parity.par2").touch()
    result = call("verify", archive)
    assert result.exit_code == 0
    assert "stray-file: parity.par2: " in result.stdout


def test_findings_as_json(call: Call, archive: Path) -> None:
    """An object a line, the summary last."""
    damage(pack_of(archive))
    result = call("verify", archive, "--json")
    assert result.exit_code == 6
    *findings, summary = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(set(each) == {"code", "severity", "path", "place", "text", "affected"} for each in findings)
    assert summary["whole"] is False
    assert sum(summary["findings"].values()) == len(findings)


def test_every_key_of_the_json_is_documented(call: Call, archive: Path, pytestconfig: pytest.Config) -> None:
    """In docs/verify.md."""
    page = (pytestconfig.rootpath / "docs/verify.md").read_text("utf-8")
    damage(pack_of(archive))
    verified = [json.loads(line) for line in call("verify", archive, "--json").stdout.splitlines()]
    repaired = json.loads(call("repair", archive, "--dry-run", "--json").stdout)
    keys = {key for each in (*verified, repaired) for key in each} | set(verified[0]["affected"])
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_hostile_names_do_not_reach_the_terminal() -> None:
    """File names inside sources may hold anything."""
    affected = Affected()
    affected.sources.add("tree: in\x1b[2Jbox.eml")
    finding = Finding(FindingCode.SOURCE_DAMAGED, "sources/x", "in\x1b[2Jbox.eml", "in\nbox", affected)
    assert line(finding) == (
        "source-damaged: sources/x (in\\x1b[2Jbox.eml): in box; affects 1 source (tree: in\\x1b[2Jbox.eml)"
    )


def test_what_is_no_archive(call: Call, tmp_path: Path) -> None:
    """One line and exit code 6, for either command."""
    for words in (["verify"], ["verify", "--quick"], ["repair"]):
        result = call(*words, tmp_path)
        assert result.exit_code == 6
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""
