"""The sample mailboxes: the same bytes every time, valid where they mean to be, and broken where they say so."""

from __future__ import annotations

import gzip
import hashlib
import mailbox
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from email.parser import BytesParser
from io import BytesIO
from pathlib import Path

import pytest

ADDRESS = re.compile(rb"[\w.+-]+@([\w-]+\.)+[\w-]+", re.ASCII)


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of modification of every file, by its name."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), int(path.stat().st_mtime))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def unquoted(data: bytes) -> bytes:
    """A message as it was before an mboxrd quoted it."""
    return re.sub(rb"(?m)^>(>*From )", rb"\1", data)


def split(data: bytes) -> list[bytes]:
    """The messages of an mboxrd, without their `From ` lines and the blank line after each."""
    pieces = re.split(rb"(?m)^From [^\n]*\n", data)[1:]
    return [unquoted(re.sub(rb"\r?\n\Z", b"", piece)) for piece in pieces]


def digests(messages: list[bytes]) -> list[str]:
    """SHA-256 of each."""
    return [hashlib.sha256(message).hexdigest() for message in messages]


def expected(manifest: dict[str, list[dict[str, str | int]]], name: str) -> list[str | int]:
    """The digests that the manifest names."""
    return [entry["sha256"] for entry in manifest[name]]


def leaves(mail: Path, name: str) -> Iterator[Message]:
    """Every leaf of an mbox, read by the standard library."""
    with (mail / name).open("rb") as file:
        for data in split(file.read()):
            yield from (part for part in BytesParser().parsebytes(data).walk() if not part.is_multipart())


def files(mail: Path, suffix: str) -> dict[str, bytes]:
    """The attachments of the inbox whose names end so, by name; those of the broken messages left out."""
    found = {}
    for part in leaves(mail, "inbox.mbox"):
        name = part.get_filename()
        if name is not None and name.endswith(suffix) and name != "report.pdf":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found[name] = content
    return found


def test_a_second_run_gives_the_same_bytes(mail: Path, made_again: Path) -> None:
    """Nothing depends on the clock's zone, the locale, the order of hashes, or on what was there before."""
    assert contents(made_again) == contents(mail)


def test_nobody_real_is_written_to(mail: Path) -> None:
    """Every address is of a domain that is reserved for examples."""
    text = (mail / "inbox.mbox").read_bytes()
    domains = {match.group().rpartition(b"@")[2] for match in ADDRESS.finditer(text)}
    assert domains
    assert [name for name in domains if not re.search(rb"(^|\.)example\.(org|com)$", name)] == []


def test_the_inbox_is_an_mboxrd_of_what_the_manifest_says(mail: Path, manifest: dict[str, list]) -> None:
    """The standard library counts as many messages, and each has its digest once unquoted."""
    with closing(mailbox.mbox(mail / "inbox.mbox")) as box:
        assert len(box) == len(manifest["inbox.mbox"]) >= 60
    data = (mail / "inbox.mbox").read_bytes()
    assert digests(split(data)) == expected(manifest, "inbox.mbox")
    assert b"\n>From page 112" in data
    assert b"\n>>From the second" in data


def test_the_maildir_has_flags_and_folders(mail: Path, manifest: dict[str, list]) -> None:
    """The standard library finds the folders, the flags, and new mail; the digests are those of the manifest."""
    with closing(mailbox.Maildir(mail / "Maildir", create=False)) as box:
        assert sorted(box.list_folders()) == ["Authors.Tanaka", "Entw&APw-rfe", "Sent"]
        flags = {message.get_flags() for message in box}
        assert {"FS", "RS", "ST", ""} <= flags
    found = [path.read_bytes() for path in (mail / "Maildir").rglob("*lantern*")]
    assert sorted(digests(found)) == sorted(expected(manifest, "Maildir"))


