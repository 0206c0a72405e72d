"""The state machine: entities, delimiters, headers, limits. The helper `parse` runs each case whole, byte by byte and
in every split into two."""

import pytest
from support.builds import source_only
from support.parsing import parse, run

from mailstrata.errors import UsageError
from mailstrata.parser.events import EntityEnd, Event, Leaf
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import TRANSITIONS, Parser, State

MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n"


def multipart(*parts: bytes, boundary: bytes = b"b", close: bool = True) -> bytes:
    """A multipart message of these parts, each with its own header and blank line."""
    head = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\n\n'
    body = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    return head + body + (b"--" + boundary + b"--\n" if close else b"")


class TestMessages:
    def test_simple_message(self):
        """A header block ends with its blank line; everything behind it is the body, final line break included."""
        parsed = parse(b"Subject: x\nTo: y\n\nbody\nmore\n")
        assert parsed.events == [
            ("begin", "1"),
            ("header", "1", 0, 18, b"Subject: x\nTo: y\n\n"),
            ("body", "1", 18, 28, b"body\nmore\n"),
            ("end", "1"),
        ]
        assert parsed.defects() == []

    @pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
    def test_line_endings(self, line_break):
        """LF and CRLF give the same structure; the line break before a delimiter belongs to the delimiter."""
        data = multipart(b"Content-Type: text/html\n\none", b"\ntwo").replace(b"\n", line_break)
        parsed = parse(data)
        assert parsed.tree() == [("1", "multipart/mixed"), ("1.1", "text/html"), ("1.2", "text/plain")]
        assert parsed.data("body", "1.1") == b"one"
        assert parsed.data("body", "1.2") == b"two"
        assert parsed.data("delimiter") == (b"--b\n" + b"\n--b\n").replace(b"\n", line_break)
        assert parsed.data("close-delimiter") == line_break + b"--b--"
        assert parsed.data("epilogue") == line_break
        assert not any(entity.defects for entity in parsed.entities)

    def test_mixed_line_endings(self):
        """Each line may end as it likes."""
        parsed = parse(MULTIPART + b"--b\r\n\r\none\r\n--b\n\ntwo\n--b--\r\n")
        assert (parsed.data("body", "1.1"), parsed.data("body", "1.2")) == (b"one", b"two")

    def test_empty_message(self):
        """No bytes at all are one message without header and body."""
        parsed = parse(b"")
        assert parsed.events == [("begin", "1"), ("end", "1")]

    def test_header_only(self):
        """A header without its blank line, at the end of the input, is a header all the same, and truncated."""
        parsed = parse(b"Subject: x\n")
        assert parsed.data("header") == b"Subject: x\n"
        assert parsed.defects() == ["header-truncated"]

    def test_header_truncated_inside_a_line(self):
        """The last field may lack its line break."""
        parsed = parse(b"Subject: x\nTo: some")
        assert parsed.data("header") == b"Subject: x\nTo: some"
        assert parsed.defects() == ["header-truncated"]

    def test_empty_body(self):
        """A message may end with the blank line of its header."""
        parsed = parse(b"Subject: x\n\n")
        assert parsed.entity("1").body_start == parsed.entity("1").end == 12
        assert parsed.defects() == []

    def test_a_message_that_begins_with_a_from_field(self):
        """A From field with white space before its colon is no `From ` line of an mbox."""
        parsed = parse(b"From : a@b.example\nSubject: x\n\n")
        assert parsed.data("header") == b"From : a@b.example\nSubject: x\n\n"
        assert parsed.defects() == []

    def test_byte_order_mark_is_a_gap(self):
        """A UTF-8 byte order mark before the header belongs to no message."""
        parsed = parse(b"\xef\xbb\xbfSubject: x\n\nbody")
        assert parsed.data("gap") == b"\xef\xbb\xbf"
        assert parsed.entity("1").start == 3

    def test_leading_from_line(self):
        """A message cut from an mbox begins with a `From ` line, which is not part of it."""
        parsed = parse(b"From a@example.org Mon Jan  5 10:00:00 2004\nSubject: x\n\nbody")
        assert parsed.data("separator") == b"From a@example.org Mon Jan  5 10:00:00 2004\n"
        assert parsed.data("header") == b"Subject: x\n\n"
        assert parsed.defects() == ["from-line-in-message"]

    def test_leading_from_line_is_content_in_the_strict_profile(self):
        """The strict profile knows no `From ` lines in single messages."""
        parsed = parse(b"From a@example.org Mon Jan  5 10:00:00 2004\nSubject: x\n\nbody", profile="strict")
        assert parsed.data("separator") == b""
        assert parsed.defects() == ["from-line-in-header"]

    def test_offset(self):
        """All offsets count from the parser's own."""
        parsed = parse(b"Subject: x\n\nbody", offset=1000)
        entity = parsed.entity("1")
        assert (entity.start, entity.body_start, entity.end) == (1000, 1012, 1016)

    def test_nul_bytes(self):
        """NUL bytes are bytes like any other, and noted."""
        parsed = parse(b"Subject: a\0b\n\nbody\0body")
        assert parsed.data("body") == b"body\0body"
        assert parsed.defects() == ["nul-in-header", "nul-in-body"]


