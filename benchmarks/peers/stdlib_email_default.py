"""The standard library's `email` with `email.policy.default`, which its documentation recommends."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, each, run


def _parsed(path: str) -> Iterator[EmailMessage]:
    parser = BytesParser(policy=default)
    if path.endswith(".eml"):
        # From the file, which needs less memory than from bytes.
        with open(path, "rb") as file:
            yield parser.parse(file)
        return
    for data in messages(path):
        yield parser.parsebytes(data)


def job(path: str, folder: str | None, counts: Counts) -> None:
    """Parse each message and walk its parts; this policy decodes a field where it is asked for."""

    def take(message: EmailMessage) -> None:
        _ = message["Subject"], message["From"]
        for part in message.walk():
            counts.parts += 1
            if part.get_filename() is None:
                continue
            if folder is None:
                counts.attachments += 1
                continue
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                counts.write(folder, content)

    # What this policy raises at odd header fields is not documented.
    each(_parsed(path), take, counts, (ValueError, LookupError, AttributeError, TypeError))


if __name__ == "__main__":
    run(job)
