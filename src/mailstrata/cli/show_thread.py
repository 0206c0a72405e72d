"""Writing the conversation of a message as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mailstrata.cli import output
from mailstrata.cli.terminal import cut, pad, safe_line
from mailstrata.cli.units import format_count
from mailstrata.search.threads.conversation import Conversation, conversation
from mailstrata.search.threads.subjects import base_subject

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive
    from mailstrata.search.threads.message import Thread

_VALUE_COLUMNS = 200
_DIGEST_COLUMNS = 12
_DEEPEST = 30
"""Levels that are indented: a conversation may have thousands."""
_DATE_COLUMNS = len("2025-11-10 10:00")


def show_thread(archive: Archive, digest: str, *, as_json: bool) -> None:
    """The conversation of the message, one line a message; standard error says where it was cut. Raises as
    `conversation`."""
    found = conversation(archive, digest)
    if as_json:
        for depth, thread, parent in _with_parents(found.root):
            output.write_json(_object(found, depth, thread, parent))
    else:
        for line in _lines(found):
            output.write_line(line)
    if found.cut is not None:
        output.note(f"the conversation may have more messages: {found.cut}")


def _with_parents(root: Thread) -> Iterator[tuple[int, Thread, str | None]]:
    above: list[str | None] = []
    for depth, thread in root.walk():
        del above[depth:]
        yield depth, thread, above[-1] if above else None
        above.append(None if thread.message is None else thread.message.sha256)


def _object(found: Conversation, depth: int, thread: Thread, parent: str | None) -> dict[str, Any]:
    message = thread.message
    return {
        "sha256": None if message is None else message.sha256,
        "message_id": thread.message_id,
        "parent": parent,
        "depth": depth,
        "date": None if message is None or message.date is None else f"{message.date.isoformat()}+00:00",
        "from": None if message is None else message.from_,
        "subject": None if message is None else message.subject,
        "attachment_count": None if message is None else message.attachment_count,
        "is_asked": message is not None and message.sha256 == found.asked,
    }


def _lines(found: Conversation) -> Iterator[str]:
    # The subject at each depth: that of what is answered, whether it was shown there or further up.
    subjects: list[str] = []
    for depth, thread in found.root.walk():
        del subjects[depth:]
        above = subjects[-1] if subjects else None
        indent = "  " * min(depth, _DEEPEST) + (f"({depth}) " if depth > _DEEPEST else "")
        message = thread.message
        if message is None:
            subjects.append("")
            named = _short(thread.message_id or "")
            yield f"  {pad('', _DIGEST_COLUMNS)}  {pad('', _DATE_COLUMNS)}  {indent}(not in the archive: <{named}>)"
            continue
        subject, _ = base_subject(message.subject)
        subjects.append(subject)
        mark = "*" if message.sha256 == found.asked else " "
        date = "" if message.date is None else message.date.isoformat(" ", "minutes")
        pieces = [_short(message.from_ or "(no author)")]
        if subject != above:
            pieces.append(_short(message.subject or "(no subject)"))
        if message.attachment_count:
            pieces.append(f"[{format_count(message.attachment_count, 'attachment')}]")
        yield (f"{mark} {message.sha256[:_DIGEST_COLUMNS]}  {pad(date, _DATE_COLUMNS)}  {indent}{'  '.join(pieces)}")


def _short(value: str) -> str:
    return cut(safe_line(value[: 2 * _VALUE_COLUMNS]), _VALUE_COLUMNS)
