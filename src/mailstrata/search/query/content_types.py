"""Types of parts, as people name them (`pdf`, `spreadsheet`, `image/*`), and which media types these stand for."""

from __future__ import annotations

import difflib
import re

from mailstrata.search.query.unreadable import UnreadableError, shown

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"

NAMES: dict[str, tuple[str, ...]] = {
    # Families.
    "archive": (
        *("application/zip", "application/x-zip-compressed", "application/x-7z-compressed", "application/vnd.rar"),
        *("application/x-rar*", "application/x-tar", "application/gzip", "application/x-gzip", "application/x-bzip*"),
        *("application/x-xz", "application/zstd", "application/vnd.ms-cab-compressed", "application/x-iso9660-image"),
    ),
    "audio": ("audio/*",),
    "calendar": ("text/calendar", "application/ics"),
    "contact": ("text/vcard", "text/x-vcard", "text/directory"),
    "document": (
        *("application/msword", "application/vnd.ms-word*", f"{_OFFICE}.wordprocessingml*", f"{_OPEN}.text*"),
        *("application/rtf", "text/rtf", "application/vnd.apple.pages"),
    ),
    "executable": (
        *("application/x-dosexec", "application/vnd.microsoft.portable-executable", "application/x-msdownload"),
        *("application/x-msdos-program", "application/x-executable", "application/x-pie-executable"),
        *("application/x-sharedlib", "application/x-mach-binary", "application/x-msi"),
    ),
    "image": ("image/*",),
    "message": ("message/rfc822", "message/global"),
    "presentation": (
        *("application/vnd.ms-powerpoint*", f"{_OFFICE}.presentationml*", f"{_OPEN}.presentation*"),
        "application/vnd.apple.keynote",
    ),
    "signature": ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"),
    "spreadsheet": (
        *("application/vnd.ms-excel*", f"{_OFFICE}.spreadsheetml*", f"{_OPEN}.spreadsheet*"),
        *("text/csv", "application/csv", "text/tab-separated-values", "application/vnd.apple.numbers"),
    ),
    "text": ("text/*",),
    "video": ("video/*",),
    # Single types, by the usual extension of their files.
    "7z": ("application/x-7z-compressed",),
    "avi": ("video/x-msvideo", "video/avi"),
    "bmp": ("image/bmp", "image/x-ms-bmp"),
    "csv": ("text/csv", "application/csv"),
    "doc": ("application/msword",),
    "docm": ("application/vnd.ms-word.document.macroenabled.12",),
    "docx": (f"{_OFFICE}.wordprocessingml.document",),
    "eml": ("message/rfc822", "message/global"),
    "exe": ("application/x-dosexec", "application/vnd.microsoft.portable-executable", "application/x-msdownload"),
    "gif": ("image/gif",),
    "gz": ("application/gzip", "application/x-gzip"),
    "heic": ("image/heic", "image/heif"),
    "html": ("text/html", "application/xhtml+xml"),
    "ics": ("text/calendar", "application/ics"),
    "jpeg": ("image/jpeg", "image/jpg", "image/pjpeg"),
    "jpg": ("image/jpeg", "image/jpg", "image/pjpeg"),
    "json": ("application/json", "text/json"),
    "mov": ("video/quicktime",),
    "mp3": ("audio/mpeg", "audio/mp3"),
    "mp4": ("video/mp4", "audio/mp4"),
    "odp": (f"{_OPEN}.presentation",),
    "ods": (f"{_OPEN}.spreadsheet",),
    "odt": (f"{_OPEN}.text",),
    "pdf": ("application/pdf", "application/x-pdf"),
    "png": ("image/png", "image/x-png"),
    "ppt": ("application/vnd.ms-powerpoint",),
    "pptx": (f"{_OFFICE}.presentationml.presentation",),
    "rar": ("application/vnd.rar", "application/x-rar*"),
    "rtf": ("application/rtf", "text/rtf"),
    "svg": ("image/svg+xml",),
    "tar": ("application/x-tar",),
    "tiff": ("image/tiff",),
    "txt": ("text/plain",),
    "vcf": ("text/vcard", "text/x-vcard", "text/directory"),
    "wav": ("audio/wav", "audio/x-wav", "audio/vnd.wave"),
    "webp": ("image/webp",),
    "xls": ("application/vnd.ms-excel",),
    "xlsm": ("application/vnd.ms-excel.sheet.macroenabled.12",),
    "xlsx": (f"{_OFFICE}.spreadsheetml.sheet",),
    "xml": ("application/xml", "text/xml"),
    "zip": ("application/zip", "application/x-zip-compressed"),
}
"""What each name stands for: media types in lower case, with `*` as the last character for any others there."""

FAMILIES: tuple[str, ...] = tuple(list(NAMES)[: list(NAMES).index("7z")])
"""The names that stand for a kind of content, whatever its format."""

# A type and a subtype of the characters of RFC 2045, 5.1 (no tspecials, no white space), and one star at an end.
_CHARACTERS = r"[^\x00-\x20\x7f()<>@,;:\\\"/\[\]?=*]+"
_PATTERN = re.compile(rf"{_CHARACTERS}/(?:{_CHARACTERS}\*?|\*)|\*/{_CHARACTERS}")


def read_content_type(text: str) -> str:
    """The name of a `ContentType` node. Raises `UnreadableError` for what is no name and no type."""
    name = text.strip().lower()
    if name in NAMES or _PATTERN.fullmatch(name):
        return name
    if "/" in name:
        raise UnreadableError(f"{shown(text)} is no type; write application/pdf, image/* or */pdf")
    nearest = difflib.get_close_matches(name[:40], NAMES, n=1)
    raise UnreadableError(
        f"unknown type {shown(text)}, did you mean {nearest[0]}?"
        if nearest
        else f"unknown type {shown(text)}; write application/pdf, or one of {', '.join(FAMILIES)}"
    )


def patterns(name: str) -> tuple[str, ...]:
    """The types that the name of a `ContentType` node stands for, each of them with a `*` for any characters (none
    included) as its first or its last character, or with none."""
    return NAMES.get(name) or (name,)


def fits(pattern: str, content_type: str) -> bool:
    """Whether a type in lower case is one for which the pattern stands."""
    if pattern.endswith("*"):
        return content_type.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return content_type.endswith(pattern[1:])
    return content_type == pattern
