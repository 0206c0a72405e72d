"""Messages in an mbox: what a `From ` line is, what belongs to no message, and Content-Length."""

import pytest
from support.parsing import parse

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.events import EntityBegin, EntityEnd
from mailstrata.parser.from_line import has_from_line_shape
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser

FROM = b"From a@example.org Mon Jan  5 10:00:00 2004\n"


def parse_mbox(data: bytes, **options):
    """Parse as mbox, in every way of splitting."""
    return parse(data, "mbox", **options)


def bodies(parsed) -> list[bytes]:
    """The bodies of all messages."""
    count = sum(entity.parent is None for entity in parsed.entities)
    return [parsed.data("body", message=number) for number in range(count)]


def test_two_messages():
    """The blank line before a `From ` line is a gap; the last one's too."""
    parsed = parse_mbox(FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntwo\n\n")
    assert bodies(parsed) == [b"one\n", b"two\n"]
    assert parsed.data("gap") == b"\n\n"
    assert parsed.data("separator") == FROM * 2
    first, second = parsed.entities
    assert (first.start, first.end) == (44, 54)
    assert second.start == 55 + 44


def test_crlf():
    """The same with CRLF."""
    parsed = parse_mbox((FROM + b"A: 1\n\none\n\n" + FROM + b"A: 2\n\ntwo\n\n").replace(b"\n", b"\r\n"))
    assert bodies(parsed) == [b"one\r\n", b"two\r\n"]
    assert parsed.data("gap") == b"\r\n\r\n"


def test_no_blank_line_at_the_end():
    """A last message without a blank line behind it keeps all its bytes, also without a last line break."""
    assert bodies(parse_mbox(FROM + b"A: 1\n\none\n")) == [b"one\n"]
    assert bodies(parse_mbox(FROM + b"A: 1\n\none")) == [b"one"]


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_the_blank_line_at_the_end_behind_base64(line_break):
    """It is a gap, as behind any other body, so that the message is the same when another one follows it."""
    data = FROM + b"Content-Transfer-Encoding: base64\n\nYWJj\n\n"
    parsed = parse_mbox(data.replace(b"\n", line_break))
    assert bodies(parsed) == [b"YWJj" + line_break]
    assert parsed.data("gap") == line_break


def test_blank_lines_in_the_message():
    """Only the last of several blank lines is a gap."""
    parsed = parse_mbox(FROM + b"A: 1\n\none\n\n\n\n" + FROM + b"A: 2\n\n")
    assert parsed.data("body", message=0) == b"one\n\n\n"


def test_empty_messages():
    """A header's blank line serves as the one before the next `From ` line; a message may be empty altogether."""
    parsed = parse_mbox(FROM + b"A: 1\n\n" + FROM + b"\n\n" + FROM)
    assert parsed.data("gap") == b"\n"
    assert [entity.end - entity.start for entity in parsed.entities] == [6, 1, 0]


def test_a_from_line_ends_everything():
    """A `From ` line is the outermost boundary: it ends open multiparts."""
    data = FROM + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n\n" + FROM + b"A: 2\n\ntwo\n"
    parsed = parse_mbox(data)
    assert parsed.defects("1") == ["missing-close-delimiter"]
    assert parsed.data("body", "1.1") == b"x\n"
    assert parsed.data("body", message=1) == b"two\n"


def test_epilogue_before_a_from_line():
    """The line break behind a close-delimiter is the epilogue, the blank line behind it the gap."""
    data = FROM + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n\n" + FROM + b"A: 2\n\ntwo\n"
    parsed = parse_mbox(data)
    assert (parsed.data("epilogue"), parsed.data("gap")) == (b"\n", b"\n")
    assert parsed.defects("1") == []


class TestWhatIsAFromLine:
    """The table of the design: what stands around the line decides."""

    def test_shape_and_blank_line(self):
        """With both, whatever the next line is, a new message."""
        assert len(parse_mbox(FROM + b"A: 1\n\none\n\n" + FROM + b"no field\n").entities) == 2

    def test_no_blank_line_but_a_field_behind(self):
        """Without a blank line the next line must look like a field; noted. The line break stays with the message."""
        parsed = parse_mbox(FROM + b"A: 1\n\none\n" + FROM + b"A: 2\n\ntwo\n")
        assert bodies(parsed) == [b"one\n", b"two\n"]
        assert parsed.defects("1", 1) == ["from-line-without-blank-line"]

    def test_no_blank_line_in_the_strict_profile(self):
        """The strict profile wants the blank line."""
        assert len(parse_mbox(FROM + b"A: 1\n\none\n" + FROM + b"A: 2\n\ntwo\n", profile="strict").entities) == 1

    def test_no_blank_line_and_no_field(self):
        """With neither, content, and nothing to note."""
        parsed = parse_mbox(FROM + b"A: 1\n\none\n" + FROM + b"no field\n")
        assert bodies(parsed) == [b"one\n" + FROM + b"no field\n"]
        assert parsed.defects() == []

    def test_blank_line_but_no_shape(self):
        """A sentence that begins with `From ` is content, and noted."""
        parsed = parse_mbox(FROM + b"A: 1\n\none\n\nFrom what I saw, no\n")
        assert bodies(parsed) == [b"one\n\nFrom what I saw, no\n"]
        assert parsed.defects() == ["from-line-as-content"]

    def test_neither(self):
        """A sentence in running text is just that."""
        parsed = parse_mbox(FROM + b"A: 1\n\none\nFrom what I saw, no\n")
        assert parsed.defects() == []

    def test_within_a_header(self):
        """A `From ` line among header fields begins a message if fields follow it, and else is ignored."""
        parsed = parse_mbox(FROM + b"A: 1\n" + FROM + b"A: 2\n\ntwo\n")
        assert [entity.body_start - entity.start for entity in parsed.entities] == [5, 6]
        parsed = parse_mbox(FROM + b"A: 1\nFrom nobody\nB: 2\n\none\n")
        assert bodies(parsed) == [b"one\n"]
        assert parsed.defects() == ["from-line-in-header"]

    def test_a_long_line(self):
        """A line longer than a delimiter may be is content."""
        line = b"From a@example.org Mon Jan  5 10:00:00 2004" + b" " * 100 + b"\n"
        data = FROM + b"A: 1\n\none\n\n" + line + b"A: 2\n\n"
        assert len(parse_mbox(data, limits=Limits(delimiter_line_bytes=100)).entities) == 1


def test_junk_before_the_first_message():
    """What stands before the first `From ` line belongs to no message."""
    parsed = parse_mbox(b"junk\nFrom here on\n\n" + FROM + b"A: 1\n\none\n")
    assert parsed.data("gap") == b"junk\nFrom here on\n\n"
    assert bodies(parsed) == [b"one\n"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"no mail at all", b"From nowhere\nA: 1\n\n"])
