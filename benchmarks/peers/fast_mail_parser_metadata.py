"""fast-mail-parser (Rust), in its metadata mode: header fields and file names, no body decoded. It only parses."""

from __future__ import annotations

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, each, not_installed, run

try:
    from fast_mail_parser import DecodeError, HeaderParseError, parse_email
except ImportError:
    not_installed("fast-mail-parser")


def job(path: str, folder: str | None, counts: Counts) -> None:
    """Parse each message. Texts without a file name are not reported in this mode, and so not counted."""
    assert folder is None

    def take(data: bytes) -> None:
        mail = parse_email(data, mode="metadata")
        _ = mail.subject, mail.from_
        counts.parts += len(mail.attachments)
        counts.attachments += sum(1 for attachment in mail.attachments if attachment.filename)

    each(messages(path), take, counts, (DecodeError, HeaderParseError))


if __name__ == "__main__":
    run(job)
