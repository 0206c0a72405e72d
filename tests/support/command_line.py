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

ATTACHED = bytes(range(256)) * 2
"""The attachment of `WITH_ATTACHMENT`."""

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

AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4
OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3Bx
cnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmq
q6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj
5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhsc
HR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RV
VldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4SFhoeIiYqLjI2O
j5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPExcbH
yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8=
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
