"""The text of an HTML body, roughly as one reads it; for mail that carries nothing else."""

from __future__ import annotations

import html
import re

_UNSEEN = frozenset({"script", "style", "title"})
# fmt: off
_BLOCKS = frozenset({
    "address", "article", "blockquote", "br", "center", "dd", "div", "dl", "dt", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "table", "tr", "ul",
})
# fmt: on
_COMMENT = "!--"
_TAG_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_WHITE_SPACE = re.compile(r"\s+")
_SPACES_AROUND_BREAK = re.compile(r" ?\n ?")
_MANY_BREAKS = re.compile(r"\n{3,}")


def html_to_text(document: str) -> str:
    """The document without its tags, with a line break at each block. Linear in the length, whatever it holds.

    Not a renderer: tables become lines, links lose their targets, images vanish.
    """
    first, *rest = document.split("<")
    pieces = [_collapse(first)]
    unseen = ""
    for piece in rest:
        if unseen == _COMMENT or (not unseen and piece.startswith(_COMMENT)):
            _, end, text = piece.partition("-->")
            unseen = "" if end else _COMMENT
            pieces.append(_collapse(text))
            continue
        match = _TAG_NAME.match(piece)
        closing, name = (match[1], match[2].lower()) if match else ("", "")
        if unseen:
            if not closing or name != unseen:
                continue
            unseen = ""
        elif not match and not piece.startswith(("!", "?", "/")):
            pieces.append(_collapse(f"<{piece}"))  # "a < b" is text
            continue
        elif name in _UNSEEN and not closing:
            unseen = name
            continue
        if name in _BLOCKS:
            pieces.append("\n")
        pieces.append(_collapse(piece.partition(">")[2]))
    text = html.unescape("".join(pieces)).replace("\N{NO-BREAK SPACE}", " ")
    text = _MANY_BREAKS.sub("\n\n", _SPACES_AROUND_BREAK.sub("\n", text))
    return f"{text.strip()}\n"


def _collapse(text: str) -> str:
    """White space in HTML is one space, line breaks included (outside of `pre`, which is not told apart here)."""
    return _WHITE_SPACE.sub(" ", text)
