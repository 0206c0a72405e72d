"""The regions of an .emlx file."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import SourceError
from mailstrata.sources.emlx import emlx_regions

PLIST = b'<?xml version="1.0"?>\n<plist version="1.0"><dict/></plist>\n'


def regions(data: bytes, size: int = 7) -> list[tuple[str, bytes]]:
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return [(region.kind, b"".join(region.chunks)) for region in emlx_regions(chunks)]


def test_count_message_property_list() -> None:
    """A count, a message, a property list: a gap, a message, a gap."""
    message = b"Subject: x\n\nText\n"
    count = b"%d      \n" % len(message)
    assert regions(count + message + PLIST) == [("gap", count), ("message", message), ("gap", PLIST)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"17\nSubject: x\n\nText\n", [("gap", b"17\n"), ("message", b"Subject: x\n\nText\n")]),
        (b"999\nSubject: x\n", [("gap", b"999\n"), ("message", b"Subject: x\n")]),
        (b"Subject: x\n\n", [("message", b"Subject: x\n\n")]),
        (b"-5\nSubject: x\n\n", [("message", b"-5\nSubject: x\n\n")]),
        (b"0\nrest", [("gap", b"0\n"), ("message", b""), ("gap", b"rest")]),
        (b"", [("message", b"")]),
    ],
)
def test_wrong_counts(data: bytes, expected: list[tuple[str, bytes]]) -> None:
    """A count that reaches too far makes everything the message; without a number all is the message."""
    assert regions(data) == expected


@given(
    st.one_of(st.binary(max_size=60), st.integers(0, 90).map(lambda count: b"%d\n" % count)),
    st.binary(max_size=60),
    st.integers(1, 40),
)
def test_regions_tile_the_file(start: bytes, rest: bytes, size: int) -> None:
    """Whatever the file and its chunks, the regions joined are the file, and one of them is the message."""
    found = regions(start + rest, size)
    assert b"".join(data for _, data in found) == start + rest
    assert [kind for kind, _ in found].count("message") == 1
    assert found == regions(start + rest, 1)


def test_damage_is_not_lost() -> None:
    """A stream that fails right behind the message still says so."""

    def failing() -> Iterator[bytes]:
        yield b"4\nabcd"
        raise SourceError("the disk is gone")

    regions = emlx_regions(failing())
    assert b"".join(next(regions).chunks) == b"4\n"
    assert b"".join(next(regions).chunks) == b"abcd"
    with pytest.raises(SourceError):
        list(next(regions).chunks)
