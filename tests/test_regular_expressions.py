"""What expressions must not use, though the newest Python takes it."""

import re
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
POSSESSIVE_GROUP = re.compile(r"\)(?:\*|\+|\?|\{\d*,?\d*\})\+")


def test_no_possessive_groups():
    """Python before 3.11.5 matches a possessive quantifier on a group wrongly (gh-106052); an atomic group around a
    greedy one says the same: `(?>(?:...)*)`."""
    found = [
        f"{path.name}:{number}"
        for path in SOURCES.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if POSSESSIVE_GROUP.search(line)
    ]
    assert found == []
