"""Real and hostile mail of others: nothing is raised, nothing is lost, and the digests of the manifests match.

No test prints what a message says.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

import mailstrata
from mailstrata.testing import ContractChecker

NAMES = ("conformance", "mbox", "real")


def manifest(folder: Path) -> list[dict[str, object]]:
    """What a set says of its messages."""
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    words = (sys.executable, "-m", "mailstrata", *map(str, words))
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_every_byte_is_delivered_once(corpora, name):
    """The whole pipeline over every file: the contract holds, so do digests and sizes, and nothing fails."""
    checker = ContractChecker()
    report = mailstrata.Pipeline([checker]).run(mailstrata.find_sources([corpora / name]))
    assert report.failures == []
    assert report.messages == checker.messages > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_message_can_be_pulled(corpora, name):
    """Every value of every header and part can be asked for, and every text is text."""
    for message in mailstrata.open(corpora / name):
        for part in message.parts():
            text = part.text() if part.content_type.startswith("text/") else "".join(str(len(data)) for data in part)
            said = [text, part.filename or "", part.charset or "", part.disposition or "", part.content_id or ""]
            "".join(said).encode()
        json.dumps(mailstrata.message_as_json(message, [])).encode("utf-8")
        assert message.defects is not None


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_agree(corpora, name, tmp_path):
    """parse, index and archive end with exit code 0 and the same messages, and the archive gives each of them back."""
    parsed = command("parse", corpora / name, "--json")
    assert parsed.returncode == 0, parsed.stderr
    digests = sorted(json.loads(line)["sha256"] for line in parsed.stdout.splitlines())

    indexed = command("index", corpora / name, "--to", tmp_path / "index")
    assert indexed.returncode == 0, indexed.stderr
    archived = command("archive", corpora / name, "--to", tmp_path / "archive")
    assert archived.returncode == 0, archived.stderr
    for folder in (tmp_path / "index", tmp_path / "archive" / "index"):
        found = duckdb.sql(f"SELECT message FROM '{folder}/occurrences/*.parquet' ORDER BY message").fetchall()
        assert [digest for (digest,) in found] == digests

    held = set()
    for member, content in members(tmp_path / "archive"):
        folder, _, last = member.rpartition("/")
        digest = last.removesuffix(".eml")
        if member.startswith(("messages/", "blobs/")):
            assert hashlib.sha256(content).hexdigest() == digest
        if member.startswith(("messages/", "skeletons/")):
            held.add(digest)
    assert held == set(digests)

    verified = command("verify", tmp_path / "archive")
    assert verified.returncode == 0, verified.stdout
    restored = command("restore", tmp_path / "archive", "--to", tmp_path / "restored", "--json")
    assert restored.returncode == 0, restored.stderr
    assert differences(tmp_path / "archive", tmp_path / "restored") == []
    assert differing_folders(json.loads(restored.stdout), tmp_path / "restored") == []


def differences(archive: Path, restored: Path) -> list[str]:
    """Files with mail, as they lie in the corpus (decompressed), that are not among the restored ones."""
    there = {hashlib.sha256(path.read_bytes()).digest() for path in restored.rglob("*") if path.is_file()}
    found = duckdb.sql(
        "SELECT DISTINCT source_path, file, compression FROM "
        f"'{archive}/index/occurrences/*.parquet' WHERE source_kind NOT IN ('tar', 'zip') AND file_bytes IS NULL"
    ).fetchall()
    assert found
    missing = []
    for source, name, compression in found:
        path = Path(source) / name
        data = gzip.decompress(path.read_bytes()) if compression == "gzip" else path.read_bytes()
        if compression in (None, "gzip") and hashlib.sha256(data).digest() not in there:
            missing.append(str(path))
    return missing


def differing_folders(report: dict[str, Any], restored: Path) -> list[str]:
    """Folders of Maildirs and trees that are not back with the permissions and the time that they have in the corpus;
    those with hidden names, and what is a source of its own, aside."""
    paths = {source["path"] for source in report["sources"]}
    different = []
    for source in report["sources"]:
        if source["kind"] not in ("maildir", "eml-tree", "apple-mail"):
            continue
        (back,) = source["restored_as"]
        for above, folders, _ in os.walk(source["path"]):
            folders[:] = [name for name in folders if not name.startswith(".") and f"{above}/{name}" not in paths]
            expected = Path(above).stat()
            found = restored / back / Path(above).relative_to(source["path"])
            if not found.is_dir() or _mode_and_time(found.stat()) != _mode_and_time(expected):
                different.append(above)
    return different


def _mode_and_time(status: os.stat_result) -> tuple[int, int]:
    return status.st_mode & 0o777, status.st_mtime_ns


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Every member of every pack, read with nothing of ours."""
    for pack in sorted((archive / "packs").iterdir()):
        with (
            pack.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                yield member.name, content.read()


def test_manifest_of_an_mbox(corpora):
    """linux-cifs, mboxrd in gzip: each message, unquoted, has the digest that it had before it went into the mbox."""
    folder = corpora / "mbox" / "linux-cifs-mboxrd"
    messages = list(mailstrata.open(folder / "linux-cifs-first.mboxrd.gz"))
    expected = manifest(folder)
    assert [message.sha256 for message in messages] == [entry["sha256"] for entry in expected]
    assert [message.size for message in messages] == [entry["size"] for entry in expected]


def test_manifest_of_a_tree(corpora):
    """usrp-users, one message a file."""
    folder = corpora / "real" / "usrp-users"
    found = {message.file.name.decode(): message for message in mailstrata.open(folder / "msgs")}
    assert {f"msgs/{name}": message.sha256 for name, message in found.items()} == {
        entry["file"]: entry["sha256"] for entry in manifest(folder)
    }


def test_gzip_twins(corpora):
    """pipermail: a compressed mbox holds the same messages as its plain twin."""
    folder = corpora / "mbox" / "pipermail-imagej" / "imagej-devel"
    for plain in sorted(folder.glob("2014-*.txt")):
        twins = [
            [message.sha256 for message in mailstrata.open(path)] for path in (plain, plain.with_suffix(".txt.gz"))
        ]
        assert twins[0] == twins[1]
        assert twins[0]
