from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.index import rows as rows_module
from mailstrata.index.field_columns import LIST_LIMIT, NAME_LIMIT, TEXT_LIMIT
from mailstrata.index.rows import (
    MessageTotals,
    blob_row,
    message_row,
    occurrence_row,
    part_row,
    text,
)
from mailstrata.index.schema import TABLES
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.parser.entity import Entity

SHA256 = "ab" * 32


def message_of(header: bytes, start: int = 0, content_type: str = "text/plain") -> MessageInfo:
    entity = Entity(None, 1, 0, start)
    entity.content_type = content_type
    entity.body_start = entity.end = start + len(header)
    message = MessageInfo(
        SourceInfo("inbox", b"/mail/inbox", "mbox"), FileInfo(), 3, PartInfo(entity, Headers(header, start), None)
    )
    message.size = len(header)
    message.sha256 = message.canonical_sha256 = SHA256
    return message


def row_of(header: bytes) -> dict:
    message = message_of(header)
    totals = MessageTotals()
    return message_row(message, totals, len(header))


def part_row_of(part: PartInfo, **places: int) -> dict:
    places = {"position": 0, "start": 0, "body_start": 0, "end": 0} | places
    return part_row(part, message=SHA256, declared_type=None, sniffed_type=None, flags=0, **places)


def test_rows_have_the_columns_of_their_tables():
    """Each function fills exactly the columns of its table."""
    message = message_of(b"")
    assert list(message_row(message, MessageTotals(), 0)) == TABLES["messages"].names
    assert list(occurrence_row(message)) == TABLES["occurrences"].names
    assert list(part_row_of(message.root)) == TABLES["parts"].names
    assert list(blob_row(SHA256, 1, None)) == TABLES["blobs"].names


def test_a_message_row_says_what_people_filter_on():
    """Decoded fields, parsed addresses, thread references and the fields of lists and programs."""
    row = row_of(
        b"From: =?utf-8?q?J=C3=BCrgen?= <Juergen@Example.ORG>, b@c.example\n"
        b"Sender: s@c.example\nReply-To: r@c.example\n"
        b"To: Team: a@x.example, b@x.example;\nCc: =?utf-8?q?=C3=A9?= <c@x.example>\nBcc: d@x.example\n"
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Mon, 1 Jan 2024 01:30:00 +0230\n"
        b"Message-ID: <own@x>\nIn-Reply-To: <parent@x>\nReferences: <root@x>\n <parent@x>\n"
        b"Delivered-To: Me@Here.example\nList-Id: The list <Users.List.Example>\n"
        b'X-Gmail-Labels: Inbox,"Work, old",\nKeywords: alpha, beta\nUser-Agent: Mutt/1.5\n'
        b"Auto-Submitted: Auto-Replied; owner-email=x\n\n"
    )
    assert row["from"] == "Jürgen <Juergen@Example.ORG>, b@c.example"
    assert (row["from_address"], row["from_domain"]) == ("juergen@example.org", "example.org")
    assert row_of(b'From: "a@b"@c.example\n')["from_domain"] == "c.example"
    assert row["from_addresses"] == [
        {"name": "Jürgen", "address": "Juergen@Example.ORG"},
        {"name": "", "address": "b@c.example"},
    ]
    assert (row["sender"], row["reply_to"]) == ("s@c.example", "r@c.example")
    assert [address["address"] for address in row["to_addresses"]] == ["a@x.example", "b@x.example"]
    assert row["cc_addresses"] == [{"name": "é", "address": "c@x.example"}]
    assert row["bcc_addresses"] == [{"name": "", "address": "d@x.example"}]
    assert row["subject"] == "Grüße"
    expected = datetime(2023, 12, 31, 23, 0, tzinfo=UTC).timestamp() * 1_000_000
    assert (row["date"], row["date_offset_minutes"]) == (expected, 150)
    assert (row["message_id"], row["in_reply_to"]) == ("own@x", ["parent@x"])
    assert (row["references"], row["thread_root_id"]) == (["root@x", "parent@x"], "root@x")
    assert (row["delivered_to"], row["list_id"]) == (["me@here.example"], "users.list.example")
    assert row["labels"] == ["Inbox", "Work, old", "alpha", "beta"]
    assert (row["mailer"], row["auto_submitted"]) == ("Mutt/1.5", "auto-replied")
    assert row["defects"] == []


