"""The place of an error in what someone has written, with carets under it."""

from __future__ import annotations

from mailstrata.cli.terminal import display_width, safe_line

_BEFORE = 40
_MARKED = 60
_AFTER = 40


def excerpt(text: str, start: int, end: int) -> tuple[str, str]:
    """Two lines: the text around the characters from `start` to `end`, safe for a terminal, and carets under these; one
    caret where there are none, since something is missing there."""
    end = max(start, min(end, start + _MARKED))
    before = safe_line(text[max(0, start - _BEFORE) : start])
    marked = safe_line(text[start:end])
    after = safe_line(text[end : end + _AFTER])
    if start > _BEFORE:
        before = f"…{before}"
    if end + _AFTER < len(text):
        after = f"{after}…"
    return before + marked + after, " " * display_width(before) + "^" * max(1, display_width(marked))
