"""File names that are safe to create, made from what a message declares.

A declared file name is hostile until shown otherwise (RFC 2183, 2.3 and 5): it may climb out of the folder,
name a device, hide its ending, or be one that only some systems can hold. The names made here can be created
on Linux, macOS and Windows alike, since a folder of attachments is copied from one to the other.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Protocol

from mailstrata.sinks.extensions import extension_for

MAX_NAME_BYTES = 255
"""What the common filesystems allow for one name (Linux, APFS; NTFS counts 255 UTF-16 units, never fewer)."""

_LEAST_BYTES = 32
_LONGEST_EXTENSION = 16

# Windows opens a device under these names, in any folder, with any extension, and with spaces before the dot.
_DEVICES = frozenset(
    ["AUX", "CLOCK$", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in range(10)]
)

# What is nearly every name in nearly every mailbox, and needs nothing but the checks for devices and length.
_PLAIN = re.compile(r"[0-9A-Za-z](?>(?:[ .]?[0-9A-Za-z_()+=,-])*)", re.ASCII)

# Unicode's Default_Ignorable_Code_Point and three more without a shape: bidirectional controls reorder what
# people read, the others make two names look the same.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SPACES = re.compile(r"\s+")
# Separators are gone by then; the rest is what Windows forbids, the control characters, and lone surrogates.
_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f<>:"/\\\\|?*\ud800-\udfff]')


class NamedPart(Protocol):
    """What `safe_name` needs of a part: a `PartInfo`, or a part of the pull form."""

    @property
    def filename(self) -> str | None: ...

    @property
    def content_type(self) -> str: ...

    @property
    def path(self) -> str: ...


def safe_name(part: NamedPart, *, max_bytes: int = MAX_NAME_BYTES) -> str:
    """The part's declared file name made safe, or one like `part-1.2.pdf` where it declares none.

    Two parts may get the same name: open files with mode "xb", or tell them apart with `UniqueNames`.
    """
    return safe_filename(part.filename, content_type=part.content_type, stem=f"part-{part.path}", max_bytes=max_bytes)


def safe_filename(
    name: str | None,
    *,
    content_type: str = "application/octet-stream",
    stem: str = "part",
    max_bytes: int = MAX_NAME_BYTES,
) -> str:
    """A single file name, recognisably `name`, that can be created anywhere and means nothing to a shell or
    system.

    Directories are cut off, whatever system they are written for. Invisible and bidirectional characters go,
    white space becomes single spaces, characters that some system forbids become `_`; so does a dot or dash
    at the beginning (hidden files, options of commands). Dots and spaces at the end go; device names of
    Windows get a `_` before them. The result is in Unicode's form NFC, at most `max_bytes` (at least 32)
    bytes of UTF-8, cut before the extension. Where nothing is left, it is `stem` with the extension usual for
    `content_type`. Never raises on content, takes time linear in it, and leaves its own results as they are.
    """
    if max_bytes < _LEAST_BYTES:
        raise ValueError(f"max_bytes must be at least {_LEAST_BYTES}, not {max_bytes}")
    if name:
        name = clean_name(name, max_bytes)
    if not name:
        extension = extension_for(content_type)
        name = _cut(clean_name(stem, max_bytes) or "part", extension, max_bytes)
    return name


def clean_name(name: str, max_bytes: int = MAX_NAME_BYTES) -> str:
    """As `safe_filename`, but empty where nothing is left of the name."""
    if len(name) <= max_bytes and _PLAIN.fullmatch(name) and not _is_device(name):
        return name
    name = name.replace("\\", "/").rstrip("/. ").rpartition("/")[2]
    # Normalising is quadratic in a run of combining characters: no more of a name than can matter goes in.
    if len(name) > 4 * MAX_NAME_BYTES:
        name = name[: 3 * MAX_NAME_BYTES] + name[-MAX_NAME_BYTES:]
    if not name.isascii():
        # What is taken out goes first: it may have stood between two characters that now combine.
        name = unicodedata.normalize("NFC", _INVISIBLE.sub("", name))
    name = _FORBIDDEN.sub("_", _SPACES.sub(" ", name))
    if not name.isascii():
        # APFS refuses code points that are not assigned.
        name = "".join("_" if unicodedata.category(character) == "Cn" else character for character in name)
    name = name.strip(" ").rstrip(". ")
    if not name.strip("._- "):
        # Nothing but dots, dashes and what was put for forbidden characters says nothing.
        return ""
    if name[0] in ".-" or unicodedata.category(name[0]).startswith("M"):
        name = "_" + name.lstrip(".- ")
    if _is_device(name):
        name = "_" + name
    return _cut(*split_extension(name), max_bytes)


def _is_device(name: str) -> bool:
    first = name.partition(".")[0].rstrip(" ")
    if len(first) > len("CONOUT$"):
        return False
    if first.isascii():
        return first.upper() in _DEVICES
    # Windows takes superscript digits for digits: NFKC makes them so.
    return unicodedata.normalize("NFKC", first).upper() in _DEVICES


def split_extension(name: str) -> tuple[str, str]:
    """A name as its stem and its extension, dot included: what follows the last dot, if it is short, and
    `.tar` with it (`report`, `.pdf`; `backup`, `.tar.gz`). Joined, they are the name."""
    stem, dot, last = name.rpartition(".")
    if not stem or not last or " " in last or len(last.encode("utf-8", "surrogatepass")) >= _LONGEST_EXTENSION:
        return name, ""
    extension = dot + last
    if stem[-4:].lower() == ".tar" and len(stem) > len(".tar"):
        return stem[:-4], stem[-4:] + extension
    return stem, extension


def _cut(stem: str, extension: str, max_bytes: int) -> str:
    """Stem and extension joined, the stem cut at a character so that they take at most `max_bytes` bytes."""
    name = stem + extension
    encoded = name.encode()
    if len(encoded) <= max_bytes:
        return name
    room = max_bytes - (len(encoded) - len(stem.encode()))
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + extension


def folded_name(name: str) -> str:
    """What two names have in common if some filesystem takes them for one: letter case (APFS, NTFS) and the
    form of Unicode (HFS+). It folds rather too much than too little."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).upper().casefold())


class UniqueNames:
    """The names in use in one folder, so that each is given out once, however case and Unicode forms are
    folded.

    It remembers every name that it gave out, so it is for a folder of bounded size. Taking a name costs the
    same however often it was asked for before.
    """

    __slots__ = ("_max_bytes", "_next_number", "_taken")

    def __init__(self, *, max_bytes: int = MAX_NAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._taken: set[str] = set()
        self._next_number: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, name: str) -> str:
        """`name`, a safe file name, or where that is in use `name (2)`, `name (3)`..., before the
        extension."""
        folded = folded_name(name)
        if folded not in self._taken:
            self._taken.add(folded)
            return name
        stem, extension = split_extension(name)
        # All names that would be cut to the same stem count together, or each would try the others' numbers.
        room = self._max_bytes - len(extension.encode()) - len(" (1234567)")
        stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
        counted = folded_name(stem + extension)
        number = self._next_number.get(counted, 2)
        while True:
            candidate = f"{stem} ({number}){extension}"
            number += 1
            folded = folded_name(candidate)
            if folded not in self._taken:
                break
        self._next_number[counted] = number
        self._taken.add(folded)
        return candidate
