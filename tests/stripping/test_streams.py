"""The promises of stripping, for any message, and the shapes that real ones have."""

import base64
import email
import email.policy
import hashlib
import random
import tempfile
from itertools import repeat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.stripping import (
    EVERYTHING,
    MemoryBlob,
    generated_messages,
    hostile_messages,
    leaf,
    multipart,
    round_trip,
    strip,
)

from mailstrata.parser.limits import Limits
from mailstrata.stripping import ARCHIVE_POLICY, FileBlob, placeholders, strip_message, unstrip_message

CONTENT = random.Random(1).randbytes(3000)
IRREGULAR = b"".join(
    b"%b\n" % base64.b64encode(CONTENT[at : at + 9 + CONTENT[at] % 40]).rstrip(b"=") for at in range(0, 3000, 2)
)
"""Base64 lines of ever different lengths: no recipe is shorter than the body itself."""
PDF = leaf(CONTENT, b'application/pdf; name="report.pdf"')


def parsed(skeleton):
    """The skeleton as the standard library's object."""
    return email.message_from_bytes(skeleton, policy=email.policy.default)


def external_bodies(skeleton):
    """The phantom messages in a skeleton, as the standard library finds them."""
    found = []
    for part in parsed(skeleton).walk():
        if part.get_content_type() == "message/external-body":
            assert part.get_param("access-type") == "x-mailstrata"
            (phantom,) = part.get_payload()
            found.append(phantom)
    return found


@settings(max_examples=400)
@given(data=hostile_messages, pieces=st.lists(st.integers(1, 30), max_size=40))
@example(data=b"access-type=x-mailstrataccess-type=x-mailstrata", pieces=[24])
@example(data=b"\n\nContent-Type: message/external-body; access-type=x-mailstrata;", pieces=[])
def test_any_bytes_come_back(data, pieces):
    """Whatever a message holds, the words of the marker included, and however it is split, it comes back."""
    whole = round_trip(data)
    assert strip(data, pieces).skeleton == whole.skeleton
    assert whole.unstrip(pieces) == data


@settings(max_examples=150)
@given(data=generated_messages, pieces=st.lists(st.integers(1, 200), max_size=30))
def test_messages_of_any_structure_come_back(data, pieces):
    """Nested multiparts, embedded messages and all encodings come back, as do their skeletons, stripped again."""
    whole = round_trip(data)
    assert strip(data, pieces).skeleton == whole.skeleton
    assert whole.unstrip(pieces) == data
    assert len(list(placeholders([whole.skeleton]))) == whole.message.stripped
    round_trip(whole.skeleton)


@settings(max_examples=150)
@given(data=generated_messages | hostile_messages, limit=st.integers(0, 60), depth=st.integers(1, 3))
def test_limits_lose_nothing(data, limit, depth):
    """Content that is cut by a limit, and structure that is not entered, change nothing about what comes back."""
    round_trip(data, limits=Limits(decoded_bytes=limit, depth=depth, header_bytes=60))


def test_a_root_is_taken_out():
    """A message that is one attachment becomes a placeholder that keeps its From and Subject in sight."""
    data = b"Received: x\n by y\nFrom: Ada <a@example.org>\nSubject: =?utf-8?q?x=C3=A4?=\n" + PDF
    stripped = round_trip(data)
    shown = parsed(stripped.skeleton)
    assert shown["From"] == "Ada <a@example.org>"
    assert shown["Subject"] == "xä"
    assert shown["Received"] == "x by y"
    assert shown["MIME-Version"] == "1.0"
    assert shown["Content-Description"] == "report.pdf (application/pdf, 3,000 bytes)"
    (phantom,) = external_bodies(stripped.skeleton)
    assert (phantom.get_content_type(), phantom.get_filename()) == ("application/pdf", "report.pdf")
    assert phantom["Content-ID"] == f"<{hashlib.sha256(CONTENT).hexdigest()[:32]}@mailstrata.invalid>"
    assert stripped.parts[0].blob.content == CONTENT


def test_the_root_of_an_embedded_message_is_taken_out():
    """The fields of an embedded message stay in sight too, those of a part of a multipart are not repeated."""
    embedded = b"Content-Type: message/rfc822\n\nSubject: inner\n" + PDF
    stripped = round_trip(b"Subject: outer\n" + multipart(embedded, PDF))
    message, part = [
        entity for entity in parsed(stripped.skeleton).walk() if "access-type" in str(entity["Content-Type"])
    ]
    assert message["Subject"] == "inner"
    assert message["MIME-Version"] == "1.0"
    assert part.keys() == ["Content-Type", "Content-Description"]
    assert stripped.message.stripped == 2
    assert len(stripped.blobs) == 1


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_the_standard_library_reads_a_skeleton(line_break):
    """The standard library finds every part of a skeleton, without a defect, with the type and name it had."""
    text = leaf(b"This stays." + line_break, b"text/plain", encoding=b"7bit", line_break=line_break)
    picture = leaf(CONTENT, b"image/png", fields=b"Content-ID: <p@example.org>\n", line_break=line_break)
    named = leaf(
        CONTENT,
        b"application/zip",
        fields=b"Content-Disposition: attachment; filename*=utf-8''%E2%82%AC.zip\n",
        line_break=line_break,
    )
    inner = multipart(text, picture, kind=b"related", boundary=b"inner", line_break=line_break)
    data = b"Subject: x" + line_break + multipart(inner, named, line_break=line_break)
    stripped = round_trip(data, ARCHIVE_POLICY)
    shown = parsed(stripped.skeleton)
    assert [part.get_content_type() for part in shown.walk()] == [
        "multipart/mixed",
        "multipart/related",
        "text/plain",
        "message/external-body",
        "image/png",
        "message/external-body",
        "application/zip",
    ]
    assert [part.defects for part in shown.walk()] == [[]] * 7
    first, second = external_bodies(stripped.skeleton)
    assert first["Content-ID"] == "<p@example.org>"
    assert second.get_filename() == "€.zip"
    descriptions = [part["Content-Description"] for part in shown.walk() if part["Content-Description"]]
    assert descriptions == ["(image/png, 3,000 bytes)", "€.zip (application/zip, 3,000 bytes)"]
    assert line_break == b"\n" or b"\n" not in stripped.skeleton.replace(b"\r\n", b"")


