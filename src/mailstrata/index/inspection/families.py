"""Whether content is what it says it is, by families of types.

Mailers name types loosely: a docx is a zip, a table is sent as a spreadsheet, every picture is a JPEG. So a type stands
for the families of content that honest mail has under it, and a mismatch is content of a known family under a type that
never has it. Of what was found only types count that are told by an unmistakable signature.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_Families = frozenset[str]

IMAGE: Final = frozenset({"image"})
MEDIA: Final = frozenset({"media"})
PAGE: Final = frozenset({"page"})
TEXT: Final = frozenset({"text"})
ARCHIVE: Final = frozenset({"archive"})
OFFICE: Final = frozenset({"office"})
PROGRAM: Final = frozenset({"program"})

_FOUND: Final[dict[str, _Families]] = {
    **dict.fromkeys(
        (
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/tiff",
            "image/bmp",
            "image/x-ms-bmp",
            "image/heic",
        ),
        IMAGE,
    ),
    "image/svg+xml": IMAGE | TEXT,
    **dict.fromkeys(
        ("video/mp4", "video/quicktime", "video/x-msvideo", "video/webm", "audio/x-wav", "audio/ogg"), MEDIA
    ),
    "application/pdf": PAGE,
    "application/postscript": PAGE | TEXT,
    **dict.fromkeys(("text/plain", "text/html", "text/xml", "text/calendar", "text/vcard", "message/rfc822"), TEXT),
    "text/rtf": TEXT | OFFICE,
    **dict.fromkeys(
        (
            *(
                "application/zip",
                "application/gzip",
                "application/x-rar",
                "application/vnd.rar",
                "application/x-7z-compressed",
            ),
            *("application/x-tar", "application/x-bzip2", "application/x-xz", "application/vnd.ms-cab-compressed"),
            *("application/x-iso9660-image",),
        ),
        ARCHIVE,
    ),
    **dict.fromkeys(
        ("application/x-ole-storage", "application/cdfv2", "application/msword", "application/vnd.ms-excel"), OFFICE
    ),
}
_OFFICE_SAID: Final = OFFICE | ARCHIVE | TEXT
_SAID: Final[dict[str, _Families]] = {
    "image/svg+xml": IMAGE | TEXT,
    "image/vnd.adobe.photoshop": IMAGE,
    "application/pdf": PAGE,
    "application/x-pdf": PAGE,
    "application/postscript": PAGE | TEXT,
    "application/illustrator": PAGE | IMAGE,
    "application/ogg": MEDIA,
    "application/mp4": MEDIA,
    **dict.fromkeys(
        (
            *("application/json", "application/xml", "application/javascript", "application/x-javascript"),
            *(
                "application/xhtml+xml",
                "application/x-sh",
                "application/x-perl",
                "application/x-python",
                "application/x-patch",
            ),
        ),
        TEXT,
    ),
    **dict.fromkeys(("application/rtf", "text/rtf", "text/richtext"), TEXT | OFFICE),
    **dict.fromkeys(
        (
            *("application/zip", "application/x-zip-compressed", "application/x-zip", "application/gzip"),
            *("application/x-gzip", "application/x-gunzip", "application/x-rar", "application/x-rar-compressed"),
            *(
                "application/vnd.rar",
                "application/x-7z-compressed",
                "application/x-tar",
                "application/x-compressed-tar",
            ),
            *("application/x-bzip", "application/x-bzip2", "application/x-xz", "application/java-archive"),
        ),
        ARCHIVE | OFFICE,
    ),
    **dict.fromkeys(
        ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/excel"),
        _OFFICE_SAID,
    ),
    **dict.fromkeys(
        ("application/x-msdownload", "application/x-dosexec", "application/vnd.microsoft.portable-executable"),
        PROGRAM,
    ),
}
# By the beginning of the type, where `_SAID` does not have it.
_SAID_BEGINNINGS: Final = (
    ("image/", IMAGE),
    ("audio/", MEDIA),
    ("video/", MEDIA),
    ("text/", TEXT),
    ("application/vnd.openxmlformats-officedocument.", OFFICE | ARCHIVE),
    ("application/vnd.oasis.opendocument.", OFFICE | ARCHIVE | TEXT),
    ("application/vnd.ms-", _OFFICE_SAID),
)
_FOUND_BEGINNINGS: Final = (
    ("application/vnd.openxmlformats-officedocument.", OFFICE | ARCHIVE),
    ("application/vnd.oasis.opendocument.", OFFICE | ARCHIVE),
)
_EXTENSIONS: Final[dict[str, _Families]] = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "png", "gif", "bmp", "tif", "tiff", "webp", "heic"), IMAGE),
    "svg": IMAGE | TEXT,
    **dict.fromkeys(("mp3", "mp4", "m4a", "wav", "avi", "mov", "ogg", "webm", "wma", "wmv"), MEDIA),
    "pdf": PAGE,
    **dict.fromkeys(("ps", "eps"), PAGE | TEXT),
    "ai": PAGE | IMAGE | TEXT,
    **dict.fromkeys(("txt", "csv", "log", "xml", "json", "md", "html", "htm", "xhtml", "css", "ics", "vcf"), TEXT),
    **dict.fromkeys(("patch", "diff", "c", "h", "py", "pl", "java", "eml"), TEXT),
    "rtf": TEXT | OFFICE,
    **dict.fromkeys(("zip", "gz", "tgz", "rar", "7z", "tar", "bz2", "xz", "cab", "iso"), ARCHIVE | OFFICE),
    **dict.fromkeys(("doc", "xls", "ppt", "dot", "pps"), _OFFICE_SAID),
    **dict.fromkeys(("docx", "xlsx", "pptx", "docm", "xlsm", "pptm", "odt", "ods", "odp"), OFFICE | ARCHIVE),
    **dict.fromkeys(("exe", "scr", "dll", "com", "pif", "msi", "cpl", "sys"), PROGRAM | OFFICE),
}


@lru_cache(maxsize=4096)
def is_mismatch(declared: str | None, extension: str, found: str | None, is_executable: bool) -> bool:
    """Whether content of the type `found` is of another family than a part declares it to be.

    `declared` is its declared type (None: nothing), `extension` that of its file name. Where the type says nothing, the
    extension does; text/plain is what mailers say that do not know, so beside it an extension has its say as well.
    `is_executable` says that it was found to run: a program, unless it is text or an archive.
    """
    content = _families(found, _FOUND, _FOUND_BEGINNINGS)
    if content is None:
        if not is_executable:
            return False
        content = PROGRAM
    said = _families(declared, _SAID, _SAID_BEGINNINGS)
    named = _EXTENSIONS.get(extension)
    if said is None:
        said = named
    elif named is not None and content is not PROGRAM and declared == "text/plain":
        said = said | named
    return said is not None and content.isdisjoint(said)


def _families(
    kind: str | None, exact: dict[str, _Families], beginnings: tuple[tuple[str, _Families], ...]
) -> _Families | None:
    if kind is None:
        return None
    families = exact.get(kind)
    if families is None:
        for beginning, of_beginning in beginnings:
            if kind.startswith(beginning):
                return of_beginning
    return families
