"""The names of transfer encodings in lower case; `mailstrata.transfer` has a decoder for each that is known."""

from __future__ import annotations

IDENTITY_ENCODINGS: frozenset[str] = frozenset({"7bit", "8bit", "binary"})
"""Those that leave the bytes as they are (RFC 2045, 6.2)."""

KNOWN_ENCODINGS: frozenset[str] = IDENTITY_ENCODINGS | {
    "base64",
    "quoted-printable",
    "uuencode",
    "x-uuencode",
    "uue",
    "x-uue",
}
"""All that are known. The unregistered names of uuencode are those in use."""
