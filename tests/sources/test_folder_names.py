"""Names of mail folders as people know them."""

import pytest

from mailstrata.sources.folder_names import decode_modified_utf7, maildir_folder


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Entw&APw-rfe", "Entwürfe"),
        ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
        ("Q&-A", "Q&A"),
        ("&2D3eAA-", "\U0001f600"),
        ("R&D", "R&D"),
        ("a&AP-b", "a&AP-b"),
        ("&2D0-", "&2D0-"),
        ("plain", "plain"),
    ],
)
def test_modified_utf7(name: str, text: str) -> None:
    """IMAP's modified UTF-7 is undone; what is none stays, and no surrogate comes out."""
    assert decode_modified_utf7(name) == text


@pytest.mark.parametrize(
    ("directories", "folder"),
    [
        (b"", "INBOX"),
        (b".", "INBOX"),
        (b".Work.2024", "Work/2024"),
        (b".INBOX.Work", "INBOX/Work"),
        (b"Work/2024", "Work/2024"),
        (b"Work v1.2/x", "Work v1.2/x"),
        (b".Entw&APw-rfe", "Entwürfe"),
        (".Entwürfe".encode(), "Entwürfe"),
        (b".\xff", "\ufffd"),
    ],
)
def test_maildir_folder(directories: bytes, folder: str) -> None:
    """Maildir++ and the fs layout lead to the same names."""
    assert maildir_folder(directories) == folder
