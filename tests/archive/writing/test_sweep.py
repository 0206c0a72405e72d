from __future__ import annotations

from pathlib import Path

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.writing.sweep import sweep

_LEFT_BEHIND = [
    "packs/00000002-0000-0123abcd.tar.zst",
    "packs/00000002-0001-0123abcd.tar.zst.part",
    "packs/.spool-0123456789abcdef",
    "index/messages/00000002-0123abcd.parquet",
    "index/parts/00000002-0123abcd-3.parquet",
    "commits/.tmp-0123",
    "commits/.claim-00000002.json",
    ".tmp-0123",
]
_OTHERS = [
    "packs/00000001-0000-0123abcd.tar.zst.par2",
    "packs/README",
    "index/messages/mine.parquet",
    "index/mine/00000002-0123abcd.parquet",
    "commits/notes.json",
    "commits/00000001.json",
    "notes.txt",
]


def test_only_what_a_writer_left_behind_is_removed(tmp_path: Path) -> None:
    """What a commit names stays, and so does what somebody put there: parity data, notes."""
    live = "packs/00000001-0000-0123abcd.tar.zst"
    for name in (*_LEFT_BEHIND, *_OTHERS, live):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert sweep(Layout(tmp_path), {live}) == len(_LEFT_BEHIND)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*_OTHERS, live}
    assert sweep(Layout(tmp_path), {live}) == 0
