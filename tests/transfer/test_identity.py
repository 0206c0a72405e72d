"""7bit, 8bit and binary."""

from support.decoding import decode

from mailstrata.transfer.identity import IdentityDecoder


def test_same_object() -> None:
    """Bytes pass without being copied."""
    data = bytes(range(256)) * 10
    assert IdentityDecoder().feed(data) is data


def test_any_bytes_pass_without_defect() -> None:
    """8-bit bytes, NUL, bare CR and long lines are content like any other."""
    data = b"\x00\xff\r\r\n" + b"x" * 5000
    assert decode(IdentityDecoder, data) == (data, [])
