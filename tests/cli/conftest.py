"""What the tests of the command line share: made-up mail, and ways to run the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.command_line import DEFECTIVE, PLAIN, WITH_ATTACHMENT, Call, Spawn, mbox_of

from mailstrata.cli.main import cli


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    """An mbox of three messages."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox_of(PLAIN, WITH_ATTACHMENT, DEFECTIVE))
    return path


@pytest.fixture
def call() -> Call:
    """Run the command in this process, with words as its arguments."""

    def run(*words: str | Path, **extra: Any) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], **extra)

    return run


@pytest.fixture
def spawn() -> Spawn:
    """Run the command as a process of its own."""

    def run(*words: str | bytes | Path, **extra: Any) -> subprocess.CompletedProcess[bytes]:
        extra.setdefault("timeout", 60)
        if "stdout" not in extra:
            extra.setdefault("capture_output", True)
        return subprocess.run([sys.executable, "-m", "mailstrata", *words], check=False, **extra)

    return run
