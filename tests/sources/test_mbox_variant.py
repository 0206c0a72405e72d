"""Which of its variants an mbox is."""

from collections.abc import Callable

import pytest

from mailstrata.sources.mbox_variant import (
    SAMPLE_BYTES,
    begins_message,
    detect_variant,
    has_content_length,
    holds_one_message,
    separators,
)

FROM_LINE = b"From ada@example.org Mon Mar  3 10:00:00 2025\n"
PLAIN = b"Good morning.\n"
QUOTED = b"He wrote:\n>From here it went downhill.\n"
UNQUOTED = b"He wrote:\n\nFrom bob@example.org Tue Mar  4 10:00:00 2025\nand more\n"


def with_length(body: bytes, length: int | None = None) -> bytes:
    """A message of an mbox with a Content-Length field."""
    size = len(body) if length is None else length
    return FROM_LINE + b"Subject: Note\nContent-Length: %d\n\n%s\n" % (size, body)


def without_length(body: bytes) -> bytes:
    return FROM_LINE + b"Subject: Note\n\n%s\n" % body


@pytest.mark.parametrize(
    ("mbox", "variant"),
    [
        (b"", "mboxrd"),
        (without_length(PLAIN) * 3, "mboxrd"),
        (without_length(QUOTED) * 3, "mboxrd"),
        (with_length(PLAIN) * 3, "mboxcl2"),
        (with_length(PLAIN), "mboxcl2"),
        (with_length(QUOTED) * 3, "mboxcl"),
        (with_length(PLAIN) + with_length(QUOTED), "mboxcl"),
        (with_length(UNQUOTED) * 3, "mboxcl2"),
        (with_length(QUOTED) + with_length(UNQUOTED), "mboxcl2"),
        (with_length(b"From me\n") * 2, "mboxcl2"),
        (with_length(PLAIN, 3) * 3, "mboxrd"),
        (with_length(PLAIN, 10**17) * 3, "mboxrd"),
        (with_length(PLAIN) + without_length(PLAIN) * 3, "mboxrd"),
        (with_length(PLAIN) * 3 + without_length(QUOTED), "mboxcl2"),
        (with_length(PLAIN * 4).replace(b"\n", b"\r\n"), "mboxrd"),
        (with_length(PLAIN, len(PLAIN) + 1).replace(b"\n", b"\r\n") * 2, "mboxcl2"),
    ],
)
def test_variants(mbox: bytes, variant: str) -> None:
    """Lengths that are right in at least half of the messages make mboxcl or mboxcl2; quoting tells which."""
    assert detect_variant(mbox, complete=True) == variant


def test_a_length_beyond_the_sample() -> None:
    """Where a Content-Length leads beyond the sample, the file is asked; without it nothing is concluded."""
    mbox = with_length(QUOTED + PLAIN * 100)
    asked: list[int] = []

    def leads(offset: int) -> bool:
        asked.append(offset)
        return True

    assert detect_variant(mbox[:300], complete=False, length_leads=leads) == "mboxcl"
    assert asked == [len(mbox) - 1]
    assert detect_variant(mbox[:300], complete=False, length_leads=lambda _: False) == "mboxrd"
    assert detect_variant(mbox[:300], complete=False) == "mboxrd"


def test_separators() -> None:
    """A `From ` line separates by its shape and a blank line before it, or a header field after it."""
    mbox = without_length(PLAIN) + without_length(UNQUOTED.replace(b"\n\nFrom", b"\nFrom"))
    assert list(separators(mbox)) == [0, len(without_length(PLAIN))]
    assert len(list(separators(without_length(UNQUOTED)))) == 2
    assert next(iter(separators(b"\n\n" + mbox))) == 2
    tight = without_length(PLAIN).rstrip(b"\n") + b"\n" + without_length(PLAIN)
    assert len(list(separators(tight))) == 2
    assert list(separators(b"\nFrom here on\n" * 9)) == []


def test_holds_one_message() -> None:
    """One message with its `From ` line is told from a mailbox of two."""
    assert holds_one_message(without_length(PLAIN))
    assert holds_one_message(without_length(b"\nFrom here on\n"))
    assert not holds_one_message(without_length(PLAIN) * 2)


def test_begins_message() -> None:
    """Up to two line breaks may stand before the next `From ` line or the end."""
    for breaks in (b"", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"):
        assert begins_message(breaks + b"From a", complete=False)
        assert begins_message(breaks, complete=True)
        assert not begins_message(breaks, complete=False)
    assert not begins_message(b"\n\n\nFrom a", complete=False)
    assert not begins_message(b"Fro", complete=True)


def test_has_content_length() -> None:
    """The field is found in any case."""
    assert has_content_length(b"a: b\ncontent-LENGTH: 12\n")
    assert not has_content_length(b"a: b\nX-Content-Length: 12\n")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line", [b"\nFrom ", b"\nFrom a Mon Mar  3 10:00:00 2025\n\n", b"\n\n" + FROM_LINE + b"Content-Length: 9\n"]
)
def test_a_hostile_sample_is_decided_at_once(line: bytes) -> None:
    """A sample full of `From ` lines takes time in proportion to its size."""
    detect_variant((line * (SAMPLE_BYTES // len(line)))[:SAMPLE_BYTES], complete=False)


def test_the_message_fixture_is_mail(mbox: Callable[..., bytes]) -> None:
    """The mbox that other tests use has the messages that it says."""
    assert len(list(separators(mbox(5)))) == 5
