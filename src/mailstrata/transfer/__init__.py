"""Incremental decoders of transfer encodings (RFC 2045, 6) and of mbox quoting; no I/O."""

from __future__ import annotations

from functools import cache

from mailstrata.parser.encodings import IDENTITY_ENCODINGS, KNOWN_ENCODINGS
from mailstrata.transfer.identity import IdentityDecoder

# As `typing` has it, which takes longer to import than all that is here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.transfer.base import Decoder

__all__ = ["IDENTITY_ENCODINGS", "KNOWN_ENCODINGS", "Decoder", "decoder_for"]


@cache
def _decoder_of(encoding: str) -> type[Decoder]:
    """The class that decodes what is encoded so, imported when the first such body comes."""
    if encoding == "base64":
        from mailstrata.transfer.base64 import Base64Decoder  # noqa: PLC0415

        return Base64Decoder
    if encoding == "quoted-printable":
        from mailstrata.transfer.quoted_printable import QuotedPrintableDecoder  # noqa: PLC0415

        return QuotedPrintableDecoder
    if encoding not in IDENTITY_ENCODINGS:
        from mailstrata.transfer.uuencode import UuencodeDecoder  # noqa: PLC0415

        return UuencodeDecoder
    return IdentityDecoder


def decoder_for(encoding: str) -> Decoder:
    """A new decoder for one body.

    `encoding` is the value of Content-Transfer-Encoding in lower case, as `Entity.encoding` has it. Of an encoding
    that is not known the bytes are taken as they stand (RFC 2045, 6.4).
    """
    return _decoder_of(encoding)() if encoding in KNOWN_ENCODINGS else IdentityDecoder()
