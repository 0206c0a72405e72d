from __future__ import annotations

import pytest

from mailstrata.archive.packs import tar_format
from mailstrata.archive.packs.frames import Frame
from mailstrata.archive.packs.pack_table import Member, Place
from mailstrata.archive.packs.tar_cursor import TarCursor
from mailstrata.errors import ArchiveError

_TAR = tar_format.header("a", 700) + b"A" * 700 + bytes(324) + tar_format.header("b", 0) + tar_format.END_OF_ARCHIVE


def pieces(cursor: TarCursor, content: bytes) -> list[tuple[str, int, bytes]]:
    frame = Frame(7, 100, len(content), b"")
    return [(piece.name, piece.offset, bytes(piece.data)) for piece in cursor.pieces(frame, content)]


def test_a_tar_file_is_gone_through_frame_by_frame() -> None:
    """Wherever it is cut but in a header."""
    for cut in (512, 600, 1212, 1300, 1536, 2048):
        cursor = TarCursor()
        found = pieces(cursor, _TAR[:cut])
        assert cursor.is_at_boundary == (cut >= 1536)
        assert not cursor.has_ended
        found += pieces(cursor, _TAR[cut:])
        assert cursor.has_ended
        assert b"".join(data for _, _, data in found) == b"A" * 700
        assert [offset for name, offset, _ in found if name == "a"] == ([0, 88] if cut == 600 else [0])
        assert found[-1] == ("b", 0, b"")


def test_a_frame_in_a_member_can_be_skipped() -> None:
    """Not one that holds anything else."""
    cursor = TarCursor()
    pieces(cursor, _TAR[:512])
    assert not cursor.skip(1025)
    assert cursor.skip(600)
    assert pieces(cursor, _TAR[1112:1536]) == [("a", 600, b"A" * 100)]
    assert not cursor.skip(1)
    assert pieces(cursor, _TAR[1536:]) == [("b", 0, b"")]


def test_a_member_can_be_begun_in_the_middle_of_a_frame() -> None:
    """Where the table says that its data are; what follows goes by the headers."""
    cursor = TarCursor()
    cursor.begin(Member("c", Place(7, 100, 512, 700)))
    assert pieces(cursor, _TAR) == [("c", 0, b"A" * 700), ("b", 0, b"")]
    cursor.begin(Member("c", Place(7, 100, 5000, 700)))
    with pytest.raises(ArchiveError, match="at byte 7 does not hold"):
        pieces(cursor, _TAR)


def test_a_header_that_is_none_is_an_archive_error() -> None:
    """Damaged or cut off, it names the frame."""
    with pytest.raises(ArchiveError, match="at byte 7 holds a damaged tar header"):
        pieces(TarCursor(), b"x" * 512)
    with pytest.raises(ArchiveError, match="at byte 7 is cut off"):
        pieces(TarCursor(), _TAR[:511])
