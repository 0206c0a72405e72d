from __future__ import annotations

from pathlib import Path

import pytest

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.jobs.fragments import Fragment
from mailstrata.archive.writing.store import ContentStore
from mailstrata.message.origin import SourceInfo

DESCRIPTORS = Path("/proc/self/fd")


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="open files are counted in /proc")
def test_a_fragment_that_is_given_up_holds_no_file(tmp_path: Path) -> None:
    """A run that fails never takes its lines, of which there may be so many that they lie in a file."""
    layout = Layout(tmp_path)
    layout.create()
    catalogue = WritableCatalogue.open(layout, CommitLog(layout.commits))
    store = ContentStore(layout, catalogue, level=1, number=1, placed=lambda *_: None)
    before = sum(1 for _ in DESCRIPTORS.iterdir())
    fragment = Fragment(store, SourceInfo("a", b"/a", "mbox"), "snapshot", layout.packs, lambda _: None)
    for number in range(20_000):
        fragment.copy("before", 2 * number, 1)
    assert fragment.spooled
    assert sum(1 for _ in DESCRIPTORS.iterdir()) == before + 1
    fragment.discard()
    assert sum(1 for _ in DESCRIPTORS.iterdir()) == before
    store.discard()
    catalogue.close()
