"""`mailstrata strip` and `unstrip`: what they write, what they say, and how they end."""

from __future__ import annotations

import base64
import fcntl
import gzip
import hashlib
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from support.command_line import Call, Spawn
from support.stripped import HEADER, base64_body, content, mbox_of, message_with

_MIB = 1 << 20


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    """Two messages, one with an attachment, which is in the mailbox twice."""
    message = message_with(base64_body(content(9000)))
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox_of(HEADER + b"Subject: Zero\n\nText.\n", message, message))
    return path


def test_there_and_back(call: Call, mbox: Path, tmp_path: Path) -> None:
    """Both commands say what they did on standard output, nothing else, and the mailbox is what it was."""
    stripped, attachments, back = tmp_path / "stripped", tmp_path / "attachments", tmp_path / "back"
    result = call("strip", mbox, "--to", stripped, "--attachments", attachments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 messages in 1 source" in result.stdout
    assert "2 parts of 2 messages, 18.0 kB; new in the folder: 1, 9.0 kB" in result.stdout
    assert "less)" in result.stdout
    result = call("unstrip", stripped, "--attachments", attachments, "--to", back)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 messages in 1 file" in result.stdout
    assert "2 attachments put back" in result.stdout
    assert back.read_bytes() == mbox.read_bytes()
    assert back.stat().st_mtime_ns == mbox.stat().st_mtime_ns


def test_summaries_as_json(call: Call, mbox: Path, tmp_path: Path) -> None:
    """The numbers for programs."""
    words = ("--attachments", tmp_path / "a", "--json")
    found = json.loads(call("strip", mbox, "--to", tmp_path / "s", *words).stdout)
    expected = {
        "messages": 3,
        "messages_stripped": 2,
        "attachments": 2,
        "taken_out": 2,
        "taken_out_bytes": 18_000,
        "attachments_new": 1,
        "attachment_bytes_new": 9000,
        "attachments_repaired": 0,
        "source_bytes": mbox.stat().st_size,
        "stripped_bytes": (tmp_path / "s").stat().st_size,
        "parts_by_recipe": 2,
        "parts_with_patches": 0,
        "parts_kept": 0,
        "parts_too_small": 0,
        "base64_attachments": 2,
        "base64_attachments_by_recipe": 2,
        "failed": 0,
    }
    assert {key: found[key] for key in expected} == expected
    found = json.loads(call("unstrip", tmp_path / "s", "--to", tmp_path / "u", *words).stdout)
    assert found == {
        "files": 1,
        "messages": 3,
        "attachments": 2,
        "bytes_written": mbox.stat().st_size,
        "failed": 0,
        "failures": [],
        "notes": [],
    }


@pytest.mark.parametrize("packed", [False, True])
def test_from_a_pipe(spawn: Spawn, mbox: Path, tmp_path: Path, packed: bool) -> None:
    """Standard input is read once, from front to end, and comes back as a file."""
    data = gzip.compress(mbox.read_bytes()) if packed else mbox.read_bytes()
    done = spawn("strip", "-", "--to", tmp_path / "s", "--attachments", tmp_path / "a", input=data)
    assert (done.returncode, done.stderr) == (0, b"")
    done = spawn("unstrip", tmp_path / "s", "--attachments", tmp_path / "a", "--to", tmp_path / "u")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "u").read_bytes() == mbox.read_bytes()


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ((), {"big.png", "big.pdf"}),
        (("--minimum-size", "1"), {"big.png", "big.pdf", "small.png"}),
        (("--minimum-size", "1M"), set()),
        (("--type", "image/*"), {"big.png"}),
        (("--type", "!image/*"), {"big.pdf"}),
        (
            ("--type", "image/*", "--type", "application/pdf", "--minimum-size", "1"),
            {"big.png", "small.png", "big.pdf"},
        ),
        (("--disposition", "inline"), {"big.png"}),
        (("--disposition", "inline", "--disposition", "attachment"), {"big.png", "big.pdf"}),
        (("--all-parts",), {"big.png", "big.pdf", "text"}),
    ],
)
def test_policy(call: Call, tmp_path: Path, words: tuple[str, ...], taken: set[str]) -> None:
    """What is taken out is what was asked for, and all of it comes back."""
    contents = {
        "big.png": content(9000),
        "small.png": content(99),
        "big.pdf": content(9000, 2),
        "text": b"Word. " * 900,
    }
    parts = [b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + base64_body(contents["text"])]
    for name, kind, disposition in (
        ("big.png", "image/png", "inline"),
        ("small.png", "image/png", "attachment"),
        ("big.pdf", "application/pdf", "attachment"),
    ):
        fields = f'Content-Type: {kind}\nContent-Disposition: {disposition}; filename="{name}"\n'
        parts.append(fields.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64_body(contents[name]))
    body = b"".join(b"--b\n" + part for part in parts)
    source = tmp_path / "one.eml"
    source.write_bytes(HEADER + b"Content-Type: multipart/signed; boundary=b\n\n" + body + b"--b--\n")
    result = call("strip", source, "--to", tmp_path / "s", "--attachments", tmp_path / "a", *words, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    digests = {path.name for path in (tmp_path / "a").glob("??/*")}
    assert digests == {hashlib.sha256(contents[name]).hexdigest() for name in taken}
    call("unstrip", tmp_path / "s", "--attachments", tmp_path / "a", "--to", tmp_path / "u")
    assert (tmp_path / "u").read_bytes() == source.read_bytes()


def test_a_message_that_is_nothing_but_an_attachment(call: Call, tmp_path: Path) -> None:
    """The root of a message can be taken out as well; its subject stays in sight."""
    source = tmp_path / "one.eml"
    fields = b"Subject: Scan\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
    source.write_bytes(HEADER + fields + base64.b64encode(content(9000)))
    call("strip", source, "--to", tmp_path / "s", "--attachments", tmp_path / "a")
    stripped = (tmp_path / "s").read_bytes()
    assert len(stripped) < 1500
    assert stripped.partition(b"\n\n")[0].count(b"Subject: Scan") == 1
    call("unstrip", tmp_path / "s", "--attachments", tmp_path / "a", "--to", tmp_path / "u")
    assert (tmp_path / "u").read_bytes() == source.read_bytes()


def test_files_without_mail_are_told(call: Call, mbox: Path, tmp_path: Path) -> None:
    """They are not copied, which is said, and the manifest names them."""
    source = tmp_path / "mail"
    source.mkdir()
    mbox.rename(source / "inbox.mbox")
    (source / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (source / "a.eml").write_bytes(HEADER + b"\n")
    result = call("strip", source, "--to", tmp_path / "s", "--attachments", tmp_path / "a", "--quiet")
    assert result.exit_code == 0
    assert result.stderr == "mailstrata: files without mail are not in DEST; the manifest lists them\n"
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["a.eml", "inbox.mbox"]
    assert b'"type":"skipped","name":"logo.png"' in (tmp_path / "a" / "manifest.jsonl").read_bytes()


def test_errors_are_one_line_with_their_code(call: Call, mbox: Path, tmp_path: Path) -> None:
    """Each way of going wrong, and that it leaves nothing."""
    there = ("--attachments", tmp_path / "a")
    for words, code, text in (
        (("strip", tmp_path / "none", "--to", tmp_path / "s", *there), 3, "there is no such file"),
        (("strip", mbox, "--to", mbox, *there), 2, "is the source"),
        (("strip", tmp_path, "--to", tmp_path / "s", *there), 2, "lies inside it"),
        (("strip", mbox, "--to", tmp_path / "a" / "s", *there), 2, "must not lie inside one another"),
        (("strip", mbox, "--to", tmp_path / "s", *there, "--type", "image"), 2, "no content type is like 'image'"),
        (("strip", mbox, "--to", tmp_path / "s", *there, "--minimum-size", "big"), 2, "not a size"),
        (("unstrip", mbox, "--to", tmp_path / "u", "--attachments", tmp_path), 6, "name the folder that strip wrote"),
    ):
        result = call(*words)
        assert result.exit_code == code
        assert text in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "s").exists()
        assert not (tmp_path / "u").exists()


def test_a_changed_mailbox_ends_with_6(call: Call, mbox: Path, tmp_path: Path) -> None:
    """One line says which message it is, and the target is not written."""
    call("strip", mbox, "--to", tmp_path / "s", "--attachments", tmp_path / "a")
    data = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(data.replace(b"Subject: Zero\n", b"Subject: Zero\nStatus: RO\n"))
    result = call("unstrip", tmp_path / "s", "--attachments", tmp_path / "a", "--to", tmp_path / "u")
    assert result.exit_code == 6
    assert "message 1, at byte" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "u").exists()


