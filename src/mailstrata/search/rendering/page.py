"""A message as one file of HTML that can be opened in any browser: nothing runs, and nothing is loaded from elsewhere.

The page holds the header in short, the list of attachments and the body, sanitised (see `policy`). Above it a
Content-Security-Policy forbids the browser to load or run anything but pictures within the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import unquote

from mailstrata.message.charsets import read_text
from mailstrata.message.flowed import unflow
from mailstrata.message.reader import Message, Part
from mailstrata.search.rendering.bodies import HTML, PartFacts, bodies
from mailstrata.search.rendering.pictures import MOST_PICTURE, MOST_PICTURES, Pictures, picture_of_data
from mailstrata.search.rendering.sanitising import MOST_HTML, SanitisedHtml, require_nh3, sanitise

OpenMessage = Callable[[], AbstractContextManager[Message]]
"""Opens the message anew, from its beginning."""

MOST_LISTED = 1_000
"""Attachments that are listed."""
_MOST_PARTS = 100
_MOST_VALUE = 2_000

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# What one does not see, and what turns the direction of what one reads (Unicode UAX 9).
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_HEAD = f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta http-equiv="x-dns-prefetch-control" content="off">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<title>%s</title>
<style>
body {{ margin: 0; font: 15px/1.4 system-ui, sans-serif; color: #111; background: #fff }}
.mailstrata-head {{ padding: 12px 16px; background: #eef1f4; border-bottom: 2px solid #8795a1 }}
.mailstrata-head th {{ text-align: right; vertical-align: top; padding-right: 10px; color: #52606d;
  font-weight: normal }}
.mailstrata-head td {{ overflow-wrap: anywhere; unicode-bidi: isolate }}
.mailstrata-head p {{ margin: 8px 0 0; color: #8a3b12 }}
.mailstrata-body {{ position: relative; padding: 16px; overflow: auto; contain: layout paint; isolation: isolate }}
.mailstrata-body pre.mailstrata-text {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0 }}
.mailstrata-body a[href]::after {{ content: " [" attr(href) "]"; font: 11px monospace; color: #52606d;
  background: #fff; overflow-wrap: anywhere; unicode-bidi: isolate }}
.mailstrata-body img {{ max-width: 100%% }}
</style>
</head>
<body>
"""


