"""Pictures that a message carries in itself, as addresses that hold them (RFC 2397)."""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as Base64Error
from urllib.parse import unquote, unquote_to_bytes

import pybase64

from mailstrata.index.sniff import sniff_type

TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""What is shown, by its content; SVG is a document, which can do what documents do."""
MOST_PICTURE = 5 << 20
"""Bytes of a picture; a larger one is not shown."""
MOST_PICTURES = 20 << 20
"""Bytes of all pictures of a page, each as often as it is shown."""

_DATA = re.compile(r"data:image/[a-z.+-]{1,32}(?P<parameters>(?:;[\w=.-]{1,64}){0,4}),", re.IGNORECASE)


def picture_of_data(address: str) -> bytes | None:
    """The content of a `data:` address of a picture; None for another, or what cannot be read."""
    found = _DATA.match(address)
    if found is None or len(address) > 2 * MOST_PICTURE:
        return None
    content = address[found.end() :]
    if not found["parameters"].lower().endswith(";base64"):
        return unquote_to_bytes(content)
    try:
        return pybase64.b64decode("".join(unquote(content).split()).encode("ascii", "replace"), validate=True)
    except (Base64Error, ValueError):
        return None


class Pictures:
    """The pictures of a page, up to `MOST_PICTURES`."""

    def __init__(self) -> None:
        self._left = MOST_PICTURES
        self._addresses: dict[str, str] = {}
        self.omitted = 0
        """How often a picture was not shown: none, too large, or not there."""

    def add(self, name: str, content: bytes) -> None:
        """Keep a picture under a name, if it is one and not too large. The first of a name counts."""
        kind = sniff_type(content) if len(content) <= MOST_PICTURE else None
        if kind in TYPES and name not in self._addresses:
            self._addresses[name] = f"data:{kind};base64,{b64encode(content).decode()}"

    def address(self, name: str) -> str:
        """The address to show it by; an empty one where there is none, or no room."""
        address = self._addresses.get(name, "")
        if not address or len(address) * 3 // 4 > self._left:
            self.omitted += 1
            return ""
        self._left -= len(address) * 3 // 4
        return address
