"""What a placeholder looks like, and that it is read strictly."""

import email
import email.policy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import StrippedMailError
from mailstrata.message.headers import Headers
from mailstrata.message.info import PartInfo
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin
from mailstrata.parser.machine import Parser
from mailstrata.stripping.placeholder import (
    MARKER,
    MAX_OUTER_HEADER_BYTES,
    OUTER_HEADER_END,
    can_be_placeholder,
    make_placeholder,
    parse_placeholder,
)

DIGEST = "0123456789abcdef" * 4


def part(block, *, is_root=False):
    """A part with this header block: of a multipart, or the root of a message."""
    parser = Parser()
    events = [*parser.feed(block + b"x"), *parser.close()]
    entity = next(event.entity for event in events if isinstance(event, EntityBegin))
    parent = None
    if not is_root:
        parent = PartInfo(Entity(None, 1, 0, 0), Headers(b""), None)
    return PartInfo(entity, Headers(block), parent)


def make(block, recipe="base64 76n", *, is_root=False, size=1234):
    """The placeholder of such a part."""
    return make_placeholder(part(block, is_root=is_root), sha256=DIGEST, size=size, recipe=recipe)


def read(placeholder):
    """What the outer header of a placeholder says."""
    assert placeholder.startswith(MARKER)
    end = OUTER_HEADER_END.search(placeholder)
    return parse_placeholder(placeholder[len(MARKER) : end.start() + 1], 0)


def test_a_part():
    """The placeholder of a part, byte for byte."""
    assert make(b'Content-Type: application/pdf; name="report.pdf"\n\n') == (
        b"Content-Type: message/external-body; access-type=x-mailstrata; size=1234;\n"
        b" header=50; added=66;\n"
        b" sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef;\n"
        b' recipe="base64 76n"\n'
        b"Content-Description: report.pdf (application/pdf, 1,234 bytes)\n"
        b"\n"
        b"Content-ID: <0123456789abcdef0123456789abcdef@mailstrata.invalid>\n"
        b'Content-Type: application/pdf; name="report.pdf"\n'
        b"\n"
    )


def test_a_root():
    """That of a root repeats its fields but Content-*, and leaves out what some program may take for an empty line."""
    block = (
        b"From: a\r\nContent-Type: image/png\r\nX-Bare: a\r\r b\r\nX-Folded: a\r\n b\r\n"
        b"CONTENT-ID: <x>\r\nmime-version: 1.0\r\nnot a field\r\n: y\r\n\r\n"
    )
    block = block.replace(b"not a field\r\n: y\r\n", b"")
    assert (
        make(block, is_root=True)
        == (
            b"Content-Type: message/external-body; access-type=x-mailstrata; size=1234;\r\n"
            b" header=%d;\r\n"
            b" sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef;\r\n"
            b' recipe="base64 76n"\r\n'
            b"Content-Description: (image/png, 1,234 bytes)\r\n"
            b"From: a\r\nX-Folded: a\r\n b\r\nmime-version: 1.0\r\n"
            b"\r\n" % len(block)
        )
        + block
    )


def test_a_text_has_no_description():
    """A body that is no attachment needs no name."""
    assert b"Content-Description" not in make(b"Content-Type: text/plain\n\n")


@given(
    words=st.lists(st.text("!#%&'*+,-./0123456789:;<=>?@AZ[]^_`az{|}~", min_size=1, max_size=100), max_size=60),
    size=st.integers(0, 10**15),
    line_break=st.sampled_from([b"\n", b"\r\n"]),
    has_id=st.booleans(),
)
def test_any_recipe_is_folded_and_read_again(words, size, line_break, has_id):
    """A recipe of any length comes back as it was, and lines are no longer than 76 unless a word is."""
    block = (b"Content-ID: <x>" if has_id else b"A: b") + line_break * 2
    recipe = " ".join(["base64", *words])
    placeholder = make(block, recipe, size=size)
    said = read(placeholder)
    assert (said.sha256, said.size, said.recipe, said.header_bytes) == (DIGEST, size, recipe, len(block))
    assert (said.added_bytes == 0) == has_id
    assert placeholder.endswith(block)
    longest = max(map(len, words), default=0)
    assert max(map(len, placeholder.split(line_break))) <= max(76, longest + len('recipe="base64" '))


