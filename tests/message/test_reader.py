"""The pull form: messages and parts as they stream by, and what happens when they have."""

import hashlib
from email.message import EmailMessage

import pytest

import mailstrata
from mailstrata.errors import DamagedSourceError, StalePartError, UsageError
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.reader import Reader
from mailstrata.parser.limits import Limits
from mailstrata.testing.memory import MemoryFile, MemorySource

FROM = b"From a@example.org Mon Jan  5 10:00:00 2004\n"
MULTIPART = (
    b"Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\nFrom: A <a@example.org>\nDate: Mon, 5 Jan 2004 10:00:00 +0100\n"
    b"Content-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain; charset=utf-8; format=flowed\n\nsome \ntext\n"
    b'--b\nContent-Type: image/png; name="p.png"\nContent-Transfer-Encoding: base64\n\nQUJD\nREVG\n'
    b"--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner body\n--b--\n"
)


def read(*files: MemoryFile, **options) -> Reader:
    """A reader over files of one source."""
    source = MemorySource(SourceInfo("test", b"/test", "mbox"), files)
    return Reader(((source.info, file) for file in files), **options)


def read_mbox(data: bytes, quoting="mboxrd", chunk_bytes: int = 7, **options) -> Reader:
    """A reader over one mbox, in small chunks."""
    return read(MemoryFile((("mbox", data),), FileInfo(quoting=quoting), chunk_bytes), **options)


def read_message(data: bytes = MULTIPART, chunk_bytes: int = 7, **options) -> Reader:
    """A reader over one message, in small chunks."""
    return read(MemoryFile((("message", data),), FileInfo(), chunk_bytes), **options)


@pytest.mark.parametrize("chunk_bytes", [1, 16, 1024])
def test_parts_in_document_order(chunk_bytes):
    """Containers come before their children, and every leaf gives its decoded content."""
    (message,) = [
        [(part.path, part.content_type, b"".join(part)) for part in message.parts()]
        for message in read_message(chunk_bytes=chunk_bytes)
    ]
    assert message == [
        ("1", "multipart/mixed", b""),
        ("1.1", "text/plain", b"some \ntext"),
        ("1.2", "image/png", b"ABCDEF"),
        ("1.3", "message/rfc822", b""),
        ("1.3.1", "text/plain", b"inner body"),
    ]


def test_header_fields_stay():
    """What a message's header says is there after the message has streamed by."""
    (message,) = list(read_message())
    assert message.subject == "grüße"
    assert message.from_ == "A <a@example.org>"
    assert message.date.isoformat() == "2004-01-05T10:00:00+01:00"


def test_digest_and_size():
    """Once a message has ended, read or skipped, its digest is that of its bytes."""
    for take in (lambda message: None, lambda message: list(message.parts()), lambda m: [list(p) for p in m.parts()]):
        reader = read_message()
        message = next(reader)
        assert message.sha256 is None
        take(message)
        assert list(reader) == []
        assert (message.sha256, message.size) == (hashlib.sha256(MULTIPART).hexdigest(), len(MULTIPART))


def test_part_digest():
    """A part that was read to its end has the digest and size of its content."""
    for part in next(read_message()).parts():
        if part.filename == "p.png":
            content = b"".join(part)
            assert (part.size, part.sha256) == (6, hashlib.sha256(content).hexdigest())
            break
    else:
        pytest.fail("the part did not come")


def test_skipping_parts():
    """Parts that are not read do not disturb those that are."""
    texts = [part.text() for part in next(read_message()).parts() if part.path == "1.3.1"]
    assert texts == ["inner body"]


def test_text_undoes_format_flowed():
    """text() decodes the charset and joins flowed lines (RFC 3676)."""
    texts = [part.text() for part in next(read_message()).parts() if part.path == "1.1"]
    assert texts == ["some text"]


def test_raw_part():
    """raw() gives the body as it stands, and of a container everything in it."""
    parts = next(read_message()).parts()
    root = next(parts)
    assert b"".join(root.raw()) == MULTIPART[MULTIPART.index(b"--b\n") :]
    assert list(parts) == []
    raws = [b"".join(part.raw()) for part in next(read_message()).parts() if part.path == "1.2"]
    assert raws == [b"QUJD\nREVG"]


def test_raw_message():
    """A message's raw() is the whole of it, header included."""
    message = next(read_message())
    assert b"".join(message.raw()) == MULTIPART
    assert message.sha256 == hashlib.sha256(MULTIPART).hexdigest()


def test_email_message():
    """The standard library's object of a part is made from its raw bytes, up to a size."""
    for part in next(read_message()).parts():
        if part.path == "1.2":
            found = part.as_email_message()
            assert isinstance(found, EmailMessage)
            assert found.get_content() == b"ABCDEF"
    for part in next(read_message()).parts():
        if part.path == "1.2":
            with pytest.raises(UsageError, match="max_bytes"):
                part.as_email_message(max_bytes=10)


