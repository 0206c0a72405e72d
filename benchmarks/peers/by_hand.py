"""The limit for archiving: read, SHA-256, zstd at level 3, write, with nothing taken apart. `INPUT FOLDER`."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import zstandard

_CHUNK = 1 << 20


def main() -> None:
    """Hash and compress one file."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    digest = hashlib.sha256()
    with (
        source.open("rb") as file,
        (folder / "limit.zst").open("wb") as out,
        zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(out, closefd=False) as compressor,
    ):
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            compressor.write(chunk)
    sys.stdout.write("{}\n")


if __name__ == "__main__":
    main()
