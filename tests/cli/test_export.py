"""`mailstrata export`: chosen messages for other programs."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.command_line import DEFECTIVE, PLAIN, WITH_ATTACHMENT, Call, mbox_of
from support.folders import files_below

DIGESTS = [hashlib.sha256(message).hexdigest() for message in (PLAIN, WITH_ATTACHMENT, DEFECTIVE)]


@pytest.fixture
def archive(call: Call, mbox: Path, tmp_path: Path) -> Path:
    """An archive of the mbox, and of a file with one of its messages and one more."""
    other = tmp_path / "other.mbox"
    other.write_bytes(mbox_of(WITH_ATTACHMENT, b"Subject: other\n\nother\n"))
    assert call("archive", mbox, other, "--to", tmp_path / "archive").exit_code == 0
    return tmp_path / "archive"


def exported(call: Call, archive: Path, target: Path, *words: str) -> set[str]:
    """The digests of what was exported."""
    result = call("export", archive, "--to", target, "--format", "eml", "--names", "digest", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    return {Path(name.decode()).stem for name in files_below(target) if name.endswith(b".eml")}


def test_all_messages_in_every_format(call: Call, archive: Path, tmp_path: Path) -> None:
    """Each distinct message once, byte for byte; the summary says how many and where the digests are."""
    for form in ("eml", "maildir"):
        result = call("export", archive, "--to", tmp_path / form, "--format", form)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "4 messages" in result.stdout
        found = files_below(tmp_path / form)
        assert {PLAIN, WITH_ATTACHMENT, DEFECTIVE} < {found[name] for name in found if name != b"SHA256SUMS"}
        assert len(found) == 5
    said = json.loads(call("export", archive, "--to", tmp_path / "out.mbox", "--format", "mbox", "--json").stdout)
    assert (said["messages"], said["format"], said["failed"]) == (4, "mbox", 0)
    assert said["manifest"] == str(tmp_path / "out.mbox.sha256")
    parsed = call("parse", tmp_path / "out.mbox", "--json").stdout.splitlines()
    assert [json.loads(line)["sha256"] for line in parsed][:3] == DIGESTS


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="the program sha256sum is not installed")
@pytest.mark.parametrize(("form", "listed"), [("eml", "to/SHA256SUMS"), ("mbox", "to.sha256")])
def test_sha256sum_agrees(call: Call, archive: Path, tmp_path: Path, form: str, listed: str) -> None:
    """The list of digests is one that the usual program checks."""
    call("export", archive, "--to", tmp_path / "to", "--format", form)
    path = tmp_path / listed
    words = ["sha256sum", "-c", "--strict", "--quiet", path.name]
    assert subprocess.run(words, cwd=path.parent, check=False, timeout=60).returncode == 0


def test_messages_are_chosen(call: Call, archive: Path, mbox: Path, tmp_path: Path) -> None:
    """By name, by a condition, by source, and by what all of them have in common."""
    plain, attached, defective = DIGESTS
    for number, (words, expected) in enumerate(
        [
            (["--message", "one@example.org"], {plain}),
            (["--message", plain[:12], "--message", "<three@example.org>"], {plain, defective}),
            (["--where", "attachment_count > 0"], {attached}),
            (["--where", "subject LIKE '%picture' -- a comment"], {attached}),
            (["--where", "sha256 IN (SELECT message FROM parts WHERE filename = 'data.bin')"], {attached}),
            (["--source", str(mbox)], set(DIGESTS)),
            (["--source", str(mbox), "--where", "date IS NULL"], {defective}),
            (["--message", plain, "--where", "attachment_count > 0 OR date IS NOT NULL"], {plain}),
        ]
    ):
        assert exported(call, archive, tmp_path / str(number), *words) == expected


def test_every_key_is_documented(call: Call, archive: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """On the page of the command line."""
    page = (pytestconfig.rootpath / "docs/command-line.md").read_text("utf-8")
    section = page.partition("\n## export\n")[2].partition("\n## ")[0]
    said = json.loads(call("export", archive, "--to", tmp_path / "to", "--format", "mbox", "--json").stdout)
    assert [name for name in said if f"`{name}`" not in section] == []


def test_nothing_that_fits_is_told(call: Call, archive: Path, tmp_path: Path) -> None:
    """An empty result is no error."""
    result = call("export", archive, "--to", tmp_path / "to", "--format", "mbox", "--where", "false")
    assert result.exit_code == 0
    assert "no message was chosen" in result.stderr
    assert (tmp_path / "to").read_bytes() == b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--message", "nobody@example.org"], "no message nobody@example.org"),
        (["--where", "no_such_column = 1"], "no_such_column"),
        (["--where", "1=1); DELETE FROM messages; SELECT (1"], "statements"),
        (["--where", "sha256 IN (SELECT * FROM read_text('/etc/hostname'))"], "correct the SQL"),
        (["--source", "nothing.mbox"], "no source nothing.mbox"),
        (["--format", "pst"], "pst"),
    ],
)
def test_a_wrong_choice_is_one_line(call: Call, archive: Path, tmp_path: Path, words: list[str], said: str) -> None:
    """And nothing is written."""
    result = call("export", archive, "--to", tmp_path / "to", "--format", "eml", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "to").exists()


def test_a_target_that_is_taken(call: Call, archive: Path, mbox: Path, tmp_path: Path) -> None:
    """Is left as it is; so is the archive."""
    before = mbox.read_bytes()
    for target, form, code in ((mbox, "mbox", 4), (tmp_path, "eml", 4), (archive / "x", "eml", 2)):
        result = call("export", archive, "--to", target, "--format", form)
        assert result.exit_code == code
        assert result.stderr.count("\n") == 1
    assert mbox.read_bytes() == before
    assert not (archive / "x").exists()


def test_damage_is_told_for_each_message(call: Call, archive: Path, mbox: Path, tmp_path: Path) -> None:
    """The others are exported, and the exit code says that some were not."""
    whole = set((archive / "packs").iterdir())
    later = tmp_path / "later.eml"
    later.write_bytes(PLAIN + b"later\n")
    call("archive", later, "--to", archive)
    for pack in whole:
        pack.write_bytes(bytes(pack.stat().st_size))
    result = call("export", archive, "--to", tmp_path / "to", "--format", "mbox", "--json")
    assert result.exit_code == 6
    said = json.loads(result.stdout)
    assert (said["messages"], said["failed"]) == (1, 4)
    assert result.stderr.count("error: ") == 4
    assert b"later\n" in (tmp_path / "to").read_bytes()
    assert (tmp_path / "to").read_bytes().count(b"\nFrom ") == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--query", "has:attachment"], {DIGESTS[1]}),
        (["--query", "subject:picture OR subject:grüße"], {DIGESTS[0], DIGESTS[1]}),
        (["--query", "-has:attachment", "--message", "one@example.org"], {DIGESTS[0]}),
        (["--quiet", "--query", "has:attachment", "--where", "attachment_count = 0"], set()),
        (["--quiet", "--query", "nowhere"], set()),
    ],
)
def test_messages_are_chosen_by_a_query(
    call: Call, archive: Path, tmp_path: Path, words: list[str], expected: set[str]
) -> None:
    """As `mailstrata search` finds them; together with other choices, what all of them have."""
    assert exported(call, archive, tmp_path / "to", *words) == expected


def test_a_query_that_cannot_be_read_is_shown(call: Call, archive: Path, tmp_path: Path) -> None:
    """Before anything is written."""
    result = call("export", archive, "--to", tmp_path / "to", "--format", "eml", "--query", "form:ann")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "mailstrata: error: character 1 of the query: unknown operator form:, did you mean from:?",
        "  form:ann",
        "  ^^^^^",
    ]
    assert not (tmp_path / "to").exists()
