from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.archive.packs import tar_format
from mailstrata.errors import ArchiveError

_SIZES = [0, 1, 511, 512, 513, 8**11 - 1, 8**11, 8 << 30, 1 << 40, (1 << 62) + 5]


@pytest.mark.parametrize("size", _SIZES)
def test_tarfile_reads_a_header(size: int) -> None:
    """The standard library agrees on name, size and metadata, beyond 8 GiB too."""
    info = tarfile.TarInfo.frombuf(tar_format.header("blobs/ab/" + "c" * 64, size), "ascii", "strict")
    assert (info.name, info.size, info.mode, info.mtime) == ("blobs/ab/" + "c" * 64, size, 0o644, 0)
    assert info.isreg()
    assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")


@given(
    name=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=100),
    size=st.one_of(st.sampled_from(_SIZES), st.integers(0, 1 << 60)),
)
def test_a_header_is_read_back(name: str, size: int) -> None:
    """Whatever name and size went in come out."""
    assert tar_format.read_header(tar_format.header(name, size)) == (name, size)


def test_reads_what_tarfile_writes() -> None:
    """A header by the standard library is read, so that another writer may use it."""
    for member_format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT):
        info = tarfile.TarInfo("messages/ab/x.eml")
        info.size = 1234
        assert tar_format.read_header(info.tobuf(member_format)) == ("messages/ab/x.eml", 1234)


def test_zeros_are_no_header() -> None:
    """A block of zeros ends the tar file."""
    assert tar_format.read_header(bytes(512)) is None


@pytest.mark.parametrize("place", [0, 99, 100, 124, 148, 156, 257, 400])
def test_a_damaged_header_is_noticed(place: int) -> None:
    """A flipped bit anywhere is an error, and no member of another name or size."""
    block = bytearray(tar_format.header("blobs/ab/x", 7))
    block[place] ^= 1
    with pytest.raises(ArchiveError):
        tar_format.read_header(bytes(block))


def test_other_members_than_files_are_refused() -> None:
    """A link or a folder is never in a pack; reading one as a file could be made to mean something else."""
    info = tarfile.TarInfo("blobs/ab/x")
    info.type = tarfile.SYMTYPE
    info.linkname = "/etc/passwd"
    with pytest.raises(ArchiveError):
        tar_format.read_header(info.tobuf(tarfile.USTAR_FORMAT))


@pytest.mark.parametrize("name", ["", "x" * 101, "caf\u00e9"])
def test_names_that_do_not_fit_are_a_bug(name: str) -> None:
    """No name is cut or changed silently."""
    with pytest.raises(ValueError, match=r"member's name|ascii"):
        tar_format.header(name, 1)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1000])
def test_padding_fills_the_block(size: int) -> None:
    """Header, data and padding are whole blocks, as tarfile wants them."""
    data = b"x" * size
    tar = tar_format.header("a", size) + data + bytes(tar_format.padding(size)) + tar_format.END_OF_ARCHIVE
    assert len(tar) % 512 == 0
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        file = opened.extractfile("a")
        assert file is not None
        assert file.read() == data


def test_the_members_of_a_frame_are_listed() -> None:
    """Those that lie whole in it, empty ones too; what is cut off, or no header, ends the list."""
    contents = {"blobs/ab/x": b"a" * 600, "messages/ab/" + "y" * 88: b"", "sources/1/2.jsonl": b"b" * 512}
    content = b""
    expected = []
    for name, data in contents.items():
        content += tar_format.header(name, len(data))
        expected.append((name, len(content), len(data)))
        content += data + bytes(tar_format.padding(len(data)))
    assert list(tar_format.members_in(content)) == expected
    assert list(tar_format.members_in(content + tar_format.END_OF_ARCHIVE)) == expected
    assert list(tar_format.members_in(content + b"x" * 512)) == expected
    assert list(tar_format.members_in(content + tar_format.header("blobs/ab/z", 8 << 30))) == expected
    assert list(tar_format.members_in(content[:-1])) == expected[:-1]
    assert list(tar_format.members_in(content[:1000])) == []
