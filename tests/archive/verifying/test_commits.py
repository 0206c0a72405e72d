"""A run that never came to its first commit, beside an archive that has lost its records."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.faults import build, mbox

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.archive.verifying.findings import FindingCode
from mailstrata.archive.verifying.verify import Verification
from mailstrata.sinks.pipeline import Pipeline


def codes(root: Path) -> set[FindingCode]:
    return {finding.code for finding in Verification(root) if finding.is_damage}


def test_a_first_run_that_never_committed_is_no_damage(tmp_path: Path) -> None:
    """Its packs do not count and the next run sweeps them; nobody has to look for a backup."""
    root = tmp_path / "archive"
    Pipeline([ArchiveSink(root)]).run([mbox(3)])
    # As it was before the record was written, and the catalogue after it.
    (root / "commits" / "00000001.json").unlink()
    (root / "catalogue.sqlite").unlink()
    layout = Layout(root)
    WritableCatalogue.open(layout, CommitLog(layout.commits)).close()
    assert codes(root) == set()
    Pipeline([ArchiveSink(root)]).run([mbox(3)])
    assert list(Verification(root)) == []


@pytest.mark.parametrize("is_catalogue_there", [True, False])
def test_records_that_are_lost_are_damage(tmp_path: Path, *, is_catalogue_there: bool) -> None:
    """Whether the catalogue still knows of a commit or is gone as well."""
    root = build(tmp_path / "archive")
    for record in (root / "commits").iterdir():
        record.unlink()
    if not is_catalogue_there:
        (root / "catalogue.sqlite").unlink()
    assert FindingCode.COMMIT_MISSING in codes(root)
