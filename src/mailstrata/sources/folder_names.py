"""Names of Maildirs' folders as people know them: Maildir++ (`.Work.2024`), and IMAP's modified UTF-7."""

from __future__ import annotations

import binascii
import re
from functools import cache

from mailstrata.sources.files import display

INBOX = "INBOX"


@cache
def _shifted() -> re.Pattern[str]:
    return re.compile(r"&([A-Za-z0-9+,]*+)-")


def decode_modified_utf7(name: str) -> str:
    """A mailbox name as text: `Entw&APw-rfe` is `Entwürfe` (RFC 3501, 5.1.3). What is no valid sequence stays."""

    def decode(match: re.Match[str]) -> str:
        shifted = match[1]
        if not shifted:
            return "&"
        try:
            octets = binascii.a2b_base64(shifted.replace(",", "/") + "=" * (-len(shifted) % 4))
            return octets.decode("utf-16-be")
        except ValueError:  # no whole UTF-16, or no base64
            return match[0]

    return _shifted().sub(decode, name)


def maildir_folder(directories: bytes) -> str:
    """The mail folder of a Maildir that lies in these directories below the first one: `INBOX` for none, `Work/2024`
    for `.Work.2024` (Maildir++) and for `Work/2024` (Dovecot's fs layout)."""
    pieces: list[bytes] = []
    for directory in directories.split(b"/"):
        if directory.startswith(b"."):
            pieces.extend(directory.split(b"."))
        else:
            pieces.append(directory)
    # Modified UTF-7 has no dot outside of ASCII, so that splitting before decoding is right.
    return "/".join(decode_modified_utf7(display(piece)) for piece in pieces if piece) or INBOX
