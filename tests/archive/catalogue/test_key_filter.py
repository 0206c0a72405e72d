"""The filter never denies what was added."""

from __future__ import annotations

import hashlib

from mailstrata.archive.catalogue.key_filter import KeyFilter


def test_added_keys_are_never_denied():
    """All of them may be there; of others next to none is, as long as there are few."""
    keys = [hashlib.sha256(b"%d" % number).digest() for number in range(20_000)]
    added = KeyFilter()
    for key in keys[:10_000]:
        added.add(key)
    assert all(added.may_have(key) for key in keys[:10_000])
    assert sum(added.may_have(key) for key in keys[10_000:]) < 50


def test_the_bits_of_one_byte_are_apart():
    """Neighbours share a byte, not a bit."""
    added = KeyFilter()
    added.add(b"\x01\x00\x00rest")
    assert added.may_have(b"\x01\x00\x00other")
    assert not any(added.may_have(bytes([low, 0, 0])) for low in (0, 2, 3, 4, 5, 6, 7, 9))
