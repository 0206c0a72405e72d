"""What fuzzing begins with: the samples, hostile cases at small sizes, and short pieces for the narrower targets."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from benchmarks.hostile import bodies, headers
from benchmarks.hostile.cases import Case
from fuzz.targets.stripped import strip
from fuzz.tokens import TOKENS
from mailstrata.search.query.operators import OPERATORS
from mailstrata.stripping import StripPolicy
from samples import oddities

_MOST_BYTES = 6000
_CHOICES = tuple(bytes((number, 0, 0, 0)) for number in range(3))


def seeds(target: str) -> Iterator[bytes]:
    """The inputs that a target begins with, the same each time: each content with some choices before it."""
    for content in sorted(set(_CONTENTS[target]())):
        for choices in _CHOICES:
            yield choices + content


def write_seeds(target: str, folder: Path) -> int:
    """Write them into a folder, a file each; returns how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for data in seeds(target):
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        count += 1
    return count


def _hostile(cases: tuple[Case, ...]) -> Iterator[bytes]:
    for case in cases:
        count = 2000 if case.unit == "bytes" else 20
        yield b"".join(case.pieces(count))[:_MOST_BYTES]


def _messages() -> Iterator[bytes]:
    yield from _hostile(bodies.CASES)
    yield from _hostile(headers.CASES)
    for letter in (*oddities.rare(), *oddities.malformed()):
        yield letter.data[:_MOST_BYTES]
    yield b"".join(b"From - Mon Jan  5 10:00:00 2004\n" + letter.data[:600] + b"\n" for letter in oddities.malformed())[
        :_MOST_BYTES
    ]


def _encoded_bodies() -> Iterator[bytes]:
    for data in _messages():
        yield data.partition(b"\n\n")[2][:1000]
    yield from TOKENS
    yield b"QUJDREVG\r\nR0hJSktM\r\nTU4=\r\n" * 5
    yield b"soft=\n line =C3=A4 \t=\r\nend=20\n" * 5
    yield b"begin 644 x\n" + b"M" + b"8" * 60 + b"\n#86)C\n`\nend\n"


def _quoted_lines() -> Iterator[bytes]:
    yield from (b">" * depth + b"From a@b\n" for depth in range(4))
    yield b"text\nFrom a\n>From b\n>>From c\n> From d\n>Fro\nFrom"
    yield from _encoded_bodies()


def _header_blocks() -> Iterator[bytes]:
    for data in _messages():
        yield data.replace(b"\r\n", b"\n").partition(b"\n\n")[0][:2000] + b"\n\n"


def _header_values() -> Iterator[bytes]:
    for block in _header_blocks():
        for line in block.replace(b"\n ", b" ").split(b"\n")[:8]:
            yield line.partition(b": ")[2][:500]
    yield from TOKENS
    yield b"attachment; filename*0*=utf-8''%e2%82%ac; filename*1=b; filename=\"../a.txt\""
    yield b'"Doe, J." <j@example.org>, Team: a@example.org, (c) b@example.org;, x'


def _labelled_text() -> Iterator[bytes]:
    samples = (b"abc \nde\xe4\xf6 \n> q \n>> r\n-- \nx", b'\x1b$B$"\x1b(B', b"\xff\xfea\0", b"+AOQ-", bytes(range(256)))
    for label in (*_LABELS, b"unknown-8bit", b""):
        for sample in samples:
            yield label + b"\n" + sample


def _skeletons() -> Iterator[bytes]:
    policy = StripPolicy(minimum_bytes=1, attachments_only=False)
    for data in _messages():
        yield strip([data], policy)[0][:_MOST_BYTES]


def _files() -> Iterator[bytes]:
    letters = [letter.data[:800] for letter in (*oddities.rare(), *oddities.malformed())][:6]
    yield from letters
    yield b"".join(b"From - Mon Jan  5 10:00:00 2004\n" + data + b"\n" for data in letters)
    yield b"800\n" + letters[0][:800] + b"<?xml version='1.0'?><plist></plist>"
    yield gzip.compress(letters[0], mtime=0)
    yield lzma.compress(letters[0])
    yield zstandard.compress(letters[0])
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        tarred = io.BytesIO()
        with tarfile.open(fileobj=tarred, mode="w", format=form) as tar:
            for number, data in enumerate(letters[:2]):
                member = tarfile.TarInfo(f"mail/{'long' * (40 if form != tarfile.USTAR_FORMAT else 1)}{number}.eml")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        yield tarred.getvalue().rstrip(b"\0") + bytes(1024)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for number, data in enumerate(letters[:3]):
            kind = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)[number]
            archive.writestr(zipfile.ZipInfo(f"{number}.eml"), data, kind)
    yield zipped.getvalue()


def _queries() -> Iterator[bytes]:
    yield from TOKENS
    for operator in OPERATORS:
        yield f'-{operator.name}:(a OR "b c")'.encode()
        yield f"{operator.wanted.rpartition(' ')[2]} {{a* b}}".encode()
    yield "“signed contract” (from:ann@example.org OR -to:{bob}) date:2w..now size:1k..1.5Mi AND 契約*".encode()
    yield b"((((((((((a))))))))))) \xff 10:30 re: https://example.org/(a) form:x"


_LABELS = (
    b"utf-8", b"us-ascii", b"utf-7", b"utf-16", b"utf-16le", b"utf-32", b"gb2312", b"gb18030", b"big5", b"iso-2022-jp",
    b"iso-2022-kr", b"hz-gb-2312", b"shift_jis", b"euc-jp", b"euc-kr", b"windows-1252", b"koi8-r", b"x-user-defined",
    b"iso-8859-8-i",
)  # fmt: skip

_CONTENTS = {
    "parser": _messages,
    "reader": _messages,
    "base64": _encoded_bodies,
    "quoted-printable": _encoded_bodies,
    "uuencode": _encoded_bodies,
    "mbox-quoting": _quoted_lines,
    "header-values": _header_values,
    "header-blocks": _header_blocks,
    "text": _labelled_text,
    "stripping": _messages,
    "skeletons": _skeletons,
    "sources": _files,
    "queries": _queries,
}
