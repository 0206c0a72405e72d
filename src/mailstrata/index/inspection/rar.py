"""RAR archives of both formats: names, and whether names or content are encrypted.

Headers are walked from the front, the packed content between them is passed over.
"""

from __future__ import annotations

from typing import Final

from mailstrata.index.inspection.flags import ENCRYPTED
from mailstrata.index.inspection.inspector import StepInspector, Steps
from mailstrata.index.inspection.members import LONGEST_NAME, MOST_MEMBERS, flags_of_member

SIGNATURE_4: Final = b"Rar!\x1a\x07\x00"
SIGNATURE_5: Final = b"Rar!\x1a\x07\x01\x00"

_MAIN_4: Final = 0x73
_FILE_4: Final = 0x74
_SERVICE_4: Final = 0x7A
_HEADERS_ENCRYPTED_4: Final = 0x80
_FILE_ENCRYPTED_4: Final = 0x04
_LARGE_4: Final = 0x100
_HAS_DATA_4: Final = 0x8000

_FILE_5: Final = 2
_ENCRYPTION_5: Final = 4
_END_5: Final = 5
_HAS_EXTRA_5: Final = 1
_HAS_DATA_5: Final = 2
_HAS_TIME_5: Final = 2
_HAS_CHECKSUM_5: Final = 4
_EXTRA_ENCRYPTION_5: Final = 1
_LARGEST_HEADER_5: Final = 2 << 20


class Rar4Inspector(StepInspector):
    """RAR 1.5 to 4. Flags: encrypted, holds-executable."""

    def steps(self) -> Steps:
        """Header by header: checksum, type, flags, size, and what the type adds."""
        yield -len(SIGNATURE_4)
        for _ in range(MOST_MEMBERS):
            start = yield 7
            if len(start) < 7:
                return
            kind, bits, size = start[2], _number(start[3:5]), _number(start[5:7])
            if size < 7:
                return
            header = (yield size - 7) if size > 7 else b""
            if len(header) < size - 7:
                return
            if kind == _MAIN_4 and bits & _HEADERS_ENCRYPTED_4:
                self.flags |= ENCRYPTED
                return
            data = _number(header[:4]) if bits & _HAS_DATA_4 or kind in (_FILE_4, _SERVICE_4) else 0
            if kind == _FILE_4:
                self._file(bits, header)
            if kind in (_FILE_4, _SERVICE_4) and bits & _LARGE_4:
                data += _number(header[25:29]) << 32
            if data:
                yield -data

    def _file(self, bits: int, header: bytes) -> None:
        if bits & _FILE_ENCRYPTED_4:
            self.flags |= ENCRYPTED
        length = _number(header[19:21])
        name_at = 33 if bits & _LARGE_4 else 25
        # Behind a zero the same name stands again, in an encoding of its own.
        self.flags |= flags_of_member(header[name_at : name_at + length].partition(b"\0")[0])


class Rar5Inspector(StepInspector):
    """RAR 5. Flags: encrypted, holds-executable."""

    def steps(self) -> Steps:
        """Header by header: checksum, size, type, flags, and what these announce."""
        yield -len(SIGNATURE_5)
        for _ in range(MOST_MEMBERS):
            yield -4
            size, shift = 0, 0
            while True:
                byte = yield 1
                if not byte:
                    return
                size |= (byte[0] & 0x7F) << shift
                shift += 7
                if byte[0] < 0x80:
                    break
                if shift > 21:
                    return
            if not 0 < size <= _LARGEST_HEADER_5:
                return
            header = yield size
            if len(header) < size:
                return
            fields = _Fields(header)
            kind, bits = fields.number(), fields.number()
            extra = fields.number() if bits & _HAS_EXTRA_5 else 0
            data = fields.number() if bits & _HAS_DATA_5 else 0
            if kind == _ENCRYPTION_5:
                self.flags |= ENCRYPTED
                return
            if kind == _END_5:
                return
            if kind == _FILE_5:
                self._file(fields, header[len(header) - extra :] if extra else b"")
            if data:
                yield -data

    def _file(self, fields: _Fields, extra: bytes) -> None:
        bits = fields.number()
        fields.number()  # the size
        fields.number()  # attributes
        fields.at += 4 * bool(bits & _HAS_TIME_5) + 4 * bool(bits & _HAS_CHECKSUM_5)
        fields.number()  # the method
        fields.number()  # the system
        length = fields.number()
        name = fields.data[fields.at : fields.at + length]
        self.flags |= flags_of_member(name[-LONGEST_NAME:])
        records = _Fields(extra)
        while records.at < len(extra):
            size = records.number()
            after = records.at + size
            if records.number() == _EXTRA_ENCRYPTION_5:
                self.flags |= ENCRYPTED
            if size == 0:
                return
            records.at = after


class _Fields:
    """Numbers of RAR 5: seven bits a byte, the lowest first; beyond the end they are zero."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        value, shift = 0, 0
        for byte in self.data[self.at : self.at + 10]:
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
        return value


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
