"""Which parts a policy wants out, judged by their headers."""

import pytest

from mailstrata.errors import UsageError
from mailstrata.message.headers import Headers
from mailstrata.message.info import PartInfo
from mailstrata.parser.events import EntityBegin
from mailstrata.parser.machine import Parser
from mailstrata.stripping import ARCHIVE_POLICY, StripPolicy


def part(header):
    """The root of a message with this header."""
    block = header + b"\n\n"
    parser = Parser()
    events = [*parser.feed(block + b"x"), *parser.close()]
    entity = next(event.entity for event in events if isinstance(event, EntityBegin))
    return PartInfo(entity, Headers(block), None)


PDF = part(b"Content-Type: application/pdf; name=x.pdf")
PICTURE = part(b"Content-Type: image/png\nContent-Disposition: inline\nContent-Transfer-Encoding: base64")
TEXT = part(b"Content-Type: text/plain")
BASE64_TEXT = part(b"Content-Type: text/plain\nContent-Transfer-Encoding: base64")
ATTACHED_TEXT = part(b"Content-Type: text/plain\nContent-Disposition: ATTACHMENT")
MULTIPART = part(b"Content-Type: multipart/mixed; boundary=b")
PARTS = {
    "pdf": PDF,
    "picture": PICTURE,
    "text": TEXT,
    "base64 text": BASE64_TEXT,
    "attached text": ATTACHED_TEXT,
    "multipart": MULTIPART,
}


def wanted(**options):
    """Names of the parts that a policy with these options considers."""
    policy = StripPolicy(**options)
    return {name for name, part in PARTS.items() if policy.considers(part)}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, {"pdf", "picture", "attached text"}),
        ({"attachments_only": False}, {"pdf", "picture", "text", "base64 text", "attached text"}),
        ({"types": ("image/*",)}, {"picture"}),
        ({"types": ("IMAGE/p?g", "application/pdf")}, {"pdf", "picture"}),
        ({"types": ("!image/*",)}, {"pdf", "attached text"}),
        ({"types": ("*", "!image/*")}, {"pdf", "attached text"}),
        ({"types": ("!image/*", "*/p*")}, {"pdf", "attached text"}),
        ({"dispositions": ("attachment",)}, {"attached text"}),
        ({"dispositions": ("Inline", "attachment")}, {"picture", "attached text"}),
        ({"dispositions": ("inline",), "types": ("text/*",)}, set()),
        ({"base64_minimum_bytes": 1}, {"pdf", "picture", "base64 text", "attached text"}),
        ({"base64_minimum_bytes": 1, "types": ("image/*",)}, {"picture"}),
    ],
)
def test_what_is_wanted(options, names):
    """Type patterns, dispositions and attachments only: all must hold, and containers never do."""
    assert wanted(**options) == names


def test_from_what_size_on():
    """Base64 may have a minimum of its own; no minimum is below one byte."""
    assert StripPolicy(minimum_bytes=10).minimum_for(PICTURE) == 10
    assert StripPolicy(minimum_bytes=0).minimum_for(PDF) == 1
    assert ARCHIVE_POLICY.minimum_for(BASE64_TEXT) == 128
    assert ARCHIVE_POLICY.minimum_for(PDF) == 4096
    assert ARCHIVE_POLICY.minimum_for(TEXT) is None


@pytest.mark.parametrize("options", [{"minimum_bytes": -1}, {"base64_minimum_bytes": -1}, {"types": ("pdf",)}])
def test_what_means_nothing_is_refused(options):
    """A negative size, and a pattern that no type is like, say so at once."""
    with pytest.raises(UsageError):
        StripPolicy(**options)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize(
    "policy",
    [
        *(ARCHIVE_POLICY, StripPolicy(), StripPolicy(attachments_only=False), StripPolicy(types=("text/*",))),
        StripPolicy(types=("image/*",), base64_minimum_bytes=9, attachments_only=False),
    ],
)
def test_what_may_not_be_taken_out_is_not(policy, part):
    """The short question never denies what the long one allows."""
    if not policy.may_take_out(part.encoding, is_attachment=part.is_attachment):
        assert policy.minimum_for(part) is None
