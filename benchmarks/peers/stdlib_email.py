"""The standard library's `email`, with its default policy, compat32, which is the faster one."""

from __future__ import annotations

from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, each, run


def _parsed(path: str) -> Iterator[Message]:
    parser = BytesParser()
    if path.endswith(".eml"):
        # From the file, which needs less memory than from bytes.
        with open(path, "rb") as file:
            yield parser.parse(file)
        return
    for data in messages(path):
        yield parser.parsebytes(data)


def _decoded(value: str | None) -> str:
    return "" if value is None else str(make_header(decode_header(value)))


def job(path: str, folder: str | None, counts: Counts) -> None:
    """Parse each message and walk its parts."""

    def take(message: Message) -> None:
        _ = _decoded(message["Subject"]), _decoded(message["From"])
        for part in message.walk():
            counts.parts += 1
            name = part.get_filename()
            if name is None:
                continue
            _ = _decoded(name)
            if folder is None:
                counts.attachments += 1
                continue
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):  # and not a multipart with a file name
                counts.write(folder, content)

    each(_parsed(path), take, counts, (UnicodeError, LookupError, HeaderParseError))


if __name__ == "__main__":
    run(job)
