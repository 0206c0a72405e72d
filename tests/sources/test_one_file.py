"""What is asked of a file by its path."""

import os
from pathlib import Path

from mailstrata.sources.eml import EmlSource
from mailstrata.sources.one_file import size_on_disk, stamp_on_disk


def test_the_stamp_of_a_file(tmp_path: Path) -> None:
    """Size and time of change are those of the file now; a folder and what is not there have none."""
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: x\n\nx")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    source = EmlSource(os.fsencode(path), "a.eml")
    assert source.stamp == stamp_on_disk(os.fsencode(path)) == (13, path.stat().st_mtime_ns)
    assert source.size == size_on_disk(os.fsencode(path)) == 13
    path.unlink()
    assert (source.stamp, source.size) == (None, None)
    assert stamp_on_disk(os.fsencode(tmp_path)) is None
