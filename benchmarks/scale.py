"""How the catalogue goes on as an archive grows: `python -m benchmarks.scale --members 10000000`.

The catalogue is the one thing of which there is an entry for each distinct message and attachment. It is filled here
as a long run fills it, in commits of 100,000 digests in no order, and asked as deduplication asks it: half of the
digests are known, half are not. Printed at each doubling: members, seconds a commit, lookups a second, bytes on disk a
member, and the peak memory of the process. `--folder` should lie on the kind of disk where the archive is to lie.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mailstrata.archive.catalogue.catalogue_writer import WritableCatalogue
from mailstrata.archive.commits.chain import ArchiveState, CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MemberKind, content_name
from mailstrata.archive.packs.pack_table import Member, Place

_A_COMMIT = 100_000
_LOOKUPS = 20_000
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def digest(number: int) -> str:
    """The digest of the member of that number."""
    return hashlib.sha256(number.to_bytes(8)).hexdigest()


def members(first: int, count: int) -> Iterator[Member]:
    """Members as a pack would list them."""
    for number in range(first, first + count):
        at = number % _A_COMMIT
        yield Member(content_name(MemberKind.BLOB, digest(number)), Place(at * 50, 4096, at % 64 * 1000, 1000))


def fill(folder: Path, total: int) -> None:
    """Fill a catalogue in `folder` with `total` members, and print how it goes."""
    layout = Layout(folder)
    layout.commits.mkdir()
    catalogue = WritableCatalogue.open(layout, CommitLog(layout.commits))
    state = ArchiveState()
    mark = _A_COMMIT
    sys.stdout.write(f"{'members':>13} {'s/commit':>9} {'lookups/s':>10} {'bytes each':>11} {'peak MB':>8}\n")
    for first in range(0, total, _A_COMMIT):
        count = min(_A_COMMIT, total - first)
        state.number += 1
        # As `stage` gets them: a frame's members at a time.
        batch = list(members(first, count))
        started = time.perf_counter()
        for at in range(0, count, 500):
            catalogue.stage(f"packs/{state.number:08d}.tar.zst", batch[at : at + 500])
        catalogue.commit(state)
        seconds = time.perf_counter() - started
        if first + count >= min(mark, total):
            mark *= 2
            rate = lookups(catalogue, first + count)
            each = layout.catalogue.stat().st_size / (first + count)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6
            sys.stdout.write(f"{first + count:13,} {seconds:9.2f} {rate:10,.0f} {each:11.0f} {peak:8.0f}\n")
            sys.stdout.flush()
    catalogue.close()


def lookups(catalogue: WritableCatalogue, known: int) -> float:
    """Lookups a second, of digests in no order, every second one of which is known."""
    chosen = random.Random(known)
    keys = [bytes.fromhex(digest(chosen.randrange(2 * known))) for _ in range(_LOOKUPS)]
    started = time.perf_counter()
    for key in keys:
        catalogue.is_known(MemberKind.BLOB, key)
    return _LOOKUPS / (time.perf_counter() - started)


def main() -> None:
    """Fill a catalogue in a temporary folder, and print how it goes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description="How the catalogue goes on.")
    parser.add_argument("--members", type=int, default=1_000_000, metavar="N", help="how many distinct members")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the catalogue is made")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        fill(Path(folder), chosen.members)


if __name__ == "__main__":
    main()
