"""OLE compound files ([MS-CFB]): older Office documents, encrypted newer ones, installers.

Entries of the directory are found where they stand, without following the chains of sectors: each is 128 bytes, at a
multiple of 128, and says itself how long its name is. That takes one pass and no seeking, and finds what a damaged
chain hides.
"""

from __future__ import annotations

import re
from typing import Final

from mailstrata.index.inspection.flags import ENCRYPTED, EXECUTABLE, MACROS
from mailstrata.index.inspection.inspector import WindowInspector

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_ENTRY: Final = 128
_NAME_FIELD: Final = 64
_STREAM_OR_STORAGE: Final = (1, 2)
_NAMES: Final = tuple(
    (name.encode("utf-16-le"), flag)
    for name, flag in (
        # A stream of every VBA project ([MS-OVBA], 2.3.4.1).
        ("_VBA_PROJECT", MACROS),
        # [MS-OFFCRYPTO], 2.3.4.4 and 2.3.5.4
        ("EncryptedPackage", ENCRYPTED),
        ("EncryptedSummary", ENCRYPTED),
    )
)
_ROOT: Final = "Root Entry".encode("utf-16-le")
_CLASS_AT: Final = 80
# Windows Installer packages, transforms and patches: 000C108?-0000-0000-C000-000000000046.
_INSTALLER: Final = re.compile(rb"[\x82\x84\x86]\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46")

# BOUNDSHEET8 of an Excel 4.0 macro sheet ([MS-XLS], 2.4.28): type, size, 4 bytes, whether hidden, 1, length of the
# name.
_SHEET: Final = b"\x85\x00"
_MACRO_SHEET: Final = re.compile(rb"\x85\x00([\x09-\x60])\x00.{4}[\x00-\x02]\x01([\x01-\x1f])([\x00\x01])", re.DOTALL)

# The header of the file is one sector of 512 bytes, and the main stream mostly begins behind it.
_MAIN_AT: Final = 512
_WORD: Final = b"\xec\xa5"
_WORD_FLAGS_AT: Final = 11
_BIFF8: Final = b"\x09\x08"
_FILEPASS: Final = 0x2F
_FIRST_RECORDS: Final = 16


class CompoundFileInspector(WindowInspector):
    """Flags: macros, encrypted, executable (an installer)."""

    def look(self, window: bytes, end: int, offset: int) -> None:
        """Look for entries and records that begin in `window[:end]`."""
        if offset == 0 and _main_stream_is_encrypted(window):
            self.flags |= ENCRYPTED
        for name, flag in _NAMES:
            if not self.flags & flag and self._has_entry(window, end, offset, name):
                self.flags |= flag
        if not self.flags & EXECUTABLE and self._is_installer(window, end, offset):
            self.flags |= EXECUTABLE
        if not self.flags & MACROS and _has_macro_sheet(window, end):
            self.flags |= MACROS

    def _has_entry(self, window: bytes, end: int, offset: int, name: bytes) -> bool:
        at = window.find(name, 0, end + len(name) - 1)
        while at >= 0:
            entry = window[at : at + _ENTRY]
            if (offset + at) % _ENTRY == 0 and _is_entry(entry, name) and entry[66] in _STREAM_OR_STORAGE:
                return True
            at = window.find(name, at + 1, end + len(name) - 1)
        return False

    def _is_installer(self, window: bytes, end: int, offset: int) -> bool:
        at = window.find(_ROOT, 0, end + len(_ROOT) - 1)
        while at >= 0:
            entry = window[at : at + _ENTRY]
            if (offset + at) % _ENTRY == 0 and _is_entry(entry, _ROOT) and _INSTALLER.match(entry, _CLASS_AT):
                return True
            at = window.find(_ROOT, at + 1, end + len(_ROOT) - 1)
        return False


def _is_entry(entry: bytes, name: bytes) -> bool:
    """Whether it is an entry of that name: padded with zeros, its length with that of the final zero behind it."""
    return (
        len(entry) == _ENTRY
        and int.from_bytes(entry[_NAME_FIELD : _NAME_FIELD + 2], "little") == len(name) + 2
        and not entry[len(name) : _NAME_FIELD].strip(b"\0")
    )


def _has_macro_sheet(window: bytes, end: int) -> bool:
    at = window.find(_SHEET, 0, end + 1)
    while at >= 0:
        match = _MACRO_SHEET.match(window, at)
        if match is not None:
            size, length, is_wide = match[1][0], match[2][0], match[3][0]
            if size == 8 + (2 * length if is_wide else length):
                return True
        at = window.find(_SHEET, at + 2, end + 1)
    return False


def _main_stream_is_encrypted(head: bytes) -> bool:
    main = head[_MAIN_AT : _MAIN_AT + 4096]
    if main.startswith(_WORD):
        # fEncrypted of the FIB ([MS-DOC], 2.5.2)
        return len(main) > _WORD_FLAGS_AT and bool(main[_WORD_FLAGS_AT] & 1)
    if not main.startswith(_BIFF8):
        return False
    at = 0
    for _ in range(_FIRST_RECORDS):
        record, size = int.from_bytes(main[at : at + 2], "little"), int.from_bytes(main[at + 2 : at + 4], "little")
        if record == _FILEPASS and size:
            return True
        at += 4 + size
    return False
