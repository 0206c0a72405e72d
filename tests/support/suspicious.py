"""Messages with parts that have flags, and the flags that they are to have."""

from __future__ import annotations

import base64

from support.attachments import PROGRAM, rar5, zip_of


def leaf(header: str, content: bytes = b"", encoding: str = "base64") -> bytes:
    """A part with that header."""
    if encoding == "base64":
        body = base64.encodebytes(content)
    elif encoding == "escaped":
        body = b"".join(b"=%02X" % byte + (b"" if place % 20 else b"=\n") for place, byte in enumerate(content))
    else:
        body = content
    said = {"escaped": "quoted-printable", "none": ""}.get(encoding, encoding)
    field = f"Content-Transfer-Encoding: {said}\n" if said else ""
    return header.encode() + field.encode() + b"\n" + body


TEXT = b"Good morning, this is plain text that needs no encoding at all, in a line or two.\n" * 3
SCRIPT = b"<html><script>document.write('x')</script>" + TEXT + b"</html>"

PARTS: list[tuple[bytes, str | None, set[str]]] = [
    # What it is, its declared type, its flags.
    (leaf("Content-Type: text/plain\n", TEXT, "7bit"), "text/plain", set()),
    (leaf("", TEXT, "none"), None, set()),
    (leaf("Content-Type: nonsense\n", TEXT, "none"), None, set()),
    (leaf("content-type: TEXT/Plain; charset=utf-8\n", TEXT), "text/plain", set()),
    (leaf("Content-Type: text/plain; charset=us-ascii\n", TEXT), "text/plain", {"suspicious-encoding"}),
    (leaf("Content-Type: text/plain\n", TEXT), "text/plain", {"suspicious-encoding"}),
    (leaf("Content-Type: text/plain; charset=iso-8859-1\n", "Grüße".encode("latin-1") + TEXT), "text/plain", set()),
    (leaf("Content-Type: text/plain; name=a.txt\n", TEXT), "text/plain", set()),
    (leaf("Content-Type: text/plain; charset=utf-8\n", TEXT, "escaped"), "text/plain", {"suspicious-encoding"}),
    (
        leaf("Content-Type: text/html; charset=utf-8\n", SCRIPT),
        "text/html",
        {"suspicious-encoding", "active-content"},
    ),
    (leaf("Content-Type: text/html; charset=utf-8\n", SCRIPT, "7bit"), "text/html", {"active-content"}),
    (leaf("Content-Type: text/plain; charset=utf-8\n", b"see <script>x</script>\n", "7bit"), "text/plain", set()),
    (leaf("Content-Type: image/jpeg; name=a.jpg\n", PROGRAM), "image/jpeg", {"executable", "type-mismatch"}),
    (leaf("Content-Type: application/octet-stream; name=a.exe\n", PROGRAM), "application/octet-stream", {"executable"}),
    (
        leaf('Content-Type: application/octet-stream; name="invoice.pdf.js"\n', b"var x = 1;\n"),
        "application/octet-stream",
        {"executable", "double-extension"},
    ),
    (
        leaf("Content-Type: application/pdf; name*=utf-8''a%E2%80%AEfdp.exe\n", PROGRAM),
        "application/pdf",
        {"executable", "type-mismatch", "deceptive-name"},
    ),
    (leaf("Content-Type: application/zip; name=a.zip\n", zip_of("b.exe")), "application/zip", {"holds-executable"}),
    (
        leaf("Content-Type: application/pdf; name=a.pdf\n", zip_of("b.exe", password=True)),
        "application/pdf",
        {"holds-executable", "encrypted", "type-mismatch"},
    ),
    (
        leaf("Content-Type: application/x-rar; name=a.rar\n", rar5("a", password=True)),
        "application/x-rar",
        {"encrypted"},
    ),
    (
        leaf("Content-Type: application/octet-stream; name=a.docm\n", zip_of("word/a.xml", "word/vbaProject.bin")),
        "application/octet-stream",
        {"macros"},
    ),
    (
        leaf('Content-Type: message/external-body; access-type=URL; URL="http://x.example/"\n', b"", "7bit"),
        "message/external-body",
        {"external-body"},
    ),
    (
        leaf("Content-Type: message/external-body; access-type=content-id\n", b"", "7bit"),
        "message/external-body",
        set(),
    ),
    (
        leaf("Content-Type: text/html\nContent-Type: text/plain\n", TEXT, "7bit"),
        "text/html",
        {"ambiguous"},
    ),
    (leaf("Content-Type: text/plain; name=a.txt; name=b.exe\n", TEXT, "7bit"), "text/plain", {"ambiguous"}),
    (
        leaf(
            "Content-Type: application/pgp-signature; name=OpenPGP_signature.asc\n"
            "Content-Disposition: attachment; filename=OpenPGP_signature\n",
            b"-----BEGIN PGP SIGNATURE-----\n",
            "7bit",
        ),
        "application/pgp-signature",
        set(),
    ),
    # Larger than what is held of a message, so that the message is delivered piece by piece.
    (
        leaf("Content-Type: image/png; name=b.png\n", PROGRAM + b"\x90" * 700_000),
        "image/png",
        {"executable", "type-mismatch"},
    ),
]


def message_of(number: int, *parts: bytes) -> bytes:
    """A message with these parts."""
    head = (
        f"From: Mallory <mallory@example.org>\nTo: Ann <ann@example.org>\nSubject: Number {number}\n"
        f"Date: Mon, {1 + number % 28} Jan 2024 10:00:00 +0000\nMessage-ID: <{number}@example.org>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=boundary\n\n"
    )
    body = b"".join(b"--boundary\n" + part + b"\n" for part in parts)
    return head.encode() + body + b"--boundary--\n"


def messages() -> list[bytes]:
    """One message for each of `PARTS`, and one of all but the large ones."""
    small = [part for part, _, _ in PARTS if len(part) < 100_000]
    return [message_of(number, part) for number, (part, _, _) in enumerate(PARTS)] + [message_of(len(PARTS), *small)]