def test_an_empty_message_has_a_row():
    """What is missing is null, or an empty list; what is wrong with that is among the defects."""
    row = row_of(b"")
    for field in TABLES["messages"]:
        assert field.nullable or row[field.name] is not None, field.name
    assert row["subject"] is None
    assert row["references"] == []
    assert [defect["code"] for defect in row["defects"]] == ["missing-date", "missing-from"]
    assert row["defect_count"] == 2


@pytest.mark.parametrize(
    ("header", "root"),
    [
        (b"Message-ID: <own@x>\nIn-Reply-To: <parent@x>\n\n", "parent@x"),
        (b"Message-ID: <own@x>\n\n", "own@x"),
        (b"Subject: x\n\n", None),
    ],
)
def test_the_root_of_a_thread(header, root):
    """Without References the parent stands for the thread, without that the message itself."""
    assert row_of(header)["thread_root_id"] == root


@pytest.mark.parametrize("field", [b"From: Undisclosed\n", b"From: \n", b"From: a@\n", b"From: <>\n", b"From: ,,;\n"])
def test_senders_without_an_address(field):
    """A From field that names nobody has a row like any other."""
    row = row_of(field)
    assert row["from_domain"] is None
    assert row["from_address"] is None or row["from_address"]


def test_dates_at_the_ends_of_the_calendar():
    """The first and the last date that a message can have are kept."""
    first = row_of(b"Date: Mon, 1 Jan 0001 00:00:00 +0000\n\n")["date"]
    last = row_of(b"Date: Fri, 31 Dec 9999 23:59:59 +0000\n\n")["date"]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert last == (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - epoch) // timedelta(microseconds=1)
    assert first is None or first == (datetime(1, 1, 1, tzinfo=UTC) - epoch) // timedelta(microseconds=1)


def test_hostile_fields_are_cut():
    """A header block of a megabyte makes a row of a bounded size."""
    to = b"To: " + b"a@b.example," * 90_000 + b"\n"
    subject = b"Subject: " + b"s" * 900_000 + b"\n"
    references = b"References: " + b"".join(b"<%d@x>" % n for n in range(50_000)) + b"\n"
    long_id = b"Message-ID: <" + b"i" * 100_000 + b"@x>\n"
    row = row_of(to + subject + references + long_id)
    assert len(row["to"]) == len(row["subject"]) == TEXT_LIMIT
    assert len(row["to_addresses"]) == len(row["references"]) == LIST_LIMIT
    assert len(row["message_id"]) == NAME_LIMIT


def test_a_cut_id_still_joins():
    """An answer refers to a message with an overlong id by the same cut id."""
    long_id = b"<" + b"i" * 5000 + b"@x>"
    message = row_of(b"Message-ID: " + long_id + b"\n\n")
    answer = row_of(b"In-Reply-To: " + long_id + b"\n\n")
    assert message["message_id"] == answer["in_reply_to"][0] == answer["thread_root_id"]


@given(value=st.text(st.characters(), max_size=50) | st.text("a\ud800\udfff\x00é", max_size=50))
def test_text_can_always_be_stored(value):
    """Whatever a decoder makes of a field, the text is valid UTF-8 afterwards, and otherwise unchanged."""
    stored = text(value)
    assert stored is not None
    stored.encode("utf-8")
    assert len(stored) == len(value)
    if value.isprintable():
        assert stored == value


def test_defects_of_framing_belong_to_the_occurrence():
    """What is wrong with the mbox around a message is said of the place, all else of the message."""
    message = message_of(b"From: a@b\nFrom: c@d\nDate: soon\n\n", start=1000)
    message.root.entity.defects = [
        Defect(DefectCode.FROM_LINE_WITHOUT_BLANK_LINE, 950, 1000),
        Defect(DefectCode.MESSAGE_LIMIT, 1010, 1020),
    ]
    row = message_row(message, MessageTotals(defect_count=5), 10)
    assert [(defect["code"], defect["start"]) for defect in row["defects"]] == [
        ("duplicate-field", 10),
        ("message-limit", 10),
        ("invalid-date", 20),
    ]
    assert row["defect_count"] == 8
    occurrence = occurrence_row(message)
    assert occurrence["defects"] == [{"code": "from-line-without-blank-line", "start": 950, "end": 1000}]