def visible(text: str, most: int = _MOST_VALUE) -> str:
    """The text for a page, on one line: what one would not see, or what turns its direction, as an escape."""
    text = " ".join(text[: most + 1].split())
    cut = f"{text[:most]}…" if len(text) > most else text
    return html.escape(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", cut))


def render(open_message: OpenMessage) -> Iterator[str]:
    """The page, in pieces. The message is opened up to three times: for its parts, its text, and its pictures.

    Holds `MOST_HTML` characters of text and `MOST_PICTURES` bytes of pictures, several times over; what is beyond is
    left
    out, and the page says so. HTML that cannot be sanitised within its limits is shown as its source. Raises
    `UsageError`
    where nh3 is missing, and what opening and reading the message raise.
    """
    require_nh3()
    parts: list[PartFacts] = []
    with open_message() as message:
        for part in message.parts():
            for _ in part:
                pass  # its size is known when it has been read
            kind = part.content_type
            parts.append(PartFacts(part.path, kind, part.filename, part.size, part.is_attachment, part.is_container))
    chosen = bodies(parts)
    notes: list[str] = []
    if len(chosen) > _MOST_PARTS:
        notes.append(f"Shown are the first {_MOST_PARTS} of {len(chosen)} texts.")
    texts = _texts(open_message, [part.path for part in chosen[:_MOST_PARTS]], notes)
    rendered = [_rendered(is_html, text, notes) for is_html, text in texts]
    pictures = _pictures(open_message, rendered)
    pieces: list[str] = []
    for each in rendered:
        pieces.append("<hr>\n" if pieces else "")
        pieces.extend([each] if isinstance(each, str) else _with_pictures(each, pictures))
    blocked = sum(each.blocked for each in rendered if isinstance(each, SanitisedHtml))
    if blocked:
        notes.append(f"Not loaded: {blocked} pictures from elsewhere.")
    if pictures.omitted:
        notes.append(f"Not shown: {pictures.omitted} pictures that are missing, too large, or no pictures.")
    yield _HEAD % visible(message.subject or "no subject", 200)
    yield _header(message, parts, notes)
    yield '<div class="mailstrata-body">\n'
    yield from pieces
    if not rendered:
        yield "<p>This message shows no text.</p>"
    yield "\n</div>\n</body>\n</html>\n"


def _header(message: Message, parts: list[PartFacts], notes: list[str]) -> str:
    fields = [
        ("Subject", message.subject),
        ("From", message.from_),
        ("To", message.to),
        ("Cc", message.cc),
        ("Date", None if message.date is None else message.date.isoformat(" ")),
        ("Message-ID", message.message_id),
    ]
    rows = [f"<tr><th>{name}</th><td>{visible(value)}</td></tr>\n" for name, value in fields if value is not None]
    attached = [part for part in parts if part.is_attachment]
    for part in attached[:MOST_LISTED]:
        size = "" if part.size is None else f", {part.size:,} bytes"
        name = "" if part.filename is None else f"{visible(part.filename)} "
        shown = f"{name}({visible(part.content_type, 200)}{size}, part {part.path})"
        rows.append(f"<tr><th>Attachment</th><td>{shown}</td></tr>\n")
    if len(attached) > MOST_LISTED:
        notes.append(f"And {len(attached) - MOST_LISTED:,} more attachments.")
    said = "".join(f"<p>{html.escape(note)}</p>\n" for note in dict.fromkeys(notes))
    return f'<div class="mailstrata-head">\n<table>\n{"".join(rows)}</table>\n{said}</div>\n'


def _texts(open_message: OpenMessage, paths: list[str], notes: list[str]) -> list[tuple[bool, str]]:
    """Of each part whether it is HTML, and its text; all of them together within `MOST_HTML` bytes."""
    texts: dict[str, tuple[bool, str]] = {}
    wanted, left = set(paths), MOST_HTML
    if not wanted:
        return []
    with open_message() as message:
        for part in message.parts():
            if part.path not in wanted:
                continue
            content, size = _content(part, left)
            left -= len(content)
            if size > len(content):
                notes.append(f"Shown are the first {MOST_HTML >> 20} MiB of the text; part {part.path} has all of it.")
            text = read_text(content, part.charset).text
            if part.content_type != HTML and part.type_parameters.get("format", "").lower() == "flowed":
                text = unflow(text, part.type_parameters.get("delsp", "").lower() == "yes")
            texts[part.path] = (part.content_type == HTML, text)
    return [texts[path] for path in paths]


def _content(part: Part, most: int) -> tuple[bytes, int]:
    """The first bytes of a part, and how many it has."""
    kept: list[bytes] = []
    size = 0
    for chunk in part:
        if size < most:
            kept.append(chunk)
        size += len(chunk)
    return b"".join(kept)[:most], size


def _rendered(is_html: bool, text: str, notes: list[str]) -> SanitisedHtml | str:
    if is_html:
        sanitised = sanitise(text)
        if sanitised is not None:
            return sanitised
        notes.append("The HTML of this message takes too much time or memory to be made safe; this is its source.")
    shown = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))
    return f'<pre class="mailstrata-text" dir="auto">{html.escape(shown)}</pre>\n'


def _marked(sanitised: SanitisedHtml) -> re.Pattern[str]:
    return re.compile(re.escape(sanitised.mark) + r"([\w%.~-]*)")


def _pictures(open_message: OpenMessage, rendered: list[SanitisedHtml | str]) -> Pictures:
    """The pictures that the bodies want, as far as the message has them."""
    pictures = Pictures()
    wanted: set[str] = set()
    for each in rendered:
        if isinstance(each, str):
            continue
        for found in _marked(each).finditer(each.html):
            name = unquote(found[1])
            if name[:5].lower() == "data:":
                content = picture_of_data(name)
                if content is not None:
                    pictures.add(found[1], content)
            else:
                wanted.add(name)
    if not wanted:
        return pictures
    left = MOST_PICTURES
    with open_message() as message:
        for part in message.parts():
            content_id = part.content_id
            if content_id not in wanted or part.is_container:
                continue
            content, size = _content(part, min(left, MOST_PICTURE))
            # A Content-ID that stands twice is that of the first (RFC 2392, 2).
            wanted.discard(content_id)
            if size == len(content):
                left -= size
                pictures.add(content_id, content)
    return pictures


def _with_pictures(sanitised: SanitisedHtml, pictures: Pictures) -> Iterator[str]:
    place = 0
    for found in _marked(sanitised).finditer(sanitised.html):
        yield sanitised.html[place : found.start()]
        is_data = found[1][:5].lower() in ("data%", "data:")
        yield pictures.address(found[1] if is_data else unquote(found[1]))
        place = found.end()
    yield sanitised.html[place:]
