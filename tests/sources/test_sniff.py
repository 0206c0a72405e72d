"""What a file is, by its first bytes and its name."""

import io
import tarfile

import pytest

from mailstrata.sources.sniff import HEAD_BYTES, is_named_as_mail, sniff, without_compression_suffix

FROM_LINE = b"From ada@example.org Mon Mar  3 10:00:00 2025\n"
HEADER = b"Received: from a by b\nFrom: ada@example.org\nSubject: Note\n\nText\n"


def old_tar() -> bytes:
    """A tar header as it was before POSIX, without a magic number."""
    block = bytearray(tarfile.TarInfo("a.eml").tobuf(tarfile.USTAR_FORMAT))
    block[257:512] = bytes(255)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def new_tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.eml"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (FROM_LINE + HEADER, b"whatever", "mbox"),
        (b"\n\r\n" + FROM_LINE + HEADER, b"archive.txt", "mbox"),
        (b"From - Mon Mar  3 10:00:00 2025\r\nSubject: x\r\n\r\n", b"Inbox", "mbox"),
        (b"From ada at example.org  Mon Mar  3 10:00:00 2025\n", b"2025-March.txt", "mbox"),
        (FROM_LINE + HEADER, b"one.eml", "message"),
        (FROM_LINE + HEADER, b"one.EML", "message"),
        (b"From nobody in particular\n" + HEADER, b"x", "message"),
        (b"From : Ada <ada@example.org>\nTo: b@example.org\n\n", b"x", "message"),
        (b"From here on, this is a story.\n", b"story.txt", "other"),
        (HEADER, b"12", "message"),
        (b">From ada Mon Mar  3 10:00:00 2025\n" + HEADER, b"12", "message"),
        (b"            \n" + HEADER, b"original_msg.txt", "message"),
        (b"\xef\xbb\xbf" + HEADER, b"x.txt", "message"),
        (b"Content-Type: text/plain; charset=utf-8\n\nText", b"x", "message"),
        (b"To: ada@example.org\nDate: today\n\n", b"x", "message"),
        (b"Date: 2025-03-03\nTitle: A page\n\n", b"page.md", "other"),
        (b"apiVersion: v1\nkind: List\nmetadata:\n  from: x\n", b"x.yaml", "other"),
        (b"Format: 1.8\nDate: Mon, 3 Mar 2025\nSource: x\n", b"x.changes", "other"),
        (b"Source repository : https://example.org\n", b"SOURCE.txt", "other"),
        (b'{"From": "ada"}\n', b"x.jsonl", "other"),
        (b'import re\nfrom x import y\n', b"x.py", "other"),
        (b"no header at all", b"x.eml", "message"),
        (b"1234\n" + HEADER, b"7.emlx", "emlx"),
        (b"1234      \n" + HEADER, b"7", "emlx"),
        (b"1234\nbottles of beer\n", b"7", "other"),
        (HEADER, b"7.emlx", "message"),
        (b"", b"inbox.mbox", "mbox"),
        (b"", b"mbox", "mbox"),
        (b"", b"x.eml", "message"),
        (b"", b"x.txt", "empty"),
        (b"\x1f\x8b\x08\0", b"x", "gzip"),
        (b"BZh91AY", b"x", "bzip2"),
        (b"\xfd7zXZ\0\0", b"x", "xz"),
        (b"\x28\xb5\x2f\xfd\x04", b"x", "zstd"),
        (b"PK\x03\x04" + bytes(26) + b"Takeout/Mail/Inbox.mbox", b"x", "zip"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", b"x.docx", "other"),
        (new_tar(), b"x", "tar"),
        (old_tar(), b"x", "tar"),
        (bytes(1024), b"x", "other"),
        (b"\x89PNG\r\n\x1a\n\0\0", b"photo.mbox", "other"),
        (b"\x89PNG\r\n\x1a\n\0\0", b"photo.eml", "other"),
        (b"%PDF-1.7\n", b"x", "other"),
        (b"MZ: a poem\n", b"x.eml", "message"),
        (b"!BDN\0\0", b"outlook.pst", "unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"x.msg", "unsupported"),
        (b"*mbx*\r\n", b"INBOX", "unsupported"),
    ],
)  # fmt: skip
def test_kinds(head: bytes, name: bytes, kind: str) -> None:
    """Content decides what a file is, and its name where content alone does not."""
    assert sniff(head, name).kind == kind


def test_a_file_named_as_mail_needs_less() -> None:
    """What a user names as mail is a message if its header block is well-formed, even if no field is typical."""
    head = b"Ticket: 12\nState: open\n\nText\n"
    assert sniff(head, b"x").kind == "other"
    assert sniff(head, b"x", explicit=True).kind == "message"
    assert sniff(b"Ticket: 12\nand then\n", b"x", explicit=True).kind == "other"
    assert sniff(b"From Ada\nTicket: 12\n\n", b"x", explicit=True).kind == "message"


def test_a_folder_makes_a_message() -> None:
    """In a Maildir everything is a message, unless it is certainly something else."""
    assert sniff(b"anything", b"1.2.host", in_maildir=True).kind == "message"
    assert sniff(b"", b"1.2.host", in_maildir=True).kind == "message"
    assert sniff(FROM_LINE + HEADER, b"1.mbox", in_maildir=True).kind == "message"
    assert sniff(b"\x1f\x8b\x08\0", b"1.2.host", in_maildir=True).kind == "gzip"


def test_outlook_formats_say_what_to_do() -> None:
    """Outlook's formats are named as such, with the export that helps."""
    assert "readpst" in sniff(b"!BDN", b"x.pst").advice
    assert "export" in sniff(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"x.msg").advice


@pytest.mark.parametrize(
    "head",
    [
        b"a:" + b"\r" * HEAD_BYTES,
        b"\r" * HEAD_BYTES,
        b" " * HEAD_BYTES,
        b"From " + b" " * HEAD_BYTES,
        b"a:\n" * (HEAD_BYTES // 3),
        b"a" * HEAD_BYTES,
        b"a:b\n" + b" \n" * (HEAD_BYTES // 2),
    ],
)
def test_hostile_heads_are_no_mail(head: bytes) -> None:
    """Long runs that could make an expression backtrack are decided at once."""
    assert sniff(head, b"x").kind == "other"


def test_names() -> None:
    """A compression suffix is taken off before a name is looked at."""
    assert without_compression_suffix(b"inbox.mbox.GZ") == b"inbox.mbox"
    assert without_compression_suffix(b"inbox.mbox") == b"inbox.mbox"
    assert is_named_as_mail(b"dir/a.eml.zst")
    assert is_named_as_mail(b"list.mboxrd")
    assert not is_named_as_mail(b"notes.txt.gz")
