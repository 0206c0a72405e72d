"""The mailboxes that are measured, made with a seed and streamed to disk in constant memory.

    small   an mbox of text and multipart/alternative messages, about 6.5 KB each, with 25 header fields
    mixed   an mbox in which 40 % of the messages carry 1 to 3 base64 attachments of 20 to 400 KB; 104 KB a
            message on average. One attachment in ten has been sent before
    huge    one message with one base64 attachment
    blobs   an mbox in which each message carries ten base64 attachments of 1,000 bytes, no two of them alike

`python -m benchmarks.inputs KIND SIZE FOLDER` makes one, unless it is there already, and prints its facts as
JSON. SIZE is a number of messages for small, of attachments for blobs, and bytes otherwise: of the whole mbox for
mixed, of the decoded attachment for huge.
"""

from __future__ import annotations

import binascii
import json
import quopri
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from benchmarks.text import Text

_VERSION = 1
_LINE = 57
_BLOCK = _LINE * 18_396
_BLOB_BYTES = 1000
_BLOBS_A_MESSAGE = 10
_START = datetime(2020, 1, 1, tzinfo=UTC)
_NAMES = ("Ada Berg", "Ben Cole", "Eva Dahl", "Finn Ek", "Gösta Öberg", "Zoë Żak", "林 美玲", "Ольга Юрьева")
_HEADS = {
    "pdf": ("application/pdf", b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00"),
    "png": (
        "image/png",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x04\x00\x00\x00\x03\x00\x08\x02\x00\x00\x00",
    ),
    "zip": ("application/zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00!\x00"),
}


@dataclass(slots=True)
class Facts:
    """What is in an input, known because we made it. An attachment is a part with a file name."""

    name: str
    path: str
    size: int = 0
    messages: int = 0
    attachments: int = 0
    attachment_bytes: int = 0


def encode_base64(data: bytes) -> bytes:
    """Base64 in lines of 76 characters, the last line break included. Without a loop over the lines: each of
    the 76 columns of the whole block is copied in one step."""
    full = len(data) - len(data) % _LINE
    columns = binascii.b2a_base64(data[:full], newline=False)
    lines = bytearray(b"\n") * (full // _LINE * 77)
    for column in range(76):
        lines[column::77] = columns[column::76]
    return bytes(lines) + (binascii.b2a_base64(data[full:]) if full < len(data) else b"")


class Writer:
    """Makes the messages of one input and counts what is in them."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.text = Text(f"{facts.name} {_VERSION}")
        self.random = self.text.random

    def small(self, messages: int) -> Iterator[bytes]:
        """The mbox of small messages."""
        for number in range(messages):
            self.facts.messages += 1
            yield self._framed(number, self._header(number), self._content())

    def mixed(self, size: int) -> Iterator[bytes]:
        """The mbox with attachments, up to about `size` bytes."""
        number = written = 0
        while written < size:
            content = self._content()
            if self.random.random() < 0.4:
                count = self.random.choices((1, 2, 3), (72, 20, 8))[0]
                content = _multipart("mixed", f"mix{number}", [content, *(self._attachment() for _ in range(count))])
            message = self._framed(number, self._header(number), content)
            self.facts.messages += 1
            yield message
            written += len(message)
            number += 1

    def huge(self, size: int) -> Iterator[bytes]:
        """One message whose attachment has `size` bytes."""
        kind, head = _HEADS["zip"]
        text = b"Content-Type: text/plain; charset=utf-8\n\n" + self.text.body(600).encode()
        yield self._header(0) + b'Content-Type: multipart/mixed; boundary="=_huge"\n\n--=_huge\n' + text
        yield b"\n--=_huge\n" + _attachment_header(kind, "everything.zip")
        rest = size
        while rest > 0:
            block = (head + self.random.randbytes(min(rest, _BLOCK)))[: min(rest, _BLOCK)]
            head = b""
            rest -= len(block)
            yield encode_base64(block)
        yield b"\n--=_huge--\n"
        self.facts.messages = self.facts.attachments = 1
        self.facts.attachment_bytes = size

    def blobs(self, count: int) -> Iterator[bytes]:
        """The mbox of small attachments, `count` of them."""
        for number in range(-(-count // _BLOBS_A_MESSAGE)):
            parts = [_part("text/plain; charset=utf-8", "7bit", self.text.body(300).encode())]
            parts += [self._blob() for _ in range(min(_BLOBS_A_MESSAGE, count - self.facts.attachments))]
            self.facts.messages += 1
            yield self._framed(number, self._header(number), _multipart("mixed", f"blob{number}", parts))

    def _blob(self) -> bytes:
        facts = self.facts
        kind, head = _HEADS[("pdf", "jpg", "png", "zip")[facts.attachments % 4]]
        # As in `_file`, three quarters are random: enough for no two to be the same.
        data = (head + self.random.randbytes(_BLOB_BYTES * 3 // 4)).ljust(_BLOB_BYTES, b"\0")
        facts.attachments += 1
        facts.attachment_bytes += _BLOB_BYTES
        return _attachment_header(kind, f"blob-{facts.attachments}") + encode_base64(data)[:-1]

    def _framed(self, number: int, header: bytes, content: bytes) -> bytes:
        date = _START + timedelta(minutes=7 * number)
        return f"From sender{number % 97}@example.org {date.ctime()}\n".encode() + header + content + b"\n\n"

    def _header(self, number: int) -> bytes:
        """22 header fields; Content-Type and Content-Transfer-Encoding come with the content."""
        source = self.random
        date = _START + timedelta(minutes=7 * number, seconds=source.randrange(60))
        stamp = format_datetime(date)
        name, subject = source.choice(_NAMES), self.text.phrase(source.randrange(3, 9))
        if number % 5 == 0:
            subject += " ünterwegs"
        sender = f"sender{source.randrange(400)}@example.org"
        received = "\n".join(
            f"Received: from relay{hop}.example.com (relay{hop}.example.com"
            f" [192.0.2.{source.randrange(256)}])\n"
            f"\tby mx{hop}.example.net (Postfix) with ESMTPS id {source.getrandbits(44):011X}\n"
            f"\tfor <archive@example.net>; {stamp}"
            for hop in range(4)
        )
        signature = binascii.b2a_base64(source.randbytes(192), newline=False).decode()
        wrapped = "\n\t ".join(signature[start : start + 68] for start in range(0, len(signature), 68))
        thread = f"{source.getrandbits(64):016x}@example.org"
        return (
            f"Return-Path: <{sender}>\nDelivered-To: archive@example.net\n{received}\n"
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\n"
            f"\th=from:to:subject:date:message-id; bh={source.getrandbits(160):040x};\n\tb={wrapped}\n"
            f"Authentication-Results: mx0.example.net; dkim=pass header.d=example.org; spf=pass\n"
            f"X-Spam-Status: No, score=-{source.randrange(40) / 10} required=5.0\nX-Spam-Level:\n"
            f"Message-ID: <{source.getrandbits(64):016x}@example.org>\nDate: {stamp}\n"
            f"From: {_encoded(name)} <{sender}>\nTo: Archive <archive@example.net>\n"
            f"Cc: reader{source.randrange(90)}@example.com, reader{source.randrange(90)}@example.com\n"
            f"Subject: {_encoded(subject)}\nIn-Reply-To: <{thread}>\nReferences: <{thread}>\n"
            f"List-Id: Discussion <discussion.example.org>\nPrecedence: list\n"
            f"User-Agent: Mozilla/5.0 Thunderbird/115.{source.randrange(9)}.0\nMIME-Version: 1.0\n"
            f"X-Priority: 3\n"
        ).encode("ascii")

    def _content(self) -> bytes:
        """A text, or a text and the same as HTML."""
        if self.random.random() < 0.4:
            return _part("text/plain; charset=utf-8", "8bit", self.text.body(4400).encode())
        plain = self.text.body(1900)
        # Paragraphs of one long line, as mail programs write them: soft line breaks throughout.
        paragraphs = [paragraph.replace("\n", " ") for paragraph in plain.split("\n\n")]
        html = "<html><body>\n" + "".join(f'<p style="margin:0">{words}</p>\n' for words in paragraphs)
        parts = [
            _part("text/plain; charset=utf-8", "7bit", plain.encode()),
            _part("text/html; charset=utf-8", "quoted-printable", quopri.encodestring(html.encode())),
        ]
        return _multipart("alternative", f"alt{self.random.getrandbits(48):012x}", parts)

    def _attachment(self) -> bytes:
        """A base64 attachment. What it holds hangs on its number alone, so that it can be sent again."""
        facts = self.facts
        number = facts.attachments
        if number > 20 and self.random.random() < 0.1:
            number = self.random.randrange(number)
        facts.attachments += 1
        data, extension = _file(number)
        facts.attachment_bytes += len(data)
        return _attachment_header(_HEADS[extension][0], f"file-{number}.{extension}") + encode_base64(data)[:-1]


def _file(number: int) -> tuple[bytes, str]:
    """The content and extension of the numbered file: 20 to 400 KB, small ones more often; three quarters
    of it random, as in compressed formats, the rest repeating, as in their tables."""
    text = Text(f"file {number} {_VERSION}")
    extension = text.random.choice(list(_HEADS))
    size = int(20_000 * 20 ** text.random.random())
    repeated = text.random.randbytes(64) * 16
    blocks = [_HEADS[extension][1]]
    blocks += [text.random.randbytes(3072) + repeated for _ in range(size // 4096 + 1)]
    return b"".join(blocks)[:size], extension


def _encoded(words: str) -> str:
    if words.isascii():
        return words
    return "=?utf-8?B?" + binascii.b2a_base64(words.encode(), newline=False).decode() + "?="


def _part(content_type: str, encoding: str, body: bytes) -> bytes:
    return f"Content-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + body


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    body = b"".join(b"--" + boundary.encode() + b"\n" + part + b"\n" for part in parts)
    head = f'Content-Type: multipart/{subtype};\n boundary="{boundary}"\nContent-Transfer-Encoding: 7bit\n\n'
    return head.encode() + body + b"--" + boundary.encode() + b"--"


def _attachment_header(content_type: str, filename: str) -> bytes:
    return (
        f'Content-Type: {content_type}; name="{filename}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{filename}"\n\n'
    ).encode()


def make(kind: str, size: int, folder: Path) -> Facts:
    """The facts of an input, which is made first unless it is there. A file under its final name is whole."""
    name = f"{kind}-{size}-v{_VERSION}"
    path = folder / (name + (".eml" if kind == "huge" else ".mbox"))
    record = folder / f"{name}.json"
    if path.exists() and record.exists():
        return Facts(**json.loads(record.read_text()))
    folder.mkdir(parents=True, exist_ok=True)
    facts = Facts(kind, str(path))
    writer = Writer(facts)
    pieces = {"small": writer.small, "mixed": writer.mixed, "huge": writer.huge, "blobs": writer.blobs}[kind](size)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as out:
        for piece in pieces:
            facts.size += out.write(piece)
    record.write_text(json.dumps(asdict(facts)))
    partial.replace(path)
    return facts


def main() -> None:
    """The command line: KIND SIZE FOLDER."""
    if len(sys.argv) != 4 or sys.argv[1] not in ("small", "mixed", "huge", "blobs"):
        sys.exit("usage: python -m benchmarks.inputs small|mixed|huge|blobs SIZE FOLDER")
    facts = make(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps(asdict(facts)) + "\n")


if __name__ == "__main__":
    main()
