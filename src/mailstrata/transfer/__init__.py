"""Incremental decoders of transfer encodings (RFC 2045, 6) and of mbox quoting; no I/O."""

from __future__ import annotations

from mailstrata.parser.encodings import IDENTITY_ENCODINGS, KNOWN_ENCODINGS
from mailstrata.transfer.base import Decoder
from mailstrata.transfer.base64 import Base64Decoder
from mailstrata.transfer.identity import IdentityDecoder
from mailstrata.transfer.quoted_printable import QuotedPrintableDecoder
from mailstrata.transfer.uuencode import UuencodeDecoder

__all__ = ["IDENTITY_ENCODINGS", "KNOWN_ENCODINGS", "Decoder", "decoder_for"]

_DECODERS: dict[str, type[Decoder]] = {
    "7bit": IdentityDecoder,
    "8bit": IdentityDecoder,
    "binary": IdentityDecoder,
    "base64": Base64Decoder,
    "quoted-printable": QuotedPrintableDecoder,
    "uue": UuencodeDecoder,
    "uuencode": UuencodeDecoder,
    "x-uue": UuencodeDecoder,
    "x-uuencode": UuencodeDecoder,
}


def decoder_for(encoding: str) -> Decoder:
    """A new decoder for one body.

    `encoding` is the value of Content-Transfer-Encoding in lower case, as `Entity.encoding` has it. Of an encoding
    that is not known the bytes are taken as they stand (RFC 2045, 6.4).
    """
    return _DECODERS.get(encoding, IdentityDecoder)()