class TestHeaders:
    def test_missing_blank_line(self):
        """A line that is no field ends the header, and is the first of the body."""
        parsed = parse(b"Subject: x\nthis is no field\nmore\n")
        assert parsed.data("header") == b"Subject: x\n"
        assert parsed.data("body") == b"this is no field\nmore\n"
        assert parsed.defects() == ["missing-blank-line-after-header"]

    def test_continuation_lines(self):
        """Folded lines belong to their field, also where they hold white space only."""
        parsed = parse(b"Subject: x\n folded\n\tmore\n \nTo: y\n\nbody")
        assert parsed.data("header") == b"Subject: x\n folded\n\tmore\n \nTo: y\n\n"

    @pytest.mark.parametrize(
        "line", [b" \n", b"\t\r\n", b" junk\n  more\n", b" To: t\n", b" a\r b\n", b" a\r", b" \n>From x:\n"]
    )
    def test_white_space_before_the_first_field(self, line):
        """A line that continues nothing is passed over, and noted; the header goes on behind it."""
        parsed = parse(line + b"Content-Type: text/html\n\nbody")
        assert parsed.data("header") == line + b"Content-Type: text/html\n\n"
        assert parsed.entity("1").content_type == "text/html"
        assert parsed.defects()[0] == "leading-space-in-header"

    @pytest.mark.parametrize(
        "data", [b" text\nno field\n", b" text\n\nTo: t\n", b" text", b" \n", b" a\r\rb", b" text\n--x\nTo: t\n"]
    )
    def test_white_space_and_no_field(self, data):
        """Without a field behind it such a line is the first of the body: there is no header."""
        parsed = parse(data)
        assert parsed.data("body") == data
        assert parsed.defects() == ["missing-blank-line-after-header"]

    def test_white_space_before_the_first_field_of_a_part(self):
        """In a part the same holds; a part without a header whose text is indented stays as it is."""
        parsed = parse(multipart(b" \nContent-Type: text/html\n\nx", b"  indented\ntext"))
        assert parsed.entity("1.1").content_type == "text/html"
        assert parsed.data("body", "1.2") == b"  indented\ntext"

    def test_space_before_the_colon(self):
        """The obsolete syntax of RFC 5322, 4.5 is a field."""
        assert parse(b"Subject : x\n\nbody").data("header") == b"Subject : x\n\n"

    def test_bare_carriage_returns(self):
        """A CR without LF is a line break in a header block, and noted."""
        parsed = parse(b"Subject: x\rContent-Type: text/html\r\rbody\rbody")
        assert parsed.data("header") == b"Subject: x\rContent-Type: text/html\r\r"
        assert parsed.entity("1").content_type == "text/html"
        assert parsed.defects() == ["bare-cr-in-header"]

    @pytest.mark.parametrize("header", [b"\r", b"Subject: x\n\r"])
    def test_header_that_ends_with_a_bare_carriage_return(self, header):
        """A line of nothing but a bare CR is the blank line, and noted: others read the header on behind it."""
        parsed = parse(header + b"Content-Transfer-Encoding: base64\n\nbody")
        assert parsed.data("header") == header
        assert parsed.entity("1").encoding == "7bit"
        assert parsed.defects() == ["bare-cr-in-header", "header-field-after-blank-line"]

    def test_doubled_carriage_returns(self):
        """CRCRLF, as careless conversions write it, is one line break."""
        parsed = parse(b"Subject: x\r\r\nTo: y\r\r\n\r\r\nbody")
        assert parsed.data("header") == b"Subject: x\r\r\nTo: y\r\r\n\r\r\n"
        assert parsed.data("body") == b"body"

    def test_quoted_from_line_among_the_fields(self):
        """`>From `, as some delivery agents leave it, does not end the header."""
        parsed = parse(b">From a@b Mon Jan  5 10:00:00 2004\nSubject: x\n\nbody")
        assert parsed.data("body") == b"body"
        assert parsed.defects() == ["from-line-in-header"]

    def test_a_field_whose_name_begins_with_dashes(self):
        """A line of dashes with a colon is a field unless it is a delimiter."""
        assert parse(b"--x: y\nSubject: x\n\nbody").data("header") == b"--x: y\nSubject: x\n\n"

    def test_a_delimiter_with_a_colon_is_not_a_field(self):
        """A boundary may hold a colon; its delimiter ends the header of an empty part."""
        parsed = parse(multipart(b"Content-Type: text/html", b"\nbody", boundary=b"x:y"))
        assert parsed.data("body", "1.2") == b"body"
        assert [path for path, _ in parsed.tree()] == ["1", "1.1", "1.2"]

    @pytest.mark.parametrize(
        ("field", "encoding", "defects"),
        [
            (b"BASE64", "base64", []),
            (b' "base64"', "base64", ["malformed-transfer-encoding"]),
            (b"base64; junk", "base64", ["malformed-transfer-encoding"]),
            (b"8bit (a comment)", "8bit", ["comment-in-content-field"]),
            (b" (a comment)\n (another) base64", "base64", ["comment-in-content-field"]),
            (b"", "7bit", []),
            (b" =?utf-8?B?YmFzZTY0?=", "7bit", ["unknown-transfer-encoding"]),
            (b": base64", "7bit", ["unknown-transfer-encoding"]),
            (b"rot13", "rot13", ["unknown-transfer-encoding"]),
        ],
    )
    def test_transfer_encoding(self, field, encoding, defects):
        """The encoding is the first token, in lower case; unknown ones are noted."""
        parsed = parse(b"Content-Transfer-Encoding:" + field + b"\n\nbody")
        assert parsed.entity("1").encoding == encoding
        assert parsed.defects() == defects

    @pytest.mark.parametrize(
        ("field", "content_type", "defects"),
        [
            (b" TEXT/Html; charset=x", "text/html", []),
            (b"\n text/html", "text/html", []),
            (b" text / html", "text/html", ["malformed-parameters"]),
            (b" (comment) text/html", "text/html", ["comment-in-content-field"]),
            (b" text", "text/plain", ["invalid-content-type"]),
            (b"", "text/plain", ["invalid-content-type"]),
            (b" " + b"x" * 300 + b"/y", "text/plain", ["invalid-content-type"]),
        ],
    )
    def test_content_type(self, field, content_type, defects):
        """Type and subtype in lower case; without both, text/plain (RFC 2045, 5.2)."""
        parsed = parse(b"Content-Type:" + field + b"\n\nbody")
        assert parsed.entity("1").content_type == content_type
        assert parsed.defects() == defects

    def test_duplicate_fields(self):
        """The first Content-Type and the first encoding win, and it is noted."""
        parsed = parse(
            b"Content-Type: text/html\nContent-Type: text/plain\n"
            b"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\n"
        )
        assert (parsed.entity("1").content_type, parsed.entity("1").encoding) == ("text/html", "base64")
        assert parsed.defects() == ["conflicting-content-types", "conflicting-transfer-encodings"]


