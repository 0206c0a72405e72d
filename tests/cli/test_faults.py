"""What goes wrong outside of us: one line that says what, where and what to do, and the documented exit code."""

from __future__ import annotations

import ctypes
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command_line import PLAIN, WITH_ATTACHMENT, Call, Spawn, mbox_of

from mailstrata.archive.reading.reader import Archive

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def as_an_ordinary_user() -> None:
    """Run in the new process: root may read and write everything, and would see no permission fail."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


ordinary_user = pytest.mark.skipif(
    os.geteuid() == 0 and not sys.platform.startswith("linux"), reason="root may read everything"
)


def small_files_only() -> None:
    """Run in the new process: no file may become larger, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))


@pytest.fixture
def without_permission() -> Iterator[Callable[[Path, int], Path]]:
    """Change the mode of a file or folder; it is set back so that pytest can remove it."""
    changed: list[tuple[Path, int]] = []

    def change(path: Path, mode: int) -> Path:
        changed.append((path, path.stat().st_mode))
        path.chmod(mode)
        return path

    yield change
    for path, mode in reversed(changed):
        path.chmod(mode)


def error_line(run: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on standard error."""
    lines = run.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("mailstrata: error: ")
    return lines[0]


def messages_of(path: Path) -> int:
    """How many messages an archive holds."""
    with Archive.open(path) as archive:
        return archive.info().messages


def content_of(folder: Path) -> dict[str, bytes]:
    """All files but the lock, which says who held it last."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): path.read_bytes() for path in paths}


# Sources -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["parse", "archive", "extract", "index"])
def test_one_bad_source_does_not_stop_the_others(call: Call, mbox: Path, tmp_path: Path, command: str) -> None:
    """A missing file first, a picture last: what lies between is done, each failure has its line, the code says
    that not all was."""
    picture = tmp_path / "picture.mbox"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    target = [] if command == "parse" else ["--to", tmp_path / "target"]
    result = call(command, tmp_path / "missing.mbox", mbox, picture, *target, "--json")
    assert result.exit_code == 3
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert "missing.mbox" in lines[0]
    assert "picture.mbox" in lines[1]
    assert "PNG" in lines[1]
    assert lines[2] == "mailstrata: 2 sources could not be read whole; everything else was done"
    if command == "parse":
        assert len(result.stdout.splitlines()) == 3
    else:
        said = json.loads(result.stdout)
        assert (said["messages"], said["failed"], len(said["failures"])) == (3, 2, 2)


def test_a_missing_file_is_one_line(spawn: Spawn, tmp_path: Path) -> None:
    """A process of its own, as a shell sees it."""
    run = spawn("parse", tmp_path / "missing.mbox")
    assert run.returncode == 3
    assert run.stdout == b""
    assert str(tmp_path / "missing.mbox") in error_line(run)


@ordinary_user
def test_an_unreadable_folder_is_named(
    spawn: Spawn, mbox: Path, tmp_path: Path, without_permission: Callable[[Path, int], Path]
) -> None:
    """Named on the command line, or found in a folder that is."""
    folder = tmp_path / "mail"
    locked = folder / "locked"
    locked.mkdir(parents=True)
    (folder / "a.mbox").write_bytes(mbox.read_bytes())
    without_permission(locked, 0)
    run = spawn("parse", locked, preexec_fn=as_an_ordinary_user)
    assert run.returncode == 3
    assert "locked" in error_line(run)
    within = spawn("parse", folder, "--json", preexec_fn=as_an_ordinary_user)
    assert within.returncode == 3
    assert "locked" in within.stderr.decode().splitlines()[0]
    assert len(within.stdout.splitlines()) == 3


@pytest.mark.parametrize("command", ["parse", "archive"])
def test_of_a_truncated_gzip_all_that_can_be_read_is_kept(call: Call, tmp_path: Path, command: str) -> None:
    """The messages before the damage are delivered; the line says how far it went."""
    cut = tmp_path / "cut.mbox.gz"
    cut.write_bytes(gzip.compress(mbox_of(PLAIN, WITH_ATTACHMENT))[:-30])
    if command == "parse":
        result = call("parse", cut, "--json")
        assert json.loads(result.stdout.splitlines()[0])["message_id"] == "one@example.org"
    else:
        result = call("archive", cut, "--to", tmp_path / "archive")
        assert messages_of(tmp_path / "archive") >= 1
    assert result.exit_code == 3
    assert "cut.mbox.gz" in result.stderr
    assert "gzip" in result.stderr


# Targets -----------------------------------------------------------------------------------------------------


@ordinary_user
@pytest.mark.parametrize("command", ["archive", "extract", "index"])
def test_a_read_only_target_is_one_line(
    spawn: Spawn,
    mbox: Path,
    tmp_path: Path,
    command: str,
    without_permission: Callable[[Path, int], Path],
) -> None:
    """Nothing is left in it."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    without_permission(folder, 0o555)
    run = spawn(command, mbox, "--to", folder / "target", preexec_fn=as_an_ordinary_user)
    assert run.returncode == 4
    assert "read-only" in error_line(run)
    assert "Permission denied" in error_line(run)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", ["archive", "index"])
def test_a_target_that_holds_something_else_is_left_alone(call: Call, mbox: Path, tmp_path: Path, command: str) -> None:
    """A folder of somebody's files is no archive, and does not become one."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    result = call(command, mbox, "--to", folder)
    assert result.exit_code in (4, 6)
    assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "words", [["info"], ["sql", "SELECT 1"], ["show", "x@example.org"]], ids=lambda words: str(words[0])
)
@pytest.mark.parametrize("what", ["missing", "folder", "file"])
def test_what_is_no_archive_is_one_line(call: Call, tmp_path: Path, words: list[str], what: str) -> None:
    """Exit code 6 for whoever reads one."""
    place = tmp_path / what
    if what == "folder":
        place.mkdir()
    elif what == "file":
        place.write_text("x")
    result = call(words[0], place, *words[1:])
    assert result.exit_code == 6
    assert len(result.stderr.splitlines()) == 1
    assert str(place) in result.stderr