def test_messages_recur_from_mailbox_to_mailbox(manifest: dict[str, list]) -> None:
    """Mail of the Maildir and of the compressed mbox is also in the inbox: there is something to deduplicate."""
    inbox = set(expected(manifest, "inbox.mbox"))
    assert set(expected(manifest, "Maildir")) <= inbox
    assert set(expected(manifest, "newsletter.mbox.gz")) <= inbox


def test_the_tree_of_messages_has_crlf(mail: Path, manifest: dict[str, list]) -> None:
    """Every line of every .eml file ends with CRLF."""
    found = [path.read_bytes() for path in (mail / "letters").rglob("*.eml")]
    assert sorted(digests(found)) == sorted(expected(manifest, "letters"))
    assert all(data.count(b"\n") == data.count(b"\r\n") for data in found)


def test_the_containers_hold_what_the_manifest_says(mail: Path, manifest: dict[str, list]) -> None:
    """gzip, zip and tar are valid, and the messages in them have the digests of the manifest."""
    news = gzip.decompress((mail / "newsletter.mbox.gz").read_bytes())
    assert digests(split(news)) == expected(manifest, "newsletter.mbox.gz")
    with zipfile.ZipFile(mail / "takeout-20241001.zip") as archive:
        assert archive.testzip() is None
        takeout = archive.read("Takeout/Mail/All mail Including Spam and Trash.mbox")
    assert digests(split(takeout)) == expected(manifest, "takeout-20241001.zip")
    assert takeout.count(b"\r\nX-Gmail-Labels: ") == len(manifest["takeout-20241001.zip"])
    with tarfile.open(mail / "backup-2024.tar.gz") as archive:
        members = [archive.extractfile(member).read() for member in archive]
    assert digests(members) == expected(manifest, "backup-2024.tar.gz")


def test_emlx_files_count_their_message(mail: Path, manifest: dict[str, list]) -> None:
    """The number on the first line is that of the message's bytes; a property list follows them."""
    found = []
    for path in sorted((mail / "Apple Mail").rglob("*.emlx")):
        count, _, rest = path.read_bytes().partition(b"\n")
        found.append(rest[: int(count)])
        assert rest[int(count) :].startswith(b"<?xml")
    assert digests(found) == expected(manifest, "Apple Mail/Archive.mbox")


def test_the_mbox_variants_differ_in_quoting(mail: Path, manifest: dict[str, list]) -> None:
    """mboxo quotes less than mboxrd and so loses a `>`; mboxcl2 quotes nothing and counts instead."""
    box = {name: (mail / "variants" / f"{name}.mbox").read_bytes() for name in ("mboxo", "mboxrd", "mboxcl", "mboxcl2")}
    assert b"\n>>From the second" in box["mboxrd"]
    assert b"\n>>From the second" not in box["mboxo"]
    assert b"\n>From page" in box["mboxcl"]
    assert b"\nFrom page" in box["mboxcl2"]
    assert digests(split(box["mboxrd"])) == expected(manifest, "variants/mboxrd.mbox")
    assert manifest["variants/mboxo.mbox"] != manifest["variants/mboxrd.mbox"]
    for name in ("mboxcl", "mboxcl2"):
        _, header, rest = re.match(rb"(From [^\n]*\n)(.*?\n)\n(.*)", box[name], re.DOTALL).groups()
        length = int(re.search(rb"\nContent-Length: (\d+)\n", header).group(1))
        assert rest[length:].startswith(b"\nFrom ")


def test_the_same_file_is_sent_to_several_people(mail: Path) -> None:
    """Attachments recur: the contract, the terms of business, the logo, the photographs."""
    counts: dict[bytes, int] = {}
    for part in leaves(mail, "inbox.mbox"):
        if part.get_filename() is not None:
            content = part.get_payload(decode=True)
            counts[content] = counts.get(content, 0) + 1
    assert sorted(counts.values(), reverse=True)[:3] == [10, 6, 4]


