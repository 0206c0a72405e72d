"""What sources that are folders have in common."""

import os
from pathlib import Path

import pytest

from mailstrata.sources.apple import AppleMailSource
from mailstrata.sources.eml import EmlTreeSource
from mailstrata.sources.maildir import MaildirSource


@pytest.mark.parametrize(
    ("source", "kind"), [(AppleMailSource, "apple-mail"), (EmlTreeSource, "eml-tree"), (MaildirSource, "maildir")]
)
def test_a_folder_has_neither_size_nor_stamp(tmp_path: Path, source: type, kind: str) -> None:
    """A folder's own time and size say nothing of the mail in it, so that it must be gone through."""
    found = source(os.fsencode(tmp_path), "mail")
    assert (found.info.kind, found.info.label, found.info.path) == (kind, "mail", os.fsencode(tmp_path))
    assert (found.size, found.stamp) == (None, None)
