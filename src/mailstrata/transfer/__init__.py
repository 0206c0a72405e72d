"""Incremental decoders of transfer encodings (RFC 2045, 6) and of mbox quoting; no I/O."""

from __future__ import annotations

from functools import cache

from mailstrata.parser.encodings import IDENTITY_ENCODINGS, KNOWN_ENCODINGS
from mailstrata.transfer.base import Decoder
from mailstrata.transfer.identity import IdentityDecoder

__all__ = ["IDENTITY_ENCODINGS", "KNOWN_ENCODINGS", "Decoder", "decoder_for"]

_FORMS = {
    "7bit": "identity",
    "8bit": "identity",
    "binary": "identity",
    "base64": "base64",
    "quoted-printable": "quoted-printable",
    "uue": "uuencode",
    "uuencode": "uuencode",
    "x-uue": "uuencode",
    "x-uuencode": "uuencode",
}


@cache
def _decoder_of(form: str) -> type[Decoder]:
    """The class that decodes what is encoded in that form, imported when the first such body comes."""
    if form == "base64":
        from mailstrata.transfer.base64 import Base64Decoder  # noqa: PLC0415

        return Base64Decoder
    if form == "quoted-printable":
        from mailstrata.transfer.quoted_printable import QuotedPrintableDecoder  # noqa: PLC0415

        return QuotedPrintableDecoder
    if form == "uuencode":
        from mailstrata.transfer.uuencode import UuencodeDecoder  # noqa: PLC0415

        return UuencodeDecoder
    return IdentityDecoder


def decoder_for(encoding: str) -> Decoder:
    """A new decoder for one body.

    `encoding` is the value of Content-Transfer-Encoding in lower case, as `Entity.encoding` has it. Of an encoding
    that is not known the bytes are taken as they stand (RFC 2045, 6.4).
    """
    return _decoder_of(_FORMS.get(encoding, "identity"))()
