"""fast-mail-parser (Rust), in its full mode."""

from __future__ import annotations

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, each, not_installed, run

try:
    from fast_mail_parser import DecodeError, HeaderParseError, parse_email
except ImportError:
    not_installed("fast-mail-parser")


def job(path: str, folder: str | None, counts: Counts) -> None:
    """Parse each message; what it parses, it also decodes."""

    def take(data: bytes) -> None:
        mail = parse_email(data)
        _ = mail.subject, mail.from_
        counts.parts += len(mail.text_plain) + len(mail.text_html)
        for attachment in mail.attachments:
            counts.parts += 1
            if not attachment.filename:
                continue
            if folder is None:
                counts.attachments += 1
                continue
            counts.write(folder, attachment.content)

    each(messages(path), take, counts, (DecodeError, HeaderParseError))


if __name__ == "__main__":
    run(job)
