"""The transfer encodings that are known, by their names in lower case (RFC 2045, 6.1, and uuencode)."""

from __future__ import annotations

IDENTITY_ENCODINGS = frozenset({"7bit", "8bit", "binary"})
KNOWN_ENCODINGS = IDENTITY_ENCODINGS | {
    "base64",
    "quoted-printable",
    "uuencode",
    "x-uuencode",
    "uue",
    "x-uue",
}
