from hypothesis import given
from hypothesis import strategies as st

from mailstrata.sinks.target_names import MAX_NAME_BYTES, MAX_PIECE_BYTES, safe_pieces


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"..", b".", b"", b"a" * 300, b"/" * 5000]), max_size=40))
def test_pieces_can_always_be_created(pieces: list[bytes]) -> None:
    """No piece climbs, hides a folder, is too long or empty, and together they are no path that programs refuse."""
    found = safe_pieces(b"/".join(pieces))
    assert found
    for piece in found:
        assert piece not in (b"", b".", b"..")
        assert b"/" not in piece
        assert b"\0" not in piece
        assert len(piece) <= MAX_PIECE_BYTES
    assert len(b"/".join(found)) <= MAX_NAME_BYTES
