"""docs/attachment-flags.md lists every flag; `UPDATE_DOCS=1 pytest tests/docs` writes its tables anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mailstrata.index.inspection.flags import Flag, Severity
from mailstrata.index.inspection.part import AMBIGUITIES
from mailstrata.parser.defects import DefectCode

PAGE = Path(__file__).parents[2] / "docs" / "attachment-flags.md"


def flags_table() -> str:
    """Every flag, worst first."""
    head = "| flag | column | severity | a part has it when |\n|---|---|---|---|\n"
    ordered = sorted(Flag, key=lambda flag: -flag.severity)
    return head + "".join(
        f"| `{flag.value}` | `{flag.column}` | {flag.severity.name.lower()} | {flag.description} |\n"
        for flag in ordered
    )


def ambiguities() -> str:
    """The defects that make a part ambiguous, in the order of docs/defects.md."""
    return ", ".join(f"`{code.value}`" for code in DefectCode if code in AMBIGUITIES) + ".\n"


def updated(page: str) -> str:
    """The page with what the code says."""
    for name, text in (("flags", flags_table()), ("ambiguities", ambiguities())):
        page, times = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda match, text=text: match[1] + text + match[2],
            page,
            flags=re.DOTALL,
        )
        assert times == 1
    return page


def test_the_page_is_up_to_date() -> None:
    """The page says what the code says."""
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_DOCS"):
        page = updated(page)
        PAGE.write_text(page, encoding="utf-8")
    assert page == updated(page)


def test_each_flag_is_described() -> None:
    """A sentence, a few words, a severity, a column of its own."""
    assert len({flag.column for flag in Flag}) == len(Flag)
    assert all(flag.description.endswith(".") and flag.reason and flag.severity in Severity for flag in Flag)
