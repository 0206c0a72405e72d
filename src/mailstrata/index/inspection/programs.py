"""Programs and scripts, by how they begin."""

from __future__ import annotations

import re
from typing import Final

HEAD_BYTES: Final = 4096
"""Bytes by which a program or a script is told."""

_BEGINS: Final = re.compile(
    rb"\x7fELF"
    # Mach-O of 32 and 64 bits, either way round; Java classes and universal Mach-O begin alike.
    rb"|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe"
    rb"|dex\n03|\0asm\x01\0\0\0"
    # Shortcuts ([MS-SHLLINK], 2.1), compiled help, encoded scripts.
    rb"|L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F|ITSF\x03\0\0\0|\#@~\^"
    rb"|(?>(?:\xef\xbb\xbf)?)(?:\#![ \t]*+/[!-~]|(?i:<\?php\s|@echo[ \t]++off\b))"
    rb"|(?:Windows\ Registry\ Editor\ Version\ 5|REGEDIT4\r?\n)"
    rb"|\xff\xfeW\0i\0n\0d\0o\0w\0s\0\ \0R\0e\0g\0i\0s\0t\0r\0y\0",
    re.VERBOSE,
)
_DOS: Final = b"MZ"
# In a text that begins with MZ there is none of these.
_BINARY: Final = re.compile(rb"[\x00-\x06\x0e-\x1a]")
# What any of them begins with: most text is told from all of them by its first letter.
_FIRST_BYTES: Final = frozenset(b"\x7f\xfe\xce\xcf\xcadL\0I#<@WR\xff\xefM")


def is_executable(head: bytes) -> bool:
    """Whether content that begins with `head` is a program or a script that says so."""
    if not head or head[0] not in _FIRST_BYTES:
        return False
    if head.startswith(_DOS):
        return _BINARY.search(head, 2, HEAD_BYTES) is not None
    return _BEGINS.match(head) is not None
