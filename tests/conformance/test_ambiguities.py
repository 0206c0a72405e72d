"""docs/ambiguity.md says what each reader makes of the same bytes; here they are asked."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import subprocess

import pytest
from fast_mail_parser import ParseError, parse_email

import mailstrata
from benchmarks.peers import gmime
from tests.conformance.ambiguities import AMBIGUITIES, FAST, GMIME, PAGE, STDLIB, render

Leaf = tuple[str, str | None, str]
"""Type, file name, SHA-256 of the decoded content."""
cases = pytest.mark.parametrize("case", AMBIGUITIES, ids=lambda case: case.title)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ours(data: bytes) -> tuple[list[Leaf], set[str]]:
    """The leaves, and all defects."""
    leaves, codes = [], set()
    for message in mailstrata.open(data):
        for part in message.parts():
            if not part.is_container:
                content = b"".join(part)
                leaves.append((part.content_type, part.filename, _digest(content)))
            codes.update(defect.code.value for defect in part.entity.defects)
            codes.update(defect.code.value for defect in part.defects)
    return leaves, codes


def by_stdlib(data: bytes) -> list[Leaf]:
    """The leaves; a multipart without parts is none."""
    parts = email.message_from_bytes(data, policy=email.policy.default).walk()
    return [
        (part.get_content_type(), part.get_filename(), _digest(part.get_payload(decode=True) or b""))
        for part in parts
        if not part.is_multipart()
    ]


def by_fast_mail_parser(data: bytes) -> list[Leaf] | None:
    """The leaves, texts first; None where the message is refused."""
    try:
        mail = parse_email(data)
    except ParseError:
        return None
    return [
        *(("text/plain", None, _digest(text.encode())) for text in mail.text_plain),
        *(("text/html", None, _digest(text.encode())) for text in mail.text_html),
        *((leaf.mimetype, leaf.filename or None, _digest(leaf.content)) for leaf in mail.attachments),
    ]


def test_page_is_up_to_date():
    """The page says what the table says."""
    assert PAGE.read_text(encoding="utf-8") == render()


@cases
def test_our_reading(case):
    """The defect is there."""
    assert case.code in ours(case.message)[1]


@cases
def test_stdlib(case):
    """Python's email package sees what we see, unless the table says otherwise."""
    assert (by_stdlib(case.message) != ours(case.message)[0]) == (STDLIB in case.others)


@cases
def test_fast_mail_parser(case):
    """fast-mail-parser sees what we see, in whatever order, unless the table says otherwise."""
    found = by_fast_mail_parser(case.message)
    agrees = found is not None and sorted(found, key=repr) == sorted(ours(case.message)[0], key=repr)
    assert agrees == (FAST not in case.others)


@cases
def test_gmime(case, tmp_path):
    """GMime sees what we see, unless the table says otherwise."""
    program = gmime.program()
    if program is None:
        pytest.skip(gmime.HOW_TO_INSTALL)
    path = tmp_path / "message.eml"
    path.write_bytes(case.message)
    printed = subprocess.run([program, "describe", path], capture_output=True, check=True).stdout
    leaves = json.loads(printed)["leaves"]
    found = [(leaf["type"], leaf["filename"], leaf["sha256"]) for leaf in leaves]
    assert (found != ours(case.message)[0]) == (GMIME in case.others)
