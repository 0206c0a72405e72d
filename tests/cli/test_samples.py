"""Every command over the sample mailboxes: all kinds of source, and all that real mail does wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.command_line import Call

from mailstrata.cli.main import cli

Manifest = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> tuple[Path, Manifest]:
    """The sample mailboxes, and what is in them."""
    folder = tmp_path_factory.mktemp("samples")
    words = ["-m", "samples.generate", "--to", folder / "mail", "--manifest", folder / "manifest.json"]
    subprocess.run([sys.executable, *words], cwd=pytestconfig.rootpath, check=True, capture_output=True, timeout=120)
    return folder / "mail", json.loads((folder / "manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def archive(samples: tuple[Path, Manifest], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """An archive of all of them, and what the command said."""
    target = tmp_path_factory.mktemp("archive") / "archive"
    result = CliRunner().invoke(cli, ["archive", str(samples[0]), "--to", str(target), "--json"])
    return target, result


def digests(manifest: Manifest) -> list[str]:
    """The SHA-256s of all messages."""
    return sorted(message["sha256"] for messages in manifest.values() for message in messages)


def test_parse_finds_every_message_with_its_digest(call: Call, samples: tuple[Path, Manifest]) -> None:
    """Whatever kind of mailbox it is in."""
    result = call("parse", samples[0], "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(json.loads(line)["sha256"] for line in result.stdout.splitlines()) == digests(samples[1])


def test_the_archive_counts_what_the_manifest_says(
    samples: tuple[Path, Manifest], archive: tuple[Path, Result]
) -> None:
    """Every message, and each distinct one once."""
    result = archive[1]
    assert (result.exit_code, result.stderr) == (0, "")
    said = json.loads(result.stdout)
    expected = digests(samples[1])
    assert (said["messages"], said["messages_new"]) == (len(expected), len(set(expected)))


def test_every_message_can_be_shown(call: Call, samples: tuple[Path, Manifest], archive: tuple[Path, Result]) -> None:
    """Readable, with nothing in it that acts on a terminal, and raw with the bytes of its digest."""
    for digest in sorted(set(digests(samples[1]))):
        result = call("show", archive[0], digest)
        assert result.exit_code == 0, result.stderr
        assert not any(unicodedata.category(character) == "Cc" for character in set(result.stdout) - {"\n", "\t"})


@pytest.mark.parametrize("command", ["extract", "index"])
def test_the_other_commands_finish(call: Call, samples: tuple[Path, Manifest], tmp_path: Path, command: str) -> None:
    """All messages, exit code 0, nothing on standard error."""
    result = call(command, samples[0], "--to", tmp_path / "target", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["messages"] == len(digests(samples[1]))


def test_info_and_sql_agree(call: Call, archive: tuple[Path, Result]) -> None:
    """The records and the index count the same messages."""
    info = json.loads(call("info", archive[0], "--json").stdout)
    query = "SELECT (SELECT count(*) FROM messages) AS m, (SELECT count(*) FROM occurrences) AS o"
    assert json.loads(call("sql", archive[0], query, "--format", "json").stdout) == {
        "m": info["messages"],
        "o": info["occurrences"],
    }
