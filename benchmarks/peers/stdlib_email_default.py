"""The standard library's `email` with `email.policy.default`, which its documentation recommends."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, each, run


def _parsed(path: Path) -> Iterator[EmailMessage]:
    parser = BytesParser(policy=default)
    if path.suffix == ".eml":
        # From the file, which needs less memory than from bytes.
        with path.open("rb") as file:
            yield parser.parse(file)
        return
    for data in messages(path):
        yield parser.parsebytes(data)


def job(path: Path, folder: Path | None, counts: Counts) -> None:
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
                counts.attachment_bytes += counts.attachment_path(folder).write_bytes(content)

    # What this policy raises at odd header fields is not documented.
    each(_parsed(path), take, counts, (ValueError, LookupError, AttributeError, TypeError))


if __name__ == "__main__":
    run(job)
