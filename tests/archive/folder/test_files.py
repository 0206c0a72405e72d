from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mailstrata.archive.folder.files import remove, write_new


def test_a_new_file_is_whole_and_alone(tmp_path: Path) -> None:
    """It has its content, and no temporary file is left."""
    write_new(tmp_path / "a", b"content")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"content"}


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_never_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """With links and, where the file system has none, with a rename."""
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    write_new(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"second")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first"}


def no_links(self: Path, target: Path) -> None:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


def test_without_links_a_claim_keeps_others_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two writers only one has the claim; the other one fails before it renames anything."""
    monkeypatch.setattr(Path, "hardlink_to", no_links)
    (tmp_path / ".claim-a").touch()
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"content")
    assert [path.name for path in tmp_path.iterdir()] == [".claim-a"]


def test_a_file_appears_only_after_it_was_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content, then name, then folder: a crash in between leaves nothing under the name, or all."""
    seen: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        seen.append((Path(f"/proc/self/fd/{descriptor}").readlink().name[:5], (tmp_path / "a").exists()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell which file is synced")
    monkeypatch.setattr(os, "fsync", fsync)
    write_new(tmp_path / "a", b"content")
    assert seen == [(".tmp-", False), (tmp_path.name[:5], True)]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full when the file is synced."""

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "a", b"content")
    assert not list(tmp_path.iterdir())


def test_removing_what_is_gone(tmp_path: Path) -> None:
    """Is no error."""
    remove(tmp_path / "a")
