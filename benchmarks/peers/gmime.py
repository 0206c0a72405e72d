"""Builds `gmime_peer.c`, where a C compiler and GMime 3 are installed (Debian: gcc, pkg-config, libgmime-3.0-dev)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.checkout import ROOT

HOW_TO_INSTALL = "GMime is not installed (Debian: apt install gcc pkg-config libgmime-3.0-dev)"
_SOURCE = Path(__file__).with_name("gmime_peer.c")


def program() -> Path | None:
    """The program, built in `build/` if it is older than its source; None where GMime or a compiler is missing."""
    compiler = shutil.which("cc")
    if compiler is None or shutil.which("pkg-config") is None:
        return None
    found = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "gmime-3.0"], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        return None
    target = ROOT / "build" / "gmime_peer"
    if not target.exists() or target.stat().st_mtime < _SOURCE.stat().st_mtime:
        target.parent.mkdir(exist_ok=True)
        # Built aside and renamed: several processes may want it at the same time.
        made = target.with_name(f"gmime_peer.{os.getpid()}")
        subprocess.run([compiler, "-O2", "-Wall", "-o", made, _SOURCE, *found.stdout.split()], check=True)
        made.replace(target)
    return target
