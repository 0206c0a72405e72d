"""What the content of one leaf is, by its bytes: the right inspector for it, fed chunk by chunk or at once.

Most content is plain text or a picture, and is known to need no inspector by its first bytes.
"""

from __future__ import annotations

import re
from typing import Final

from mailstrata.index.inspection.flags import EXECUTABLE, NEEDS_NO_ENCODING
from mailstrata.index.inspection.inspector import Inspector
from mailstrata.index.inspection.programs import HEAD_BYTES, is_executable

_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")
_MARKUP: Final = re.compile(rb"(?>(?:\xef\xbb\xbf)?)\s*+<[!?a-zA-Z]")
_WIDE_MARKUP: Final = re.compile(rb"(?:\xff\xfe|\xfe\xff)[\s\0]*+<")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
# What `inspector_for` has an inspector for, if nothing else makes it look closer.
_INSPECTED: Final = re.compile(
    rb"PK|%PDF-|\xd0\xcf\x11\xe0|\x1f\x8b\x08|BZh|\xfd7zXZ|Rar!\x1a|7z\xbc\xaf|MSCF"
    rb"|(?>(?:\xef\xbb\xbf)?)\s*+<[!?a-zA-Z]|\xff\xfe|\xfe\xff"
)
_LONGEST_LINE: Final = 998


class ContentInspection:
    """Inspects the content of one leaf, in chunks; `close` gives its flags.

    `as_markup` says that the part calls itself HTML or SVG, by its type or its name; other content is looked at as
    markup where it begins like it. With `watches_encoding` it is found out as well whether it is `NEEDS_NO_ENCODING`.

    The result does not depend on the chunks. Holds the first 4 KiB, and then at most about 2 MiB (see the inspectors);
    decompresses at most `MOST_DECOMPRESSED`.
    """

    __slots__ = ("_as_markup", "_flags", "_head", "_inspector", "_is_decided", "_lines")

    def __init__(self, *, as_markup: bool = False, watches_encoding: bool = False) -> None:
        self._as_markup = as_markup
        self._lines = _Lines() if watches_encoding else None
        self._flags = 0
        self._head = b""
        self._is_decided = False
        self._inspector: Inspector | None = None

    def feed(self, data: bytes) -> None:
        """The next bytes of the content."""
        if self._lines is not None:
            self._lines.feed(data)
        if self._is_decided:
            if self._inspector is not None:
                self._inspector.feed(data)
            return
        self._head += data
        if len(self._head) >= HEAD_BYTES:
            self._decide()

    def close(self) -> int:
        """The content has ended; its flags, and whether it needs no encoding."""
        if not self._is_decided:
            self._decide()
        if self._inspector is not None:
            self._inspector.close()
            self._flags |= self._inspector.flags
        if self._lines is not None and self._lines.need_no_encoding:
            self._flags |= NEEDS_NO_ENCODING
        return self._flags

    def _decide(self) -> None:
        self._is_decided = True
        held, self._head = self._head, b""
        if is_executable(held):
            self._flags |= EXECUTABLE
        self._inspector = inspector_for(held[:HEAD_BYTES], as_markup=self._as_markup)
        if self._inspector is not None:
            self._inspector.feed(held)


def inspect_content(content: bytes, *, as_markup: bool = False, watches_encoding: bool = False) -> int:
    """The flags of content that is there as a whole: as `ContentInspection`, which it does without where it can."""
    if not as_markup and not watches_encoding:
        if not content or content.startswith(_PICTURES):
            return 0
        if _INSPECTED.match(content) is None and not is_executable(content) and content.find(b"\0", 0, HEAD_BYTES) < 0:
            return 0
    inspection = ContentInspection(as_markup=as_markup, watches_encoding=watches_encoding)
    inspection.feed(content)
    return inspection.close()


def inspector_for(head: bytes, *, as_markup: bool) -> Inspector | None:
    """The inspector of content that begins with `head` (its first 4 KiB); None where there is nothing to look for."""
    # Each is imported where content asks for it: most mail asks for none.
    if head.startswith(_PICTURES):
        return None
    inspector = _by_signature(head)
    if inspector is not None:
        return inspector
    if as_markup or _MARKUP.match(head) is not None or _WIDE_MARKUP.match(head) is not None:
        from mailstrata.index.inspection.markup import MarkupInspector  # noqa: PLC0415

        return MarkupInspector(is_wide=head.startswith(_WIDE))
    if b"\0" in head:
        from mailstrata.index.inspection.disk_image import DiskImageInspector  # noqa: PLC0415
        from mailstrata.index.inspection.tar import TarInspector, begins_tar  # noqa: PLC0415

        return TarInspector() if begins_tar(head) else DiskImageInspector()
    return None


def _by_signature(head: bytes) -> Inspector | None:
    begin = head[:2]
    if begin == b"PK":
        from mailstrata.index.inspection.zip_archive import ZipInspector  # noqa: PLC0415

        return ZipInspector()
    if begin == b"%P" and head.startswith(b"%PDF-"):
        from mailstrata.index.inspection.pdf import PdfInspector  # noqa: PLC0415

        return PdfInspector()
    if begin == b"\xd0\xcf":
        from mailstrata.index.inspection import compound_file  # noqa: PLC0415

        return compound_file.CompoundFileInspector() if head.startswith(compound_file.SIGNATURE) else None
    if begin in (b"\x1f\x8b", b"BZ", b"\xfd7"):
        from mailstrata.index.inspection.compressed import SIGNATURES, CompressedInspector  # noqa: PLC0415

        return CompressedInspector(head) if head.startswith(SIGNATURES) else None
    if begin == b"Ra":
        from mailstrata.index.inspection import rar  # noqa: PLC0415

        if head.startswith(rar.SIGNATURE_4):
            return rar.Rar4Inspector()
        return rar.Rar5Inspector() if head.startswith(rar.SIGNATURE_5) else None
    if begin == b"7z":
        from mailstrata.index.inspection import seven_zip  # noqa: PLC0415

        return seven_zip.SevenZipInspector() if head.startswith(seven_zip.SIGNATURE) else None
    if begin == b"MS":
        from mailstrata.index.inspection import cabinet  # noqa: PLC0415

        return cabinet.CabinetInspector() if head.startswith(cabinet.SIGNATURE) else None
    return None


class _Lines:
    """Watches whether content is ASCII, without NUL, in lines that mail can carry as they are (RFC 5322, 2.1.1)."""

    __slots__ = ("_line", "need_no_encoding")

    def __init__(self) -> None:
        self.need_no_encoding = True
        self._line = b""

    def feed(self, data: bytes) -> None:
        if not self.need_no_encoding:
            return
        if not data.isascii() or b"\0" in data:
            self.need_no_encoding = False
            return
        first, *rest = (self._line + data).split(b"\n")
        longest = max(map(len, (first, *rest)))
        if longest > _LONGEST_LINE and any(len(line.removesuffix(b"\r")) > _LONGEST_LINE for line in (first, *rest)):
            self.need_no_encoding = False
            return
        self._line = rest[-1] if rest else first
