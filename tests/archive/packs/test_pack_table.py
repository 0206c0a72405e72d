from __future__ import annotations

import hashlib
import io
import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.archive.packs.pack_table import Member, Place, TableBuilder, read_table
from mailstrata.errors import ArchiveError

_NUMBER = st.integers(0, (1 << 63) - 1)
_MEMBERS = st.lists(
    st.builds(Member, st.from_regex("[a-z/0-9.]{1,90}", fullmatch=True), st.builds(Place, *[_NUMBER] * 4)), max_size=30
)


def table_of(members: list[Member], offset: int = 0, pieces: int = 7) -> bytes:
    builder = TableBuilder()
    for start in range(0, len(members), pieces):
        builder.add(members[start : start + pieces])
    return builder.finish(offset)


@given(_MEMBERS, st.binary(max_size=50))
def test_a_table_is_read_from_the_end(members: list[Member], before: bytes) -> None:
    """Whatever members, behind whatever content."""
    assert list(read_table(io.BytesIO(before + table_of(members, len(before))))) == members


def test_a_large_table_costs_little_memory() -> None:
    """While a pack is written, only the compressed table is held: 100,000 members take less than 6 MiB."""
    builder = TableBuilder()
    for n in range(1000):
        names = [hashlib.sha256(b"%d %d" % (n, k)).hexdigest() for k in range(100)]
        builder.add([Member(f"blobs/{name[:2]}/{name}", Place(n * 1000, 1000, 512, 300)) for name in names])
    data = builder.finish(0)
    assert len(data) < 6 << 20
    assert sum(1 for _ in read_table(io.BytesIO(data))) == 100_000


def test_a_table_that_is_cut_off_or_damaged_is_refused() -> None:
    """Before the first member is given, whatever byte is wrong or missing."""
    data = table_of([Member(f"blobs/{n}", Place(n, 1, 2, 3)) for n in range(5)])
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x10
        with pytest.raises(ArchiveError):
            read_table(io.BytesIO(bytes(damaged)))
    for end in range(len(data)):
        with pytest.raises(ArchiveError):
            read_table(io.BytesIO(data[:end]))
        with pytest.raises(ArchiveError):
            read_table(io.BytesIO(data + bytes(end + 1)))


@pytest.mark.parametrize(
    "lines",
    [
        b'["a",1,2,3]\n',
        b'["a",1,2,3,4,5]\n',
        b'["a",-1,2,3,4]\n',
        b'["a",1.5,2,3,4]\n',
        b"[1,1,2,3,4]\n",
        b'{"a":1}\n',
        b"nonsense\n",
        b'["a",1,2,3,4]',
        b'["a",1,2,3,9223372036854775808]\n',
        b"[" * 2000,
        b'["a",1,2,3,4]\n["a",1,2,3,4]\n',
    ],
)
def test_a_table_that_says_something_else_is_refused(lines: bytes) -> None:
    """A checksum can be right and the table nonsense: one `ArchiveError`, no other exception."""
    table = zstandard.ZstdCompressor().compress(lines)
    prologue = struct.pack("<8sQQQ", b"MSTABLE1", 0, len(table), 1)
    payload = table + prologue + hashlib.sha256(table + prologue).digest()
    data = (0x184D2A5A).to_bytes(4, "little") + len(payload).to_bytes(4, "little") + payload
    with pytest.raises(ArchiveError):
        list(read_table(io.BytesIO(data)))
