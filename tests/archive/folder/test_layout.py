from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailstrata.archive.folder import layout as module
from mailstrata.archive.folder.layout import TABLE_NAMES, Layout
from mailstrata.errors import ArchiveError, NotAnArchiveError, TargetError, UnsupportedFormatError
from mailstrata.index.schema import TABLES


def made(root: Path) -> Layout:
    root.mkdir(exist_ok=True)
    layout = Layout(root)
    layout.create()
    return layout


def test_a_new_archive(tmp_path: Path) -> None:
    """Has a page for people, its format, and empty folders; and is found to be one."""
    layout = made(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.txt",
        "commits",
        "format.json",
        "index",
        "packs",
    ]
    assert layout.exists()
    layout.check_format()
    stated = json.loads(layout.format.read_text())
    assert (stated["format"], stated["version"], stated["features"]) == ("mailstrata-archive", 1, [])
    assert "zstd -dc" in layout.readme.read_text()


def test_the_tables_are_those_of_the_index() -> None:
    """Their names are written down twice, so that reading a message does not load pyarrow."""
    assert set(TABLE_NAMES) == set(TABLES)
    program = "import sys, mailstrata.archive.reading.reader; sys.exit('pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_archive_has_an_id_of_its_own(tmp_path: Path) -> None:
    """So that two can be told apart."""
    ids = {json.loads(made(tmp_path / name).format.read_text())["id"] for name in "ab"}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"version": 2}, UnsupportedFormatError, "archive format 2.*use a newer mailstrata"),
        ({"version": "1"}, UnsupportedFormatError, "archive format 1"),
        ({"features": ["encryption"]}, UnsupportedFormatError, "encryption.*use a newer mailstrata"),
        ({"features": None}, UnsupportedFormatError, "features"),
        ({"format": "something"}, NotAnArchiveError, "not a mailstrata archive"),
    ],
)
def test_an_unknown_format_is_refused(tmp_path: Path, change: dict[str, object], error: type, words: str) -> None:
    """A reader refuses what it does not know, and says what to do."""
    layout = made(tmp_path)
    layout.format.write_text(json.dumps(json.loads(layout.format.read_text()) | change))
    with pytest.raises(error, match=words) as raised:
        layout.check_format()
    assert "\n" not in str(raised.value)


def test_a_damaged_format_file(tmp_path: Path) -> None:
    """Is damage, not an unknown format."""
    layout = made(tmp_path)
    layout.format.write_text("{")
    with pytest.raises(ArchiveError, match="bring it back from a backup"):
        layout.check_format()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """A missing folder, an empty one, a file."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "missing", tmp_path, tmp_path / "file"):
        with pytest.raises(NotAnArchiveError, match="is not a mailstrata archive"):
            Layout(path).check_format()


def test_where_an_archive_can_be_made(tmp_path: Path) -> None:
    """In a missing or empty folder, and where making one was interrupted before format.json."""
    Layout(tmp_path / "missing").check_creatable()
    Layout(tmp_path).check_creatable()
    layout = made(tmp_path)
    layout.format.unlink()
    layout.lock.touch()
    (tmp_path / ".tmp-0123").touch()
    (tmp_path / ".claim-format.json").touch()
    layout.check_creatable()
    layout.create()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".tmp", ".claim"))]
    layout.format.unlink()
    (layout.packs / "something").touch()
    with pytest.raises(NotAnArchiveError, match="it holds packs"):
        layout.check_creatable()


def test_where_none_can_be_made(tmp_path: Path) -> None:
    """Over a file, among other files, through a dangling link; with what to do instead."""
    (tmp_path / "file").touch()
    with pytest.raises(NotAnArchiveError, match="is a file; name a folder"):
        Layout(tmp_path / "file").check_creatable()
    with pytest.raises(NotAnArchiveError, match="it holds file"):
        Layout(tmp_path).check_creatable()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotAnArchiveError):
        Layout(tmp_path / "link").check_creatable()


def test_format_json_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted at any file before it, nothing looks like an archive, and the next attempt succeeds."""
    real = module.write_new

    def fail_at_format(path: Path, data: bytes) -> None:
        if path.name == "format.json":
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(module, "write_new", fail_at_format)
    with pytest.raises(TargetError, match="No space left"):
        made(tmp_path)
    assert not Layout(tmp_path).exists()
    Layout(tmp_path).check_creatable()
    monkeypatch.undo()
    made(tmp_path).check_format()


def test_an_empty_archive_is_taken_away_again(tmp_path: Path) -> None:
    """All that `create` made, and nothing else."""
    layout = made(tmp_path)
    (tmp_path / "packs" / "note.txt").touch()
    layout.remove_empty()
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == [
        "packs",
        "packs/note.txt",
    ]
