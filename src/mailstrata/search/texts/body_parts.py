"""Which parts of a message are its body: what a mail program would show of it without opening anything.

It goes by the rows of *parts*, so that no message is parsed again: of a multipart/alternative (RFC 2046, 5.1.4) the
plain text, else the HTML; of a multipart/related (RFC 2387) and a multipart/signed (RFC 1847) the first part; of any
other multipart all text in its order. Embedded messages are not looked into, and what `is_attachment` is none of it,
but for the root of a message, which is its body whatever file name it has.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

PLAIN_TEXT = "text/plain"
HTML_TEXT = "text/html"


class PartRow(NamedTuple):
    """What is asked of a row of *parts*; see docs/index-schema.md."""

    path: str
    content_type: str
    charset: str | None
    encoding: str
    disposition: str | None
    is_attachment: bool
    is_container: bool
    is_opaque: bool
    start: int
    body_start: int
    end: int
    blob: str | None


Alternatives = list[PartRow]
"""Parts that say the same: the first of them that says anything is taken."""


_FEW = 12
"""Parts up to which the structure of a message is remembered: most mail has one of a few."""


def body_parts(parts: list[PartRow]) -> list[Alternatives]:
    """The body of the message whose parts these are, in document order: in order, what is shown."""
    if not parts:
        return []
    if len(parts) > _FEW:
        return _body_of(parts)
    shape = tuple([(part[0], part[1], part[4], part[5], part[6]) for part in parts])
    return [[parts[place] for place in alternatives] for alternatives in _places(shape)]


@lru_cache(maxsize=1024)
def _places(shape: tuple[tuple[str, str, str | None, bool, bool], ...]) -> list[list[int]]:
    """As `body_parts`, as places among the parts, by all of them that it depends on."""
    parts = [
        PartRow(path, kind, None, "", disposition, attached, container, False, place, 0, 0, None)
        for place, (path, kind, disposition, attached, container) in enumerate(shape)
    ]
    return [[part.start for part in alternatives] for alternatives in _body_of(parts)]


def _body_of(parts: list[PartRow]) -> list[Alternatives]:
    root = parts[0]
    if not root.is_container:
        is_body = root.content_type in (PLAIN_TEXT, HTML_TEXT) and root.disposition != "attachment"
        return [[root]] if is_body else []
    # From the last part to the first, each container finds what its children came to.
    children: dict[str, list[tuple[PartRow, list[Alternatives]]]] = {}
    for part in reversed(parts):
        shown: list[Alternatives] = []
        if part.is_container:
            below = children.pop(part.path, [])
            below.reverse()
            shown = _of_container(part.content_type, below)
        elif part.content_type in (PLAIN_TEXT, HTML_TEXT) and not part.is_attachment:
            shown = [[part]]
        if part.path == root.path:
            return shown
        children.setdefault(part.path.rpartition(".")[0], []).append((part, shown))
    return []


def _of_container(content_type: str, children: list[tuple[PartRow, list[Alternatives]]]) -> list[Alternatives]:
    # RFC 1847, 2.2: what is within an encrypted one is no text, whatever it is labelled.
    if not content_type.startswith("multipart/") or content_type == "multipart/encrypted":
        return []
    if content_type in ("multipart/related", "multipart/signed"):
        return next((shown for _, shown in children if shown), [])
    if content_type != "multipart/alternative":
        return [alternatives for _, shown in children for alternatives in shown]
    said = [shown for _, shown in children if shown]
    if len(said) < 2:
        return said[0] if said else []
    # The last one is the richest; plain text needs no rendering.
    said.sort(key=lambda shown: any(part.content_type != PLAIN_TEXT for part in shown[0]))
    best = said[0]
    if len(best) > 1:
        return best
    return [[*best[0], *(part for shown in said[1:] for part in shown[0])]]