class TestMultiparts:
    def test_preamble_and_epilogue(self):
        """What stands before the first delimiter and behind the last belongs to the multipart."""
        parsed = parse(MULTIPART + b"preamble\nline\n--b\n\none\n--b--\nepilogue\n")
        assert parsed.data("preamble") == b"preamble\nline"
        assert parsed.data("epilogue") == b"\nepilogue\n"

    def test_delimiter_right_behind_the_header(self):
        """The header's blank line is not also the line break of the delimiter."""
        parsed = parse(MULTIPART + b"--b\n\n\n--b--")
        assert parsed.data("header", "1") == MULTIPART
        assert parsed.data("body", "1.1") == b""
        assert parsed.data("close-delimiter") == b"\n--b--"

    def test_part_without_header_and_body(self):
        """A delimiter right behind a delimiter is an empty part."""
        parsed = parse(MULTIPART + b"--b\n--b\n\nx\n--b--\n")
        assert parsed.tree() == [("1", "multipart/mixed"), ("1.1", "text/plain"), ("1.2", "text/plain")]
        assert parsed.entity("1.1").start == parsed.entity("1.1").end

    def test_nested(self):
        """A delimiter of an outer level ends everything below it; the inner multipart lacks its close-delimiter."""
        data = MULTIPART + (
            b"--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\ninner\n--b\n\nouter\n--b--\n"
        )
        parsed = parse(data)
        assert parsed.data("body", "1.1.1") == b"inner"
        assert parsed.data("body", "1.2") == b"outer"
        assert parsed.defects("1.1") == ["missing-close-delimiter"]
        assert parsed.defects("1") == []

    def test_boundaries_that_are_prefixes_of_each_other(self):
        """Only the exact boundary counts, whichever of the two is the longer."""
        inner = b"Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--"
        parsed = parse(multipart(inner, b"\ny"))
        assert [path for path, _ in parsed.tree()] == ["1", "1.1", "1.1.1", "1.2"]
        assert parsed.data("body", "1.1.1") == b"x"
        assert parsed.data("body", "1.2") == b"y"

    def test_inner_multipart_with_the_outer_boundary(self):
        """The innermost multipart of that boundary has it until it is closed; then the outer one has it again."""
        inner = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--"
        parsed = parse(multipart(inner, b"\ny"))
        assert [path for path, _ in parsed.tree()] == ["1", "1.1", "1.1.1", "1.2"]

    def test_white_space_behind_a_delimiter(self):
        """Linear white space behind a delimiter is transport padding (RFC 2046, 5.1.1)."""
        parsed = parse(MULTIPART + b"--b \t\n\nx\n--b-- \t\nepilogue")
        assert parsed.data("body", "1.1") == b"x"
        assert parsed.data("close-delimiter") == b"\n--b-- \t"

    def test_other_bytes_behind_a_delimiter(self):
        """Anything else makes the line content, and is noted."""
        parsed = parse(MULTIPART + b"--b\n\nx\n--bc\ny\n--b--\n")
        assert parsed.data("body", "1.1") == b"x\n--bc\ny"
        assert parsed.defects("1") == ["delimiter-with-trailing-bytes"]

    def test_boundary_parameter_with_white_space_at_its_end(self):
        """White space at the end of the parameter is dropped, as gateways add it to the line."""
        assert parse(b'Content-Type: multipart/mixed; boundary="b "\n\n--b\n\nx\n--b--').data("body", "1.1") == b"x"

    @pytest.mark.parametrize("line", [b"--b --", b"--b--", b"--b -- \t"])
    def test_close_delimiter_of_a_boundary_with_white_space_at_its_end(self, line):
        """A composer that declares a boundary with white space writes it in the close-delimiter, too."""
        data = b'Content-Type: multipart/mixed; boundary="b "\n\n--b \n\nx\n' + line + b"\nepilogue"
        parsed = parse(data)
        assert parsed.data("body", "1.1") == b"x"
        assert parsed.data("epilogue", "1") == b"\nepilogue"
        assert parsed.defects() == ["boundary-ends-in-space"]

    def test_white_space_before_the_last_dashes(self):
        """A boundary declared without white space has none before the dashes of its close-delimiter."""
        parsed = parse(MULTIPART + b"--b\n\nx\n--b --\n")
        assert parsed.data("body", "1.1") == b"x\n--b --\n"
        assert parsed.defects("1") == ["delimiter-with-trailing-bytes", "missing-close-delimiter"]

    def test_nested_boundaries_that_differ_in_white_space_only(self):
        """They are the same boundary: it is the inner multipart's until that has ended."""
        data = (
            b'Content-Type: multipart/mixed; boundary="b "\n\n--b \nContent-Type: multipart/mixed; boundary=b\n\n'
            b"--b\n\nx\n--b--\n--b --\n"
        )
        parsed = parse(data)
        assert parsed.data("body", "1.1.1") == b"x"
        assert parsed.data("close-delimiter") == b"\n--b--" + b"\n--b --"
        assert parsed.defects() == ["boundary-ends-in-space"]

    def test_boundary_in_continuations(self):
        """RFC 2231 allows a boundary in pieces."""
        data = b'Content-Type: multipart/mixed; boundary*1="b"; boundary*0=a\n\n--ab\n\nx\n--ab--'
        assert parse(data).data("body", "1.1") == b"x"

    @pytest.mark.parametrize(
        "parameter",
        [
            b"boundary*=us-ascii'en'a%5Fb",
            b"boundary*=''a%5fb",
            b"boundary*0*=us-ascii''a%5F; boundary*1=b",
            b"boundary*1*=%62; boundary*0*=''a_",
            b"boundary*0=x; boundary*=''a_b",
        ],
    )
    def test_percent_encoded_boundary(self, parameter):
        """RFC 2231, 4: charset and language are no part of the boundary, and its octets may be written as %XX."""
        data = b"Content-Type: multipart/mixed; " + parameter + b"\n\n--a_b\n\nx\n--a_b--"
        assert parse(data).data("body", "1.1") == b"x"

    def test_percent_sign_in_a_plain_boundary(self):
        """Only a parameter whose name ends in an asterisk is percent-encoded."""
        data = b'Content-Type: multipart/mixed; boundary="a%5Fb"\n\n--a%5Fb\n\nx\n--a%5Fb--'
        assert parse(data).data("body", "1.1") == b"x"
        data = b"Content-Type: multipart/mixed; boundary*0=a%; boundary*1=5Fb\n\n--a%5Fb\n\nx\n--a%5Fb--"
        assert parse(data).data("body", "1.1") == b"x"

    def test_missing_boundary_parameter(self):
        """Without a boundary there is nothing to take apart."""
        parsed = parse(b"Content-Type: multipart/mixed\n\n--b\n\nx\n")
        assert parsed.data("body", "1") == b"--b\n\nx\n"
        assert not parsed.entity("1").is_container
        assert parsed.defects() == ["missing-boundary-parameter"]

    def test_missing_close_delimiter(self):
        """The end of the input ends the last part."""
        parsed = parse(multipart(b"\nx", close=False))
        assert parsed.data("body", "1.1") == b"x\n"
        assert parsed.defects() == ["missing-close-delimiter"]

    def test_missing_opening_delimiter(self):
        """A multipart whose delimiter never comes is all preamble."""
        parsed = parse(MULTIPART + b"text\n")
        assert parsed.data("preamble") == b"text\n"
        assert parsed.defects() == ["missing-opening-delimiter", "missing-close-delimiter"]

    def test_delimiter_behind_the_close_delimiter(self):
        """Closed is closed; the line is noted because some clients read on."""
        parsed = parse(MULTIPART + b"--b\n\nx\n--b--\n--b\n\nhidden\n")
        assert [path for path, _ in parsed.tree()] == ["1", "1.1"]
        assert parsed.data("epilogue") == b"\n--b\n\nhidden\n"
        assert parsed.defects() == ["delimiter-after-close"]

    def test_header_ended_by_a_delimiter(self):
        """A part of header fields only may end at a delimiter without a blank line."""
        parsed = parse(MULTIPART + b"--b\nContent-Type: text/html\n--b--\n")
        assert parsed.data("header", "1.1") == b"Content-Type: text/html\n"
        assert parsed.data("close-delimiter") == b"--b--"
        assert parsed.defects("1.1") == ["missing-blank-line-after-header"]

    def test_encoded_multipart(self):
        """The encoding of a multipart is ignored (RFC 2045, 6.4) and noted."""
        parsed = parse(b"Content-Transfer-Encoding: base64\n" + multipart(b"\nx"))
        assert parsed.data("body", "1.1") == b"x"
        assert parsed.defects() == ["encoded-container"]

    def test_long_boundary(self):
        """More than 70 characters work, and are noted."""
        parsed = parse(multipart(b"\nx", boundary=b"x" * 71))
        assert parsed.data("body", "1.1") == b"x"
        assert parsed.defects() == ["boundary-too-long"]

    def test_dashes_in_base64_are_found(self):
        """The quick look at base64 bodies does not miss a delimiter."""
        part = b"Content-Transfer-Encoding: base64\n\n" + b"QUJD\n" * 50
        parsed = run(multipart(part, part), pieces=[7] * 1000)
        assert [path for path, _ in parsed.tree()] == ["1", "1.1", "1.2"]


