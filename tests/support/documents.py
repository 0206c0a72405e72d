"""Small documents, made by hand, so that no binary file lies in the tests."""

from __future__ import annotations

import io
import zipfile
from base64 import encodebytes

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def zipped(*files: tuple[str, str | bytes]) -> bytes:
    """A zip file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return target.getvalue()


def docx(body: str) -> bytes:
    """A Word document with that WordprocessingML in its body."""
    kind = f"{DOCX}.main+xml"
    return zipped(
        (
            "[Content_Types].xml",
            f'<?xml version="1.0"?><Types xmlns="{_TYPES}"><Default Extension="rels" ContentType="application/vnd.'
            'openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>',
        ),
        (
            "_rels/.rels",
            f'<?xml version="1.0"?><Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_DOCUMENT}" '
            'Target="word/document.xml"/></Relationships>',
        ),
        (
            "word/document.xml",
            f'<?xml version="1.0"?><w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        ),
    )


def docx_of(text: str) -> bytes:
    """A Word document of one paragraph."""
    return docx(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")


def odt_of(text: str) -> bytes:
    """An OpenDocument text of one paragraph."""
    return zipped(
        ("mimetype", ODT),
        (
            "content.xml",
            f'<?xml version="1.0"?><office:document-content xmlns:office="{_OFFICE}" xmlns:text="{_TEXT}"><office:body>'
            f"<office:text><text:p>{text}</text:p></office:text></office:body></office:document-content>",
        ),
    )


def pdf_of(text: str, *, kids: bytes = b"3 0 R") -> bytes:
    """A PDF of one page (ISO 32000-1, 7.5)."""
    shown = b"BT /F1 24 Tf 100 700 Td (" + text.encode("ascii") + b") Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(document)
    document += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % table
    return bytes(document)


def attached(name: str, content_type: str, content: bytes) -> bytes:
    """A part that carries the content in base64."""
    return (
        b"Content-Type: %s\nContent-Disposition: attachment; filename=%s\nContent-Transfer-Encoding: base64\n\n"
        % (content_type.encode(), name.encode())
    ) + encodebytes(content)


def multipart(subtype: str, *parts: bytes, boundary: str = "b", subject: str = "x") -> bytes:
    """A message of these parts."""
    border = b"\n--%s" % boundary.encode()
    head = (
        f"From: ann@example.org\nSubject: {subject}\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/{subtype}; boundary={boundary}\n"
    )
    return head.encode() + b"".join(border + b"\n" + part for part in parts) + border + b"--\n"
