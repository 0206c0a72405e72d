"""Writers that are killed: at chosen points, and at whatever point a signal finds them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.archives import files_of

from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.errors import NotAnArchiveError
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing.memory import MemorySource, memory_mbox

_WRITER = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from archive.test_crash import run
from mailstrata.archive.commits import chain
from mailstrata.archive.folder import layout
from mailstrata.archive.packs import item, own_pack, pack
from mailstrata.archive.writing import session

own_pack.OWN_PACK = {own_pack}
count = 0

def before(owner, name):
    real = getattr(owner, name)
    def counted(*arguments, **named):
        global count
        count += 1
        if count == int(sys.argv[2]):
            os._exit(9)
        return real(*arguments, **named)
    setattr(owner, name, counted)

{point}
run(Path(sys.argv[1]))
"""
"""A writer that dies before it does something for the so manieth time."""
_POINTS = {
    "format.json": "before(layout, 'write_new')",
    "a frame": "before(pack.PackWriter, '_write_frame')",
    "a spool": "before(item.Item, '_write_frame')",
    "a spool made a pack": "before(own_pack, 'stored_frame')",
    "a spool renamed": "before(own_pack, 'sync_directory')",
    "pack finished": "before(pack.PackWriter, 'finish')",
    "staged": "before(session.WriterSession, 'commit')",
    "index renamed": "before(session.CommitLog, 'append')",
    "record linked": "before(Path, 'hardlink_to')",
    "record written": "before(chain, 'write_new')",
    "catalogue": "before(session.WritableCatalogue, 'commit')",
    "catalogue merged": "before(session.ContentStore, 'committed')",
}


def source() -> MemorySource:
    messages = [
        b"From a@example.org Mon Nov 10 10:00:00 2025\nSubject: %d\nContent-Type: image/png\n\n%s\n\n"
        % (n, bytes([n]) * (3000 if n != 5 else 5 << 20))
        for n in range(20)
    ]
    return memory_mbox("inbox.mbox", b"".join(messages))


def run(root: Path) -> None:
    Pipeline([ArchiveSink(root)], checkpoint_bytes=6000).run([source().in_chunks(3000)])


def check_after_death(root: Path) -> None:
    """What is committed can be read whole; the next run finishes the job, and leaves nothing behind."""
    committed: set[str] = set()
    if Layout(root).exists():
        with Archive.open(root) as archive:
            for path in archive._log.state.files:
                assert (root / path).is_file()
            for snapshot in archive.snapshots():
                assert source().contents[0].contents[0][1].startswith(files_of(archive, snapshot)[b""])  # type: ignore[union-attr]
            committed = set(archive._log.state.files)
    else:
        with pytest.raises(NotAnArchiveError):
            Archive.open(root)
    run(root)
    with Archive.open(root) as archive:
        last = archive.snapshots()[-1]
        assert last.status == "complete"
        assert files_of(archive, last)[b""] == source().contents[0].contents[0][1]  # type: ignore[union-attr]
        assert archive.totals().messages_new == 20
        live = set(archive._log.state.files)
        assert live >= committed
        there = {
            p.relative_to(root).as_posix() for f in ("packs", "index") for p in (root / f).rglob("*") if p.is_file()
        }
        assert there == live
        assert not [path.name for path in (root / "commits").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("call", [1, 4])
@pytest.mark.parametrize("point", list(_POINTS))
def test_death_at_a_chosen_point(tmp_path: Path, point: str, call: int) -> None:
    """Before each step of the first commits: the last commit is intact, and the same command finishes the job."""
    root = tmp_path / "archive"
    large = 1 if point.startswith("a spool ") else 64 << 20
    program = _WRITER.format(tests=str(Path(__file__).parent.parent), point=_POINTS[point], own_pack=large)
    ended = subprocess.run([sys.executable, "-c", program, root, str(call)], capture_output=True, check=False)
    assert ended.returncode in (9, 0), ended.stderr.decode()
    assert ended.returncode == 9 or call > 1
    check_after_death(root)


def test_killed_at_any_time(tmp_path: Path) -> None:
    """SIGKILL, again and again, at a later moment each time."""
    program = f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r}); from pathlib import Path\n"
    program += "from archive.test_crash import run\nprint('ready', flush=True)\nrun(Path(sys.argv[1]))"
    for attempt in range(4):
        root = tmp_path / str(attempt)
        with subprocess.Popen([sys.executable, "-c", program, root], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            deadline = time.monotonic() + 20
            # Not by the clock: by how many commits it has got done.
            while process.poll() is None and time.monotonic() < deadline:
                done = len(list((root / "commits").glob("*.json"))) if (root / "commits").is_dir() else -1
                if done >= attempt - 1:
                    break
            process.kill()
        check_after_death(root)