class TestEmbeddedMessages:
    INNER = b"Content-Type: message/rfc822\n\nSubject: inner\n\nbody"

    def test_entered(self):
        """The message inside a message/rfc822 part is its only child."""
        parsed = parse(multipart(self.INNER, b"\ny"))
        assert parsed.tree() == [
            ("1", "multipart/mixed"),
            ("1.1", "message/rfc822"),
            ("1.1.1", "text/plain"),
            ("1.2", "text/plain"),
        ]
        assert parsed.data("header", "1.1.1") == b"Subject: inner\n\n"
        assert parsed.data("body", "1.1.1") == b"body"

    def test_root(self):
        """The root may be an embedded message itself, many times over."""
        data = b"Content-Type: message/rfc822\n\n" * 3 + b"Subject: x\n\nbody"
        assert [path for path, _ in parse(data).tree()] == ["1", "1.1", "1.1.1", "1.1.1.1"]

    def test_global(self):
        """message/global (RFC 6532) is entered likewise."""
        assert len(parse(b"Content-Type: message/global\n\nSubject: x\n\nbody").entities) == 2

    @pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
    def test_encoded(self, encoding):
        """One that is encoded stays a leaf, with a defect (RFC 2046, 5.2.1)."""
        data = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: " + encoding + b"\n\nSubject: x\n"
        parsed = parse(data)
        assert len(parsed.entities) == 1
        assert parsed.defects() == ["encoded-message"]

    def test_digest_default_type(self):
        """Parts of a digest without a type are messages (RFC 2046, 5.1.5)."""
        data = (
            b"Content-Type: multipart/digest; boundary=b\n\n"
            b"--b\n\nSubject: x\n\nbody\n--b\nContent-Type: text/html\n\ny\n--b--"
        )
        assert parse(data).tree() == [
            ("1", "multipart/digest"),
            ("1.1", "message/rfc822"),
            ("1.1.1", "text/plain"),
            ("1.2", "text/html"),
        ]

    def test_empty(self):
        """An embedded message of no bytes is a child of no bytes."""
        parsed = parse(multipart(b"Content-Type: message/rfc822\n"))
        assert parsed.entity("1.1.1").start == parsed.entity("1.1.1").end