def test_pictures_are_valid(mail: Path) -> None:
    """Every PNG has its chunks with right checksums, and as many pixels as it says."""
    pictures = files(mail, ".png")
    assert len(pictures) >= 6
    for data in pictures.values():
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        chunks, place = {}, 8
        while place < len(data):
            (length,) = struct.unpack_from(">I", data, place)
            body = data[place + 4 : place + 8 + length]
            assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(body),)
            chunks[body[:4]] = body[4:]
            place += 12 + length
        width, height = struct.unpack_from(">II", chunks[b"IHDR"])
        assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)
        assert b"IEND" in chunks


def test_pdf_documents_are_valid(mail: Path) -> None:
    """The cross-reference table of every PDF points at its objects."""
    documents = files(mail, ".pdf")
    assert len(documents) >= 12
    for data in documents.values():
        table = int(re.search(rb"startxref\n(\d+)\n%%EOF\n\Z", data).group(1))
        assert data.startswith(b"xref\n", table)
        offsets = [int(entry) for entry in re.findall(rb"(\d{10}) 00000 n ", data[table:])]
        for number, offset in enumerate(offsets, start=1):
            assert data.startswith(b"%d 0 obj\n" % number, offset)
        (length,) = re.findall(rb"/Length (\d+)", data)
        assert data[data.index(b"stream\n") + 7 :][int(length) :].startswith(b"endstream")


@pytest.mark.parametrize(
    ("suffix", "member"), [(".docx", "word/document.xml"), (".xlsx", "xl/workbook.xml"), (".zip", "proofs/page-01.txt")]
)
def test_zips_and_office_files_are_valid(mail: Path, suffix: str, member: str) -> None:
    """Each opens as a zip with right checksums and has the member that makes it what it is."""
    found = files(mail, suffix)
    assert found
    for data in found.values():
        with zipfile.ZipFile(BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert member in archive.namelist()


@pytest.mark.parametrize(
    "feature",
    [
        rb"multipart/alternative",
        rb"multipart/related",
        rb"multipart/digest",
        rb"multipart/report",
        rb"multipart/signed",
        rb"message/rfc822",
        rb"message/delivery-status",
        rb"text/calendar",
        rb"format=flowed",
        rb"x-uuencode\n[^\0]*\nbegin 644 ",
        rb"quoted-printable\n[^\0]*=\n",
        rb"filename\*0\*=utf-8''",
        rb'filename="=\?koi8-r\?B\?',
        rb"=\?iso-2022-jp\?B\?",
        rb"=\?iso-8859-1\?Q\?",
        rb"=\?windows-1256\?B\?",
        rb"=\?gb2312\?B\?",
        rb"\nSubject: [^\n]*\xcf",
        rb"\r\n",
        rb"charset=x-monitor-8",
        rb"\nDate: Sometime",
        rb"\nSubject: [^\n]*\xe9e\n",
    ],
)
def test_the_inbox_has_every_kind_of_mail(mail: Path, feature: bytes) -> None:
    """What the samples promise to contain is in them."""
    assert re.search(feature, (mail / "inbox.mbox").read_bytes())


def test_broken_messages_are_broken_as_they_say(mail: Path) -> None:
    """The standard library's parser finds what its vocabulary can name."""
    data = (mail / "inbox.mbox").read_bytes()
    defects = {}
    for message in split(data):
        parsed = BytesParser().parsebytes(message)
        slug = parsed["Message-ID"].partition(".")[2].partition("@")[0]
        defects[slug] = {type(defect).__name__ for part in parsed.walk() for defect in part.defects}
    assert "CloseBoundaryNotFoundDefect" in defects["missing-close-delimiter"]
    assert "NoBoundaryInMultipartDefect" in defects["missing-boundary"]
    assert "MissingHeaderBodySeparatorDefect" in defects["no-blank-line-after-header"]
    assert sum(bool(found) for found in defects.values()) == 4