def test_an_archive_of_a_newer_format_is_refused(call: Call, mbox: Path, tmp_path: Path) -> None:
    """Exit code 6, for reading and for writing."""
    target = tmp_path / "archive"
    assert call("archive", mbox, "--to", target, "--quiet").exit_code == 0
    record = json.loads((target / "format.json").read_text())
    record["version"] = 99
    (target / "format.json").write_text(json.dumps(record))
    for result in (call("info", target), call("archive", mbox, "--to", target)):
        assert result.exit_code == 6
        assert "99" in result.stderr


@pytest.mark.parametrize("command", ["archive", "extract", "index"])
def test_a_full_disk_leaves_nothing_that_looks_whole(spawn: Spawn, mbox: Path, tmp_path: Path, command: str) -> None:
    """One line and exit code 4; what was there before is still there, and the same command then finishes."""
    target = tmp_path / "target"
    large = tmp_path / "large.mbox"
    # Content that does not compress, so that every target has to write it.
    noise = os.urandom(60_000).replace(b"\n", b"").replace(b"\r", b"")
    head, _, tail = WITH_ATTACHMENT.partition(b"Content-Transfer-Encoding: base64\n\n")
    notes = (PLAIN + os.urandom(50).hex().encode() + b"\n" for _ in range(300))
    large.write_bytes(mbox_of(head + b"\n" + noise + tail, *notes))
    assert spawn(command, mbox, "--to", target, "--quiet").returncode == 0
    before = content_of(target)

    run = spawn(command, large, "--to", target, preexec_fn=small_files_only)
    assert run.returncode == 4
    assert "File too large" in error_line(run)
    assert run.stdout == b""
    if command == "extract":
        # The manifest of a source that was not done keeps the name that says so.
        assert not any(path.name == "manifest.jsonl" for path in (target / "large.mbox").rglob("*"))
    else:
        assert content_of(target) == before

    assert spawn(command, large, "--to", target, "--quiet").returncode == 0
    if command == "archive":
        assert messages_of(target) == 3 + 301


def test_two_writers_are_told_at_once(mbox: Path, tmp_path: Path, spawn: Spawn) -> None:
    """The second one ends with exit code 5, and the first one's work is whole."""
    target = tmp_path / "archive"
    with start("archive", "-", "--to", target) as first:
        assert first.stdin is not None
        feed(first)
        run = spawn("archive", mbox, "--to", target)
        assert run.returncode == 5
        assert "archive" in error_line(run)
        first.stdin.close()
        assert first.wait(60) == 0
    assert messages_of(target) == 1


# Standard output ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["parse"], ["parse", "--json"]])
def test_a_full_disk_behind_standard_output(spawn: Spawn, mbox: Path, words: list[str]) -> None:
    """Results that cannot be written are an error, and not lost without a word."""
    with Path("/dev/full").open("wb") as full:
        run = spawn(*words, mbox, stdout=full, stderr=subprocess.PIPE)
    assert run.returncode == 4
    assert "standard output: No space left on device" in error_line(run)


