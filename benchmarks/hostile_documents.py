"""What hostile documents cost when the text of mail is extracted: time, memory, and the row that says what happened.

    python -m benchmarks.hostile_documents [NAME...]

Each case is archived by itself and its texts are made in a process of its own, whose peak memory is measured together
with that of the worker process. Promised is what docs/texts.md states under "What a hostile document costs".
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from base64 import encodebytes
from collections.abc import Callable
from pathlib import Path

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _zipped(name: str, content: bytes, *others: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in ((name, content), *others):
            archive.writestr(each, data)
    return target.getvalue()


def _docx(size: int) -> bytes:
    paragraph = b"<w:p><w:r><w:t>" + b"A" * 1000 + b"</w:t></w:r></w:p>"
    body = paragraph * (size // len(paragraph))
    document = b'<?xml version="1.0"?><w:document xmlns:w="%s"><w:body>%s</w:body></w:document>' % (
        _WORD.encode(),
        body,
    )
    return _zipped("word/document.xml", document, ("[Content_Types].xml", b"<Types/>"))


def _pdf(*objects: bytes) -> bytes:
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(document)


def _pdf_of_forms(levels: int, calls: int) -> bytes:
    """A page that draws a form, which draws the next one `calls` times, and so on; the last draws the first again."""
    first = 4
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents %d 0 R/Resources<</XObject<</X %d 0 R>>>>>>"
        % (first + levels, first),
    ]
    for level in range(levels):
        following = first + (level + 1) % levels
        drawn = b"/X Do " * calls
        objects.append(
            b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>/Length %d>>"
            b"stream\n%s\nendstream" % (following, len(drawn), drawn)
        )
    objects.append(b"<</Length 5>>stream\n/X Do\nendstream")
    return _pdf(*objects)


def _pdf_of_pages() -> bytes:
    """A tree of pages that contains itself, and a cross-reference table that follows itself."""
    pages = b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000000>>"
    return _pdf(b"<</Type/Catalog/Pages 2 0 R>>", pages).replace(b"/Root", b"/Prev 9/Root")


def _zip_in_zip() -> bytes:
    content = b"\0" * (100 << 20)
    for name in ("c.bin", "b.zip", "a.zip"):
        content = _zipped(name, content)
    return content


def _attached(name: str, content_type: str, content: bytes) -> bytes:
    head = f"Content-Type: {content_type}\nContent-Disposition: attachment; filename={name}\n"
    return b"Subject: x\n" + head.encode() + b"Content-Transfer-Encoding: base64\n\n" + encodebytes(content)


def _html(content: bytes) -> bytes:
    return b"Subject: x\nContent-Type: text/html\n\n" + content


CASES: dict[str, Callable[[], bytes]] = {
    "docx bomb, 200 MB unpacked": lambda: _attached("a.docx", _DOCX, _docx(200_000_000)),
    "docx bomb, 90 MB unpacked": lambda: _attached("a.docx", _DOCX, _docx(90_000_000)),
    "PDF whose pages contain themselves": lambda: _attached("a.pdf", "application/pdf", _pdf_of_pages()),
    "PDF of forms that call each other": lambda: _attached("a.pdf", "application/pdf", _pdf_of_forms(12, 40)),
    "zip in a zip in a zip": lambda: _attached("a.zip", "application/zip", _zip_in_zip()),
    "HTML mail of 50 MB": lambda: _html(b"<p>a paragraph of <b>fifty</b> letters or so, no more.</p>\n" * 880_000),
    "HTML mail of 50 MB, nested": lambda: _html(b"<div>" * 10_000_000),
    "HTML mail of 50 MB, one tag": lambda: _html(b"<p " + b"a1=1 b2=2 " * 5_000_000 + b">x"),
    "plain text of 50 MB, all quoted": lambda: b"Subject: x\n\n" + b"> a line of quoted text\n" * 2_180_000,
}


def _peak_mib() -> int:
    """The most memory that this process has had, in MiB; `ru_maxrss` would begin with that of who started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def _run_case(name: str, folder: Path) -> None:
    """Make the texts of one archive; what a process of its own does."""
    from mailstrata.archive.reading.reader import Archive  # noqa: PLC0415
    from mailstrata.search.texts.update import TextsUpdate  # noqa: PLC0415

    started = time.perf_counter()
    with Archive.open(folder) as archive:
        rows = [row for file in TextsUpdate(archive).files() for row in file.rows.to_pylist()]
    wall = time.perf_counter() - started
    ours = resource.getrusage(resource.RUSAGE_SELF)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ours.ru_utime + ours.ru_stime + theirs.ru_utime + theirs.ru_stime
    row = next((row for row in rows if row["kind"] == "attachment"), rows[0])
    print(
        f"{name:36}  {wall:6.1f} s  {seconds:6.1f} s CPU  {_peak_mib():5} + {theirs.ru_maxrss >> 10:5} MiB  "
        f"{row['status']:11}  {row['characters']:9,} characters  {row['reason'] or ''}"
    )


def main() -> None:
    """Run the cases named on the command line, or all."""
    if len(sys.argv) == 4 and sys.argv[1] == "--case":
        _run_case(sys.argv[2], Path(sys.argv[3]))
        return
    from mailstrata.archive.recording.sink import ArchiveSink  # noqa: PLC0415
    from mailstrata.sinks.pipeline import Pipeline  # noqa: PLC0415
    from mailstrata.testing import memory_message  # noqa: PLC0415

    for name in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "archive")
            Pipeline([ArchiveSink(folder)]).run([memory_message("a.eml", CASES[name]())])
            command = [sys.executable, "-m", "benchmarks.hostile_documents", "--case", name, str(folder)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
