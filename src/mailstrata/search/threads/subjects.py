"""What a subject is about, and whether it says that it answers something (`Re:`)."""

from __future__ import annotations

import re

# What programs put before the subject of an answer, in the languages that have one of their own; with a count
# (`Re[2]:`, `Re(2):`), a full-width colon, or a space before it.
_REPLY = re.compile(
    r"(?:re|aw|antw|sv|vs|vá|odp|ynt|ref|rif|res|rv|atb|回复|回覆|答复|答覆|返信|ответ|отв)"
    r"(?>\s*)(?:\[\d{1,9}\]|\(\d{1,9}\)|\^\d{1,9})?(?>\s*)[:\uff1a]",
    re.IGNORECASE,
)
# Of a mailing list. Longer ones are part of what somebody wrote.
_TAG = re.compile(r"\[[^\[\]]{1,64}\]")


def base_subject(subject: str | None) -> tuple[str, bool]:
    """The subject without what answers and mailing lists put before it, in one case and with single spaces; and whether
    there was such a mark of an answer. Linear in the subject. Marks of forwarding stay: what is passed on begins
    something new."""
    text = " ".join((subject or "").split())
    place, is_reply = 0, False
    while place < len(text):
        if text[place] == " ":
            place += 1
        elif (found := _REPLY.match(text, place)) is not None:
            place, is_reply = found.end(), True
        # A tag is dropped where something follows: `[solved]` alone is a subject.
        elif (found := _TAG.match(text, place)) is not None and found.end() < len(text):
            place = found.end()
        else:
            break
    return text[place:].casefold(), is_reply
