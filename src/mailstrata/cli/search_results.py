"""What a search found, for people and as JSON."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailstrata.cli import output
from mailstrata.cli.terminal import cut, display_width, pad, safe_line

if TYPE_CHECKING:
    from mailstrata.search.engine.hits import AttachmentHit, Hit, Snippet

DEFAULT_LIMIT = 20
_DIGEST = 8
_DATE = 10
_FROM = 22
_LEAST_SUBJECT = 20
_ATTACHMENTS = 3
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_NAME = re.compile(r'\s*"?([^"<]*?)"?\s*<[^>]*>')


def as_object(hit: Hit) -> dict[str, Any]:
    """A hit as docs/search-engine.md describes it."""
    return {
        "sha256": hit.sha256,
        "message_id": hit.message_id,
        "date": None if hit.date is None else hit.date.isoformat(),
        "from": hit.from_,
        "to": hit.to,
        "subject": hit.subject,
        "size": hit.size,
        "has_attachment": hit.has_attachment,
        "score": round(hit.score, 4),
        "snippet": None if hit.snippet is None else _snippet_object(hit.snippet),
        "attachments": [_attachment_object(each) for each in hit.attachments],
    }


def _snippet_object(snippet: Snippet) -> dict[str, Any]:
    return {"field": snippet.field, "text": snippet.text, "marks": [list(mark) for mark in snippet.marks]}


def _attachment_object(hit: AttachmentHit) -> dict[str, Any]:
    return {
        "path": hit.path,
        "filename": hit.filename,
        "content_type": hit.content_type,
        "size": hit.size,
        "sha256": hit.sha256,
        "snippet": _snippet_object(hit.snippet),
    }


def write_table(hits: Sequence[Hit]) -> None:
    """Two lines a message and one more for each attachment in which words were found, cut to the width of the terminal
    where it is one. What was found is bold there (not with NO_COLOR), and in brackets elsewhere."""
    is_terminal = output.is_terminal()
    width = shutil.get_terminal_size().columns if is_terminal else None
    is_bold = is_terminal and not os.environ.get("NO_COLOR")
    for hit in hits:
        output.write_line(_headline(hit, width))
        if hit.snippet is not None and not any(hit.snippet is each.snippet for each in hit.attachments):
            output.write_line(_indented("", hit.snippet, width, is_bold=is_bold))
        for each in hit.attachments[:_ATTACHMENTS]:
            output.write_line(_indented(f"{_filename(each)}: ", each.snippet, width, is_bold=is_bold))
        if len(hit.attachments) > _ATTACHMENTS:
            output.write_line(f"{' ' * (_DIGEST + 2)}and {len(hit.attachments) - _ATTACHMENTS} more attachments")


def summary(shown: int, count: int) -> str:
    """How many were shown, of how many."""
    if not count:
        return "no message was found"
    if shown < count:
        return f"{shown:,} of {count:,} messages; --limit shows more"
    return f"{count:,} message{'s' if count != 1 else ''}"


def _headline(hit: Hit, width: int | None) -> str:
    date = "" if hit.date is None else hit.date.strftime("%Y-%m-%d")
    sender = safe_line(_sender(hit.from_ or ""))
    subject = safe_line(hit.subject or "")
    if width is not None:
        subject = cut(subject, max(_LEAST_SUBJECT, width - _DIGEST - _DATE - _FROM - 6))
    return f"{hit.sha256[:_DIGEST]}  {pad(date, _DATE)}  {pad(cut(sender, _FROM), _FROM)}  {subject}".rstrip()


def _sender(field: str) -> str:
    """The name of the author, or the address where there is none."""
    named = _NAME.match(field)
    return named[1] if named is not None and named[1] else field


def _filename(hit: AttachmentHit) -> str:
    return safe_line(hit.filename or f"part {hit.path} ({hit.content_type})")


def _indented(label: str, snippet: Snippet, width: int | None, *, is_bold: bool) -> str:
    """A snippet with its marks, made safe piece by piece, so that what is a mark stays one."""
    indent = " " * (_DIGEST + 2)
    room = None if width is None else max(_LEAST_SUBJECT, width - len(indent))
    before, after = (_BOLD, _PLAIN) if is_bold else ("[", "]")
    pieces: list[str] = []
    at = 0
    for start, end in (*snippet.marks, (len(snippet.text), len(snippet.text))):
        pieces += [snippet.text[at:start], snippet.text[start:end]]
        at = end
    written: list[str] = []
    for number, piece in enumerate([label, *pieces]):
        shown = safe_line(piece)
        is_mark = number > 0 and number % 2 == 0 and bool(shown)
        if room is not None:
            if is_mark and not is_bold:
                room -= len(before) + len(after)
            whole, shown = shown, cut(shown, max(room, 0))
            # Nothing comes behind what was cut.
            room = room - display_width(shown) if shown == whole else 0
        written.append(f"{before}{shown}{after}" if is_mark and shown else shown)
        if room == 0:
            break
    return (indent + "".join(written)).rstrip()
