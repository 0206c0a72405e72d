"""Numbers as people read them."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def format_bytes(count: int | float) -> str:
    """A number of bytes with a decimal unit (1 kB is 1,000 bytes): `999 B`, `1.5 kB`, `42 MB`."""
    if count < 1000:
        return f"{count:.0f} B"
    size, place = count / 1000, 0
    # 999.5 would be printed as 1000
    while size >= 999.5 and place < len(_UNITS) - 1:
        size, place = size / 1000, place + 1
    return f"{size:.1f} {_UNITS[place]}" if size < 99.95 else f"{size:.0f} {_UNITS[place]}"


def format_duration(seconds: float) -> str:
    """A length of time: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_count(count: int, noun: str, plural: str | None = None) -> str:
    """A number and what it counts: `1 message`, `1,234 messages`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def format_share(part: float, whole: float) -> str:
    """A share of a whole as a percentage; `0 %` where the whole is nothing."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"