def test_an_occurrence_says_where():
    """Source, file, folder, place, `From ` line and flags are those of the place, decoded; bytes only where needed."""
    message = message_of(b"\n", start=20)
    message.separator = b"From a@b.example Mon Jan  1 00:00:00 2024\r\n"
    message.file = FileInfo(name=b"cur/1:2,FS", folder="Work/2024", flags="FS", quoting="mboxrd", compression="gzip")
    row = occurrence_row(message)
    assert (row["source"], row["source_path"], row["source_path_bytes"]) == ("inbox", "/mail/inbox", None)
    assert (row["source_kind"], row["file"], row["file_bytes"]) == ("mbox", "cur/1:2,FS", None)
    assert (row["folder"], row["flags"], row["quoting"], row["compression"]) == ("Work/2024", "FS", "mboxrd", "gzip")
    assert (row["index"], row["start"], row["end"]) == (3, 20, 21)
    assert row["separator"] == "From a@b.example Mon Jan  1 00:00:00 2024"


def test_names_that_are_not_utf_8_keep_their_bytes():
    """A path that cannot be decoded is readable, and exact beside it."""
    message = message_of(b"\n")
    message.source = SourceInfo("inbox", b"/mail/\xff", "mbox")
    message.file = FileInfo(name=b"\xe4.eml")
    message.separator = b"From \xff " + b"x" * 100_000
    row = occurrence_row(message)
    assert (row["source_path"], row["source_path_bytes"]) == ("/mail/\ufffd", b"/mail/\xff")
    assert (row["file"], row["file_bytes"]) == ("\ufffd.eml", b"\xe4.eml")
    assert len(row["separator"]) == NAME_LIMIT


def test_a_part_row_counts_in_the_message():
    """Offsets are the given ones, and defects move along with the part."""
    header = b'Content-Disposition: attachment; filename="=?utf-8?q?=C3=A4?=.pdf"\nContent-ID: <c@x>\n\n'
    message = message_of(header, start=5000)
    part = message.root
    part.size, part.sha256 = 10, "cd" * 32
    part.decoder_defects = [Defect(DefectCode.BASE64_TRUNCATED, 5090, 5095)]
    row = part_row_of(part, position=2, start=300, body_start=380, end=400)
    assert (row["position"], row["start"], row["body_start"], row["end"]) == (2, 300, 380, 400)
    assert (row["encoded_size"], row["size"], row["blob"]) == (20, 10, "cd" * 32)
    assert (row["filename"], row["disposition"], row["content_id"]) == ("ä.pdf", "attachment", "c@x")
    assert row["defects"] == [{"code": "base64-truncated", "start": 390, "end": 395}]


@pytest.mark.parametrize(
    ("header", "content_type", "signed", "encrypted"),
    [
        (b"", "multipart/signed", True, False),
        (b"", "multipart/encrypted", False, True),
        (b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n", "application/pkcs7-mime", True, False),
        (
            b"Content-Type: application/x-pkcs7-mime; smime-type=Enveloped-Data\n",
            "application/x-pkcs7-mime",
            False,
            True,
        ),
        (b"", "application/pkcs7-mime", False, False),
        (b"", "text/plain", False, False),
    ],
)
def test_signed_and_encrypted(header, content_type, signed, encrypted):
    """The flags say what the parts declare."""
    part = message_of(header, content_type=content_type).root
    totals = MessageTotals()
    totals.add(part, part_row_of(part))
    assert (totals.is_signed, totals.is_encrypted) == (signed, encrypted)


def test_totals_count_attachments():
    """Only attachments count as such, by their decoded size."""
    totals = MessageTotals()
    for content_type, size in (("application/pdf", 100), ("text/plain", 7), ("image/png", 30)):
        part = message_of(b"", content_type=content_type).root
        part.size = size
        totals.add(part, part_row_of(part))
    assert (totals.part_count, totals.attachment_count, totals.attachment_bytes) == (3, 2, 130)
    row = message_row(message_of(b""), totals, 0)
    assert row["has_attachment"] is True


def test_framing_codes_are_message_level():
    """A framing defect that became a part's would be in neither table's right place."""
    from mailstrata.message import info  # noqa: PLC0415 - a private set of it

    assert rows_module._FRAMING <= info._MESSAGE_LEVEL