def test_no_messages(data):
    """Without a `From ` line all is gap."""
    parsed = parse_mbox(data)
    assert parsed.entities == []
    assert parsed.data("gap") == data


class TestContentLength:
    INNER = b"one\n\n" + FROM + b"A: 2\n\ntwo\n"

    def mailbox(self, length: int) -> bytes:
        """A first message that holds an unquoted `From ` line, and a second one."""
        head = FROM + b"Content-Length: " + str(length).encode() + b"\n\n"
        return head + self.INNER + b"\n" + FROM + b"A: 3\n\nthree\n"

    def check(self, data: bytes):
        """What a source that can look ahead answers."""

        def leads_to_a_from_line(offset: int) -> bool:
            rest = data[offset:].lstrip(b"\n")
            return offset <= len(data) and (not rest or rest.startswith(b"From "))

        return leads_to_a_from_line

    def test_right(self):
        """One that leads to a `From ` line is believed: what looks like a message inside is content."""
        data = self.mailbox(len(self.INNER))
        parsed = parse_mbox(data, length_check=self.check(data))
        assert bodies(parsed) == [self.INNER, b"three\n"]
        assert parsed.defects() == []

    @pytest.mark.parametrize("length", [20, 30, 10**9])
    def test_wrong(self, length):
        """One that does not is not, and noted where it would have mattered."""
        data = self.mailbox(length)
        parsed = parse_mbox(data, length_check=self.check(data))
        assert bodies(parsed) == [b"one\n", b"two\n", b"three\n"]
        assert parsed.defects() == ["content-length-wrong"]

    def test_nobody_to_ask(self):
        """Without a way to look ahead no Content-Length is believed."""
        data = self.mailbox(len(self.INNER))
        assert len(bodies(parse_mbox(data))) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"From a@example.org Mon Jan  5 10:00:00 2004",
        b"From a@example.org  Mon Jan 05 10:00:00 2004\r",
        b"From a@example.org Mon Jan  5 10:00 2004",
        b"From a@example.org Mon Jan  5 10:00:00 GMT 2004",
        b"From a@example.org Mon Jan  5 10:00:00 2004 +0100",
        b"From a@example.org Mon, 5 Jan 2004 10:00:00 +0100 (CET)",
        b"From a@example.org Mon Jan  5 10:00:00 2004 remote from host",
        b"From a@example.org 2004-01-05T10:00:00Z",
        b"From a@example.org [list]  Mon Jan  5 10:00:00 2004",
        b"From - Mon Jan  5 10:00:00 2004",
        b"From MAILER-DAEMON Mon Jan  5 10:00:00 2004",
        b"From somebody at example.org  Mon Jan  5 10:00:00 2004",
        b'From "some body"@example.org Mon Jan  5 10:00:00 2004',
        b"From  Mon Jan  5 10:00:00 2004",
    ],
)
def test_shape(line):
    """The shapes that real mailboxes have."""
    assert has_from_line_shape(line)