@pytest.mark.parametrize("words", [["parse"], ["parse", "--json"]])
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path, words: list[str]) -> None:
    """`| head -1`: no message, no traceback, and the code of a closed pipe."""
    path = tmp_path / "large.mbox"
    path.write_bytes(mbox_of(*[PLAIN] * 5000))
    with start(*words, path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() != b""
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def test_a_closed_standard_output(tmp_path: Path, mbox: Path) -> None:
    """`>&-` in a shell."""
    command = f'"{sys.executable}" -m mailstrata parse "{mbox}" >&-'
    run = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60)
    assert run.returncode == 4
    assert "standard output" in error_line(run)


# Ctrl-C ------------------------------------------------------------------------------------------------------


@contextmanager
def start(*words: str | Path, pipe_bytes: int = -1) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running; its pipes hold as many bytes, where the system can do that. It does not outlive a test
    that fails."""
    with subprocess.Popen(
        [sys.executable, "-m", "mailstrata", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=pipe_bytes,
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def feed(process: subprocess.Popen[bytes]) -> None:
    """Write more to standard input than a pipe holds: when this returns, the process is at work on it."""
    assert process.stdin is not None
    process.stdin.write(mbox_of(PLAIN + b"a line\n" * 300_000))
    process.stdin.flush()


@pytest.mark.parametrize("command", ["archive", "extract", "index"])
def test_an_interrupt_is_one_line_and_code_130(tmp_path: Path, command: str) -> None:
    """No traceback; `archive` says that the same command goes on."""
    with start(command, "-", "--to", tmp_path / "target") as process:
        feed(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    lines = err.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("mailstrata: interrupted")
    assert ("run the same command again" in lines[0]) == (command == "archive")


def test_an_interrupted_archive_holds_what_was_committed(call: Call, mbox: Path, tmp_path: Path) -> None:
    """Ctrl-C in a second run leaves the archive as the first one left it, and a third one finishes."""
    target = tmp_path / "archive"
    assert call("archive", mbox, "--to", target, "--quiet").exit_code == 0
    before = {path: path.read_bytes() for path in target.rglob("*.tar.zst")}
    with start("archive", "-", "--to", target) as process:
        feed(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert messages_of(target) == 3
    assert {path: path.read_bytes() for path in target.rglob("*.tar.zst")} == before
    result = call("archive", "-", "--to", target, input=mbox_of(WITH_ATTACHMENT, PLAIN + b"new\n"))
    assert result.exit_code == 0
    assert messages_of(target) == 4


@pytest.mark.parametrize("command", ["parse", "sql"])
def test_an_interrupt_among_results_ends_at_once(call: Call, mbox: Path, tmp_path: Path, command: str) -> None:
    """Also where what is still to be written waits for a reader, which does not read any more."""
    if command == "parse":
        mbox.write_bytes(mbox_of(*[PLAIN] * 5000))
        words: list[str | Path] = ["parse", mbox]
    else:
        assert call("archive", mbox, "--to", tmp_path / "archive", "--quiet").exit_code == 0
        words = ["sql", tmp_path / "archive", "FROM range(100000000000)", "--format", "csv"]
    with start(*words, pipe_bytes=4096) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() != b""
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"mailstrata: interrupted\n"


def test_a_query_that_computes_for_long_can_be_interrupted(call: Call, mbox: Path, tmp_path: Path) -> None:
    """DuckDB is at work in C, where Python sees no Ctrl-C, and has not given a row yet."""
    assert call("archive", mbox, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    # The first half gives a batch of rows, the second one none for hours.
    query = "SELECT range FROM range(3000) UNION ALL SELECT count(*) FROM range(10000000) a, range(10000000) b"
    with start("sql", tmp_path / "archive", query, "--format", "csv") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"range\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"mailstrata: interrupted\n"


_INTERRUPTED_WHILE_DUCKDB_WORKS = """
import os, signal, sys, tempfile, threading
from mailstrata.cli import sql_session
from mailstrata.cli.main import cli

def interrupt():
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

def confine(session, *others):
    interrupt()
    session.execute("SELECT count(*) FROM range(10000000) a, range(10000000) b")
sql_session._confine = confine
cli.main(["sql", sys.argv[1], "SELECT 1"])
"""


def test_an_interrupt_while_the_tables_are_opened_is_one_line_and_leaves_nothing(
    call: Call, mbox: Path, tmp_path: Path
) -> None:
    """DuckDB makes a RuntimeError of a Ctrl-C that comes while the main thread is in it."""
    assert call("archive", mbox, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_WHILE_DUCKDB_WORKS, tmp_path / "archive"],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert run.stderr == b"mailstrata: interrupted\n"
    assert run.returncode == 130
    assert list(scratch.iterdir()) == []
