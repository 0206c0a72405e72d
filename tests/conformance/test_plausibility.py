"""No part of real mail is decoded to a size that its encoding does not allow. (Fixtures are: some have a soft line
break, or a line of base64, for each character.)"""

from __future__ import annotations

import pytest

import mailstrata
from mailstrata.message.info import PartInfo
from tests.conformance.defect_counts import SETS

# Decoded bytes of each encoded byte: the least where nothing is wrong with the part, and the most whatever is.
_LEAST = {"base64": 0.6, "quoted-printable": 1 / 3, "x-uuencode": 0.6, "uuencode": 0.6}
# A uuencoded body without its `begin` line is taken as it stands.
_MOST = {"base64": 0.75, "quoted-printable": 1.0, "x-uuencode": 1.0, "uuencode": 1.0}
_SLACK = 64
"""Bytes of headroom for short bodies: blank lines, and `begin` and `end` lines."""


def implausible(part: PartInfo, decoded: int) -> bool:
    """Whether the decoded size of a leaf cannot come from its body."""
    encoded = part.end - part.body_start
    encoding = part.encoding
    if part.entity.opaque or encoding not in _MOST:
        # An mbox has bytes of quoting that the message has not.
        return not encoded - encoded // 50 - _SLACK <= decoded <= encoded
    if decoded > encoded * _MOST[encoding] + _SLACK:
        return True
    return not part.defects and decoded < encoded * _LEAST[encoding] - _SLACK


@pytest.mark.parametrize("name", SETS)
def test_decoded_sizes(corpora, name):
    """Every leaf of every message."""
    wrong, leaves = [], 0
    for message in mailstrata.open(corpora / name):
        for part in message.parts():
            if part.is_container:
                continue
            decoded = sum(len(chunk) for chunk in part)
            leaves += 1
            if implausible(part, decoded):
                wrong.append((message.source.label, message.start, part.path, part.encoding, decoded))
    assert wrong == []
    assert leaves > 500
