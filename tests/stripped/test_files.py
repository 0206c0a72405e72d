"""Removing what a run left behind."""

import shutil
import stat
from pathlib import Path

import pytest

from mailstrata.stripped.files import remove_tree


def test_closed_folders_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders whose modes forbid their owner to empty them go too; what a link leads to stays as it is."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o500)
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/link").symlink_to(elsewhere)
    (tree / "a/b").chmod(0o000)
    (tree / "a").chmod(0o500)
    real = shutil.rmtree

    def as_not_root(path: Path) -> None:
        # To root nothing is closed.
        if any(stat.S_IMODE(folder.stat().st_mode) & 0o700 != 0o700 for folder in (path / "a", path / "a/b")):
            raise PermissionError(13, "no")
        real(path)

    monkeypatch.setattr(shutil, "rmtree", as_not_root)
    remove_tree(tree)
    assert not tree.exists()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o500
    remove_tree(tree)
