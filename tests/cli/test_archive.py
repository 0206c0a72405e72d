"""`mailstrata archive`, `info`, `extract` and `index`: what they write, and what they say of it."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from support.command_line import ATTACHED, DEFECTIVE, PLAIN, WITH_ATTACHMENT, Call

from mailstrata.archive.reading.reader import Archive
from mailstrata.cli import options
from mailstrata.sinks import stream_digest


def test_archive_keeps_every_message_and_says_what_it_did(call: Call, mbox: Path, tmp_path: Path) -> None:
    """All messages come back byte for byte; the summary is the result, on standard output."""
    target = tmp_path / "archive"
    result = call("archive", mbox, "--to", target)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 messages in 1 source" in result.stdout
    assert "3 messages, 1 blob" in result.stdout
    assert "1 missing-boundary-parameter" in result.stdout
    with Archive.open(target) as archive:
        for message in (PLAIN, WITH_ATTACHMENT, DEFECTIVE):
            assert b"".join(archive.read_message(hashlib.sha256(message).hexdigest())) == message


def test_archiving_again_keeps_nothing_twice(call: Call, mbox: Path, tmp_path: Path) -> None:
    """The numbers of the summary add up, and say what deduplication saved."""
    target = tmp_path / "archive"
    first = json.loads(call("archive", mbox, "--to", target, "--json").stdout)
    again = json.loads(call("archive", mbox, "--to", target, "--reread", "--json").stdout)
    assert (first["messages_new"], first["messages_duplicate"], first["blobs_new"]) == (3, 0, 1)
    assert (again["messages_new"], again["messages_duplicate"], again["blobs_new"]) == (0, 3, 0)
    assert first["saved_by_deduplication"] == 0
    assert first["saved_by_decoding"] == again["saved_by_decoding"] > len(ATTACHED) // 3
    messages = len(PLAIN) + len(WITH_ATTACHMENT) + len(DEFECTIVE)
    assert again["saved_by_deduplication"] == messages - again["saved_by_decoding"]
    assert first["commits"] == [1]
    assert again["commits"] == [2]
    on_disk = sum(path.stat().st_size for path in (target / "packs").iterdir())
    assert first["packs_bytes"] + again["packs_bytes"] == on_disk


def test_the_level_changes_the_packs_and_not_the_content(call: Call, tmp_path: Path) -> None:
    """A higher level takes less room."""
    path = tmp_path / "text.eml"
    words = [hashlib.sha256(str(number % 700).encode()).hexdigest()[: number % 13] for number in range(20_000)]
    path.write_bytes(PLAIN + " ".join(words).encode())
    sizes = [
        json.loads(call("archive", path, "--to", tmp_path / level, "--level", level, "--json").stdout)["packs_bytes"]
        for level in ("1", "19")
    ]
    assert sizes[1] < sizes[0]


def test_several_jobs_say_what_one_says(call: Call, mbox: Path, tmp_path: Path) -> None:
    """But for the time, and for what the packs take, of which there are more."""
    said = []
    for jobs in ("1", "2"):
        result = call("archive", mbox, "--to", tmp_path / jobs, "--jobs", jobs, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        summary = json.loads(result.stdout)
        said.append({key: summary[key] for key in summary.keys() - _DIFFER})
        assert call("verify", tmp_path / jobs).exit_code == 0
    assert said[0] == said[1]


_DIFFER = {"seconds", "packs_bytes", "index_bytes", "saved_by_compression"}


@pytest.mark.parametrize("jobs", ["0", "-1", "65", "many", "1.5", ""])
def test_what_is_no_number_of_jobs_is_refused(call: Call, mbox: Path, tmp_path: Path, jobs: str) -> None:
    """In one line that says what to write."""
    result = call("archive", mbox, "--to", tmp_path / "archive", "--jobs", jobs)
    assert result.exit_code == 2
    assert "is not a number of processes; write 1 to 64, or auto; see" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "archive").exists()


def test_auto_is_a_job_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as this process may use, and never more than are allowed."""
    for processors, expected in ((1, 1), (3, 3), (256, 64)):
        monkeypatch.setattr(stream_digest, "usable_processors", lambda count=processors: count)
        assert options.JOBS.convert("auto", None, None) == expected