class TestLimits:
    def test_depth(self):
        """What is nested deeper than the limit stays an opaque leaf; outer delimiters are still found."""
        inner = b"Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--"
        parsed = parse(multipart(inner, b"\ny"), limits=Limits(depth=2))
        assert [path for path, _ in parsed.tree()] == ["1", "1.1", "1.2"]
        assert parsed.entity("1.1").opaque
        assert parsed.defects("1.1") == ["depth-limit"]
        assert parsed.data("body", "1.1") == b"--c\n\nx\n--c--"

    def test_parts(self):
        """What comes behind the last allowed part is one opaque part."""
        parsed = parse(multipart(b"\n1", b"\n2", b"\n3", b"\n4"), limits=Limits(parts=3))
        assert [path for path, _ in parsed.tree()] == ["1", "1.1", "1.2", "1.3"]
        assert parsed.entity("1.3").opaque
        assert parsed.data("body", "1.3") == b"\n3\n--b\n\n4\n--b--\n"
        assert "parts-limit" in parsed.defects()

    def test_header_bytes_and_carriage_returns(self):
        """A bare CR is the last byte that the limit allows: it ends the header, however many bytes come at a time."""
        parsed = parse(b"Subject: x\n\r\r\ty", limits=Limits(header_bytes=12))
        assert parsed.data("header") == b"Subject: x\n\r"
        assert parsed.data("body") == b"\r\ty"

    def test_header_bytes(self):
        """The fields beyond the limit are part of an opaque body; those before it count."""
        data = b"Subject: x\nContent-Type: text/html\n" + b"X: y\n" * 20 + b"\nbody"
        parsed = parse(data, limits=Limits(header_bytes=60))
        assert parsed.data("header") == data[: 35 + 5 * 5]
        assert parsed.entity("1").opaque
        assert parsed.defects() == ["header-too-large"]

    def test_header_of_one_endless_line(self):
        """A line that does not end within the limit is not held longer than that."""
        parser = Parser(limits=Limits(header_bytes=1000))
        data = b"Subject: " + b"x" * 5000
        for place in range(0, len(data), 100):
            list(parser.feed(data[place : place + 100]))
            assert parser.held_bytes <= 1000
        assert parser.offset > 4900

    def test_delimiter_line(self):
        """A line longer than the limit is no delimiter."""
        parsed = parse(MULTIPART + b"--b" + b" " * 200 + b"\n\nx\n--b--", limits=Limits(delimiter_line_bytes=100))
        assert parsed.defects()[0] == "delimiter-line-too-long"
        assert parsed.data("preamble") == b"--b" + b" " * 200 + b"\n\nx"

    def test_message_bytes(self):
        """Beyond the limit no further structure is looked for, and nothing is lost."""
        data = multipart(b"\n" + b"x" * 50, b"\ny")
        parsed = parse(data, limits=Limits(message_bytes=80))
        assert [path for path, _ in parsed.tree()] == ["1", "1.1"]
        assert "message-limit" in parsed.defects()

    def test_defects(self):
        """No more defects are kept than allowed, and the last one says so."""
        data = MULTIPART + b"--b\n\n" + b"--bx\n" * 50
        parsed = parse(data, limits=Limits(defects=3))
        assert parsed.defects() == ["delimiter-with-trailing-bytes"] * 2 + ["defects-omitted"]

    def test_feed_events(self):
        """One feed holds no more events than the limit, and what is not taken comes with the next call."""
        data = multipart(*[b"\nx"] * 100)
        parser = Parser(limits=Limits(feed_events=10))
        events = parser.feed(data)
        taken = [next(events) for _ in range(5)]
        assert len(parser._events) <= 16
        taken += parser.close()
        assert b"".join(event.data for event in taken if hasattr(event, "data")) == data
        assert sum(isinstance(event, EntityEnd) for event in taken) == 101

    def test_limits_are_checked(self):
        """A limit that cannot work is a wrong call."""
        with pytest.raises(ValueError, match=r"Limits\.depth must be at least 1"):
            Limits(depth=0)