def test_what_came_back_of_a_folder_is_written(call: Call, tmp_path: Path) -> None:
    """The others are there, each one that is not has its line, and the code says it."""
    source = tmp_path / "letters"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.eml").write_bytes(message_with(base64_body(content(9000, number))))
    call("strip", source, "--to", tmp_path / "s", "--attachments", tmp_path / "a")
    (tmp_path / "s" / "1.eml").unlink()
    result = call("unstrip", tmp_path / "s", "--attachments", tmp_path / "a", "--to", tmp_path / "u")
    assert result.exit_code == 6
    assert "1.eml is not there any more" in result.stderr
    assert sorted(path.name for path in (tmp_path / "u").iterdir()) == ["0.eml", "2.eml"]


_MEMORY = """
import resource, sys
from mailstrata.cli.main import cli
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    cli.main(sys.argv[1:])
finally:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("last", "is_taken_out"),
    [
        pytest.param(b"not base64 at all!\n", True, id="a line of something else"),
        pytest.param(b"QUJD" * 700, True, id="a line of another width, without a break"),
        pytest.param(os.urandom(60_000), False, id="60 kB of something else"),
    ],
)
def test_a_large_part_that_goes_wrong_at_its_end(tmp_path: Path, last: bytes, is_taken_out: bool) -> None:
    """64 MiB of base64 that end otherwise come back whether they could be taken out or not, in memory that does not
    depend on their size."""
    encoded = base64.b64encode(content(57 * 1024))
    lines = b"".join(encoded[at : at + 76] + b"\n" for at in range(0, len(encoded), 76))
    head, tail = message_with(b"@BODY@").split(b"@BODY@")
    source = tmp_path / "large.mbox"
    with source.open("wb") as file:
        file.write(b"From ada@example.org Mon Nov 10 10:00:00 2025\n" + head)
        for _ in range(64 * _MIB // len(lines)):
            file.write(lines)
        file.write(last.replace(b"\n--", b"") + tail + b"\n")
    for words in (
        ("strip", source, "--to", tmp_path / "s", "--attachments", tmp_path / "a"),
        ("unstrip", tmp_path / "s", "--attachments", tmp_path / "a", "--to", tmp_path / "u"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", _MEMORY, *map(str, words), "--quiet"], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stderr.split()[-1]) < 64
    digests = []
    for path in (source, tmp_path / "u"):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    assert digests[0] == digests[1]
    assert ((tmp_path / "s").stat().st_size < 10_000) == is_taken_out


def _see_in_a_terminal(words: list[str], home: Path, until: bytes) -> bytes:
    """What a program draws on a terminal, until that text is there."""
    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 200, 0, 0))
        environment = {"TERM": "xterm", "HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        process = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        try:
            seen = b""
            while until not in seen and select.select([ours], [], [], 20)[0]:
                seen += os.read(ours, 1 << 16)
            return seen
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(ours)


@pytest.mark.skipif(shutil.which("mutt") is None, reason="the program mutt is not installed")
@pytest.mark.parametrize("kind", ["mbox", "Maildir"])
def test_mutt_opens_it(call: Call, mbox: Path, tmp_path: Path, kind: str) -> None:
    """A mail program finds the messages, and shows name, type and size of what was taken out."""
    source = mbox
    if kind == "Maildir":
        source = tmp_path / "Maildir"
        for part in ("cur", "new", "tmp"):
            (source / part).mkdir(parents=True)
        for number in range(3):
            (source / "cur" / f"{number}.host:2,S").write_bytes(message_with(base64_body(content(9000))))
    call("strip", source, "--to", tmp_path / "s", "--attachments", tmp_path / "a")
    settings = tmp_path / "muttrc"
    settings.write_text(
        f'set folder="{tmp_path}"\nset attach_format="%m/%M; %d;"\npush "<last-entry><view-attachments>"\n'
    )
    words = ["mutt", "-n", "-R", "-F", str(settings), "-f", str(tmp_path / "s")]
    seen = _see_in_a_terminal(words, tmp_path, b" bytes);")
    assert b"message/external-body; data.bin (application/octet-stream, 9,000 bytes);" in seen
