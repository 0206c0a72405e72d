"""mailstrata reads from the sample mailboxes exactly what the generator put into them."""

from __future__ import annotations

from pathlib import Path

import pytest

import mailstrata

MAILBOXES = (
    "Apple Mail/Archive.mbox",
    "Apple Mail/Exported.mbox",
    "Maildir",
    "backup-2024.tar.gz",
    "inbox.mbox",
    "letters",
    "newsletter.mbox.gz",
    "takeout-20241001.zip",
    "variants/mboxcl.mbox",
    "variants/mboxcl2.mbox",
    "variants/mboxo.mbox",
    "variants/mboxrd.mbox",
)


def digests(path: Path) -> list[str]:
    """SHA-256 of every message, known once it has streamed by."""
    found = []
    for message in mailstrata.open(path):
        for _ in message.parts():
            pass
        assert message.sha256 is not None
        found.append(message.sha256)
    return found


@pytest.mark.parametrize("name", MAILBOXES)
def test_every_message_comes_back_with_its_bytes(name: str, mail: Path, manifest: dict[str, list]) -> None:
    """Of each mailbox, the messages have the digests of the manifest: quoting is undone, nothing lost or added."""
    assert sorted(digests(mail / name)) == sorted(entry["sha256"] for entry in manifest[name])


def test_the_whole_folder_is_read_in_one_go(mail: Path, manifest: dict[str, list]) -> None:
    """Every mailbox of the samples is found below their folder, and none is forgotten above."""
    assert sorted(manifest) == sorted(MAILBOXES)
    expected = [entry["sha256"] for entries in manifest.values() for entry in entries]
    assert sorted(digests(mail)) == sorted(expected)
