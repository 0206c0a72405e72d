"""Apple Mail's .emlx: a line with a byte count, the message of that many bytes, a property list with its flags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailstrata.message.origin import Region
from mailstrata.sources.chunks import ChunkReader

_COUNT = re.compile(rb"[ \t]*+(\d{1,19})[ \t]*+\r?\n")
_COUNT_LINE_BYTES = 128


def emlx_regions(chunks: Iterator[bytes]) -> Iterator[Region]:
    """The regions of an .emlx file: a gap (the count), the message, a gap (the property list). They tile the file.

    A count is believed if it is a number. One that reaches beyond the end of the file makes everything that follows
    the message, and a file without one is a message as a whole: nothing is dropped, and what is not mail then
    stands at its end, where it does the least harm.
    """
    reader = ChunkReader(chunks)
    count = _COUNT.match(reader.peek(_COUNT_LINE_BYTES))
    if count is None:
        yield Region("message", reader.rest())
        return
    yield Region("gap", reader.take(count.end()))
    yield Region("message", reader.take(int(count[1])))
    if reader.peek(1) or reader.failed is not None:
        yield Region("gap", reader.rest())
