"""The files that are attached: small, and valid for whoever opens them.

Compressed formats are written with stored (uncompressed) blocks, so that their bytes do not depend on the
version of zlib.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_ZIP_DATE = (2024, 1, 1, 0, 0, 0)


def png(width: int, height: int, seed: int) -> bytes:
    """A PNG picture of a sky over a road, with the grain of a photograph (ISO/IEC 15948)."""
    grain = random.Random(f"png {seed}")
    red, green, blue = grain.randrange(60, 160), grain.randrange(60, 160), grain.randrange(120, 200)
    rows = []
    for y in range(height):
        noise = grain.randbytes(3 * width)
        shade = 40 * y // height
        base = (red + shade, green + shade // 2, blue - shade) if 2 * y < height else (red // 2, green // 2, 60)
        rows.append(b"\0" + bytes((base[i % 3] + i // 12 % 24 + (noise[i] & 15)) & 255 for i in range(3 * width)))
    chunks = [
        _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        _png_chunk(b"IDAT", _zlib_stored(b"".join(rows))),
        _png_chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _zlib_stored(data: bytes) -> bytes:
    """A zlib stream of stored blocks (RFC 1950; RFC 1951, 3.2.4)."""
    stream = bytearray(b"\x78\x01")
    for start in range(0, len(data), 0xFFFF):
        block = data[start : start + 0xFFFF]
        last = start + 0xFFFF >= len(data)
        stream += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    return bytes(stream) + struct.pack(">I", zlib.adler32(data))


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A PDF of one page (ISO 32000-1, 7.5), in Latin-1."""

    def literal(words: str) -> bytes:
        safe = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        return b"(" + safe.encode("latin-1") + b")"

    content = b"BT /F1 18 Tf 72 770 Td " + literal(title) + b" Tj /F1 11 Tf 0 -12 Td 15 TL\n"
    content += b"".join(b"T* " + literal(line) + b" Tj\n" for line in lines) + b"ET\n"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n" % len(content) + content + b"endstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title " + literal(title) + b" /Producer (mailstrata samples) >>",
    ]
    document = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\n" % (len(objects) + 1)
    document += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(document)


def zip_file(members: Mapping[str, bytes], *, compress: bool = False) -> bytes:
    """A zip file; stored unless `compress` is set, with one fixed date for every member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            archive.writestr(info, data)
    return buffer.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/{}/2006/main"


def _office_package(part: str, content_type: str, others: Mapping[str, tuple[str, str]]) -> dict[str, bytes]:
    """What every Office Open XML file begins with (ECMA-376, part 2)."""
    overrides = {part: content_type, **{name: kind for name, (kind, _) in others.items()}}
    types = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
    return {
        "[Content_Types].xml": (
            f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>'
        ).encode(),
        "_rels/.rels": (
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="{part}"/></Relationships>'
        ).encode(),
        **{name: xml.encode() for name, (_, xml) in others.items()},
    }


def docx(paragraphs: Sequence[str]) -> bytes:
    """A Word document."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    members = _office_package("word/document.xml", kind, {})
    body = "".join(f"<w:p><w:r><w:t>{escape(words)}</w:t></w:r></w:p>" for words in paragraphs)
    namespace = _MAIN.format("wordprocessingml")
    members["word/document.xml"] = (
        f'{_XML}<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
    ).encode()
    return zip_file(members)


def xlsx(rows: Sequence[Sequence[str | int]]) -> bytes:
    """An Excel workbook of one sheet."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    namespace = _MAIN.format("spreadsheetml")
    lines = []
    for row in rows:
        cells = "".join(
            f"<c><v>{cell}</v></c>" if isinstance(cell, int) else f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
            for cell in row
        )
        lines.append(f"<row>{cells}</row>")
    sheet = f'{_XML}<worksheet xmlns="{namespace}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    members = _office_package(
        "xl/workbook.xml",
        f"{kind}sheet.main+xml",
        {"xl/worksheets/sheet1.xml": (f"{kind}worksheet+xml", sheet)},
    )
    members["xl/workbook.xml"] = (
        f'{_XML}<workbook xmlns="{namespace}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ).encode()
    members["xl/_rels/workbook.xml.rels"] = (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ).encode()
    return zip_file(members)


def wav(milliseconds: int) -> bytes:
    """A sound, 8 kHz, 8 bits, one channel: a rising triangle wave in whole numbers."""
    samples = bytearray()
    phase = 0
    for index in range(8 * milliseconds):
        phase = (phase + 14 + index // 400) % 512
        samples.append(phase if phase < 256 else 511 - phase)
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", len(form))
        + form
        + struct.pack("<4sI", b"data", len(samples))
        + bytes(samples)
    )


def calendar(uid: str, start: str, end: str, summary: str, place: str) -> str:
    """An invitation (RFC 5545)."""
    return "\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//example.org//samples//EN",
            "METHOD:REQUEST",
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20240101T000000Z",
            f"DTSTART:{start}",
            f"DTEND:{end}",
            f"SUMMARY:{summary}",
            f"LOCATION:{place}",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    )