class TestStale:
    def test_part_of_a_list(self):
        """A list of parts holds header fields only, and says so when one is read."""
        parts = list(next(read_message()).parts())
        assert [part.filename for part in parts if part.filename] == ["p.png"]
        for part in parts:
            with pytest.raises(StalePartError):
                part.text()

    def test_part_passed_by(self):
        """A part cannot be read after the next one has been taken."""
        parts = next(read_message()).parts()
        first = next(parts)
        next(parts)
        with pytest.raises(StalePartError, match="part 1 has streamed by"):
            list(first)

    def test_part_read_twice(self):
        """A part is read once."""
        parts = next(read_message()).parts()
        next(parts)
        part = next(parts)
        list(part)
        with pytest.raises(StalePartError, match="read already"):
            part.text()

    def test_message_of_a_list(self):
        """`list(open(...))` is everyone's first mistake."""
        messages = list(read_mbox(FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntwo\n"))
        with pytest.raises(StalePartError, match="message 0 has streamed by"):
            messages[0].parts()

    def test_part_abandoned_half_way(self):
        """What is not taken of a part is skipped."""
        parts = next(read_message(chunk_bytes=3)).parts()
        paths = []
        for part in parts:
            paths.append(part.path)
            for _ in part:
                break
        assert paths == ["1", "1.1", "1.2", "1.3", "1.3.1"]

    def test_raw_message_after_parts(self):
        """A message that has begun to stream by cannot be had whole any more."""
        message = next(read_message())
        list(message.parts())
        with pytest.raises(StalePartError):
            message.raw()


def test_mbox():
    """Separators stand outside the messages; indexes and offsets count in the source."""
    data = FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntwo\n"
    messages = list(read_mbox(data))
    assert [message.index for message in messages] == [0, 1]
    assert [data[message.start : message.end] for message in messages] == [b"A: 1\n\none\n", b"A: 2\n\ntwo\n"]
    assert messages[1].separator == FROM


@pytest.mark.parametrize(
    ("quoting", "text"),
    [("mboxrd", b">From a\nFrom b\n"), ("mboxo", b">>From a\nFrom b\n"), ("mboxcl2", b">>From a\n>From b\n")],
)
def test_quoting_is_undone(quoting, text):
    """Content and digest are those of the message before the mbox quoted it."""
    (message,) = read_mbox(FROM + b"A: 1\n\n>>From a\n>From b\n", quoting)
    assert message.sha256 == hashlib.sha256(b"A: 1\n\n" + text).hexdigest()
    for message in read_mbox(FROM + b"A: 1\n\n>>From a\n>From b\n", quoting):
        assert [b"".join(part) for part in message.parts()] == [text]


def test_headers_mode():
    """In the mode `headers` messages have no parts, and their bodies are passed over."""
    data = FROM + MULTIPART + b"\n" + FROM + b"A: 2\n\ntwo\n"
    messages = list(read_mbox(data, mode="headers"))
    assert [message.subject for message in messages] == ["grüße", None]
    with pytest.raises(UsageError, match="headers"):
        next(read_mbox(data, mode="headers")).parts()
    with pytest.raises(UsageError):
        read_mbox(data, mode="body")


@pytest.mark.parametrize("start", [0, 55])
def test_start_offset(start):
    """Reading may begin at any offset of an mbox; offsets stay those of the source."""
    data = FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntwo\n"
    messages = list(read_mbox(data, offset=start))
    assert [message.start for message in messages] == ([44, 99] if start == 0 else [99])


def test_source_error_names_the_offset():
    """After an error of the source, what was whole has come, and the error says where to go on."""
    data = FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntw"
    file = MemoryFile(
        (("mbox", data),), FileInfo(quoting="mboxrd"), 5, DamagedSourceError("truncated", offset=len(data))
    )
    reader = read(file)
    assert next(reader).index == 0
    second = next(reader)
    with pytest.raises(DamagedSourceError) as caught:
        list(second.parts())
    assert caught.value.offset == 54
    assert [message.headers["A"] for message in read_mbox(data, offset=54)] == ["2"]


def test_decoded_limit():
    """Beyond the limit of decoded bytes nothing more is decoded, with a defect."""
    limits = Limits(decoded_bytes=4)
    for part in next(read_message(limits=limits)).parts():
        if part.path == "1.2":
            assert b"".join(part) == b"ABCD"
            assert [defect.code.value for defect in part.defects] == ["decoded-limit"]


def test_regions():
    """Bytes around a message that belong to no message do not show, but count."""
    file = MemoryFile((("gap", b"12\n"), ("message", b"A: 1\n\none"), ("gap", b"rest")))
    (message,) = read(file)
    assert (message.start, message.end) == (3, 12)


def test_closing():
    """A closed reader delivers nothing more."""
    with read_mbox(FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntwo\n") as reader:
        message = next(reader)
    with pytest.raises(StalePartError):
        message.parts()
    assert list(reader) == []


def test_a_message_that_is_skipped_counts_its_parts():
    """As many as one whose parts are taken."""
    data = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\ny\n--b--\n"
    assert [message.part_count for message in list(mailstrata.open(data))] == [3]
    for message in mailstrata.open(data):
        next(message.parts())
    assert message.part_count == 3
