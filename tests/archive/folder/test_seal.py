from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.folder.seal import check_seal, sealed

DOCUMENT = {"format": "x", "number": 1, "text": 'a "quoted" l\u00e4bel', "list": [1, {"a": []}]}


def test_a_sealed_document_is_json_with_one_more_key() -> None:
    """Anybody can read it, and check it with a line of shell: all but the last two lines, hashed."""
    data = sealed(DOCUMENT)
    check_seal(data)
    stated = json.loads(data)
    seal = stated.pop("sha256")
    assert stated == DOCUMENT
    lines = data.splitlines(keepends=True)
    assert hashlib.sha256(b"".join(lines[:-2])).hexdigest() == seal


def test_every_changed_bit_and_every_cut_is_noticed() -> None:
    """White space, the case of the digest's digits, the closing brace: all of it."""
    data = sealed(DOCUMENT)
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="SHA-256"):
            check_seal(bytes(changed))
    for length in range(len(data)):
        with pytest.raises(ValueError, match="SHA-256"):
            check_seal(data[:length])
    with pytest.raises(ValueError, match="SHA-256"):
        check_seal(data + b"\n")


@pytest.mark.parametrize("data", [{}, {"sha256": "x"}])
def test_what_cannot_be_sealed(data: dict[str, str]) -> None:
    """A document without keys, or with one of the seal's name."""
    with pytest.raises(ValueError, match="sealed"):
        sealed(data)


def test_a_new_archive_is_sealed(tmp_path: Path) -> None:
    """format.json carries its own digest, and that of the page for people."""
    layout = Layout(tmp_path)
    layout.create()
    data = layout.format.read_bytes()
    check_seal(data)
    assert json.loads(data)["readme_sha256"] == hashlib.sha256(layout.readme.read_bytes()).hexdigest()
