"""What others make of a message: its subject, and its leaves in order."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fast_mail_parser import ParseError, parse_email

import mailstrata
from benchmarks.peers import gmime
from mailstrata.message.charsets import decode

STDLIB, GMIME, FAST = "email", "GMime", "fast-mail-parser"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf: its type in lower case, its file name, the decoded content. `content`, and of ours the `text`, the
    header block and the codes of the defects, are kept for who wants to know why two differ."""

    content_type: str
    filename: str | None
    sha256: str
    content: bytes | None = None
    encoding: str = ""
    text: str = ""
    header: bytes = b""
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader sees in a message; `refused` says why it sees nothing."""

    subject: str | None
    leaves: tuple[Leaf, ...]
    codes: frozenset[str] = frozenset()
    refused: str = ""
    header: bytes = b""


def _leaf(content_type: str, filename: str | None, content: bytes) -> Leaf:
    return Leaf(content_type, filename, hashlib.sha256(content).hexdigest(), content)


def ours(data: bytes) -> Reading:
    """mailstrata, with the codes of all defects."""
    for message in mailstrata.open(data):
        leaves, parts = [], []
        for part in message.parts():
            parts.append(part)
            if not part.is_container:
                content = b"".join(part)
                text = decode(content, part.charset) if part.content_type.startswith("text/") else ""
                digest = hashlib.sha256(content).hexdigest()
                codes = frozenset(defect.code.value for defect in part.defects)
                kind, name, block = part.content_type, part.filename, part.headers.block
                leaves.append(Leaf(kind, name, digest, content, part.encoding, text, block, codes))
        everywhere = {defect.code.value for part in parts for defect in part.defects}
        everywhere |= {defect.code.value for defect in message.defects}
        return Reading(message.subject, tuple(leaves), frozenset(everywhere), header=message.headers.block)
    return Reading(None, ())


def by_stdlib(data: bytes) -> Reading:
    """Python's email package with its default policy."""
    # What its own code raises on real mail is not declared anywhere.
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        leaves = [
            _leaf(part.get_content_type(), part.get_filename(), part.get_payload(decode=True) or b"")
            for part in message.walk()
            if not part.is_multipart()
        ]
        subject = message["Subject"]
        return Reading(None if subject is None else str(subject), tuple(leaves))
    except Exception as error:
        return Reading(None, (), refused=type(error).__name__)


def by_fast_mail_parser(data: bytes) -> Reading:
    """fast-mail-parser in its full mode: texts are text, and stand before all else."""
    try:
        mail = parse_email(data)
    except ParseError as error:
        return Reading(None, (), refused=type(error).__name__)
    leaves = [
        *(_leaf("text/plain", None, text.encode()) for text in mail.text_plain),
        *(_leaf("text/html", None, text.encode()) for text in mail.text_html),
        *(_leaf(leaf.mimetype, leaf.filename or None, leaf.content) for leaf in mail.attachments),
    ]
    return Reading(mail.subject or None, tuple(leaves))


def by_gmime(data: bytes) -> Reading | None:
    """GMime; None where it is not installed."""
    program = gmime.program()
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "message.eml"
        path.write_bytes(data)
        printed = subprocess.run([program, "describe", path], capture_output=True, check=True).stdout
    if not printed:
        return Reading(None, (), refused="no message")
    found = json.loads(printed.splitlines()[0])
    leaves = [Leaf(leaf["type"].lower(), leaf["filename"], leaf["sha256"]) for leaf in found["leaves"]]
    return Reading(found["subject"], tuple(leaves))
