"""What a part's text says of its charset."""

from __future__ import annotations

import pytest

from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.reader import Reader
from mailstrata.testing.memory import MemoryFile, MemorySource


def text_and_defects(content_type: bytes, body: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a message's only part, and its defects with the bytes that they are about."""
    message = b"Content-Type: " + content_type + b"\n\n" + body
    file = MemoryFile((("message", message),), FileInfo(), 7)
    source = MemorySource(SourceInfo("test", b"/test", "file"), [file])
    with Reader([(source.info, file)]) as reader:
        for read in reader:
            for part in read.parts():
                text = part.text()
                return text, [(defect.code.value, message[defect.start : defect.end]) for defect in part.defects]
    raise AssertionError("no part")


@pytest.mark.parametrize(
    ("label", "body", "text", "codes"),
    [
        (b"utf-8", b"gr\xc3\xbcn", "grün", []),
        (b"UTF8", b"gr\xfcn", "gr\ufffdn", []),
        (b"iso-8859-1", b"gr\xfcn \x80", "grün €", []),
        (b"iso-8859-1", b"gr\xc3\xbcn", "grün", ["charset-guessed"]),
        (b"us-ascii", b"plain", "plain", []),
        (b"us-ascii", b"gr\xfcn", "grün", ["charset-guessed"]),
        (b"x-unknown", b"plain", "plain", ["unknown-charset"]),
        (b"unknown-8bit", b"gr\xfcn", "grün", ["unknown-charset", "charset-guessed"]),
        (b'"utf-8;format=flowed"', b"gr\xc3\xbcn", "grün", []),
    ],
)
def test_a_guess_is_noted(label, body, text, codes):
    """A guess is a defect of the body, an unknown label one of the field; where there is nothing to guess, none."""
    field = b"Content-Type: text/plain; charset=" + label + b"\n"
    expected = [(code, field if code == "unknown-charset" else body) for code in codes]
    read, found = text_and_defects(b"text/plain; charset=" + label, body)
    assert read == text
    assert [(code, about.rstrip(b"\n")) for code, about in found] == [(c, a.rstrip(b"\n")) for c, a in expected]
