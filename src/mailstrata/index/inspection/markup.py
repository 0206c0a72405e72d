"""HTML and SVG: what in it runs, redirects, or asks for a password.

Not a parser: browsers read the worst of markup, and what matters is whether one could find something that runs. Content
is brought to lower case, with quotes, slashes and white space as spaces, and searched for what begins such a thing.
"""

from __future__ import annotations

import re
from typing import Final

from mailstrata.index.inspection.flags import ACTIVE_CONTENT, EXECUTABLE
from mailstrata.index.inspection.inspector import WindowInspector

_PLAIN: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ\t\n\f\r\"'/", b"abcdefghijklmnopqrstuvwxyz       ")
_REACH: Final = 800

# Cheap to look for: it begins with one character, which a fast search finds.
_TAG: Final = re.compile(rb"<(?:scr|ifr|obj|emb|app|inp|met|hta)")
# What of these is active; `[^>]` is bounded, so is the time that a tag takes.
_ACTIVE_TAG: Final = re.compile(
    rb"<(?:script(?=[ >])(?![^>]{0,400}type *= *(?:application (?:ld\+)?json|text (?:x-)?template))"
    rb"|iframe [^>]{0,400}src(?:doc)? *=|object [^>]{0,400}(?:data|classid|codebase) *=|embed [^>]{0,400}src *="
    rb"|applet [^>]{0,400}(?:code|archive|object) *="
    rb"|input [^>]{0,400}type *= *password"
    rb"|meta [^>]{0,400}http-equiv *= *refresh[^>]{0,400}url *=)"
)
_APPLICATION: Final = b"<hta:application"
_HANDLER: Final = re.compile(
    rb" on(?:load|error|focus|focusin|toggle|begin|end|animationstart|animationend|transitionend|pageshow|hashchange"
    rb"|readystatechange|propertychange|beforeprint|unload|beforeunload) {0,8}="
    # What kept a frame from links that were clicked, in pages of a quarter of a century ago.
    rb"(?! {0,8}(?:if\(this\.blur\) ?)?this\.blur)"
)
_ADDRESS: Final = re.compile(rb"(?:java|vb)script:")


class MarkupInspector(WindowInspector):
    """Flags: active-content, executable (an HTML application). `is_wide` says that the content is UTF-16."""

    span = 2 * _REACH

    def __init__(self, *, is_wide: bool = False) -> None:
        super().__init__()
        self._is_wide = is_wide

    def feed(self, data: bytes) -> None:
        # What matters is ASCII, of which UTF-16 is then every other byte.
        super().feed(data.replace(b"\0", b"") if self._is_wide else data)

    def look(self, window: bytes, end: int, offset: int) -> None:  # noqa: ARG002 - as in WindowInspector
        """Look for what begins in `window[:end]`."""
        if not self.flags & ACTIVE_CONTENT:
            self._look(window.translate(_PLAIN), end)

    def _look(self, text: bytes, end: int) -> None:
        for match in _TAG.finditer(text, 0, end + 3):
            at = match.start()
            if at < end:
                if _ACTIVE_TAG.match(text, at) is not None:
                    self.flags |= ACTIVE_CONTENT
                    return
                if text.startswith(_APPLICATION, at):
                    self.flags |= ACTIVE_CONTENT | EXECUTABLE
                    return
        for needle, pattern, before in ((b" on", _HANDLER, 0), (b"script:", _ADDRESS, 4)):
            at = text.find(needle)
            while at >= 0:
                first = max(at - before, 0)
                if first >= end:
                    break
                if pattern.search(text, first, at + 64) is not None:
                    self.flags |= ACTIVE_CONTENT
                    return
                at = text.find(needle, at + len(needle))