class TestCalls:
    def test_feed_after_close(self):
        """A closed parser says so."""
        parser = Parser()
        list(parser.close())
        with pytest.raises(UsageError):
            parser.feed(b"x")
        with pytest.raises(UsageError):
            parser.close()

    @pytest.mark.parametrize("options", [{"mode": "maildir"}, {"profile": "lenient"}])
    def test_wrong_options(self, options):
        """Unknown modes and profiles are wrong calls."""
        with pytest.raises(UsageError):
            Parser(**options)

    def test_other_buffers(self):
        """Anything with the buffer interface may be fed, and is copied."""
        parser = Parser()
        buffer = bytearray(b"Subject: x\n\nbody")
        events = list(parser.feed(memoryview(buffer)))
        buffer[:] = b"\0" * len(buffer)
        events += parser.close()
        assert b"".join(event.data for event in events if hasattr(event, "data")) == b"Subject: x\n\nbody"


def test_byte_by_byte_holds_little():
    """A body fed byte by byte never holds more than a delimiter line."""
    parser = Parser("mbox")
    data = b"From a@b Mon Jan  5 10:00:00 2004\n" + multipart(b"\n" + b"text\n\n" * 200)
    most = 0
    for place in range(len(data)):
        list(parser.feed(data[place : place + 1]))
        most = max(most, parser.held_bytes)
    assert most <= 80


