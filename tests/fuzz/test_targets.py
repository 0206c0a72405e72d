"""The fuzzer's targets hold for its seeds, and for every input that it ever found. (`make fuzz` goes on from here.)"""

from __future__ import annotations

import base64

import pytest

from fuzz.__main__ import TARGET_NAMES
from fuzz.seeds import seeds
from fuzz.targets import TARGETS

FOUND = [
    ("text", "a byte order mark of UTF-8 that ends within itself was lost", "MQrv"),
    (
        "text",
        "malformed escape sequences of ISO-2022-JP raised where a piece ended nine bytes into one",
        "BgVGckZyb20gYgoKPj5Gcm9tIGMKRnJvDQcbJEJGfEtcN2wbKEIKGyRCRnxLXDh8S1w4bBsoQgobJEJtIGIKCj4+RnJvbSBj/EZybxQHGyRCRnxL"
        "XDdsGyhCChskcXVvdGVkLXByaW50YWJsZSRCRnxLXDhsGyi7ChskQkZ8S1w4bEZ8S1w4bBsouwobJLyuzrdjdnQbbQ==",
    ),
]
"""Target, what was wrong, and the input that showed it, in base64."""


def test_all_are_run():
    """`make fuzz` knows all targets."""
    assert tuple(TARGETS) == TARGET_NAMES


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name):
    """Nothing is wrong with what the fuzzer begins with."""
    for data in seeds(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_at_all(name):
    """The empty input, and single bytes."""
    TARGETS[name](b"")
    for byte in range(256):
        TARGETS[name](bytes([byte]))


@pytest.mark.parametrize(("name", "what", "data"), FOUND)
def test_found(name, what, data):
    """What was wrong once is right now."""
    TARGETS[name](base64.b64decode(data))
