"""The mailboxes that every sink must take: ordinary, empty, deep, wide, hostile and broken ones, all made
here."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator

from mailstrata.errors import DamagedSourceError, SourceChangedError
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile
from mailstrata.testing.memory import MemoryFile, MemorySource, memory_mbox, memory_message, memory_tree

HOSTILE_FILENAMES = (
    "../../../../etc/passwd",
    "/etc/cron.d/task",
    "..\\..\\windows\\system.ini",
    "C:\\autoexec.bat",
    "\\\\server\\share\\file",
    "..",
    ".",
    "...",
    "/",
    "",
    " ",
    ".bashrc",
    "-rf",
    "CON",
    "nul.txt",
    "COM\u00b9.log",
    "a.txt::$DATA",
    "trailing. . .",
    "tab\there.txt",
    "escape\x1b[2J.txt",
    "invoice\u202efdp.exe",
    "zero\u200bwidth.txt",
    "question?*<>|.txt",
    "same.txt",
    "same.txt",
    "SAME.TXT",
    "same (2).txt",
    "caf\u00e9.txt",
    "cafe\u0301.txt",
    "\u62a5\u544a\U0001f600.pdf",
    "source.json",
    "manifest.jsonl",
    "n" * 5000 + ".pdf",
    "\u00e4" * 300 + ".tar.gz",
)
"""Names to save files under that must not be used as they stand."""

_HEADER = (
    b"From: Ada Lovelace <ada@example.org>\n"
    b"To: Charles Babbage <charles@example.org>\n"
    b"Date: Mon, 10 Nov 2025 10:00:00 +0100\n"
)


def ordinary_mailbox() -> MemorySource:
    """A small mbox of what most mail is made of: text, alternatives, attachments, an embedded message,
    quoting."""
    messages = [
        _HEADER + b"Message-ID: <1@example.org>\nSubject: Notes\n\nHello.\n>From here on, all is quoted.\n",
        _multipart(
            "mixed",
            b"Subject: =?utf-8?Q?R=C3=A9sum=C3=A9?=\nMessage-ID: <2@example.org>\n",
            _multipart(
                "alternative", b"", _part("text/plain", b"Plain text"), _part("text/html", b"<p>Text"), boundary=b"in"
            ),
            _attachment("application/pdf", b"%PDF-1.7 " + bytes(range(256)), b"report.pdf"),
            _attachment("application/pdf", b"%PDF-1.7 other", b"report.pdf"),
        ),
        _multipart(
            "mixed",
            b"Subject: Fwd: Notes\nMessage-ID: <3@example.org>\nReferences: <1@example.org>\n",
            b"Content-Type: message/rfc822\n\n" + _HEADER + b"Subject: Notes\n\nHello again.\n",
        ),
    ]
    return memory_mbox("ordinary.mbox", b"".join(_in_mbox(message) for message in messages))


def small_maildir() -> MemorySource:
    """A Maildir with folders, some of them empty, flags, names that are not UTF-8, and files that are passed over."""
    body = _HEADER + b"Subject: in a Maildir\n\n"
    files: list[MemoryFile | SkippedFile | FolderInfo] = [
        MemoryFile((("message", body + b"%d\n" % n),), FileInfo(name, folder, flags, 0o600, 10**18, len(body) + 2))
        for n, (name, folder, flags) in enumerate(
            [(b"cur/1:2,S", "INBOX", "S"), (b".Work/new/2", "Work", ""), (b"cur/caf\xe9:2,FS", "INBOX", "FS")]
        )
    ]
    files.insert(1, SkippedFile(b"cur/picture.png", "an image, no mail"))
    files.append(SkippedFile(b"cur/secret", "Permission denied", is_error=True))
    files.append(MemoryFile((("gap", b"1234\n"), ("message", body), ("gap", b"<plist/>")), FileInfo(b"cur/3.emlx")))
    modes = [(b"", 0o700), (b".Work/new", 0o4777), (b".Work/caf\xe9", 0o710), (b"cur", 0o2770), (b"tmp", None)]
    files[:0] = [FolderInfo(name, mode, None if mode is None else 10**18) for name, mode in modes]
    return memory_tree("maildir", files, "maildir")


def conformance_mailboxes() -> Iterator[MemorySource]:
    """Every mailbox of the suite, each named after what is special about it. All are the same at every
    call."""
    noise = random.Random(20251110).randbytes  # noqa: S311 - noise, not secrets
    yield ordinary_mailbox()
    yield memory_mbox("empty mailbox", b"")
    yield memory_mbox("nothing but junk", b"This is no mail.\n\n" + noise(2000))
    yield memory_message("empty message", b"")
    yield memory_message("only a header", b"Subject: no body")
    yield memory_message("only a body", b"\nno header\n")
    yield memory_message("only line breaks", b"\r\n\n\r\n")
    yield memory_message("random bytes", noise(5000))
    yield memory_message("every byte", b"Subject: " + bytes(range(256)) + b"\n\n" + bytes(range(256)))
    yield memory_message("nul bytes", b"Subject: a\x00b\n\n\x00\x00\x00")
    yield memory_message(
        "carriage returns", _multipart("mixed", b"", _part("text/plain", b"x")).replace(b"\n", b"\r\n")
    )
    yield memory_message("bare carriage returns", b"Subject: a\rFrom: b\r\rbody\rbody")
    yield memory_message("8-bit header", b"Subject: caf\xe9 \xff\nFrom: \xe9 <e@example.org>\n\nx\n")
    yield memory_message("long header", b"Subject: " + b"word " * 50_000 + b"\n\nbody\n")
    yield memory_message("broken encodings", _broken_encodings())
    yield memory_message("hostile file names", _named_parts())
    yield memory_message("deep", _nested(300))
    yield memory_message("wide", _multipart("mixed", b"", *[_part("text/plain", b"%d" % n) for n in range(2500)]))
    yield memory_message(
        "beyond the limit of parts", b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 10_500
    )
    yield memory_message("no close-delimiter", b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n")
    yield memory_message("large", _multipart("mixed", b"", _attachment("image/png", noise(3 << 20), b"large.png")))
    yield memory_mbox("many", b"".join(_in_mbox(_HEADER + b"Subject: %d\n\n%d\n" % (n, n)) for n in range(1200)))
    yield memory_mbox("no line break at the end", _in_mbox(_HEADER + b"\nbody")[:-2])
    yield small_maildir()
    yield memory_mbox(
        "changed while read",
        _in_mbox(_HEADER + b"\nwhole\n") + _in_mbox(_HEADER + b"\nhalf wri")[:-1],
        error=SourceChangedError("changed while read.mbox changed while it was read; run the command again"),
    )
    yield _damaged()


def _damaged() -> MemorySource:
    data = _in_mbox(_HEADER + b"\nwhole\n") + _in_mbox(_multipart("mixed", b"", _part("text/plain", b"cut")))[:-30]
    error = DamagedSourceError("damaged.gz: truncated; the messages before it were read", offset=len(data))
    file = MemoryFile((("mbox", data),), FileInfo(quoting="mboxrd", compression="gzip"), error=error)
    return memory_tree("damaged.gz", [file], "mbox")


def _in_mbox(message: bytes) -> bytes:
    return b"From ada@example.org Mon Nov 10 10:00:00 2025\n" + message + b"\n"


def _part(content_type: str, body: bytes, fields: bytes = b"") -> bytes:
    return b"Content-Type: %s\n%s\n%s" % (content_type.encode(), fields, body)


def _attachment(content_type: str, content: bytes, filename: bytes) -> bytes:
    fields = b'Content-Disposition: attachment; filename="%s"\nContent-Transfer-Encoding: base64\n' % filename
    return _part(content_type, base64.encodebytes(content), fields)


def _multipart(subtype: str, fields: bytes, *parts: bytes, boundary: bytes = b"out") -> bytes:
    header = fields + b'Content-Type: multipart/%s; boundary="%s"\n' % (subtype.encode(), boundary)
    body = b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts)
    return header + b"\npreamble\n" + body + b"--%s--\nepilogue\n" % boundary


def _nested(levels: int) -> bytes:
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level) for level in range(levels)
    )
    closing = b"".join(b"\n--%d--\n" % level for level in reversed(range(levels)))
    return opening + b"\nthe innermost\n" + closing


def _broken_encodings() -> bytes:
    bodies = {
        b"base64": [b"QUJD", b"QUJ", b"Q", b"QU=JD", b"Q*U~J D", b"====", b"", b"\xff\x00", b"QUJD==QUJD"],
        b"quoted-printable": [b"=41=", b"=4", b"=ZZ", b"= \n=\n", b"=\r", b"", b"a" * 5000],
        b"x-uuencode": [b"begin 644 a\n#86)C\n`\nend\n", b"#86)C", b"begin 644 a\n~~~\n", b"", b"begin"],
        b"x-unheard-of": [b"as it stands"],
        b"": [b"nothing"],
    }
    parts = [
        _part("application/octet-stream", body, b"Content-Transfer-Encoding: %s\n" % encoding)
        for encoding, cases in bodies.items()
        for body in cases
    ]
    return _multipart("mixed", b"", *parts)


def _named_parts() -> bytes:
    parts = []
    for name in HOSTILE_FILENAMES:
        encoded = "".join(f"%{byte:02X}" for byte in name.encode())
        parts.append(
            _part(
                "text/plain", b"content", b"Content-Disposition: attachment; filename*=utf-8''%s\n" % encoded.encode()
            )
        )
        plain = name.encode("utf-8").replace(b"\\", b"\\\\")
        parts.append(_part("text/plain", b"content", b'Content-Disposition: attachment; filename="%s"\n' % plain))
    return _multipart("mixed", b"Subject: ../../up: and/or\\down\n", *parts)
