"""The limit: the same bytes through the C calls that no way leads around, and nothing else. `JOB INPUT [FOLDER]`.

    parse     read, find the header fields' ends and the boundary lines
    extract   the same; take the line breaks out of base64 bodies, decode them, write them
    archive   the same; hash every byte once (SHA-256), decoded where it was encoded, compress all of it as one stream
              (zstd -3), write

Nothing is understood: no header field is decoded, nothing is recorded of a message, no message is committed, nothing
is kept once, nothing can be found again. What is said to be base64 and is not is taken as it stands.
"""

from __future__ import annotations

import binascii
import hashlib
import sys
from collections.abc import Callable, Iterator

import zstandard
from pybase64 import b64decode

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, run_words

# What is copied on the way then stays in the processor's cache.
_CHUNK = 1 << 18
_HEAD = 1 << 16

Take = Callable[[bytes, bool], object]
"""Gets every byte once, in order, and whether it was encoded in base64."""


def delimiter(header: bytes) -> bytes:
    """What the boundary lines begin with that a header announces; empty where it announces none."""
    at = header.lower().find(b"boundary=") + 9
    if at < 9:
        return b""
    quoted = header[at : at + 1] == b'"'
    value = header[at + quoted :].partition(b'"' if quoted else b"\n")[0]
    return b"\n--" + (value if quoted else value.partition(b";")[0].strip())


def body_start(data: bytes, start: int, end: int) -> int:
    """Where the body begins of what lies between two offsets: behind the first empty line."""
    blank = data.find(b"\n\n", start, end)
    if blank >= 0:
        return blank + 2
    blank = data.find(b"\n\r\n", start, end)
    return blank + 3 if blank >= 0 else end


def base64_bodies(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """From where to where the bodies reach that are said to be base64, in order, of the part between two offsets."""
    body = body_start(data, start, end)
    header = data[start:body]
    line = delimiter(header)
    if line:
        # The line break before a boundary may be the one that ends the header.
        at = data.find(line, body - 1, end)
        while at >= 0:
            following = data.find(line, at + len(line), end)
            yield from base64_bodies(data, at + len(line), following if following >= 0 else end)
            at = following
    elif b"encoding: base64" in (lower := header.lower()):
        yield body, end
    elif b"message/rfc822" in lower:
        yield from base64_bodies(data, body, end)


def mailbox(path: str, take: Take | None, counts: Counts) -> None:
    """Messages that fit into memory. What is counted as an attachment here is whatever is said to be base64."""
    for data in messages(path):
        counts.messages += 1
        bodies = base64_bodies(data, 0, len(data))
        if take is None:
            counts.attachments += sum(1 for _ in bodies)
            continue
        at = 0
        for start, end in bodies:
            try:
                decoded = b64decode(without_line_breaks(data[start:end]), validate=True)
            except binascii.Error:
                continue
            take(data[at:start], False)
            take(decoded, True)
            at = end
        take(data[at:], False)


def large_message(path: str, take: Take | None, counts: Counts) -> None:
    """One message with one large base64 body, chunk by chunk. Its lines have four times so many characters."""
    counts.messages = counts.attachments = 1
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        line = delimiter(head[: body_start(head, 0, len(head))])
        body = body_start(head, head.lower().index(b"encoding: base64"), len(head))
        file.seek(body)
        if take is not None:
            take(head[:body], False)
        # No boundary line lies across two chunks, since each ends with a line; the line break before it may.
        for chunk in iter(lambda: file.read(_CHUNK) + file.readline(), b""):
            end = 0 if chunk.startswith(line[1:]) else chunk.find(line)
            if take is None:
                continue
            take(b64decode(without_line_breaks(chunk if end < 0 else chunk[:end]), validate=True), True)
            if end >= 0:
                take(chunk[end:] + file.read(), False)


def without_line_breaks(data: bytes) -> bytes:
    """Three times as fast as `bytes.translate`."""
    return data.replace(b"\n", b"").replace(b"\r", b"")


def extract(through: Callable[[str, Take, Counts], None], path: str, folder: str, counts: Counts) -> None:
    """Write what was encoded: each body to a file of its own, a large one to one file."""
    if through is large_message:
        with open(f"{folder}/content", "wb", buffering=0) as out:
            through(path, lambda data, was_encoded: was_encoded and out.write(data), counts)
            counts.attachment_bytes = out.tell()
        return

    def write(data: bytes, was_encoded: bool) -> None:
        if was_encoded:
            with open(counts.attachment_path(folder), "wb", buffering=0) as out:
                counts.attachment_bytes += out.write(data)

    through(path, write, counts)


def archive(through: Callable[[str, Take, Counts], None], path: str, folder: str, counts: Counts) -> None:
    """Hash and compress."""
    digest = hashlib.sha256()
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
    with open(f"{folder}/limit.zst", "wb", buffering=0) as file, compressor.stream_writer(file, closefd=False) as out:

        def keep(data: bytes, _: bool) -> None:
            digest.update(data)
            out.write(data)

        through(path, keep, counts)


def job(name: str, path: str, folder: str | None, counts: Counts) -> None:
    """One of the three jobs."""
    through = large_message if path.endswith(".eml") else mailbox
    if folder is None:
        through(path, None, counts)
    else:
        {"extract": extract, "archive": archive}[name](through, path, folder, counts)


if __name__ == "__main__":
    run_words(sys.argv[1:], job, ("parse", "extract", "archive"))
