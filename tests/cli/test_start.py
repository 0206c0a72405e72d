"""mailstrata.__main__: a Ctrl-C before there is a command, and help pages that cannot be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# Sends this process a Ctrl-C when a module is about to be imported, in the midst of what imports it.
_INTERRUPTED_AT = """
import os, runpy, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = ["mailstrata", "parse", "--help"]
runpy.run_module("mailstrata", run_name="__main__", alter_sys=True)
"""


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run Python as a user's shell would."""
    return subprocess.run([sys.executable, *words], text=True, stderr=subprocess.PIPE, check=False, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "module",
    ["mailstrata.cli", "mailstrata.cli.main", "mailstrata.errors", "click", "click.core", "mailstrata.cli.parse"],
)
def test_an_early_interrupt_is_one_line(module: str) -> None:
    """Whichever module was being imported: no traceback, and the code of an interrupt."""
    ended = run("-c", _INTERRUPTED_AT.format(module=module), stdout=subprocess.DEVNULL)
    assert ended.stderr == "mailstrata: interrupted\n"
    assert ended.returncode == 130


def test_an_ignored_interrupt_stays_ignored() -> None:
    """A shell that starts a command with & ignores Ctrl-C on its behalf."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + _INTERRUPTED_AT.format(module="click")
    ended = run("-c", code, stdout=subprocess.DEVNULL)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_interrupt_works_again_when_all_is_imported() -> None:
    """The command line has Python's own handler, which raises KeyboardInterrupt."""
    code = (
        "import signal, mailstrata.cli.main as main, mailstrata.__main__ as start\n"
        "main.main = lambda: print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "start.main()"
    )
    ended = subprocess.run([sys.executable, "-c", code, "parse"], capture_output=True, text=True, check=False)
    assert ended.stdout == "True\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", [("--help",), ("--version",), ("parse", "--help")])
def test_a_full_disk_is_one_line_for_help_pages_too(words: tuple[str, ...], buffered: str) -> None:
    """As for results: one line, and the code of a target that cannot be written."""
    with Path("/dev/full").open("w") as full:
        ended = run("-m", "mailstrata", *words, stdout=full, env={**os.environ, "PYTHONUNBUFFERED": buffered})
    assert ended.stderr.startswith("mailstrata: error: cannot write to standard output: ")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.returncode == 4


@pytest.mark.parametrize("words", [("--help",), ("parse", "--help")])
def test_a_help_page_without_a_reader_ends_quietly(words: tuple[str, ...]) -> None:
    """As `| head` does for results."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = run("-m", "mailstrata", *words, stdout=writing)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_the_package_itself_imports_next_to_nothing() -> None:
    """What is imported before an interrupt is watched for stays small."""
    ended = run(
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2] / 'src')!r}); import mailstrata\n"
        "print(sorted({'typing', 're', 'enum', 'click', 'contextlib'} & set(sys.modules)))",
        stdout=subprocess.PIPE,
    )
    assert ended.stdout == "[]\n"
    assert signal.SIGINT == 2


_HEAVY = (
    "ast asyncio bz2 cchardet click dataclasses datetime decimal duckdb email fnmatch gzip hashlib inspect "
    "ipaddress logging lzma pathlib pyarrow pybase64 random shutil socket sqlite3 ssl struct subprocess tarfile "
    "tempfile threading tokenize typing urllib.parse weakref zipfile zlib zstandard"
)
_READ = """
import sys
import mailstrata
for message in mailstrata.open({path!r}, digests=False):
    assert message.subject == "hello" and message.from_ == "a@b.example"
    assert [part.filename for part in message.parts()] == [None, "a.txt"]
    assert message.message_id == "1@b.example"
    message = None
print(sorted(set({heavy!r}.split()) & set(sys.modules)))
"""
_MESSAGE = (
    b"From: a@b.example\nSubject: hello\nMessage-ID: <1@b.example>\n"
    b"Content-Type: multipart/mixed; boundary=x\n\n"
    b'--x\nContent-Disposition: attachment; filename="a.txt"\nContent-Transfer-Encoding: base64\n\naGFsbG8=\n--x--\n'
)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.eml", _MESSAGE), ("a.mbox", b"From a@b.example Mon Jan  1 10:00:00 2024\n" + _MESSAGE + b"\n")],
)
def test_reading_messages_imports_what_it_uses(tmp_path: Path, name: str, content: bytes) -> None:
    """Walking through a plain mailbox loads nothing for dates, digests, decoding, containers or type checkers: it takes
    longer to import than a hundred megabytes of mail to read."""
    path = tmp_path / name
    path.write_bytes(content)
    code = _READ.format(path=str(path), heavy=_HEAVY)
    source = str(Path(__file__).parents[2] / "src")
    ended = run("-S", "-c", f"import sys; sys.path.insert(0, {source!r})\n{code}", stdout=subprocess.PIPE)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
