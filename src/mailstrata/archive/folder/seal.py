"""Sealed JSON: a document whose last key is the SHA-256 of all bytes before the line on which that key stands.

A commit record is named by the next one with its SHA-256; nothing names the last record, nor `format.json`. With the
seal, every changed bit of either is noticed, white space included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_TAIL = b' "sha256": "%s"\n}\n'
_TAIL_LENGTH = len(_TAIL % (b"0" * 64))


def sealed(data: Mapping[str, Any]) -> bytes:
    """The document with these keys, one a line, and the seal behind them. It must have a key, and no `sha256`."""
    if not data or "sha256" in data:
        raise ValueError("only a document with a key and without one called sha256 can be sealed")
    body = json.dumps(data, indent=1).encode("ascii").removesuffix(b"\n}") + b",\n"
    return body + _TAIL % hashlib.sha256(body).hexdigest().encode("ascii")


def check_seal(document: bytes) -> None:
    """Raise ValueError where the seal is missing, or not that of the bytes before it."""
    body = document[:-_TAIL_LENGTH]
    if document[-_TAIL_LENGTH:] != _TAIL % hashlib.sha256(body).hexdigest().encode("ascii"):
        raise ValueError("its bytes are not those that its own SHA-256 was made of")
