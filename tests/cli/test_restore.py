"""`mailstrata restore`: the source files, byte for byte."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from support.command_line import DEFECTIVE, PLAIN, WITH_ATTACHMENT, Call, Spawn, mbox_of
from support.folders import files_below


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The sample mailboxes: every kind of source."""
    folder = tmp_path_factory.mktemp("samples")
    words = ["-m", "samples.generate", "--to", folder / "mail", "--manifest", folder / "manifest.json"]
    subprocess.run([sys.executable, *words], cwd=pytestconfig.rootpath, check=True, capture_output=True, timeout=120)
    return folder / "mail"


def members(path: Path) -> dict[bytes, tuple[bytes, int | None]]:
    """The files in a tar or zip: content, and the time in seconds where it has one without a time zone."""
    found: dict[bytes, tuple[bytes, int | None]] = {}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name.encode(): (archive.read(name), None) for name in archive.namelist() if name[-1] != "/"}
    with tarfile.open(path) as tar:
        for info in tar:
            file = tar.extractfile(info)
            if file is not None:
                found[info.name.encode()] = (file.read(), int(info.mtime))
    return found


def test_every_sample_comes_back(call: Call, samples: Path, tmp_path: Path) -> None:
    """Files of all kinds of source with bytes, names, modes and times; what was compressed, decompressed."""
    assert call("archive", samples, "--to", tmp_path / "archive").exit_code == 0
    result = call("restore", tmp_path / "archive", "--to", tmp_path / "to")
    assert (result.exit_code, result.stderr) == (0, "")
    target = tmp_path / "to"
    restored = files_below(target)
    assert restored[b"newsletter.mbox"] == gzip.decompress((samples / "newsletter.mbox.gz").read_bytes())
    for name in ("backup-2024.tar.gz", "takeout-20241001.zip"):
        below = files_below(target / name)
        expected = members(samples / name)
        assert below
        assert {member: (content, expected[member][1]) for member, content in below.items()} == {
            member: expected[member] for member in below
        }
    compared = 0
    places = {"inbox.mbox": "inbox.mbox", "Maildir": "Maildir", "letters": "mail/letters", "variants": "."}
    for source, place in places.items():
        for path in (samples / source).rglob("*") if (samples / source).is_dir() else [samples / source]:
            if not path.is_file() or path.name == "maildirfolder":
                continue
            relative = "" if path == samples / source else str(path.relative_to(samples / source))
            found = target / place / relative
            assert found.read_bytes() == path.read_bytes()
            one, other = path.stat(), found.stat()
            assert (one.st_mode, one.st_mtime_ns) == (other.st_mode, other.st_mtime_ns)
            compared += 1
    assert compared > 20
    assert sorted(path.name for path in (target / "Maildir").iterdir() if path.name in ("cur", "new", "tmp")) == [
        "cur",
        "new",
        "tmp",
    ]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="the program sha256sum is not installed")
def test_sha256sum_agrees(call: Call, samples: Path, tmp_path: Path) -> None:
    """The list of digests is one that the usual program checks."""
    call("archive", samples, "--to", tmp_path / "archive")
    call("restore", tmp_path / "archive", "--to", tmp_path / "to")
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"],
        cwd=tmp_path / "to",
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stdout) == (0, b"")


def test_standard_input_comes_back(spawn: Spawn, tmp_path: Path) -> None:
    """As a file called stdin."""
    data = mbox_of(PLAIN, DEFECTIVE)
    assert spawn("archive", "-", "--to", tmp_path / "archive", input=data).returncode == 0
    assert spawn("restore", tmp_path / "archive", "--to", tmp_path / "to", "--no-manifest").returncode == 0
    assert files_below(tmp_path / "to") == {b"stdin": data}


def test_an_earlier_commit_is_restored(call: Call, mbox: Path, tmp_path: Path) -> None:
    """As the mailbox was then; the last one without --at."""
    archive = tmp_path / "archive"
    first = mbox.read_bytes()
    call("archive", mbox, "--to", archive)
    second = first + mbox_of(b"Subject: new\n\nnew\n")
    mbox.write_bytes(second)
    call("archive", mbox, "--to", archive)
    for words, expected in ((["--at", "1"], first), (["--at", "2"], second), ([], second)):
        target = tmp_path / f"to{len(words)}{words[-1:]}"
        result = call("restore", archive, "--to", target, "--no-manifest", *words)
        assert (result.exit_code, result.stderr) == (0, "")
        assert files_below(target) == {b"inbox.mbox": expected}
    result = call("restore", archive, "--to", tmp_path / "none", "--at", "3")
    assert result.exit_code == 2
    assert "its commits are 1 to 2" in result.stderr


def test_a_source_that_is_not_whole_is_restored_and_told(call: Call, mbox: Path, tmp_path: Path) -> None:
    """As far as it was read, with the commit at which it was whole; that is no error."""
    archive, packed = tmp_path / "archive", tmp_path / "inbox.mbox.gz"
    data = mbox.read_bytes()
    packed.write_bytes(gzip.compress(data))
    assert call("archive", packed, "--to", archive).exit_code == 0
    packed.write_bytes(gzip.compress(data + mbox_of(b"Subject: %s\n\n" % os.urandom(4000).hex().encode()))[:-500])
    assert call("archive", packed, "--to", archive).exit_code == 3
    result = call("restore", archive, "--to", tmp_path / "to", "--no-manifest")
    assert result.exit_code == 0
    assert f"{packed} is restored as far as it was archived: {packed} ends too early" in result.stderr
    assert "--at 1 restores it as it was last read whole" in result.stderr
    assert "inbox.mbox is restored in part" in result.stderr
    assert files_below(tmp_path / "to")[b"inbox.mbox"].startswith(data)
    assert call("restore", archive, "--to", tmp_path / "quiet", "--quiet").output == ""


