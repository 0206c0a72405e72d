"""What the tests of the command line share: made-up mail, and ways to run the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailstrata.cli.main import cli

PLAIN = b"""\
From: Ada <ada@example.org>
To: Bob <bob@example.org>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Mon, 10 Nov 2025 11:00:00 +0100
Message-ID: <one@example.org>
Content-Type: text/plain; charset=utf-8

Guten Tag.
"""

WITH_ATTACHMENT = b"""\
From: Bob <bob@example.org>
To: Ada <ada@example.org>
Subject: The picture
Date: Tue, 11 Nov 2025 10:00:00 +0000
Message-ID: <two@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Here it is.
--b
Content-Type: application/octet-stream; name="data.bin"
Content-Disposition: attachment; filename="data.bin"
Content-Transfer-Encoding: base64

AAECAwQFBgc=
--b--
"""

DEFECTIVE = b"""\
Subject: no from, no date
Message-ID: <three@example.org>
Content-Type: multipart/mixed

no boundary
"""


def mbox_of(*messages: bytes) -> bytes:
    """An mbox of the messages."""
    return b"".join(
        b"From sender@example.org Mon Nov 10 10:00:00 2025\n" + message + b"\n" for message in messages
    )


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    """An mbox of three messages."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox_of(PLAIN, WITH_ATTACHMENT, DEFECTIVE))
    return path


@pytest.fixture
def call() -> Callable[..., Result]:
    """Run the command in this process, with words as its arguments."""

    def run(*words: str | Path, **extra: Any) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], **extra)

    return run


@pytest.fixture
def spawn() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the command as a process of its own."""

    def run(*words: str | bytes | Path, **extra: Any) -> subprocess.CompletedProcess[bytes]:
        extra.setdefault("timeout", 60)
        if "stdout" not in extra:
            extra.setdefault("capture_output", True)
        return subprocess.run([sys.executable, "-m", "mailstrata", *words], check=False, **extra)

    return run
