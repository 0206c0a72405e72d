"""The sets without expectations, against what Python's email package makes of them.

What two readers agree on is not proven right, but where they differ one of them has to say why. Compared are the tree
of parts with their types, the decoded content of every leaf, file names, and the message's subject.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from tests.conformance.suites.case import Case
from tests.conformance.suites.entities import ReadMessage, ReadPart, messages

NAME = "standard-library"
TITLE = "Python's email package: the messages of fourteen sets without expectations"
PYTHON = (3, 11)
"""The version of Python whose email package the table of deviations is about; others read a few things otherwise."""
_SETS = (
    "cpython",
    "email-mime-perl",
    "enmime",
    "horde-mime",
    "jsmime",
    "mikel-mail",
    "mu-testdata",
    "nodemailer-mailparser",
    "php-mime-mail-parser",
    "rspamd",
    "spamassassin-t-data",
    "spamscope",
    "thunderbird-android",
    "tika-mail",
)
# Pictures and sounds, and mail in other forms than a message.
_NO_MESSAGES = frozenset({"SOURCE.txt", "bsmtp", "bsmtpnull", "mail_outlook_1", "readme.txt.gz", "testWINMAIL.dat"})
_OTHER_SUFFIXES = re.compile(
    r"\.(au|bmp|emlx|exr|gif|golden|gz|jpg|mbox|pbm|pdf|pgm|png|ppm|py|ras|sgi|tiff|wav|webp|xbm|zip)"
)


def walk(message: Message, path: str = "1") -> Iterator[tuple[str, Message]]:
    """The entities of a message of the standard library in document order, with their paths."""
    yield path, message
    if message.is_multipart():
        for number, child in enumerate(message.get_payload(), 1):
            yield from walk(child, f"{path}.{number}")


def compare(mail: bytes, ours: ReadMessage) -> Iterator[str]:
    """Where the two differ. Parts that only one of them has are named; below what is a leaf to us, they are not."""
    expected = dict(walk(email.message_from_bytes(mail)))
    found = {part.path: part for part in ours.parts}
    if _subject(mail) != (ours.json["subject"] or "").strip():
        yield "subject"
    for path, entity in expected.items():
        part = found.get(path)
        if part is not None:
            yield from _compare_part(path, entity, part)
        elif path.rpartition(".")[0] in found:
            parent = found[path.rpartition(".")[0]]
            if parent.is_container:
                yield f"{path} missing"
    yield from (f"{path} unexpected" for path in found if path not in expected)


def _compare_part(path: str, theirs: Message, ours: ReadPart) -> Iterator[str]:
    if theirs.get_content_type() != ours.content_type:
        yield f"{path} type"
    if (theirs.get_filename() or None) != ours.json["filename"]:
        yield f"{path} file name"
    if theirs.is_multipart() and not ours.is_container:
        yield f"{path} leaf"
    elif not ours.is_container:
        content = theirs.get_payload(decode=True) or b""
        if content != ours.content:
            yield f"{path} content"


def _subject(mail: bytes) -> str:
    """The subject, under the policy that decodes header fields."""
    headers = BytesHeaderParser(policy=default).parsebytes(mail)
    return str(headers.get("Subject", "")).strip()


def cases(corpora: Path) -> Iterator[Case]:
    """Every file of the sets that holds one message."""
    for name in _SETS:
        folder = corpora / "conformance" / name
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.name in _NO_MESSAGES or _OTHER_SUFFIXES.fullmatch(path.suffix):
                continue
            mail = path.read_bytes()
            if not mail:
                continue
            # A `From ` line would make an mbox of it, whose last blank line belongs to no message.
            alone = mail.partition(b"\n")[2] if mail.startswith(b"From ") else mail
            (ours,) = messages(alone)
            yield Case(path.relative_to(folder.parent).as_posix(), tuple(compare(alone, ours)))
