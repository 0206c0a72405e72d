"""Which of its four variants an mbox is.

The variants differ in what they do with a line of a message that begins with `From `:

=========  ==================================  ====================================================
mboxo      `From ` becomes `>From `            cannot be undone with certainty
mboxrd     `>*From ` gets one more `>`         undone exactly
mboxcl     as mboxo or mboxrd                  and a Content-Length field says where the message ends
mboxcl2    nothing                             only the Content-Length field says where it ends
=========  ==================================  ====================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from mailstrata.message.origin import MboxVariant
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.limits import Limits

SAMPLE_BYTES = 1 << 20
"""How many (decompressed) bytes from the start the variant is decided on."""

LOOK_BYTES = len(b"\r\n\r\nFrom ")
"""How many bytes tell whether a message begins, or the mailbox ends, after at most two line breaks."""


@cache
def _content_length() -> re.Pattern[bytes]:
    return re.compile(rb"\nContent-Length:[ \t]*+(\d{1,18})[ \t\r]*+\n", re.IGNORECASE)


@cache
def _field_start() -> re.Pattern[bytes]:
    return re.compile(rb"[!-9;-~]++[ \t]*+:")


@cache
def _quoted() -> re.Pattern[bytes]:
    return re.compile(rb"\n>++From ")


@cache
def _header_end() -> re.Pattern[bytes]:
    return re.compile(rb"\n\r?\n")


_LINE_BYTES = Limits().delimiter_line_bytes


def has_content_length(sample: bytes) -> bool:
    """Whether a Content-Length field (or a line like one) stands in the sample."""
    return _content_length().search(sample) is not None


def separators(sample: bytes, start: int = 0) -> Iterator[int]:
    """The offsets, from `start` on, of `From ` lines that begin a message: by their shape, and by a blank line before
    or a header field after them."""
    if not start and sample.startswith(b"From ") and _separates(sample, 0):
        yield 0
    position = max(start - 1, 0)
    while (position := sample.find(b"\nFrom ", position)) >= 0:
        position += 1
        if _separates(sample, position):
            yield position


def _separates(sample: bytes, line: int) -> bool:
    line_end = sample.find(b"\n", line, line + _LINE_BYTES)
    if line_end < 0 or not has_from_line_shape(sample[line:line_end]):
        return False
    before = sample[max(line - 3, 0) : line]
    if line == 0 or before in (b"\n", b"\r\n") or before.endswith((b"\n\n", b"\n\r\n")):
        return True
    return _field_start().match(sample, line_end + 1) is not None


def holds_one_message(sample: bytes) -> bool:
    """Whether only one `From ` line separates in the sample."""
    found = separators(sample)
    next(found, None)
    return next(found, None) is None


def detect_variant(sample: bytes, *, complete: bool, length_leads: Callable[[int], bool] | None = None) -> MboxVariant:
    """Which variant an mbox is, by its first `SAMPLE_BYTES`. `complete` says that the sample is all of it.

    The messages of the sample are walked over. A Content-Length is right if it leads, blank lines aside, to a
    `From ` line or the end of the mailbox (`length_leads` is asked where the sample ends before). If at least half of
    the messages carry a right one, it is one of the variants with lengths: mboxcl if lines that begin with `From ` are
    quoted in these messages and none stands there unquoted, otherwise mboxcl2; programs that write lengths
    seldom quote. Some right ones among many messages are left over from elsewhere.

    Everything else is taken for mboxrd: undoing that is exact for mboxrd, and right for mboxo but for lines that were
    `>From ` to begin with, which mboxo does not tell from `From `.
    """
    right = others = 0
    quoted = unquoted = False
    position = next(separators(sample), None)
    while position is not None:
        header_start = sample.find(b"\n", position)
        end = _header_end().search(sample, header_start)
        if end is None:
            break
        body_start = end.end()
        length = _content_length().search(sample, header_start, end.start() + 1)
        body_end = body_start + int(length[1]) if length else -1
        if length is None:
            others += 1
        elif body_end <= len(sample) and _leads_in_sample(sample, body_end, complete=complete):
            right += 1
        elif body_end + LOOK_BYTES > len(sample) and not complete:
            if length_leads is None:
                break  # it cannot be told, and counts neither way
            if length_leads(body_end):
                right += 1
            else:
                others += 1
                body_end = -1
        else:
            others += 1
            body_end = -1
        if body_end >= 0:
            quoted = quoted or _quoted().search(sample, body_start - 1, body_end) is not None
            unquoted = unquoted or sample.find(b"\nFrom ", body_start - 1, body_end) >= 0
            position = next(separators(sample, body_end), None) if body_end < len(sample) else None
        else:
            position = next(separators(sample, body_start), None)
    if not right or right < others:
        return "mboxrd"
    return "mboxcl" if quoted and not unquoted else "mboxcl2"


def begins_message(data: bytes, *, complete: bool) -> bool:
    """Whether `data` is `From ` after at most two line breaks; nothing after them will do where it is `complete`."""
    for _ in range(2):
        data = data.removeprefix(b"\r\n") if data.startswith(b"\r\n") else data.removeprefix(b"\n")
    return data.startswith(b"From ") or (complete and not data)


def _leads_in_sample(sample: bytes, offset: int, *, complete: bool) -> bool:
    data = sample[offset : offset + LOOK_BYTES]
    return begins_message(data, complete=complete and len(data) < LOOK_BYTES)
