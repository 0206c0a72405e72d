from __future__ import annotations

from pathlib import Path

import pytest

from mailstrata.archive.packs.pack_files import MOST_OPEN, OpenPacks, reading
from mailstrata.errors import ArchiveError


def test_a_few_packs_stay_open(tmp_path: Path) -> None:
    """Those used last; the others are closed, and opened again when they are asked for."""
    paths = [tmp_path / str(number) for number in range(MOST_OPEN + 2)]
    for path in paths:
        path.write_bytes(path.name.encode())
    packs = OpenPacks()
    first = packs.open(paths[0])
    files = [packs.open(path) for path in paths[:MOST_OPEN]]
    assert packs.open(paths[0]) is first is files[0]
    packs.open(paths[MOST_OPEN])
    packs.open(paths[MOST_OPEN + 1])
    assert [file.closed for file in files] == [False, True, True] + [False] * (MOST_OPEN - 3)
    assert packs.open(paths[1]).read() == b"1"
    packs.close()
    assert all(file.closed for file in files)
    assert packs.open(paths[0]).read() == b"0"
    packs.close()


def test_what_is_wrong_names_the_pack(tmp_path: Path) -> None:
    """In one line, with what to do; the error of the system is its cause."""
    path = tmp_path / "pack"
    with pytest.raises(ArchiveError, match="pack is missing: bring it back") as caught, reading(path):
        path.open("rb")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(ArchiveError, match=r"cannot read .*pack: Is a directory; check"), reading(path):
        tmp_path.open("rb")
    with pytest.raises(ArchiveError, match=r"pack: broken; bring it back"), reading(path):
        raise ArchiveError("broken")