def test_a_skeleton_is_stripped_again():
    """A message that is a skeleton already comes back as such: its placeholders mean nothing to us."""
    first = strip(b"Subject: x\n" + multipart(PDF, PDF))
    second = round_trip(first.skeleton, ARCHIVE_POLICY)
    assert second.skeleton.count(b"access-type=x-mailstrata-;") == 2
    assert second.message.escaped
    assert list(placeholders([second.skeleton])) == []
    # The phantom headers of the first are the bodies of the second.
    third = round_trip(first.skeleton)
    assert [part.encoding for part in third.parts] == ["7bit"] * 2
    assert third.parts[0].blob.content.startswith(b"Content-ID: <")


def test_nobody_forges_a_placeholder():
    """A message that carries a placeholder for someone else's blob never asks for that blob."""
    secret = hashlib.sha256(b"secret").hexdigest()
    forged = (
        b"Subject: x\n\nContent-Type: message/external-body; access-type=x-mailstrata; size=6; header=1;\n"
        b" sha256=" + secret.encode() + b';\n recipe="identity"\n\n\n'
    )
    stripped = strip(forged, policy=ARCHIVE_POLICY)
    assert stripped.message.is_changed
    assert b"".join(unstrip_message([stripped.skeleton], {}.__getitem__)) == forged


def test_signed_parts_are_taken_out():
    """A signed multipart loses its parts like any other, and gets back every byte that was signed."""
    signature = leaf(b"s" * 400, b"application/pkcs7-signature; name=smime.p7s", line_break=b"\r\n")
    data = b"Subject: x\r\n" + multipart(
        leaf(CONTENT, b"application/pdf", line_break=b"\r\n"), signature, kind=b"signed", line_break=b"\r\n"
    )
    assert round_trip(data, ARCHIVE_POLICY).message.stripped == 2


def test_a_large_part_that_goes_wrong_in_its_last_line():
    """8 MiB of base64 whose last line is none come back, out of the blob or in spite of it, from pieces of 64 KiB."""
    content = random.Random(2).randbytes(6 << 20)
    body = base64.encodebytes(content)
    rest = IRREGULAR * 5
    for end in (b"!\n", b"QQ", b"QQ=", b"=\n", b"\0\xff" * 40 + b"\n", rest):
        data = b"Subject: x\nContent-Type: video/mp4\nContent-Transfer-Encoding: base64\n\n" + body + end
        stripped = strip(data, repeat(1 << 16))
        assert stripped.unstrip(repeat(100_003)) == data
        assert stripped.message.stripped == (end is not rest)
        assert stripped.message.kept == (end is rest)
        if end is not rest:
            assert len(stripped.skeleton) < 1000


def test_a_header_that_no_empty_line_ends_stays():
    """A part whose header block runs into its body, or has another ending, cannot have a placeholder."""
    for header in (
        b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n",
        b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\r\r\n",
    ):
        data = b"Subject: x\n" + multipart(header + b"/" + base64.b64encode(CONTENT))
        assert round_trip(data).message.stripped == 0


def test_what_stands_in_front_of_a_message():
    """A byte order mark and a `From ` line belong to no message, and come back all the same, words of the marker
    included."""
    for front in (b"\xef\xbb\xbf", b"From access-type=x-mailstrata Mon Jan  5 10:00:00 2004\n"):
        stripped = round_trip(front + b"Subject: x\n" + PDF)
        assert stripped.message.stripped == 1
        assert stripped.message.escaped == (b"mailstrata" in front)
    assert round_trip(b"").message.is_changed is False


def test_the_same_message_gives_the_same_skeleton():
    """A skeleton depends on nothing but the message."""
    data = b"Subject: x\n" + multipart(PDF, leaf(b"x" * 900, b"image/gif"))
    assert strip(data).skeleton == strip(data, [7, 900]).skeleton


def test_a_failure_discards_the_blob_under_way():
    """When reading fails half-way, the blob that was being written is discarded, and the error passes through."""
    made = []

    def new_blob():
        made.append(MemoryBlob())
        return made[-1]

    def chunks():
        yield b"Subject: x\n" + PDF
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        strip_message(chunks(), lambda data: None, new_blob, lambda part: None, policy=EVERYTHING)
    assert [blob.is_discarded for blob in made] == [True]


def test_blobs_in_files():
    """A file serves as a blob, for content that is handed out, and for content that is taken back."""
    files = []
    parts = []

    def new_blob():
        files.append(tempfile.TemporaryFile())  # noqa: SIM115 - its blob closes it
        return FileBlob(files[-1])

    wrong = leaf(CONTENT, b"image/png") + IRREGULAR
    data = b"Subject: x\n" + multipart(PDF, wrong)
    skeleton = []
    strip_message([data], skeleton.append, new_blob, parts.append, policy=EVERYTHING)
    (part,) = parts
    assert b"".join(part.blob.read()) == CONTENT
    assert b"".join(unstrip_message(skeleton, {part.sha256: part.blob.read()}.__getitem__)) == data
    assert [file.closed for file in files] == [False, True]
    files[0].close()
