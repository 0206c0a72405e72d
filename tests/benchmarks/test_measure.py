"""Measuring programs: time, peak memory, what they print, and how they fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from benchmarks.measure import ProgramFailedError, run, scratch

ROOT = Path(__file__).parents[2]


def python(code: str) -> list[str]:
    """A command that runs some Python."""
    return [sys.executable, "-c", code]


def test_peak_memory_is_that_of_the_program() -> None:
    """A program that fills 200 MB and lets go of it has a peak of so much, and one that does nothing has not.

    The measuring process is a small one of its own, since no program's peak reads lower than its parent's.
    """
    code = (
        "import sys\nfrom benchmarks.measure import run\n"
        "for code in ('pass', 'data = bytearray(200_000_000); data[::4096] = data[::4096]; del data'):\n"
        "    print(run([sys.executable, '-c', code]).peak)"
    )
    printed = subprocess.run(python(code), cwd=ROOT, check=True, capture_output=True, text=True).stdout
    idle, busy = map(int, printed.split())
    assert 200e6 < busy < 230e6
    assert idle < 60e6


def test_what_is_printed_last_comes_back() -> None:
    """The last line is read as JSON; other lines are not looked at."""
    measured = run(python("print('hello'); print('{\"messages\": 3}')"))
    assert measured.printed == {"messages": 3}
    assert measured.seconds > 0


def test_processor_time_is_that_of_the_program() -> None:
    """What it works for, not what it waits for; a program that it starts and waits for is part of it."""
    work = "import time\nwhile time.process_time() < 0.3: pass"
    assert run(python("import threading; threading.Event().wait(0.3)")).processor < 0.3
    assert run(python(work)).processor >= 0.3
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}], check=True)"
    assert run(python(child)).processor >= 0.3


def test_children_can_be_left_out_of_the_peak() -> None:
    """Then it is that of the largest process, not of all that run at the same time."""
    code = (
        "import subprocess, sys\ndata = bytearray(60_000_000); data[::4096] = data[::4096]\n"
        "subprocess.run([sys.executable, '-c', 'import threading; data = bytearray(60_000_000);"
        " data[::4096] = data[::4096]; threading.Event().wait(0.5)'], check=True)"
    )
    # In a process of its own: a child looks at first as large as this one, which tests may have made large.
    asks = (
        "import json, sys; from benchmarks.measure import run; command = [sys.executable, '-c', sys.argv[1]];"
        "print(json.dumps([run(command).peak, run(command, adds_children=False).peak]))"
    )
    shown = subprocess.run([sys.executable, "-c", asks, code], cwd=ROOT, capture_output=True, check=True).stdout
    together, largest = json.loads(shown)
    assert together > 120e6
    assert 60e6 < largest < 120e6


def test_programs_may_keep_what_they_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those do that are installed, whatever the environment says; the rest of it is theirs."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("MARK", "5")
    measured = run(
        python(
            "import json, os, sys\n"
            "print(json.dumps({'writes': not sys.dont_write_bytecode, 'mark': os.environ['MARK']}))"
        )
    )
    assert measured.printed == {"writes": True, "mark": "5"}


def test_standard_input_is_fed() -> None:
    """What `feed` writes is what the program reads."""

    def feed(pipe: IO[bytes]) -> None:
        pipe.write(b"x" * 300_000)

    command = python("import sys; print('{\"read\": %d}' % len(sys.stdin.buffer.read()))")
    assert run(command, feed=feed).printed == {"read": 300_000}


def test_a_failure_says_why() -> None:
    """The last line of standard error and the exit code come back, also where standard input was not read."""

    def feed(pipe: IO[bytes]) -> None:
        pipe.write(b"x" * 1_000_000)

    with pytest.raises(ProgramFailedError, match=r"^too large$") as caught:
        run(python("import sys; print('noise\\ntoo large', file=sys.stderr); sys.exit(4)"), feed=feed)
    assert caught.value.exit_code == 4


def test_a_program_that_was_killed_says_so() -> None:
    """A signal is named where nothing was written."""
    with pytest.raises(ProgramFailedError, match="signal 9"):
        run(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))


def test_a_program_that_takes_too_long_is_stopped() -> None:
    """The timeout ends the program and is named as the reason."""
    with pytest.raises(ProgramFailedError, match=r"longer than 0\.2 s"):
        run(python("import threading; threading.Event().wait()"), timeout=0.2)


def test_scratch_is_gone_afterwards(tmp_path: Path) -> None:
    """The folder is empty when it comes and gone when it is left; one that does not fit into memory is elsewhere."""
    with scratch(1 << 60, tmp_path / "below") as folder:
        (folder / "file").write_bytes(b"x")
        assert folder.parent == tmp_path / "below"
    assert not folder.exists()
