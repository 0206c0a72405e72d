"""What of an HTML body may stay, as options of nh3; everything that is not named here goes.

Nothing that stays can load, run, send or cover anything: no element that fetches, no address but that of a link and
of an
embedded picture, no style that has an address or moves content out of its place. The page says the same once more as a
Content-Security-Policy (see `page`), so that a browser which reads the HTML otherwise than nh3 still fetches nothing.
"""

from __future__ import annotations

import re
from urllib.parse import quote

# fmt: off
TAGS = frozenset({
    "a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption",
    "center",
    "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "font",
    "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav",
    "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "span", "strike", "strong", "sub",
    "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
})
DROPPED_WITH_CONTENT = frozenset({
    "applet", "audio", "canvas", "embed", "frameset", "iframe", "math", "noembed", "noframes", "noscript", "object",
    "script",
    "select", "style", "svg", "template", "textarea", "title", "video", "xmp",
})
_SIZES = {"width", "height", "align", "valign", "bgcolor"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace"},
    "font": {"color", "face", "size"},
    "table": {*_SIZES, "border", "cellpadding", "cellspacing"},
    "tr": _SIZES,
    "td": {*_SIZES, "colspan", "rowspan", "nowrap"},
    "th": {*_SIZES, "colspan", "rowspan", "nowrap", "scope"},
    "tbody": _SIZES,
    "thead": _SIZES,
    "tfoot": _SIZES,
    "col": {"width", "span"},
    "colgroup": {"width", "span"},
    "hr": {"width", "size", "color"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value", "type"},
    "details": {"open"},
    "time": {"datetime"},
}
URL_SCHEMES = frozenset({"http", "https", "mailto", "cid", "data"})
_STYLES = frozenset({
    "background-color", "background", "border", "border-bottom", "border-bottom-color", "border-bottom-style",
    "border-bottom-width", "border-collapse", "border-color", "border-left", "border-left-color", "border-left-style",
    "border-left-width", "border-radius", "border-right", "border-right-color", "border-right-style",
    "border-right-width",
    "border-spacing", "border-style", "border-top", "border-top-color", "border-top-style", "border-top-width",
    "border-width",
    "clear", "color", "direction", "display", "float", "font", "font-family", "font-size", "font-style", "font-variant",
    "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin", "margin-bottom",
    "margin-left",
    "margin-right", "margin-top", "max-height", "max-width", "min-height", "min-width", "padding", "padding-bottom",
    "padding-left", "padding-right", "padding-top", "table-layout", "text-align", "text-decoration", "text-indent",
    "text-transform", "vertical-align", "white-space", "width", "word-break", "word-spacing", "word-wrap",
})
# fmt: on

MOST_STYLE = 4096
"""Characters of a style attribute that is looked at; a longer one goes."""

# Words, numbers, lengths, colours, and names of fonts. Neither escapes nor comments, and of functions only colours:
# whatever could be an address in some notation is not among them. A minus only inside a word: negative margins and
# indents move content over the header of the page.
_STYLE_VALUE = re.compile(
    r"(?>(?:[\w#.,%! \t]|(?<=\w)-(?=[a-z])|['\"]|(?:rgb|hsl)a?\([\d.,%/\sdeg]{1,64}\))*)", re.IGNORECASE
)
_LINK = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
# What addresses consist of (RFC 3986, 2), `%` included.
_URI_CHARACTERS = "!#$&'()%*+,/:;=?@[]~-._"


def safe_style(value: str) -> str | None:
    """The declarations of a style attribute that may stay; None where none may."""
    if len(value) > MOST_STYLE:
        return None
    kept = []
    for declaration in value.split(";"):
        name, _, content = declaration.partition(":")
        name, content = name.strip().lower(), content.strip()
        if name in _STYLES and content and _STYLE_VALUE.fullmatch(content) and _quotes_close(content):
            kept.append(f"{name}: {content}")
    return "; ".join(kept) or None


def _quotes_close(value: str) -> bool:
    return value.count('"') % 2 == 0 and value.count("'") % 2 == 0


def safe_link(value: str) -> str | None:
    """The target of a link, in ASCII, so that one sees of what letters a name consists; None for what is no address of
    the web or of mail."""
    # Browsers pass over white space and controls in an address (URL Standard, 4.4).
    value = "".join(character for character in value if character > " " and character != "\x7f")
    return quote(value, safe=_URI_CHARACTERS, errors="replace") if _LINK.match(value) else None
