"""What Windows, and people, take a file for by the last letters of its name."""

from __future__ import annotations

from typing import Final

SCRIPTS: Final = frozenset(
    {"js", "jse", "vbs", "vbe", "wsf", "wsh", "wsc", "hta", "bat", "cmd", "ps1", "psm1", "sct", "reg", "scf"}
)
"""Text that runs, or acts, when someone opens it."""

PROGRAMS: Final = frozenset(
    {"exe", "scr", "pif", "com", "cpl", "msi", "msp", "msc", "lnk", "chm", "hlp", "jar", "xll", "gadget", "application"}
)
"""Programs, installers, shortcuts: what runs when someone opens it."""

RUNNABLE: Final = SCRIPTS | PROGRAMS

# Of these source code, web pages and mirrors of sites (example.com) are full.
_ONLY_OUTSIDE_OF_FOLDERS: Final = frozenset({"js", "jar", "com", "bat", "cmd", "ps1", "psm1", "application"})

MARKUP: Final = frozenset({"html", "htm", "shtml", "shtm", "xhtml", "xht", "svg", "mht", "mhtml", "hta"})
"""What a browser opens, and where scripts run."""

DOCUMENTS: Final = frozenset(
    {
        *("pdf", "doc", "docx", "docm", "dot", "dotx", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pps", "ppsx"),
        *("odt", "ods", "odp", "rtf", "txt", "csv", "xml", "eml", "msg"),
        *("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "heic"),
        *("mp3", "wav", "mp4", "avi", "mov", "m4a"),
        *("zip", "rar", "7z"),
    }
)
"""What people open without a second thought."""


def extension_of(filename: str) -> str:
    """The letters behind the last dot, in lower case, as a file system takes them: without spaces and dots at the end
    (Windows drops these). Empty where there is none."""
    _, dot, extension = filename.rstrip(" .").rpartition(".")
    return extension.lower() if dot and len(extension) <= _LONGEST else ""


_LONGEST: Final = 16
_ENDS_IN_RUNNABLE: Final = {name.encode("ascii") for name in RUNNABLE}
_ONLY_OUTSIDE: Final = {name.encode("ascii") for name in _ONLY_OUTSIDE_OF_FOLDERS}


def is_runnable_member(name: bytes) -> bool:
    """Whether a name in the listing of an archive, of whatever charset, is that of something that runs."""
    _, dot, extension = name.rstrip(b" .\0").rpartition(b".")
    if not dot or len(extension) > _LONGEST:
        return False
    extension = extension.lower()
    if extension not in _ENDS_IN_RUNNABLE:
        return False
    return extension not in _ONLY_OUTSIDE or (b"/" not in name and b"\\" not in name)
