"""HTML into text, with what mail programs mark as quoted history apart. Runs in the worker process.

lexbor, as browsers' parsers, takes time quadratic in the depth of some documents (100,000 nested `div`s: more than a
minute) and in the number of attributes of one element: whoever calls this from elsewhere than a process with a limit of
time can be held up by 500 KB of mail.
"""

from __future__ import annotations

import re
from typing import Any

_WHITE_SPACE = re.compile(r"[ \t\n\r\f\u200b\ufeff]+")
_AROUND_BREAK = re.compile(r"[ \u00a0]*\n[ \u00a0]*")
_MANY_BREAKS = re.compile(r"\n{3,}")
_UNSEEN = frozenset(
    {
        "script",
        "style",
        "head",
        "title",
        "template",
        "noscript",
        "object",
        "iframe",
        "select",
        "textarea",
        "svg",
        "math",
    }
)
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form"),
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
            "table",
        ),
        *("tr", "ul", "caption", "figure", "figcaption", "details", "summary"),
    }
)
_PARAGRAPHS = frozenset({"p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "ul", "ol"})
_QUOTING_CLASSES = frozenset(
    {
        *("gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "zmail_extra"),
        *("tutanota_quote", "gmail_attr", "front-blockquote", "WM_QUOTE", "mail_quote", "quote-header"),
    }
)
_QUOTING_IDS = frozenset({"OLK_SRC_BODY_SECTION", "yahoo_quoted", "mail-editor-reference-message-container"})
# From these on, all that follows beside them is history.
_DIVIDING_IDS = frozenset({"divRplyFwdMsg", "appendonsend", "stopSpelling", "reply-intro", "x_divRplyFwdMsg"})
# Outlook draws a line above the header block of what it quotes; this is how it is written since 2007.
_OUTLOOK_LINE = re.compile(r"border:\s*none;\s*border-top:\s*solid\s+#(?:B5C4DF|E1E1E1)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def html_to_text(markup: str) -> tuple[str, str]:
    """The text that a document shows, and of it, apart, what is marked as quoted. Raises ImportError without
    selectolax."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - of the extra `search`

    root = LexborHTMLParser(markup).body
    if root is None:
        return "", ""
    rendering = _Rendering()
    rendering.run(root)
    return _tidy(rendering.shown), _tidy(rendering.quoted)


def _tidy(pieces: list[str]) -> str:
    text = "".join(pieces)
    text = _MANY_BREAKS.sub("\n\n", _AROUND_BREAK.sub("\n", text))
    return text.replace("\u00a0", " ").strip()


class _Rendering:
    """Walks a tree without recursion. Where quoted history begins, everything goes to `quoted` until it ends."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.quoted: list[str] = []
        self._preformatted = 0

    def run(self, root: Any) -> None:
        node = root
        depth = 0
        quoted_at = -1  # the depth of the element with which history began
        until_parent_ends = False
        out = self.shown
        while True:
            descend = None
            tag = node.tag
            if tag == "-text":
                text = node.text_content or ""
                if self._preformatted:
                    out.append(text)
                elif text:
                    text = _WHITE_SPACE.sub(" ", text)
                    if text == " " and (not out or out[-1][-1:] in ("\n", " ")):
                        text = ""
                    if text:
                        out.append(text)
            elif tag == "br":
                out.append("\n")
            elif tag is not None and tag not in _UNSEEN and not tag.startswith(("-", "_", "!")):
                mark = _mark(node, tag)
                if mark == "hidden":
                    pass
                else:
                    if mark is not None and quoted_at < 0:
                        quoted_at, until_parent_ends, out = depth, mark == "divide", self.quoted
                        out.append("\n")
                    if tag in _BLOCKS:
                        out.append("\n\n" if tag in _PARAGRAPHS else "\n")
                        if tag == "pre":
                            self._preformatted += 1
                    elif tag in ("td", "th"):
                        out.append(" ")
                    descend = node.child
            if descend is not None:
                node = descend
                depth += 1
                continue
            while True:
                self._end(node, out)
                if quoted_at == depth and not until_parent_ends:
                    quoted_at, out = -1, self.shown
                    out.append("\n")
                if depth == 0:
                    return
                following = node.next
                if following is not None:
                    node = following
                    break
                node = node.parent
                depth -= 1
                if until_parent_ends and quoted_at > depth:
                    # What follows the element around a dividing line is history as well: the reply stood above it.
                    quoted_at = depth if depth else -1

    def _end(self, node: Any, out: list[str]) -> None:
        tag = node.tag
        if tag in _BLOCKS:
            out.append("\n\n" if tag in _PARAGRAPHS else "\n")
            if tag == "pre" and self._preformatted and node.child is not None:
                self._preformatted -= 1


def _mark(node: Any, tag: str) -> str | None:
    """Whether an element is hidden, or begins history: `quote` for all in it, `divide` for all from it on."""
    attributes = node.attributes
    if not attributes:
        return None
    style = attributes.get("style")
    if style and _HIDDEN.search(style[:2000]):
        return "hidden"
    if tag == "blockquote":
        if attributes.get("type") == "cite" or "cite" in attributes:
            return "quote"
    elif style and _OUTLOOK_LINE.search(style[:2000]):
        return "divide"
    identifier = attributes.get("id")
    if identifier:
        if identifier in _DIVIDING_IDS:
            return "divide"
        if identifier in _QUOTING_IDS:
            return "quote"
    classes = attributes.get("class")
    if classes and not _QUOTING_CLASSES.isdisjoint(classes[:1000].split()):
        return "quote"
    return None
