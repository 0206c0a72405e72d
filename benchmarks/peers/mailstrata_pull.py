"""mailstrata, in its pull form."""

from __future__ import annotations

import mailstrata
from benchmarks.peers.program import Counts, run


def job(path: str, folder: str | None, counts: Counts) -> None:
    """Walk every part as it streams by."""
    for message in mailstrata.open(path, digests=False):
        counts.messages += 1
        _ = message.subject, message.from_
        for part in message.parts():
            counts.parts += 1
            if part.filename is None:
                continue
            if folder is None:
                counts.attachments += 1
                continue
            with open(counts.attachment_path(folder), "wb") as out:
                for chunk in part:
                    counts.attachment_bytes += out.write(chunk)


if __name__ == "__main__":
    run(job)
