"""`python -m tests.conformance` writes docs/conformance.md and says what the table of deviations does not.

Ends with 1 where a difference is not listed, or a listed one not there; each is printed with its suite and fixture.
"""

from __future__ import annotations

import sys

from tests.conformance.corpora import find_corpora
from tests.conformance.deviations import TABLE, read_table
from tests.conformance.page import PAGE, render, verdicts


def main() -> int:
    """Run the suites and write the page."""
    table = read_table(TABLE.read_text("utf-8"))
    found = verdicts(find_corpora(), table)
    PAGE.write_text(render(found, table), "utf-8")
    wrong = False
    for verdict in found:
        for word, pairs in (("unlisted", verdict.unlisted), ("not there", verdict.stale)):
            for fixture, difference in pairs:
                wrong = True
                print(f"{word}: {verdict.suite}: {fixture}: {difference}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
