"""7z archives (7zFormat.txt of the LZMA SDK): names, and whether names or content are encrypted.

The header lies at the end, mostly compressed with LZMA, right behind its packed form; both are bounded.
"""

from __future__ import annotations

import lzma
import re
from typing import Final

from mailstrata.index.inspection.flags import ENCRYPTED
from mailstrata.index.inspection.inspector import StepInspector, Steps
from mailstrata.index.inspection.members import LONGEST_NAME, MOST_MEMBERS, flags_of_wide_member

SIGNATURE: Final = b"7z\xbc\xaf\x27\x1c"

_START: Final = 32
_LARGEST_HEADER: Final = 256 << 10
_LARGEST_UNPACKED: Final = 4 << 20
_LEAST_DICTIONARY: Final = 4096
_HEADER: Final = b"\x01"
_ENCODED_HEADER: Final = b"\x17"
_AES: Final = b"\x06\xf1\x07\x01"
_NUMBER: Final = rb"(?:[\x00-\x7f]|[\x80-\xbf].|[\xc0-\xdf]..|[\xe0-\xef].{3}|[\xf0-\xf7].{4}|[\xf8-\xfb].{5})"
# A header that is packed by one coder, LZMA or LZMA2 with their properties, which is how every writer does it: packed
# streams (position, one stream, its size), one folder, its unpacked size.
_ENCODED: Final = re.compile(
    rb"\x17\x06(" + _NUMBER + rb")\x01\x09(" + _NUMBER + rb")(?:\x0a\x01.{4})?\x00"
    rb"\x07\x0b\x01\x00\x01(?:\x23\x03\x01\x01\x05(.).{4}|\x21\x21\x01.)\x0c(" + _NUMBER + rb")",
    re.DOTALL,
)
# Names are the one property whose id is 0x11: size, not external, then UTF-16 with a zero behind each.
_NAMES: Final = re.compile(rb"\x11(" + _NUMBER + rb")\x00", re.DOTALL)


class SevenZipInspector(StepInspector):
    """Flags: encrypted, holds-executable."""

    def steps(self) -> Steps:
        """The start header, then the end header with what stands before it."""
        start = yield _START
        if len(start) < _START:
            return
        offset, size = int.from_bytes(start[12:20], "little"), int.from_bytes(start[20:28], "little")
        if not 0 < size <= _LARGEST_HEADER:
            return
        before = min(offset, _LARGEST_HEADER)
        if offset > before:
            yield before - offset
        tail = yield before + size
        if len(tail) < before + size:
            return
        header = tail[before:]
        if header.startswith(_ENCODED_HEADER):
            if _AES in header:
                self.flags |= ENCRYPTED
                return
            header = _unpacked(header, tail[:before], offset - before)
        if header.startswith(_HEADER):
            self._header(header)

    def _header(self, header: bytes) -> None:
        if _AES in header:
            self.flags |= ENCRYPTED
        for match in _NAMES.finditer(header):
            # Only what is a list of names to its last byte.
            end = match.end() + _number(match[1]) - 1
            if (end - match.end()) % 2 == 0 and match.end() < end <= len(header) and header[end - 2 : end] == b"\0\0":
                for name in _split(header[match.end() : end]):
                    self.flags |= flags_of_wide_member(name)
                return


def _unpacked(encoded: bytes, before: bytes, skipped: int) -> bytes:
    """The header that an encoded one stands for; empty where it is damaged or made in a way that we do not read.
    `before` is what stands before it in the archive, but for the first `skipped` bytes of the packed streams."""
    match = _ENCODED.match(encoded)
    if match is None:
        return b""
    at, size, unpacked = _number(match[1]) - skipped, _number(match[2]), _number(match[4])
    packed = before[at : at + size] if at >= 0 else b""
    if len(packed) != size or unpacked > _LARGEST_UNPACKED:
        return b""
    # No larger a dictionary than there are bytes, whatever the header says.
    sizes: dict[str, int] = {"dict_size": max(unpacked, _LEAST_DICTIONARY)}
    if match[3] is None:
        sizes["id"] = lzma.FILTER_LZMA2
    else:
        rest, context_bits = divmod(match[3][0], 9)
        position_bits, literal_bits = divmod(rest, 5)
        sizes |= {"id": lzma.FILTER_LZMA1, "lc": context_bits, "lp": literal_bits, "pb": position_bits}
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[sizes]).decompress(packed, unpacked)
    except (lzma.LZMAError, ValueError):
        # ValueError: properties that no coder has.
        return b""


def _split(names: bytes) -> list[bytes]:
    at = 0
    found: list[bytes] = []
    while at < len(names) and len(found) < MOST_MEMBERS:
        end = names.find(b"\0\0", at)
        while end >= 0 and (end - at) % 2:
            end = names.find(b"\0\0", end + 1)
        if end < 0:
            break
        found.append(names[max(at, end - LONGEST_NAME) : end])
        at = end + 2
    return found


def _number(data: bytes) -> int:
    """A number as 7z writes it: the first byte says by its highest bits how many follow, the lowest first."""
    first, rest = data[0], data[1:]
    mask = (1 << (7 - len(rest))) - 1
    return int.from_bytes(rest, "little") | (first & mask) << (8 * len(rest))