def test_a_failure_is_the_same_with_several_jobs(call: Call, mbox: Path, tmp_path: Path) -> None:
    """The code and the line."""
    said = []
    for jobs in ("1", "2"):
        result = call("archive", mbox, tmp_path / "missing.mbox", "--to", tmp_path / jobs, "--jobs", jobs, "--json")
        said.append((result.exit_code, result.stderr))
    assert said[0] == said[1]
    assert said[0][0] == 3


def test_info_shows_a_ledger_that_adds_up(call: Call, mbox: Path, tmp_path: Path) -> None:
    """Every byte of the source is in a message, a separator or a gap."""
    call("archive", mbox, "--to", tmp_path / "archive")
    info = json.loads(call("info", tmp_path / "archive", "--json").stdout)
    ledger = info["ledger"]
    assert ledger["source_bytes"] == mbox.stat().st_size
    assert ledger["source_bytes"] == (ledger["message_source_bytes"] + ledger["separator_bytes"] + ledger["gap_bytes"])
    assert info["messages"] == 3
    assert [(source["label"], source["status"]) for source in info["sources"]] == [(str(mbox), "complete")]
    text = call("info", tmp_path / "archive").stdout
    assert "3 messages, found in 3 places; 1 blob" in text
    assert f"{mbox.stat().st_size:,}" in text
    assert str(mbox) in text


def test_info_says_which_source_is_not_whole_and_why(call: Call, mbox: Path, tmp_path: Path) -> None:
    """A damaged source is in the archive as far as it goes, and marked."""
    cut = tmp_path / "cut.mbox.gz"
    cut.write_bytes(gzip.compress(mbox.read_bytes())[:-40])
    assert call("archive", cut, "--to", tmp_path / "archive").exit_code == 3
    text = call("info", tmp_path / "archive").stdout
    assert "not whole" in text
    assert "gzip" in text.partition("not whole")[2]


def test_an_empty_archive_has_an_info(call: Call, tmp_path: Path) -> None:
    """Zero of everything divides nothing by zero."""
    empty = tmp_path / "empty.mbox"
    empty.write_bytes(b"")
    assert call("archive", empty, "--to", tmp_path / "archive").exit_code == 0
    result = call("info", tmp_path / "archive")
    assert result.exit_code == 0
    assert "0 messages" in result.stdout


@pytest.mark.parametrize("command", ["archive", "extract", "index"])
def test_quiet_says_nothing(call: Call, mbox: Path, tmp_path: Path, command: str) -> None:
    """No summary, no notes."""
    result = call(command, mbox, "--to", tmp_path / "target", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("command", ["archive", "extract", "index"])
def test_every_summary_has_the_documented_keys(
    call: Call, mbox: Path, tmp_path: Path, command: str, pytestconfig: pytest.Config
) -> None:
    """What a script reads is in docs/command-line.md."""
    result = call(command, mbox, "--to", tmp_path / "target", "--json")
    said = json.loads(result.stdout)
    assert (said["sources"], said["messages"], said["parts"], said["attachments"]) == (1, 3, 5, 1)
    assert said["bytes_read"] == mbox.stat().st_size
    assert said["defects"]["missing-date"] == 1
    documented = (pytestconfig.rootpath / "docs/command-line.md").read_text("utf-8")
    assert [key for key in said if f"`{key}`" not in documented] == []


def test_extract_writes_the_decoded_parts(call: Call, mbox: Path, tmp_path: Path) -> None:
    """Attachments have their content and name; with --attachments-only there is nothing else."""
    result = call("extract", mbox, "--to", tmp_path / "all")
    assert (result.exit_code, result.stderr) == (0, "")
    names = sorted(path.name for path in (tmp_path / "all").rglob("*") if path.is_file())
    assert "data.bin" in names
    assert "part-1.1.txt" in names
    assert call("extract", mbox, "--to", tmp_path / "few", "--attachments-only").exit_code == 0
    found = {path.name: path for path in (tmp_path / "few").rglob("*") if path.is_file()}
    assert found["data.bin"].read_bytes() == ATTACHED
    assert not any(name.endswith(".txt") for name in found)


def test_a_target_inside_a_source_is_refused(call: Call, mbox: Path) -> None:
    """The run would read what it writes."""
    folder = mbox.parent
    for target in (folder, folder / "archive", folder / "a" / "b"):
        result = call("archive", folder, "--to", target)
        assert result.exit_code == 2
        assert "choose another target" in result.stderr
    assert list(folder.iterdir()) == [mbox]
    # beside the file in the same folder is fine
    assert call("archive", mbox, "--to", folder / "archive").exit_code == 0
