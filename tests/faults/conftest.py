from __future__ import annotations

from pathlib import Path

import pytest
from support.faults import build, verify


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, which a test may damage as long as it mends it again."""
    root = build(tmp_path_factory.mktemp("faults") / "archive")
    assert [finding for finding in verify(root) if finding.is_damage] == []
    return root
