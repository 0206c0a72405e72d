"""What fields say of the structure, where readers differ."""

from __future__ import annotations

import pytest

from mailstrata.parser.defects import DefectCode
from mailstrata.parser.events import EntityBegin
from mailstrata.parser.machine import Parser


def entities(data, cuts=()):
    """All entities of a message."""
    parser = Parser()
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        events += parser.feed(data[start:end])
    return [event.entity for event in [*events, *parser.close()] if type(event) is EntityBegin]


def found(data):
    """The codes of the root."""
    return [defect.code.value for defect in entities(data)[0].defects]


@pytest.mark.parametrize(("size", "is_used"), [(994, True), (995, False)])
def test_longest_boundary_that_a_delimiter_line_can_hold(size, is_used):
    """With two dashes before and behind it, it fills the longest delimiter line."""
    entity = entities(b'Content-Type: multipart/mixed; boundary="' + b"x" * size + b'"\n\n')[0]
    assert (entity.boundary is not None) is is_used
    codes = [defect.code for defect in entity.defects]
    assert (DefectCode.MISSING_BOUNDARY_PARAMETER in codes) is not is_used


@pytest.mark.parametrize("byte", [b"\xe9", b"\x85", b"\xa0", b"\x0b", b"\x1f", b"\x7f"])
def test_boundary_with_a_byte_that_is_no_printable_ascii(byte):
    """It delimits, and is named, since other readers see no parts."""
    name = b"x" + byte + b"y"
    data = b'Content-Type: multipart/mixed; boundary="' + name + b'"\n\n--' + name + b"\n\na\n--" + name + b"--\n"
    assert len(entities(data)) == 2
    assert found(data) == ["invalid-boundary-character"]


@pytest.mark.parametrize("octet", [b"%0A", b"%0D"])
def test_boundary_with_a_line_break(octet):
    """No line can be its delimiter: the multipart is a leaf, whatever the split."""
    data = b"Content-Type: multipart/mixed; boundary*=us-ascii''b" + octet + b"foo\n\n--b\nfoo\n--b\nfoo--\n"
    whole = [(entity.boundary, entity.defects) for entity in entities(data)]
    assert whole[0][0] is None
    assert found(data) == ["invalid-boundary-character", "missing-boundary-parameter", "extended-boundary"]
    assert [(entity.boundary, entity.defects) for entity in entities(data, range(1, len(data)))] == whole


@pytest.mark.parametrize("special", list("/:<=>?@[]"))
def test_special_characters_without_quotes(special):
    """The boundary is used as it was meant, and the field is named."""
    boundary = f"x{special}y".encode()
    data = (
        b"Content-Type: multipart/mixed; boundary=" + boundary + b"\n\n--" + boundary + b"\n\na\n--" + boundary + b"--"
    )
    assert len(entities(data)) == 2
    assert found(data) == ["malformed-parameters"]
    assert found(data.replace(b"=" + boundary, b'="' + boundary + b'"')) == []


@pytest.mark.parametrize(
    "value",
    [
        *(b"base64 foo", b"base64; charset=x", b"base64:", b'"base64"', b"'base64'", b"base64=", b"base64/x"),
        *(b"\x0bbase64", b"base64\xa0", b"base64 (c", b"base64!"),
    ],
)
def test_transfer_encoding_that_is_more_than_a_name(value):
    """The name is believed, and the field is named: others take the bytes as they stand."""
    data = b"Content-Transfer-Encoding: " + value + b"\n\neHg=\n"
    assert entities(data)[0].encoding == "base64"
    assert found(data) == ["malformed-transfer-encoding"]


@pytest.mark.parametrize("value", [b"base64", b"BASE64 ", b"\n base64", b"x-unknown", b""])
def test_transfer_encoding_that_is_one_name(value):
    """Nothing is malformed about it."""
    assert "malformed-transfer-encoding" not in found(b"Content-Transfer-Encoding: " + value + b"\n\neHg=\n")


@pytest.mark.parametrize(
    ("parameters", "is_malformed"),
    [
        (b"filename*0=a; filename*2=.exe", True),
        (b"filename*1=a", True),
        (b"filename*00=a; filename*01=b", True),
        (b"filename*0=a; filename*0*=''b", True),
        (b"filename*=a%2Eexe", True),
        (b"filename*0*=a; filename*1=b", True),
        (b"filename*1=b; filename*0=a", False),
        (b"filename*0*=utf-8''a; filename*1*=b; filename*2=c", False),
        (b"filename*=''a", False),
    ],
)
def test_segments_of_extended_parameters(parameters, is_malformed):
    """Gaps, leading zeros, repetitions and a charset that is missing are named; the order does not matter."""
    codes = found(b"Content-Disposition: attachment; " + parameters + b"\n\n")
    assert ("malformed-extended-parameter" in codes) is is_malformed


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        (b"Content-Type:\nContent-Type:\n", ["invalid-content-type", "duplicate-content-type"]),
        (b"Content-Disposition: a\nContent-Disposition: a\n", ["duplicate-content-disposition"]),
        (b"Content-Type: text/plain\nContent-Type: TEXT/Plain\n", ["duplicate-content-type"]),
        (b'Content-Type: a/b; c="d"\nContent-Type: a/b;\n C=d\n', ["duplicate-content-type"]),
        (b"Content-Type: a/b; c=d\nContent-Type: a/b; c=D\n", ["conflicting-content-types"]),
    ],
)
def test_fields_that_occur_twice(fields, codes):
    """They conflict where what is read of them differs."""
    assert found(fields + b"\n") == codes


@pytest.mark.parametrize(
    ("data", "span"),
    [
        (b"\nX-Any: 1\nContent-Type: text/html\n\n", (1, 7)),
        (b"\r\n\r\n\r\nSubject : a\n\n", (6, 15)),
        (b"a: b\n\nContent-Type: text/html\n", (6, 19)),
        (b"a: b\n\nX-Any: 1\n", None),
        (b"\nhttp://www.example/ and more\n", None),
        (b"\nNo field: this\n", None),
    ],
)
def test_fields_behind_a_blank_line(data, span):
    """Where the header has no field, any is named, however many blank lines precede it; behind a header, those of a
    part. The split does not matter."""
    expected = [] if span is None else [("header-field-after-blank-line", *span)]
    for cuts in ((), range(1, len(data)), *([cut] for cut in range(1, len(data)))):
        assert [(d.code.value, d.start, d.end) for d in entities(data, cuts)[0].defects] == expected
