"""Zip files, and what is one: Office documents, OpenDocument, Java and Android archives (PKWARE APPNOTE 6.3).

Both headers of a member are looked at, the local one before its content and the one in the central directory, wherever
they stand: readers differ in which they believe, and a name that only one of them has is the trick.
"""

from __future__ import annotations

import re
from typing import Final

from mailstrata.index.inspection.flags import ENCRYPTED, EXECUTABLE, MACROS
from mailstrata.index.inspection.inspector import WindowInspector
from mailstrata.index.inspection.members import LONGEST_NAME, MOST_MEMBERS, flags_of_member

# Signature, bytes before the flags, before the length of the name, before the name (4.3.7 and 4.3.12).
_LOCAL: Final = (b"PK\x03\x04", 6, 26, 30)
_CENTRAL: Final = (b"PK\x01\x02", 8, 28, 46)
_ENCRYPTED_BIT: Final = 1
# The highest version that is needed to extract, in tenths, and of a method: beyond these it is no header.
_HIGHEST_VERSION: Final = 63

_OFFICE_MACROS: Final = re.compile(rb"(?:word|xl|ppt|visio)/(?:vbaProject\.bin|macrosheets/.)", re.IGNORECASE)
# Of OpenDocument; the lists of libraries are there without any macro, too.
_DOCUMENT_MACROS: Final = (
    b"Basic/",
    b"Scripts/python/",
    b"Scripts/beanshell/",
    b"Scripts/javascript/",
    b"Scripts/java/",
)
_LISTS: Final = (b"script-lb.xml", b"script-lc.xml", b"dialog-lb.xml", b"dialog-lc.xml", b"/")
# A Java class; what an Android package has at its top.
_CLASS: Final = b".class"
_ANDROID: Final = b"classes.dex"
_MANIFEST: Final = b"META-INF/MANIFEST.MF"


class ZipInspector(WindowInspector):
    """Flags: encrypted, macros, holds-executable, executable (a Java archive with classes, an Android package)."""

    span = 46 + LONGEST_NAME

    def __init__(self) -> None:
        super().__init__()
        self._members = [0, 0]
        self._has_manifest = False
        self._has_program = False

    def look(self, window: bytes, end: int, offset: int) -> None:  # noqa: ARG002 - as in WindowInspector
        """Look at the headers of members that begin in `window[:end]`."""
        for number, (signature, flags_at, length_at, name_at) in enumerate((_LOCAL, _CENTRAL)):
            at = window.find(signature, 0, end + 3)
            while 0 <= at < end and self._members[number] < MOST_MEMBERS:
                length = int.from_bytes(window[at + length_at : at + length_at + 2], "little")
                name = window[at + name_at : at + name_at + min(length, LONGEST_NAME)]
                # The version needed stands right before the flags; its upper byte is 0, or a host system.
                if window[at + flags_at - 2 : at + flags_at - 1] <= bytes((_HIGHEST_VERSION,)) and name:
                    self._members[number] += 1
                    self._member(window[at + flags_at : at + flags_at + 1], name)
                at = window.find(signature, at + 4, end + 3)

    def close(self) -> None:
        super().close()
        if self._has_program and self._has_manifest:
            self.flags |= EXECUTABLE

    def _member(self, general: bytes, name: bytes) -> None:
        if general and general[0] & _ENCRYPTED_BIT:
            self.flags |= ENCRYPTED
        if name == _MANIFEST:
            self._has_manifest = True
        elif name == _ANDROID or name.endswith(_CLASS):
            self._has_program = True
        elif _OFFICE_MACROS.match(name) is not None or (
            name.startswith(_DOCUMENT_MACROS) and not name.endswith(_LISTS)
        ):
            self.flags |= MACROS
        self.flags |= flags_of_member(name)
