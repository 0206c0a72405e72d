"""`python -m tests.parser.golden`: record anew what the parser says, or show what it says of one input."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# Where pytest finds what tests share.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.parser.golden import record
from tests.parser.golden.inputs import all_inputs


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.parser.golden", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write digests.json and listings.txt; see docs/parser.md")
    what.add_argument("--show", metavar="INPUT", help="the events of one input, and its defects")
    options = parser.parse_args()
    if options.write:
        record.write()
        return
    one = all_inputs().get(options.show)
    if one is None:
        parser.error(f"there is no input {options.show}")
    sys.stdout.write(record.listing(one))


if __name__ == "__main__":
    main()
