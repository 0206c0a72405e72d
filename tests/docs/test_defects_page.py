"""docs/defects.md lists every defect; `UPDATE_DOCS=1 pytest tests/docs` writes it anew."""

import os
from pathlib import Path

from mailstrata.parser.defects import DefectCode

PAGE = Path(__file__).parents[2] / "docs" / "defects.md"
HEAD = """# Defects

Malformed mail is normal mail. What is wrong with a message is recorded as a *defect*: a code and the span of source
bytes that it concerns; it never stops anything. Codes stand in the JSON of `mailstrata parse`, in the columns `defects`
of the index, in `Message.defects` and `Part.defects`. The set may grow; a code never changes its meaning.

Each says which reading mailstrata takes and, where popular clients read something else, what that is.

| code | what was found, and how it is read |
|---|---|
"""


def render() -> str:
    """The page."""
    return HEAD + "".join(f"| `{code.value}` | {code.meaning} |\n" for code in DefectCode)


def test_page_is_up_to_date():
    """The page says what the code says."""
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(render(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == render()


def test_codes_are_distinct_and_documented():
    """Each code has a name of its own, and a sentence."""
    assert len({code.value for code in DefectCode}) == len(DefectCode)
    assert all(code.meaning.endswith(".") for code in DefectCode)