class RecordingParser(Parser):
    """A parser that records its transitions."""

    __slots__ = ("moves", "now")

    @property
    def _state(self):
        return self.now

    @_state.setter
    def _state(self, state):
        if hasattr(self, "moves"):
            self.moves.append((self.now, state))
        else:
            self.moves = []
        self.now = state


@source_only
def test_transitions():
    """Every transition that happens is in the table, and every one in the table happens."""
    header = b"Content-Type: multipart/mixed; boundary="
    samples = [
        ("message", b"Subject: x\n\nbody", None),
        ("message", multipart(b"\nx", TestEmbeddedMessages.INNER), None),
        ("message", multipart(header + b"c\n\n--c\n\nx\n--c--", b"\ny") + b"epilogue", None),
        ("message", MULTIPART + b"preamble", None),
        ("message", MULTIPART + b"--b--", None),
        ("message", multipart(header + b"c\n\n--c\n\nx\n--c--") + b"--b--", None),
        ("message", MULTIPART + b"--b\n\n", Limits(parts=1)),
        ("message", multipart(b"\nx", b"\ny"), Limits(parts=2)),
        ("message", multipart(header + b"c\n\n--c\n\nx\n--c--", b"\ny"), Limits(parts=3)),
        ("mbox", b"junk", None),
    ]
    moves = set()
    for mode, data, limits in samples:
        parser = RecordingParser(mode, limits=limits)
        list(parser.feed(data))
        list(parser.close())
        moves.update(parser.moves)
    legal = {(state, after) for state, followers in TRANSITIONS.items() for after in followers}
    assert moves == legal
    assert set(TRANSITIONS) == set(State)


