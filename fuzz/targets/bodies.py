"""Transfer decoders, mbox quoting, and the recipes with which a decoded body is encoded again."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

from fuzz.given import Given
from mailstrata.message.origin import MboxVariant
from mailstrata.parser.defects import Defect
from mailstrata.stripping.recorder import rebuild, recorder_for
from mailstrata.transfer import decoder_for
from mailstrata.transfer.base import MAX_DEFECTS
from mailstrata.transfer.mbox import MboxQuoter, MboxUnquoter

_VARIANTS: tuple[MboxVariant, ...] = ("mboxo", "mboxrd", "mboxcl", "mboxcl2")
_BASE64_CHARACTER = re.compile(rb"[A-Za-z0-9+/]")


def _decode(encoding: str, pieces: Iterable[bytes]) -> tuple[bytes, list[Defect]]:
    decoder = decoder_for(encoding)
    decoded = [decoder.feed(piece) for piece in pieces]
    decoded.append(decoder.close())
    return b"".join(decoded), decoder.defects


def _check(given: Given, encoding: str) -> bytes:
    """Decode whole and in pieces; the content."""
    body = given.content
    decoded, defects = _decode(encoding, [body])
    assert (decoded, defects) == _decode(encoding, given.pieces(body)), "the split matters"
    assert len(defects) <= MAX_DEFECTS
    for defect in defects:
        assert 0 <= defect.start <= defect.end <= len(body)
    return decoded


def _check_recipe(given: Given, encoding: str) -> None:
    """What was recorded of a body makes it out of its content again, at the end and wherever recording fails."""
    decoder = decoder_for(encoding)
    recorder = recorder_for(encoding)
    assert recorder is not None
    fed: list[bytes] = []
    content: list[bytes] = []
    for piece in given.pieces(given.content):
        decoded = decoder.feed(piece)
        fed.append(piece)
        content.append(decoded)
        recorder.feed(piece, decoded)
        if recorder.failed:
            break
    else:
        content.append(decoder.close())
        recorder.close(content[-1])
    again = b"".join(rebuild(recorder.recipe, _filled(content), partial=recorder.failed))
    assert again + recorder.pending == b"".join(fed), "the recipe does not give the body"


def _filled(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return (piece for piece in pieces if piece)


def base64_bodies(data: bytes) -> None:
    """Base64: any body decodes to what its characters can hold; what is well formed decodes to what was encoded."""
    given = Given(data)
    decoded = _check(given, "base64")
    characters = b"".join(_BASE64_CHARACTER.findall(given.content))
    assert len(decoded) <= len(characters) * 3 // 4
    if b"=" not in given.content:
        # A single character of a group says no byte; two or three say one or two.
        whole = characters[:-1] if len(characters) % 4 == 1 else characters
        assert decoded == base64.b64decode(whole + b"=" * (-len(whole) % 4))
    _check_recipe(given, "base64")
    assert _decode("base64", given.pieces(base64.encodebytes(given.content))) == (given.content, [])


def quoted_printable_bodies(data: bytes) -> None:
    """Quoted-printable, likewise."""
    given = Given(data)
    decoded = _check(given, "quoted-printable")
    assert len(decoded) <= len(given.content)
    _check_recipe(given, "quoted-printable")
    encoded = binascii.b2a_qp(given.content, istext=False)
    assert _decode("quoted-printable", given.pieces(encoded)) == (given.content, [])


def uuencode_bodies(data: bytes) -> None:
    """Uuencode, likewise; a line of two characters may hold 63 bytes."""
    given = Given(data)
    decoded = _check(given, "x-uuencode")
    assert len(decoded) <= 32 * len(given.content) + 64
    lines = [given.content[at : at + 45] for at in range(0, len(given.content), 45)]
    encoded = b"begin 644 x\n" + b"".join(map(binascii.b2a_uu, lines)) + b"`\nend\n"
    assert _decode("x-uuencode", given.pieces(encoded)) == (given.content, [])


def mbox_quoting(data: bytes) -> None:
    """What was unquoted is quoted again to the same bytes; what was quoted is unquoted to the same."""
    given = Given(data)
    variant = given.choose(_VARIANTS)
    body = given.content
    unquoted = []
    for pieces in ([body], given.pieces(body)):
        unquoter = MboxUnquoter(variant)
        message = b"".join([*map(unquoter.feed, pieces), unquoter.flush()])
        unquoted.append((message, unquoter.unquoted_lines, unquoter.quoting_end))
    assert unquoted[0] == unquoted[1], "the split matters"
    message, lines, end = unquoted[0]
    quoter = MboxQuoter(variant, lines, end)
    assert b"".join([*map(quoter.feed, given.pieces(message)), quoter.flush()]) == body
    if variant != "mboxo":
        quoter = MboxQuoter(variant)
        quoted = b"".join([*map(quoter.feed, given.pieces(body)), quoter.flush()])
        unquoter = MboxUnquoter(variant)
        assert b"".join([*map(unquoter.feed, given.pieces(quoted)), unquoter.flush()]) == body
