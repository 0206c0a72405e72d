"""Files that are read as mail."""

import os
from pathlib import Path

import pytest

from mailstrata.errors import SourceNotFoundError
from mailstrata.message.origin import FileInfo
from mailstrata.sources.content import DiskFile, StreamedFile


def test_a_file_can_be_read_again(tmp_path: Path) -> None:
    """Each pass over the regions opens the file anew; one that is left early closes it."""
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: x\n\n" + b"text\n" * 1000)
    file = DiskFile(os.fsencode(path), "a.eml", "message", FileInfo())
    first = file.regions()
    next(next(first).chunks)
    first.close()
    assert [b"".join(region.chunks) for region in file.regions()] == [path.read_bytes()]
    assert file.length_check is None


def test_nothing_is_opened_before_it_is_read(tmp_path: Path) -> None:
    """A file that has gone is an error of the regions, not of the object."""
    file = DiskFile(os.fsencode(tmp_path / "x"), "x", "mbox", FileInfo(), check_lengths=True)
    regions = file.regions()
    assert file.length_check is not None
    assert not file.length_check(0)
    with pytest.raises(SourceNotFoundError):
        next(regions)


def test_a_stream() -> None:
    """A streamed file is its chunks; it cannot be asked about lengths."""
    file = StreamedFile("mbox", iter([b"a", b"b"]), FileInfo(quoting="mboxcl2"))
    assert [(region.kind, list(region.chunks)) for region in file.regions()] == [("mbox", [b"a", b"b"])]
    assert file.length_check is None
