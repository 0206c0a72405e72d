"""Made-up mail for the tests of the command line, and what calls it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from click.testing import Result

Call = Callable[..., Result]
"""Runs the command in this process."""

Spawn = Callable[..., subprocess.CompletedProcess[bytes]]
"""Runs the command as a process of its own."""

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
    return b"".join(b"From sender@example.org Mon Nov 10 10:00:00 2025\n" + message + b"\n" for message in messages)
