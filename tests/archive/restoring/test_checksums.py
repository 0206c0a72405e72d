from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailstrata.archive.restoring.checksums import checksum_line

NAMES = [
    b"inbox.mbox",
    b"cur/1.2.host:2,S",
    b" leading and trailing ",
    b"-",
    b"-rf",
    b"back\\slash",
    b"line\nfeed",
    b"both\\n and \n",
    b"a\rb",
    b"ends in\r",
    b"caf\xe9",
    "\u65e5\u672c".encode(),
    b"\\starts",
    b"*star",
]


def test_the_usual_line() -> None:
    """Digest, two spaces, name."""
    assert checksum_line("ab" * 32, b"a/b c") == b"ab" * 32 + b"  a/b c\n"


def test_odd_names_are_escaped() -> None:
    """As the coreutils do it, and only where it must be."""
    assert checksum_line("00", b"a\\b\nc") == b"\\00  a\\\\b\\nc\n"
    assert checksum_line("00", b"a\rb") == b"00  a\rb\n"
    assert checksum_line("00", b"a\r") == b"\\00  a\\r\n"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="the program sha256sum is not installed")
def test_sha256sum_finds_each_file(tmp_path: Path) -> None:
    """Whatever it is called."""
    (tmp_path / "cur").mkdir()
    lines = []
    for number, name in enumerate(NAMES):
        (tmp_path / os.fsdecode(name)).write_bytes(b"%d" % number)
        lines.append(checksum_line(hashlib.sha256(b"%d" % number).hexdigest(), name))
    (tmp_path / "SUMS").write_bytes(b"".join(lines))
    checked = subprocess.run(["sha256sum", "-c", "--strict", "SUMS"], cwd=tmp_path, check=False, capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count(b"OK") == len(NAMES)
