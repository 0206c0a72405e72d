"""The names of transfer encodings."""

import pytest

from mailstrata.transfer import _FORMS, IDENTITY_ENCODINGS, KNOWN_ENCODINGS, decoder_for
from mailstrata.transfer.base64 import Base64Decoder
from mailstrata.transfer.identity import IdentityDecoder
from mailstrata.transfer.quoted_printable import QuotedPrintableDecoder
from mailstrata.transfer.uuencode import UuencodeDecoder


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("7bit", IdentityDecoder),
        ("8bit", IdentityDecoder),
        ("binary", IdentityDecoder),
        ("base64", Base64Decoder),
        ("quoted-printable", QuotedPrintableDecoder),
        ("x-uuencode", UuencodeDecoder),
        ("uuencode", UuencodeDecoder),
        ("x-uue", UuencodeDecoder),
        ("uue", UuencodeDecoder),
    ],
)
def test_every_known_encoding_has_its_decoder(encoding: str, kind: type) -> None:
    """Each name leads to the decoder of its encoding, and is among the known ones."""
    assert type(decoder_for(encoding)) is kind
    assert encoding in KNOWN_ENCODINGS
    assert (encoding in IDENTITY_ENCODINGS) == (kind is IdentityDecoder)


def test_there_is_a_decoder_for_each_known_encoding() -> None:
    """The names that the parser knows are those that can be decoded, and no others."""
    assert frozenset(_FORMS) == KNOWN_ENCODINGS


@pytest.mark.parametrize("encoding", ["", "x-unknown", "BASE64", '"base64"'])
def test_unknown_encoding_is_taken_as_it_stands(encoding: str) -> None:
    """A name that is not known, or was not normalised, changes no byte."""
    assert encoding not in KNOWN_ENCODINGS
    assert decoder_for(encoding).feed(b"SGk=") == b"SGk="


def test_every_call_makes_a_new_decoder() -> None:
    """Two bodies share no state."""
    assert decoder_for("base64") is not decoder_for("base64")
