"""Mailbagit (University at Albany): one file for each expected field of a message, text and HTML among them.

Its sets made of MSG and PST files have no mail beside them that could be read here, and with them go its attachments.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mailstrata
from tests.conformance.suites.case import Case

NAME = "mailbagit"
TITLE = "Mailbagit: header fields and bodies, decoded"
_SETS = {"2016-06-23_144430_6e449c77fe.eml": "eml-2016-06-23_144430_6e449c77fe", "sample1.mbox": "mbox-sample1"}


def compare(folder: Path, message: mailstrata.Message) -> Iterator[str]:
    """Where a message, read here to its end, and the folder that describes it differ."""
    found: dict[str, str | None] = {}
    parts = []
    for part in message.parts():
        parts.append(part)
        name = {"text/plain": "Text", "text/html": "HTML"}.get(part.content_type)
        if name is not None and f"{name}_Body" not in found:
            found[f"{name}_Body"] = _unix(part.text())
            found[f"{name}_Encoding"] = part.charset
    described = mailstrata.message_as_json(message, parts)
    found["Content_Type"] = described["parts"][0]["content_type"]
    found["Date"] = message.headers["Date"]
    found["From"] = _addresses(described["from_addresses"])
    found["Message_ID"] = f"<{described['message_id']}>"
    found["Subject"] = described["subject"]
    found["To"] = _addresses(described["to_addresses"])
    for name, value in sorted(found.items()):
        if _unix((folder / f"{name}.txt").read_bytes().decode("utf-8")) != value:
            yield name


def _addresses(addresses: list[dict[str, str]]) -> str:
    """Addresses as mailbagit writes them: without the quotes around names."""
    return ", ".join(
        f"{entry['name']} <{entry['address']}>" if entry["name"] else entry["address"] for entry in addresses
    )


def _unix(text: str) -> str:
    """Text with the line breaks that mailbagit's text files have."""
    return text.replace("\r\n", "\n")


def cases(corpora: Path) -> Iterator[Case]:
    """The messages that are there as mail."""
    root = corpora / "conformance" / "mailbagit"
    for mail, folder in _SETS.items():
        with mailstrata.open(root / mail) as reader:
            for number, message in enumerate(reader, 1):
                yield Case(f"{folder}/{number}", tuple(compare(root / folder / str(number), message)))
