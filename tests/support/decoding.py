"""Running transfer decoders in tests: every case whole and in pieces, which must give the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat

from hypothesis import strategies as st

from mailstrata.parser.defects import Defect
from mailstrata.transfer.base import Decoder

BUFFER_SIZES = (4096, 1024, 16, 1)

Result = tuple[bytes, list[Defect]]


def split(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """Cut `data` into pieces of these sizes; the last size is used to the end."""
    pieces = []
    at = 0
    size = max(len(data), 1)
    given = iter(sizes)
    while at < len(data):
        size = next(given, size)
        pieces.append(data[at : at + size])
        at += size
    return pieces


def decode_pieces(make: Callable[[], Decoder], pieces: Iterable[bytes]) -> Result:
    """Decode a body that comes in these pieces."""
    decoder = make()
    decoded = [decoder.feed(piece) for piece in pieces]
    decoded.append(decoder.close())
    return b"".join(decoded), decoder.defects


def decode(make: Callable[[], Decoder], data: bytes) -> Result:
    """Decode a body, and check that the size of the buffer, and for a short one any split in two, changes nothing."""
    whole = decode_pieces(make, [data])
    splits = [split(data, repeat(size)) for size in BUFFER_SIZES]
    if len(data) <= 200:
        splits.extend([data[:at], data[at:]] for at in range(len(data) + 1))
    for pieces in splits:
        assert decode_pieces(make, pieces) == whole, f"split {list(map(len, pieces))[:20]}"
    return whole


def codes(result: Result) -> list[tuple[str, int, int]]:
    """The defects of a result, in a form that is short to write down."""
    return [(defect.code.value, defect.start, defect.end) for defect in result[1]]


def held_bytes(decoder: object) -> int:
    """How many bytes of the body an object keeps in its attributes."""
    slots = chain.from_iterable(getattr(kind, "__slots__", ()) for kind in type(decoder).__mro__)
    values = (getattr(decoder, name) for name in slots)
    return sum(len(value) for value in values if isinstance(value, bytes | bytearray))


def bodies(tokens: list[bytes], *, most_repeats: int = 150) -> st.SearchStrategy[bytes]:
    """Bodies made of these pieces, some of them many times over, and of any other bytes."""
    token = st.sampled_from(tokens) | st.binary(max_size=4)
    repeated = st.builds(
        lambda group, times: b"".join(group) * times,
        st.lists(token, min_size=1, max_size=3),
        st.integers(2, most_repeats),
    )
    return st.lists(st.one_of(token, token, token, repeated), max_size=25).map(b"".join)


piece_sizes = st.lists(st.integers(1, 40), max_size=12)
