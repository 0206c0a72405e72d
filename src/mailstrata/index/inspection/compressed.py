"""Compressed content (gzip, bzip2, xz): what the beginning of it holds, up to a limit.

A program that was packed by itself counts as one in an archive, and a tar archive is looked through.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import Any, Final

from mailstrata.index.inspection.flags import HOLDS_EXECUTABLE
from mailstrata.index.inspection.inspector import Inspector
from mailstrata.index.inspection.members import LONGEST_NAME, flags_of_member
from mailstrata.index.inspection.programs import HEAD_BYTES as PROGRAM_HEAD
from mailstrata.index.inspection.programs import is_executable
from mailstrata.index.inspection.tar import TarInspector, begins_tar

GZIP: Final = b"\x1f\x8b\x08"
BZIP2: Final = b"BZh"
XZ: Final = b"\xfd7zXZ\0"

MOST_DECOMPRESSED: Final = 2 << 20
"""Bytes that are decompressed of one blob: some 10 ms of gzip, and no archive bomb."""

SIGNATURES: Final = (GZIP, BZIP2, XZ)

_BLOCK: Final = 4096
_AT_ONCE: Final = 64 << 10
_MEMORY_LIMIT: Final = 80 << 20
_HAS_EXTRA: Final = 4
_HAS_NAME: Final = 8


_Decompressor = Any
"""That of zlib, bz2 or lzma: they share `decompress(data, max_length)` and `eof`."""


class CompressedInspector(Inspector):
    """Flags: holds-executable."""

    def __init__(self, head: bytes) -> None:
        super().__init__()
        self._decompressor: _Decompressor
        if head.startswith(GZIP):
            self.flags |= _flags_of_gzip_name(head)
            self._decompressor = zlib.decompressobj(wbits=31)
        elif head.startswith(BZIP2):
            self._decompressor = bz2.BZ2Decompressor()
        else:
            self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_LIMIT)
        self._block = b""
        self._left = MOST_DECOMPRESSED
        self._head = b""
        self._tar: TarInspector | None = None

    def feed(self, data: bytes) -> None:
        # In blocks of the same size whatever the chunks are: of a block with an error in it, nothing comes out.
        self._block += data
        while len(self._block) >= _BLOCK and self._decompressor is not None:
            block, self._block = self._block[:_BLOCK], self._block[_BLOCK:]
            self._decompress(block)
        if self._decompressor is None:
            self._block = b""

    def _decompress(self, data: bytes) -> None:
        while self._decompressor is not None:
            decompressor = self._decompressor
            at_most = min(self._left, _AT_ONCE)
            try:
                content = decompressor.decompress(data, at_most)
            except (zlib.error, lzma.LZMAError, OSError, EOFError):
                # Damaged; bz2 says so by OSError.
                self._decompressor = None
                return
            self._left -= len(content)
            self._content(content)
            if self._left == 0 or decompressor.eof:
                self._decompressor = None
            elif isinstance(decompressor, (bz2.BZ2Decompressor, lzma.LZMADecompressor)):
                if decompressor.needs_input:
                    return
                data = b""
            else:
                data = decompressor.unconsumed_tail
                if not data and len(content) < at_most:
                    return

    def close(self) -> None:
        if self._block and self._decompressor is not None:
            self._decompress(self._block)
        self._decompressor = None
        self._block = b""
        if self._tar is not None:
            self._tar.close()
            self.flags |= self._tar.flags
        elif is_executable(self._head):
            self.flags |= HOLDS_EXECUTABLE

    def _content(self, content: bytes) -> None:
        if self._tar is not None:
            self._tar.feed(content)
        elif len(self._head) < PROGRAM_HEAD:
            self._head += content
            if begins_tar(self._head):
                self._tar = TarInspector()
                self._tar.feed(self._head)


def _flags_of_gzip_name(head: bytes) -> int:
    """What the name that a gzip file may carry says (RFC 1952, 2.3.1)."""
    if len(head) < 12 or not head[3] & _HAS_NAME:
        return 0
    at = 10
    if head[3] & _HAS_EXTRA:
        at += 2 + int.from_bytes(head[10:12], "little")
    name, ends, _ = head[at : at + LONGEST_NAME].partition(b"\0")
    return flags_of_member(name) if ends else 0
