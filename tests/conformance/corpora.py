"""Where the third-party mail is that the conformance tests read. It is no part of the project."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / "build" / "corpora"
NAMES = ("conformance", "mbox", "real")


def find_corpora() -> Path:
    """The folder with the unpacked corpora, from the archives that MAILSTRATA_CORPORA names or that lie beside the
    checkout. Several processes may unpack at once: the first to finish puts them in place.

    Raises `FileNotFoundError` where the archives are missing.
    """
    if not UNPACKED.is_dir():
        packed = Path(os.environ.get("MAILSTRATA_CORPORA", ROOT.parent / "shared" / "corpora"))
        archives = [packed / f"{name}.tar.xz" for name in NAMES]
        if not all(archive.is_file() for archive in archives):
            raise FileNotFoundError(f"no real mail to test with: {packed} does not hold the corpora")
        UNPACKED.parent.mkdir(exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=UNPACKED.parent))
        try:
            for archive in archives:
                with tarfile.open(archive) as tar:
                    tar.extractall(staging, filter="data")
            staging.chmod(0o755)
            staging.rename(UNPACKED)
        except OSError:
            if not UNPACKED.is_dir():
                raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return UNPACKED
