"""Each way in which two readers may read one message has a defect of its own, with the bytes that it is about."""

import pytest
from support.parsing import parse

MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n"


def found(data: bytes) -> dict[str, bytes]:
    """The bytes of each defect, by its code, of all entities; read whole, byte by byte and in every split into two."""
    parsed = parse(data)
    return {
        defect.code.value: data[defect.start : defect.end] for entity in parsed.entities for defect in entity.defects
    }


def field_of(data: bytes, code: str) -> bytes:
    """The bytes of the only defect of a message, which has to have that code."""
    defects = found(data)
    assert list(defects) == [code]
    return defects[code]


class TestFields:
    """Fields that say twice, or unclearly, what the structure is."""

    @pytest.mark.parametrize(
        ("first", "second", "code"),
        [
            (b"Content-Type: text/html", b"content-type: text/html", "duplicate-content-type"),
            (b"Content-Type: text/html", b"Content-Type: text/plain", "conflicting-content-types"),
            (b"Content-Type: text/html; a=b", b"Content-Type: text/html; a=c", "conflicting-content-types"),
            (
                b"Content-Transfer-Encoding: base64",
                b"Content-Transfer-Encoding: BASE64",
                "duplicate-transfer-encoding",
            ),
            (
                b"Content-Transfer-Encoding: base64",
                b"Content-Transfer-Encoding: 7bit",
                "conflicting-transfer-encodings",
            ),
            (b"Content-Disposition: inline", b"Content-Disposition: attachment", "duplicate-content-disposition"),
        ],
    )
    def test_fields_that_occur_twice(self, first, second, code):
        """The span is the field that is not used; whether the two agree makes two codes."""
        assert field_of(first + b"\nSubject: x\n" + second + b"\n\n", code) == second

    @pytest.mark.parametrize(
        ("field", "code"),
        [
            (b"Content-Type : text/html", "space-before-colon"),
            (b"Content-Disposition\t: inline", "space-before-colon"),
            (b"Content-Transfer-Encoding: base64, quoted-printable", "several-transfer-encodings"),
            (b"Content-Transfer-Encoding: base64\n 7bit", "several-transfer-encodings"),
            (b"Content-Transfer-Encoding: 7bit (base64)", "comment-in-content-field"),
            (b"Content-Type: text/(plain)html", "comment-in-content-field"),
            (b"Content-Type: text/html; charset=(utf-7)utf-8", "comment-in-content-field"),
            (b'Content-Disposition: attachment; filename="a.txt', "malformed-parameters"),
            (b"Content-Disposition: attachment; filename=a b.txt", "malformed-parameters"),
            (b'Content-Disposition: attachment; filename="a"b.txt', "malformed-parameters"),
            (b"Content-Disposition: attachment filename=a.txt", "malformed-parameters"),
            (b'Content-Disposition: attachment; filename="a\\\\b"', "backslash-in-parameter"),
            (b'Content-Type: text/plain; name="=?utf-8?q?x?="', "encoded-word-in-parameter"),
            (b"Content-Type: text/plain; charset=a; charset=a", "duplicate-parameter"),
        ],
    )
    def test_one_field(self, field, code):
        """The span is the field."""
        assert field_of(b"Subject: x\n" + field + b"\nTo: y\n\n", code) == field

    @pytest.mark.parametrize(
        "field",
        [
            b"Content-Type: text/html; charset=utf-8",
            b'Content-Type: text/plain; charset="utf-8"; format=flowed; delsp=yes',
            b"Content-Type:text/plain;\n\tcharset=us-ascii;",
            b"Content-Disposition: attachment;\n filename*0*=utf-8''a;\n filename*1*=b",
            b"Content-Transfer-Encoding:  BASE64",
            b'Content-Type: text/plain; name="a b (1).pdf"',
        ],
    )
    def test_clear_fields(self, field):
        """What is made as the RFCs say is not noted."""
        assert found(field + b"\n\n") == {}

    @pytest.mark.parametrize(
        ("parameters", "codes"),
        [
            (b"boundary=b; boundary=c", ["duplicate-parameter", "conflicting-boundaries"]),
            (b"boundary=b; boundary=b", ["duplicate-parameter"]),
            (b"boundary=b; boundary*=''c", ["conflicting-boundaries"]),
            (b"boundary*0=b", ["extended-boundary"]),
            (b'boundary="b "', ["boundary-ends-in-space"]),
        ],
    )
    def test_boundaries(self, parameters, codes):
        """Two boundaries in one field, and boundaries that not all readers see."""
        field = b"Content-Type: multipart/mixed; " + parameters
        defects = found(field + b"\n\n--b\n\nx\n--b--\n")
        assert sorted(defects) == sorted(codes)
        assert set(defects.values()) == {field}


class TestBodies:
    """Bytes in bodies that not all readers take for content."""

    @pytest.mark.parametrize("field", [b"Content-Type:", b"content-transfer-encoding:", b"CONTENT-DISPOSITION:"])
    def test_field_after_a_blank_line(self, field):
        """At the start of a body that follows a blank line, in a part and in a message."""
        assert field_of(b"Subject: x\n\n" + field + b" y\n\nz", "header-field-after-blank-line") == field
        assert field_of(MULTIPART + b"--b\n\n" + field + b" y\n--b--\n", "header-field-after-blank-line") == field

    @pytest.mark.parametrize("body", [b"Content: x\n", b"\nContent-Type: x\n", b"Content-Type x:\n", b"Content-Typ"])
    def test_other_text_after_a_blank_line(self, body):
        """Text that only resembles a field, or stands further down, is not noted."""
        assert found(b"Subject: x\n\n" + body) == {}

    def test_bare_carriage_return_before_a_delimiter(self):
        """It stays content; noted once for each multipart."""
        data = MULTIPART + b"--b\n\nx\r--b\ry\r--b--\n--b--\n"
        assert field_of(data, "bare-cr-before-delimiter") == b"\r--b"
        assert parse(data).data("body", "1.1") == b"x\r--b\ry\r--b--"

    @pytest.mark.parametrize("encoding", [b"7bit", b"quoted-printable", b"x-unheard"])
    def test_nul(self, encoding):
        """The first one of a body."""
        data = b"Content-Transfer-Encoding: " + encoding + b"\n\nab\0c\0"
        defects = found(data)
        assert defects["nul-in-body"] == b"\0"
        assert [defect.start for defect in parse(data).entity("1").defects][-1] == data.index(b"\0")

    @pytest.mark.parametrize("encoding", [b"base64", b"binary"])
    def test_unwatched_encodings(self, encoding):
        """In binary everything is allowed; in base64 neither NUL nor long lines are content."""
        assert found(b"Content-Transfer-Encoding: " + encoding + b"\n\na\0" + b"b" * 2000) == {}

    @pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
    def test_long_lines(self, line_break):
        """More than a thousand bytes with the line break; the first such line of a body is noted."""
        fits = b"x" * (1000 - len(line_break)) + line_break
        assert found(b"Subject: x\n\n" + fits * 3) == {}
        data = b"Subject: x\n\n" + fits + b"yy" + fits + b"zz" + fits
        assert field_of(data, "line-too-long") == (b"yy" + fits)[:1000]

    def test_long_line_in_a_header(self):
        """The same, for header fields."""
        assert found(b"Subject: " + b"x" * 990 + b"\n\n") == {}
        assert field_of(b"To: y\nSubject: " + b"x" * 991 + b"\n\n", "line-too-long").startswith(b"Subject: x")
