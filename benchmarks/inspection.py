"""What it costs to find out what content is, by kind: `python -m benchmarks.inspection` writes a table.

Processor time for telling the type by the head and for the inspection, each content by itself, as for the parts of
small messages: the best of five rounds.
"""

from __future__ import annotations

import random
import sys
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.attachments import PROGRAM, compound_file, rar5, seven_zip, tar_of, zip_of

from mailstrata.index.inspection.part import inspect_leaf
from mailstrata.index.sniff import sniff_type

_ROUNDS = 5
_SECONDS = 0.2
_OCTETS = "application/octet-stream"


def contents() -> dict[str, tuple[str, str | None, bytes]]:
    """A declared type, a file name and content for each kind."""
    noise = random.Random(1).randbytes(400_000)
    line = "The quick brown fox jumps over the lazy dog, and again.\n"
    cell = '<td style="padding:0"><a href="https://example.org/page"><img src="x.png"></a> A few words of text.</td>\n'
    names = [f"folder/file {number}.txt" for number in range(1000)]
    document = zip_of("[Content_Types].xml", "word/document.xml")
    gzip_of_zeros = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zlib.compress(bytes(20 << 20), wbits=-15)
    return {
        "plain text, 2 kB": ("text/plain", None, (line * 36).encode()),
        "plain text, 200 kB": ("text/plain", None, (line * 3600).encode()),
        "HTML, 2 kB": ("text/html", None, ("<html>" + cell * 18).encode()),
        "HTML, 100 kB": ("text/html", None, ("<html>" + cell * 900).encode()),
        "JPEG, 400 kB": ("image/jpeg", "a.jpg", b"\xff\xd8\xff\xe0" + noise),
        "PDF, 400 kB": ("application/pdf", "a.pdf", b"%PDF-1.7\n" + noise),
        "docx, 400 kB": (_OCTETS, "a.docx", document + noise),
        "zip of 1,000 files": (_OCTETS, "a.zip", zip_of(*names)),
        "doc, 400 kB": ("application/msword", "a.doc", compound_file(("WordDocument", 2)) + noise),
        "rar of 100 files": (_OCTETS, "a.rar", rar5(*names[:100])),
        "7z": (_OCTETS, "a.7z", seven_zip("a.txt", "b.txt")),
        "tar of 100 files": (_OCTETS, "a.tar", tar_of(*names[:100])),
        "gzip of 20 MB": (_OCTETS, "a.gz", gzip_of_zeros),
        "program, 400 kB": (_OCTETS, "a.exe", PROGRAM + noise),
        "unknown bytes, 400 kB": (_OCTETS, "a.bin", b"\x01\0" + noise),
    }


def best(function: Callable[[], object]) -> float:
    """Microseconds of processor time of a call."""
    times = []
    for _ in range(_ROUNDS):
        calls, began = 0, time.process_time()
        while time.process_time() - began < _SECONDS / _ROUNDS:
            function()
            calls += 1
        times.append((time.process_time() - began) / calls * 1e6)
    return min(times)


def main() -> None:
    """Write the table."""
    print("| content | type by its head, us | inspection, us | inspection, MB/s |")
    print("|---|---|---|---|")
    for name, (kind, filename, content) in contents().items():
        sniffing = best(partial(sniff_type, content))
        is_attachment = filename is not None
        inspecting = best(partial(inspect_leaf, content, kind, "7bit", filename, len(content), is_attachment))
        print(f"| {name} | {sniffing:,.1f} | {inspecting:,.1f} | {len(content) / inspecting:,.0f} |")


if __name__ == "__main__":
    main()
