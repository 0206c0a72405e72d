"""The flags of parts: their names, what each one means, and how bad it is.

This is the one table of them. The columns of *parts*, the terms of `mailstrata search`, what `mailstrata scan` says and
`docs/attachment-flags.md` are made of it or tested against it. Within the inspection a set of flags is a plain integer,
one bit a flag: what most parts need is one comparison with zero.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from functools import cache


class Severity(IntEnum):
    """How bad it is, by what an analyst would look at first."""

    LOW = 1
    """Odd: by itself no reason to look, next to something else one more."""
    MEDIUM = 2
    """Unusual in honest mail, and common in what is not."""
    HIGH = 3
    """Look at this one."""


class Flag(StrEnum):
    """Each member's value is its name (`flag:executable`); `description` says when a part has it, `reason` the same in
    a few words for a list."""

    severity: Severity
    description: str
    reason: str

    def __new__(cls, value: str, severity: Severity, reason: str, description: str) -> Flag:
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity = severity
        member.reason = reason
        member.description = description
        return member

    TYPE_MISMATCH = (
        "type-mismatch",
        Severity.MEDIUM,
        "not the type that it says",
        "The content is of another family than the declared type, or where that says nothing (application/octet-"
        "stream, text/plain beside a file name), the file name: a program or HTML as image/jpeg. Types of one family "
        "(a PNG as image/jpeg, a docx as application/zip) do not count.",
    )
    EXECUTABLE = (
        "executable",
        Severity.HIGH,
        "a program or a script",
        "The content is a program (Windows, ELF, Mach-O, Java, Android, WebAssembly), an installer, a shortcut, a "
        "help file, a registry file or a script that says so in its first line; or text whose file name makes Windows "
        "run it (`.js`, `.vbs`, `.bat`, `.hta` and the like).",
    )
    DOUBLE_EXTENSION = (
        "double-extension",
        Severity.HIGH,
        "two extensions, the last one runs",
        "The file name ends in the extension of a document or a picture and then in that of a program, a script, HTML "
        "or SVG: `invoice.pdf.exe`, `scan.pdf.html`.",
    )
    DECEPTIVE_NAME = (
        "deceptive-name",
        Severity.HIGH,
        "a name that shows something else",
        "The file name holds characters that make it look like another one: a right-to-left override or embedding, "
        "control characters, invisible characters inside of plain ASCII or in the extension, five or more spaces "
        "before the extension, look-alikes of a dot or a slash, letters of another script in the extension, or a path "
        "upwards (`../`). Names in right-to-left scripts, and joiners of emoji and Indic scripts, do not count.",
    )
    MACROS = (
        "macros",
        Severity.MEDIUM,
        "holds macros",
        "An Office or OpenDocument file with macros: a VBA project, Excel 4.0 macro sheets, Basic or script files.",
    )
    ENCRYPTED = (
        "encrypted",
        Severity.MEDIUM,
        "wants a password",
        "An archive (zip, rar, 7z), an Office file or a PDF that is encrypted, so that nobody could look into it on "
        "the way. A PDF counts where it has an encryption dictionary, even if it can be opened without a password.",
    )
    HOLDS_EXECUTABLE = (
        "holds-executable",
        Severity.HIGH,
        "an archive that holds a program or a script",
        "The listing of an archive (zip, rar, 7z, cab, tar, also compressed, gzip of one file) or a disk image (ISO "
        "9660) has the name of a program, a script or a shortcut. `.js`, `.jar`, `.com`, `.bat`, `.cmd` and `.ps1` "
        "count only outside of folders: source code is full of them.",
    )
    ACTIVE_CONTENT = (
        "active-content",
        Severity.MEDIUM,
        "HTML or SVG that runs or asks for a password",
        "HTML or SVG with a script (data in JSON does not count), an embedded frame, object or "
        "applet that names what it shows, a handler that "
        "runs by itself (onload, onerror...), a javascript: or vbscript: address, a redirection, or a field for a "
        "password.",
    )
    SUSPICIOUS_ENCODING = (
        "suspicious-encoding",
        Severity.LOW,
        "encoded without need",
        "Text that needs no transfer encoding and has one that hides it from whoever does not decode: base64 over "
        "ASCII text of which the header itself says that it is ASCII or of a Western 8-bit charset, base64 over ASCII "
        "HTML with active content, or quoted-printable that escapes plain letters. Attachments do not count.",
    )
    EXTERNAL_BODY = (
        "external-body",
        Severity.LOW,
        "content that lies elsewhere",
        "A message/external-body part (RFC 2046, 5.2.3): its content is to be fetched from elsewhere.",
    )
    AMBIGUOUS = (
        "ambiguous",
        Severity.LOW,
        "can be read in two ways",
        "Two readers may see other parts, another type, another encoding or another file name in the same bytes: the "
        "part has one of the defects that are listed below.",
    )

    @property
    def bit(self) -> int:
        """The flag in a set of flags."""
        return _BITS[self]

    @property
    def column(self) -> str:
        """The column of *parts*."""
        return "flag_" + self.value.replace("-", "_")


_BITS = {flag: 1 << place for place, flag in enumerate(Flag)}

# As plain numbers: an attribute of an enumeration costs more than the test of a small part.
TYPE_MISMATCH = _BITS[Flag.TYPE_MISMATCH]
EXECUTABLE = _BITS[Flag.EXECUTABLE]
DOUBLE_EXTENSION = _BITS[Flag.DOUBLE_EXTENSION]
DECEPTIVE_NAME = _BITS[Flag.DECEPTIVE_NAME]
MACROS = _BITS[Flag.MACROS]
ENCRYPTED = _BITS[Flag.ENCRYPTED]
HOLDS_EXECUTABLE = _BITS[Flag.HOLDS_EXECUTABLE]
ACTIVE_CONTENT = _BITS[Flag.ACTIVE_CONTENT]
SUSPICIOUS_ENCODING = _BITS[Flag.SUSPICIOUS_ENCODING]
EXTERNAL_BODY = _BITS[Flag.EXTERNAL_BODY]
AMBIGUOUS = _BITS[Flag.AMBIGUOUS]

ALL_FLAGS = (1 << len(_BITS)) - 1
"""Every flag at once."""

NEEDS_NO_ENCODING = 1 << len(_BITS)
"""Not a flag: content of which an inspection has found that it is ASCII in lines that mail can carry as they are."""

FLAG_COLUMNS = tuple(flag.column for flag in Flag)
"""The columns of *parts*, in their order."""


@cache
def flag_values(flags: int) -> tuple[bool, ...]:
    """A set of flags as the values of the columns `FLAG_COLUMNS`."""
    return tuple(bool(flags & flag.bit) for flag in Flag)


def flags_of(bits: int) -> list[Flag]:
    """The members of a set of flags, worst first."""
    return sorted((flag for flag in Flag if bits & flag.bit), key=lambda flag: -flag.severity)
