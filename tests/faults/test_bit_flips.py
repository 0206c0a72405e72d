"""Any single flipped bit and any truncated file, anywhere in an archive, is found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.faults import cut, files_of, flipped, verify

SHORT, LONG = 40, 1000


def places(root: Path, count: int, seed: int) -> list[tuple[Path, int]]:
    """Files and bits: half of them anywhere in the archive, half of them anywhere in any file, however small."""
    choose = random.Random(seed)
    files = files_of(root)
    sizes = [path.stat().st_size for path in files]
    found = []
    for number in range(count):
        path = choose.choices(files, sizes)[0] if number % 2 else choose.choice(files)
        found.append((path, choose.randrange(8 * path.stat().st_size)))
    return found


def check_flips(root: Path, count: int, seed: int) -> None:
    """Each flip by itself is found, in the file in which it is; mended, nothing is found any more."""
    before = verify(root)
    for path, bit in places(root, count, seed):
        name = path.relative_to(root).as_posix()
        with flipped(path, bit):
            found = [finding for finding in verify(root) if finding.is_damage]
        assert name in {finding.path for finding in found}, f"bit {bit} of {name}"
    assert verify(root) == before


def test_every_flipped_bit_is_found(archive: Path) -> None:
    """At random, in a few dozen places."""
    check_flips(archive, SHORT, 20251110)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_thousand_flipped_bits_are_found(archive: Path) -> None:
    """As above, in a thousand."""
    check_flips(archive, LONG, 4711)


def test_flips_at_the_edges_are_found(archive: Path) -> None:
    """In the first and the last byte of every file, where a reader may look at nothing."""
    for path in files_of(archive):
        for bit in (0, 8 * path.stat().st_size - 1):
            with flipped(path, bit):
                found = {finding.path for finding in verify(archive) if finding.is_damage}
            assert path.relative_to(archive).as_posix() in found, f"bit {bit} of {path.name}"


def test_every_truncated_file_is_found(archive: Path) -> None:
    """Empty, without its last byte, and cut anywhere between."""
    choose = random.Random(7)
    for path in files_of(archive):
        size = path.stat().st_size
        for length in {0, size - 1, choose.randrange(size)}:
            with cut(path, length):
                found = {finding.path for finding in verify(archive) if finding.is_damage}
            assert path.relative_to(archive).as_posix() in found, f"{path.name} with {length} bytes"


def test_every_missing_file_is_found(archive: Path) -> None:
    """Whichever it is, the last commit record included: the catalogue knows of it."""
    for path in files_of(archive):
        data = path.read_bytes()
        path.unlink()
        try:
            found = {finding.path for finding in verify(archive) if finding.is_damage}
        finally:
            path.write_bytes(data)
        assert path.relative_to(archive).as_posix() in found, path.name


def test_a_flip_in_the_catalogue_is_no_damage(archive: Path) -> None:
    """It is derived: whatever happens to it is at most a note, and disturbs nothing else."""
    path = archive / "catalogue.sqlite"
    choose = random.Random(11)
    for _ in range(8):
        with flipped(path, choose.randrange(8 * path.stat().st_size)):
            found = verify(archive)
        assert not [finding for finding in found if finding.is_damage]
        assert {finding.path for finding in found} <= {path.name}