@pytest.mark.parametrize(
    "line",
    [
        b"From what I saw on Mon Jan  5 10:00:00 2004",
        b"From a@example.org",
        b"From a@example.org Mon Jan  5 2004",
        b"From a@example.org Mon Jan  5 10:00:00 2004 and so on",
        b"From: a@example.org Mon Jan  5 10:00:00 2004",
        b"From a@example.org yesterday",
    ],
)
def test_no_shape(line):
    """Sentences, and lines without a whole date."""
    assert not has_from_line_shape(line)


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
@pytest.mark.parametrize("sender", [b"-", b"-x@b.example", b"a@b.example", b"MAILER-DAEMON"])
def test_from_line_behind_base64(sender, line_break):
    """It begins a message, whatever its sender and the split: Mozilla writes a dash for every sender."""
    message = b"Date: x\nFrom: a\nContent-Transfer-Encoding: base64\n\nYWJjZGVm\nYWJjZGVm\n\n"
    data = (b"From " + sender + b" Mon Jan  1 00:00:00 2024\n" + message).replace(b"\n", line_break) * 3
    for cuts in ((), range(1, len(data)), *([cut] for cut in range(1, len(data)))):
        parser = Parser("mbox")
        events = []
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            events += parser.feed(data[start:end])
        assert sum(type(event) is EntityBegin for event in [*events, *parser.close()]) == 3


def test_a_line_with_dashes_where_nothing_is_open():
    """It is text, and what stands before it is judged once, however the bytes come."""
    data = b"From a@b Mon Jan  5 10:00:00 2004\n\n\n--b--Content-Type: text/html\n\nx\n"
    for piece in (1, 7, 44, len(data)):
        parser = Parser("mbox")
        events = []
        for at in range(0, len(data), piece):
            events += parser.feed(data[at : at + piece])
        events += parser.close()
        (root,) = {event.entity for event in events if type(event) is EntityEnd}
        codes = [defect.code for defect in root.defects]
        assert codes.count(DefectCode.HEADER_FIELD_AFTER_BLANK_LINE) == 1
