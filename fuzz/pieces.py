"""How a target cuts its input: all that it needs to know it takes from the input itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailstrata.transfer.base import Decoder

_SIZES = (1, 2, 3, 7, 64, 76, 1000, 4096)


def take(data: bytes) -> tuple[int, bytes]:
    """The first byte of the input as a choice, and the rest."""
    return (data[0], data[1:]) if data else (0, b"")


def cut(data: bytes, choice: int) -> Iterator[bytes]:
    """The input in pieces of a size, or of two sizes in turn."""
    sizes = (_SIZES[choice % 8], _SIZES[choice // 8 % 8])
    position = turn = 0
    while position < len(data):
        size = sizes[turn % 2]
        yield data[position : position + size]
        position += size
        turn += 1


def decoded(make: Callable[[], Decoder], pieces: Iterator[bytes]) -> tuple[bytes, list[tuple[str, int, int]]]:
    """What a decoder makes of pieces: its content, and its defects."""
    decoder = make()
    content = b"".join([decoder.feed(piece) for piece in pieces]) + decoder.close()
    return content, [(defect.code.value, defect.start, defect.end) for defect in decoder.defects]