@given(name=st.text(max_size=200))
def test_any_name_is_described(name):
    """Whatever a part is called, its description is one field, in lines of at most 76, that a reader decodes."""
    info = part(b"Content-Type: application/pdf\n\n")
    info._filename = name or None
    placeholder = make_placeholder(info, sha256=DIGEST, size=5, recipe="identity")
    assert read(placeholder).recipe == "identity"
    shown = email.message_from_bytes(placeholder, policy=email.policy.default)
    assert shown.keys() == ["Content-Type", "Content-Description"]
    text = str(shown["Content-Description"])
    assert text.endswith("(application/pdf, 5 bytes)")
    field = placeholder[placeholder.index(b"Content-Description") :].split(b"\n\n")[0]
    assert field.isascii()
    if not name.isascii() or "=?" in name:
        assert max(map(len, field.split(b"\n"))) <= 76
    assert not re.search(rb"\n(?! )|\n *\n", field)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("r\u00e9sum\u00e9 \U0001f4c4.pdf", "r\u00e9sum\u00e9 \U0001f4c4.pdf"),
        ("a\r\nSubject: b\x00\u2028\u202efdp.exe", "a__Subject: b___fdp.exe"),
        ("=?utf-8?q?x?=", "=?utf-8?q?x?="),
        ("  two   spaces  ", "two spaces"),
        ("x" * 200 + ".tar.gz", "x" * 100 + "..." + "x" * 10 + ".tar.gz"),
        ("\u00fc" * 200, "\u00fc" * 100 + "..." + "\u00fc" * 17),
    ],
)
def test_how_a_name_is_shown(name, shown):
    """Control characters are replaced, long names cut in the middle, and other than ASCII ones encoded (RFC 2047)."""
    info = part(b"Content-Type: application/pdf\n\n")
    info._filename = name
    placeholder = make_placeholder(info, sha256=DIGEST, size=5, recipe="identity")
    message = email.message_from_bytes(placeholder, policy=email.policy.default)
    assert message["Content-Description"] == f"{shown} (application/pdf, 5 bytes)"


def test_the_fields_of_a_large_root_stop():
    """Fields are repeated up to a megabyte, so that an outer header is never longer than a reader takes."""
    field = b"X-Field: " + b"x" * 990 + b"\n"
    placeholder = make(
        b"Subject: x\n" + field * 3000 + b"MIME-Version: 1.0\n\n", "identity " + "1 " * 8000 + "1", is_root=True
    )
    end = OUTER_HEADER_END.search(placeholder).start()
    assert MAX_OUTER_HEADER_BYTES - (100 << 10) < end < MAX_OUTER_HEADER_BYTES
    assert placeholder[:end].endswith(b"\nMIME-Version: 1.0")


@pytest.mark.parametrize(
    ("block", "can_be"),
    [
        (b"A: b\n\n", True),
        (b"A: b\r\n\r\n", True),
        (b"A: b\r\n\n", True),
        (b"\n", True),
        (b"\r\n", True),
        (b"A: b\n", False),
        (b"A: b\n\r\r\n", False),
        (b"", False),
        (b"Content-Type: multipart/mixed; boundary=b\n\n", False),
    ],
)
def test_which_parts_can_have_one(block, can_be):
    """Leaves whose header block an empty line ends."""
    assert can_be_placeholder(part(block)) is can_be


def test_an_opaque_part_has_none():
    """A part that was not taken apart as far as it goes stays."""
    info = part(b"A: b\n\n")
    info.entity.opaque = True
    assert not can_be_placeholder(info)


GOOD = make(b"A: b\n\n")[len(MARKER) :]
GOOD = GOOD[: OUTER_HEADER_END.search(GOOD).start() + 1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b" size=1234;", b""),
        (b"size=1234", b"size=01234"),
        (b"size=1234", b"size=-1"),
        (b"size=1234", b"size=" + b"9" * 19),
        (b"header=6", b"header=0"),
        (b"added=66", b"added=0"),
        (b"added=66", b"added=1000000"),
        (b"sha256=0", b"sha256=G"),
        (b"sha256=0", b"sha256="),
        (b'"base64 76n"', b'""'),
        (b'"base64 76n"', b'"base64  76n"'),
        (b'"base64 76n"', b'"base64 76n'),
        (b'"base64 76n"', b'"base64\\" 76n"'),
        (b'"base64 76n"', b'"base64 76n"; x=y'),
        (b'"base64 76n"', b'"base64\t76n"'),
        (b'"base64 76n"', b'"base64 \xff"'),
        (b"; ", b";"),
    ],
)
def test_what_is_no_placeholder_is_refused(old, new):
    """Each parameter must be as it is written, in its place."""
    assert parse_placeholder(GOOD, 0).size == 1234
    assert old in GOOD
    with pytest.raises(StrippedMailError, match="placeholder at byte 77 "):
        parse_placeholder(GOOD.replace(old, new), 77)