def test_only_the_sources_that_are_asked_for(call: Call, mbox: Path, tmp_path: Path) -> None:
    """By label or path; --list shows which there are and writes nothing."""
    archive, other = tmp_path / "archive", tmp_path / "other.eml"
    other.write_bytes(WITH_ATTACHMENT)
    call("archive", mbox, other, "--to", archive)
    listed = call("restore", archive, "--list")
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [str(mbox), str(other)]
    said = json.loads(call("restore", archive, "--list", "--json", "--source", other).stdout)
    assert [(each["label"], each["messages"], each["bytes"]) for each in said["sources"]] == [
        (str(other), 1, len(WITH_ATTACHMENT))
    ]
    call("restore", archive, "--to", tmp_path / "to", "--source", other, "--no-manifest")
    assert files_below(tmp_path / "to") == {b"other.eml": WITH_ATTACHMENT}
    result = call("restore", archive, "--to", tmp_path / "none", "--source", "nothing.mbox")
    assert result.exit_code == 2
    assert "no source nothing.mbox" in result.stderr
    assert not (tmp_path / "none").exists()


def test_the_summary(call: Call, mbox: Path, tmp_path: Path) -> None:
    """As text and as JSON."""
    archive = tmp_path / "archive"
    call("archive", mbox, "--to", archive)
    text = call("restore", archive, "--to", tmp_path / "a").stdout
    assert "1 file with 3 messages" in text
    assert f"inbox.mbox  from {mbox}" in text
    said = json.loads(call("restore", archive, "--to", tmp_path / "b", "--json").stdout)
    assert (said["files"], said["messages"], said["bytes"]) == (1, 3, mbox.stat().st_size)
    assert said["sources"][0]["restored_as"] == ["inbox.mbox"]
    assert (said["renamed"], said["partial"], said["erased"], said["failed"]) == (0, 0, 0, 0)


def test_every_key_is_documented(call: Call, mbox: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """On the page of the command line."""
    call("archive", mbox, "--to", tmp_path / "archive")
    page = (pytestconfig.rootpath / "docs/command-line.md").read_text("utf-8")
    section = page.partition("\n## restore\n")[2].partition("\n## ")[0]
    said = json.loads(call("restore", tmp_path / "archive", "--to", tmp_path / "to", "--json").stdout)
    listed = json.loads(call("restore", tmp_path / "archive", "--list", "--json").stdout)
    names = {*said, *said["sources"][0], *listed, *listed["sources"][0]}
    assert [name for name in sorted(names) if f"`{name}`" not in section] == []


def test_damage_is_one_line_and_the_rest_is_restored(call: Call, mbox: Path, tmp_path: Path) -> None:
    """With the exit code for archives that do not hold what they say."""
    archive, other = tmp_path / "archive", tmp_path / "other.eml"
    other.write_bytes(PLAIN + b"other\n")
    call("archive", mbox, "--to", archive)
    before = set((archive / "packs").iterdir())
    call("archive", other, "--to", archive)
    [pack] = before
    pack.write_bytes(bytes(pack.stat().st_size))
    result = call("restore", archive, "--to", tmp_path / "to", "--no-manifest")
    assert result.exit_code == 6
    assert files_below(tmp_path / "to") == {b"other.eml": PLAIN + b"other\n"}
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    assert len(errors) == 1
    assert str(pack) in errors[0]
    assert "everything else was restored: 1 file" in result.stderr
    said = json.loads(call("restore", archive, "--to", tmp_path / "json", "--json").stdout)
    assert said["failed"] == len(said["failures"]) == 1


def test_wrong_targets(call: Call, mbox: Path, tmp_path: Path) -> None:
    """None, one that holds something, one inside the archive: one line, and nothing is written."""
    archive = tmp_path / "archive"
    call("archive", mbox, "--to", archive)
    before = files_below(tmp_path)
    for words, code, said in (
        ([], 2, "--to"),
        (["--to", str(tmp_path)], 4, "is not empty"),
        (["--to", str(mbox)], 4, str(mbox)),
        (["--to", str(archive)], 2, "is the archive"),
        (["--to", str(archive / "x")], 2, "lies inside it"),
    ):
        result = call("restore", archive, *words)
        assert (result.exit_code, result.stdout) == (code, "")
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
    assert files_below(tmp_path) == before


def test_renamed_files_are_told(call: Call, tmp_path: Path) -> None:
    """Each on a line of standard error on which no name can act; not too many of them."""
    packed = tmp_path / "hostile.tar"
    with tarfile.open(packed, "w") as tar:
        source = tmp_path / "source"
        source.write_bytes(PLAIN)
        for number in range(30):
            tar.add(source, f"../\x1b[2J{number}.eml")
    call("archive", packed, "--to", tmp_path / "archive")
    result = call("restore", tmp_path / "archive", "--to", tmp_path / "to" / "here", "--json")
    assert result.exit_code == 0
    assert len(result.stderr.splitlines()) == 21
    assert "and 10 more renamed files" in result.stderr
    assert "\x1b" not in result.stderr + result.stdout
    assert json.loads(result.stdout)["renamed"] == 30
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["here"]