class TestJoinedLeaves:
    def test_a_leaf_stands_for_its_events(self):
        """Leaves that are there at once come as one object each, and mean what comes without it."""
        data = (
            b"From a@b Wed Jan  1 00:00:00 2020\n"
            + multipart(b"Content-Type: text/html\n\none", b"X: y\n\ntwo")
            + b"\nFrom a@b Wed Jan  1 00:00:00 2020\nSubject: x\n\nbody\n\nFrom a@b Wed Jan  1 00:00:00 2020\n"
        )
        joined = all_events(data, join=True)
        leaves = [event for event in joined if type(event) is Leaf]
        assert [(leaf.header, leaf.data) for leaf in leaves] == [
            (b"Content-Type: text/html\n\n", b"one"),
            (b"X: y\n\n", b"two"),
            (b"Subject: x\n\n", b"body\n"),
        ]
        parted = [part for event in joined for part in (event.events() if type(event) is Leaf else [event])]
        assert list(map(repr, parted)) == list(map(repr, all_events(data, join=False)))


def all_events(data: bytes, join: bool) -> list[Event]:
    """What a parser pulls out of an mbox that it is given at once."""
    parser = Parser("mbox")
    if join:
        parser.join_leaves()
    parser.push(data)
    events = parser.pull()
    parser.end()
    return events + parser.pull()
