"""What a fuzzer begins with, made anew each time: small hostile mail, the samples, and values for header fields."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.hostile import bodies, headers

_MOST = 4096
"""Bytes of a seed; a fuzzer gets further with small ones."""
_SAMPLES = Path(__file__).parents[1] / "samples" / "mail"
_VALUES = (
    b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?8J+Yig==?=",
    b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
    b'"Doe, Jane" <jane@a.example>, (comment) b@[192.0.2.1], group: c@d.example, <e@f.example>;',
    b"Mon, 5 Jan 2004 10:00:00 +0000 (UTC)",
    b"05-Jan-04 1:02 PM EST",
    b'text/plain; charset="utf-8"; name*0*=utf-8\'en\'a%20; name*1=b; name="=?utf-8?q?c?="',
    b'attachment; filename="a\\"b.txt" (comment); size=3',
    b"<a@b.example> <c@d.example>\r\n <e@f.example>",
)
TOKENS = (
    *(b"--a", b"--a--", b"\\x0d\\x0a", b"\\x0a\\x0a", b"From ", b">From ", b"boundary=a", b"boundary*0*=''a"),
    *(b"multipart/mixed; ", b"message/rfc822", b"Content-Type: ", b"Content-Transfer-Encoding: ", b"base64"),
    *(b"quoted-printable", b"x-uuencode", b"begin 644 a", b"Content-Disposition: ", b"filename=", b"=?utf-8?b?"),
    *(b"=?utf-8?q?", b"?=", b"access-type=x-mailstrata", b"message/external-body; ", b"\\x1b$B", b"+AGE-", b"~{"),
    *(b"format=flowed", b"delsp=yes", b"-- \\x0a", b"a@b.example", b"Mon, 5 Jan 2004 10:00:00 +0000"),
)
"""A dictionary in libFuzzer's notation."""


def _messages() -> Iterator[bytes]:
    for case in bodies.CASES + headers.CASES:
        data = b"".join(case.pieces(max(1, min(case.count, 20))))
        yield data[:_MOST]
    if _SAMPLES.is_dir():
        for path in sorted(_SAMPLES.rglob("*")):
            if path.is_file():
                yield path.read_bytes()[:_MOST]


def _bodies() -> Iterator[bytes]:
    content = random.Random(1).randbytes(200)
    lines = base64.encodebytes(content)
    yield lines
    yield lines.replace(b"\n", b"\r\n")
    yield lines[:-5] + b"!" + lines
    yield binascii.b2a_qp(content)
    yield b"begin 644 a\n" + b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, 200, 45)) + b"`\nend\n"
    yield b"From a\n>From b\n\n>>From c\nFrom"
    yield "Gr\u00fc\u00dfe \u65e5\u672c\u8a9e ".encode() * 5
    yield "\u65e5\u672c\u8a9e\n".encode("iso2022_jp") * 5
    yield b"a +AGE- b ~{VPND~} \n> quoted \nflowed \nfixed\n-- \nx\n"


def seeds(target: str) -> Iterator[bytes]:
    """The inputs that a target begins with; each choice that it takes from its first byte occurs."""
    if target == "fields":
        yield from _VALUES
        return
    inputs = list(_bodies()) if target in ("transfer", "quoting", "text") else list(_messages())
    for number, data in enumerate(inputs):
        for choice in range(8):
            yield bytes([(choice + number) % 32, number % 64]) + data


def write(target: str, folder: Path) -> None:
    """Write the seeds of a target into a folder of their own, and the dictionary beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):
        (folder / f"seed-{number:05}").write_bytes(data)
    (folder.parent / "tokens.dict").write_text("".join(f'"{token.decode()}"\n' for token in TOKENS))
