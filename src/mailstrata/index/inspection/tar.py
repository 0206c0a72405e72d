"""Tar archives (POSIX 1003.1, pax; GNU tar): names."""

from __future__ import annotations

from typing import Final

from mailstrata.index.inspection.inspector import StepInspector, Steps
from mailstrata.index.inspection.members import LONGEST_NAME, MOST_MEMBERS, flags_of_member

_BLOCK: Final = 512
_LARGEST_EXTENSION: Final = 64 << 10
_GNU_LONG_NAME: Final = b"L"
_PAX: Final = b"x"
_FILES: Final = b"0\x007"


def begins_tar(head: bytes) -> bool:
    """Whether content with that head (of 512 bytes or more) is a tar archive: its first header has its own checksum."""
    return len(head) >= _BLOCK and _is_header(head[:_BLOCK])


class TarInspector(StepInspector):
    """Flags: holds-executable."""

    def steps(self) -> Steps:
        """Header by header; the content of members is passed over, but for that of long names."""
        for _ in range(MOST_MEMBERS):
            header = yield _BLOCK
            if len(header) < _BLOCK or not _is_header(header):
                return
            kind, size = header[156:157], _number(header[124:136])
            padded = -(-size // _BLOCK) * _BLOCK
            if kind in (_GNU_LONG_NAME, _PAX) and 0 < padded <= _LARGEST_EXTENSION:
                self._long_name(kind, (yield padded)[:size])
            else:
                if kind in _FILES:
                    name = header[:100].partition(b"\0")[0]
                    if header[257:263] == b"ustar\0" and (prefix := header[345:500].partition(b"\0")[0]):
                        name = prefix + b"/" + name
                    self.flags |= flags_of_member(name)
                if padded:
                    yield -padded

    def _long_name(self, kind: bytes, content: bytes) -> None:
        if kind == _GNU_LONG_NAME:
            self.flags |= flags_of_member(content.rstrip(b"\0")[-LONGEST_NAME:])
            return
        for record in content.split(b"\n"):
            _, has_path, path = record.partition(b" path=")
            if has_path:
                self.flags |= flags_of_member(path[-LONGEST_NAME:])


def _is_header(header: bytes) -> bool:
    said = _number(header[148:156])
    return said != 0 and said == sum(header) - sum(header[148:156]) + 8 * 32


def _number(field: bytes) -> int:
    """An octal number, or one in base 256 (GNU); 0 where it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        return 0
    return int(digits, 8)
