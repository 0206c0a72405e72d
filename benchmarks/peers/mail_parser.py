"""mail-parser, which is built upon the standard library."""

from __future__ import annotations

import binascii

from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts, each, not_installed, run

try:
    import mailparser  # type: ignore[import-untyped]
    from mailparser.exceptions import MailParserError  # type: ignore[import-untyped]
except ImportError:
    not_installed("mail-parser")


def job(path: str, folder: str | None, counts: Counts) -> None:
    """Parse each message; it decodes every text, and leaves attachments in base64 until they are written."""

    def take(data: bytes) -> None:
        mail = mailparser.parse_from_bytes(data)
        _ = mail.subject, mail.from_
        counts.parts += len(mail.text_plain) + len(mail.text_html)
        for attachment in mail.attachments:
            counts.parts += 1
            if not attachment["filename"]:
                continue
            if folder is None:
                counts.attachments += 1
                continue
            payload = attachment["payload"]
            content = binascii.a2b_base64(payload) if attachment["binary"] else payload.encode("utf-8", "replace")
            counts.write(folder, content)

    each(messages(path), take, counts, (ValueError, LookupError, MailParserError))


if __name__ == "__main__":
    run(job)
