"""`python -m tests.conformance.defect_counts`: how often each defect occurs in the real mail, by set.

With `--show CODE` the places of a defect, to be looked at by eye: file, offsets, never what the mail says.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import mailstrata
from mailstrata.parser.defects import Defect
from tests.conformance.corpora import find_corpora

SETS = ("real", "mbox")


def defects(folder: Path) -> Iterator[tuple[str, str, Defect]]:
    """Of all mail below a folder: the file, the part's path, the defect. Every text is decoded."""
    for message in mailstrata.open(folder):
        name = f"{message.source.label}/{message.file.name.decode('utf-8', 'replace')}".rstrip("/")
        for part in message.parts():
            if part.content_type.startswith("text/"):
                part.text()
            else:
                for _ in part:
                    pass
            for defect in part.defects:
                yield name, part.path, defect
        for defect in message.defects:
            yield name, "", defect


def sets(corpora: Path) -> Iterator[Path]:
    """The folders of each set of real mail."""
    for name in SETS:
        yield from sorted(path for path in (corpora / name).iterdir() if path.is_dir())


def main() -> None:
    """Count, or show."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.defect_counts")
    parser.add_argument("--show", metavar="CODE", help="list the places of one defect")
    chosen = parser.parse_args()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for folder in sets(find_corpora()):
        for name, path, defect in defects(folder):
            code = defect.code.value
            counts[code][folder.name] += 1
            if code == chosen.show:
                sys.stdout.write(f"{name} {path or '-'} {defect.start}-{defect.end}\n")
    if chosen.show:
        return
    for code, by_set in sorted(counts.items(), key=lambda item: -item[1].total()):
        where = ", ".join(f"{name} {count:,}" for name, count in by_set.most_common())
        sys.stdout.write(f"| `{code}` | {by_set.total():,} | {where} |\n")


if __name__ == "__main__":
    main()
