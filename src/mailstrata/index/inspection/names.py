"""What a file name alone says: two extensions, and characters that show something else than what is there."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from mailstrata.index.inspection.extensions import DOCUMENTS, MARKUP, RUNNABLE, extension_of
from mailstrata.index.inspection.flags import DECEPTIVE_NAME, DOUBLE_EXTENSION

_LAST_SHOWN: Final = 8
"""Characters at the end of a name that are looked at as its extension, whatever they are."""

# Right-to-left override and left-to-right override; embedding and isolate from right to left, and of the first strong
# direction. The marks (U+200E, U+200F, U+061C) and what puts Latin text into a name of another script from left to
# right stand in honest names: Windows itself puts them there.
_TURNS_AROUND: Final = "\u202d\u202e\u202b\u2067\u2068"
_INVISIBLE: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\ufeff\uffa0\U000e0001-\U000e007f"
)
_SPACES: Final = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164"
_KNOWN_EXTENSIONS: Final = "|".join(sorted(DOCUMENTS | RUNNABLE | MARKUP))


@cache
def _deceives() -> re.Pattern[str]:
    return re.compile(
        rf"[{_TURNS_AROUND}\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
        # Invisible between two characters of ASCII: it hides a word from filters, and means nothing to people.
        rf"|[!-~][{_INVISIBLE}]++[!-~]"
        # Spaces that move the extension out of sight.
        rf"|[{_SPACES}]{{5,}}+\.[A-Za-z0-9]{{1,8}}[{_SPACES}.]*\Z"
        # A dot that is none, before what looks like an extension.
        rf"|[\u2024\ufe52\uff0e\u0701\u0702\ua4f8]\s?(?:{_KNOWN_EXTENSIONS})(?![a-z])"
        # A slash that is none, behind what looks like a host.
        r"|[a-z0-9]\.[a-z]{2,10}[\u2044\u2215\u29f8\uff0f]"
        r"|(?:\A|[/\\])\.\.[/\\]",
        re.IGNORECASE,
    )


@cache
def _invisible() -> re.Pattern[str]:
    return re.compile(f"[{_INVISIBLE}]")


@cache
def _look_alike() -> re.Pattern[str]:
    # Cyrillic, Greek, Armenian, Cherokee and full-width letters that look like those of ASCII.
    return re.compile("[\u0370-\u058f\u13a0-\u13ff\uff21-\uff5a]")


@lru_cache(maxsize=2048)
def flags_of_name(filename: str) -> int:
    """The flags that a decoded file name has: `DOUBLE_EXTENSION`, `DECEPTIVE_NAME`."""
    flags = DOUBLE_EXTENSION if _has_two_extensions(filename) else 0
    if _is_deceptive(filename):
        flags |= DECEPTIVE_NAME
    return flags


def _has_two_extensions(filename: str) -> bool:
    last = extension_of(filename)
    if last not in RUNNABLE and last not in MARKUP:
        return False
    before = filename.rstrip(" .")[: -len(last) - 1].rstrip(" _-.\u00a0")
    return extension_of(before) in DOCUMENTS


def _is_deceptive(filename: str) -> bool:
    if filename.isascii() and filename.isprintable() and "     " not in filename and ".." not in filename:
        return False
    if _deceives().search(filename) is not None:
        return True
    end = filename[filename.rfind(".") + 1 :]
    if len(end) > _LAST_SHOWN or len(end) == len(filename):
        return False
    if _invisible().search(end) is not None:
        return True
    return _look_alike().search(end) is not None and any(map(str.isascii, end))
