"""What an attachment is taken for, and so who makes its text: by what its content shows first, by what its header
says second.

The content counts more than the label, since most wrong labels are `application/octet-stream` over what the content
plainly is. Where content shows only a family (text, a zip file, an OLE file), the label or the file's extension
chooses in it.
"""

from __future__ import annotations

from typing import NamedTuple

PLAIN, HTML, DOCUMENT, MESSAGE, NO_TEXT, UNSUPPORTED, ENCRYPTED = (
    *("plain", "html", "document", "message", "no-text", "unsupported", "encrypted"),
)


class Kind(NamedTuple):
    """`content_type` is what the content is taken for; `way` is one of the constants here."""

    content_type: str
    way: str
    reason: str | None = None


_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_EXTENSIONS = {
    "pdf": "application/pdf",
    "docx": f"{_OOXML}wordprocessingml.document",
    "docm": f"{_OOXML}wordprocessingml.document",
    "dotx": f"{_OOXML}wordprocessingml.document",
    "xlsx": f"{_OOXML}spreadsheetml.sheet",
    "xlsm": f"{_OOXML}spreadsheetml.sheet",
    "pptx": f"{_OOXML}presentationml.presentation",
    "pptm": f"{_OOXML}presentationml.presentation",
    "ppsx": f"{_OOXML}presentationml.presentation",
    "doc": "application/msword",
    "dot": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "pps": "application/vnd.ms-powerpoint",
    "odt": f"{_ODF}text",
    "ods": f"{_ODF}spreadsheet",
    "odp": f"{_ODF}presentation",
    "rtf": "text/rtf",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "csv": "text/csv",
    "epub": "application/epub+zip",
    "msg": "application/vnd.ms-outlook",
}
_DOCUMENTS = frozenset(
    {
        *(kind for kind in _EXTENSIONS.values() if kind.startswith("application/")),
        *("text/rtf", "application/rtf"),
    }
)
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_TEXT_LIKE = frozenset(
    {
        *("application/json", "application/xml", "application/javascript", "application/x-sh", "application/x-patch"),
        *("message/delivery-status", "message/disposition-notification", "message/feedback-report"),
        *("application/ics", "application/sql", "application/x-httpd-php", "application/pgp-keys", "message/partial"),
    }
)
_NO_TEXT_MAJOR = ("image/", "audio/", "video/", "font/", "model/")
_NO_TEXT = frozenset(
    {
        *("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"),
        *("application/x-dosexec", "application/x-executable", "application/x-msdownload", "application/x-mach-binary"),
        *("application/vnd.microsoft.portable-executable", "application/x-shockwave-flash", "application/x-sharedlib"),
        *("application/x-ms-shortcut", "application/font-sfnt", "application/vnd.ms-opentype", "application/ms-tnef"),
    }
)
_ENCRYPTED = frozenset({"application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_ARCHIVES = frozenset(
    {
        *("application/zip", "application/gzip", "application/x-gzip", "application/x-bzip2", "application/x-xz"),
        *("application/zstd", "application/x-7z-compressed", "application/x-rar", "application/vnd.rar"),
        *("application/x-tar", "application/java-archive", "application/vnd.ms-cab-compressed", "application/x-lzip"),
        *("application/x-iso9660-image", "application/x-zip-compressed", "application/x-arj", "application/x-lha"),
    }
)
_NOT_UNPACKED = "archives are not unpacked; extract it to see what it holds"
_ZIP = frozenset({"application/zip", "application/x-zip-compressed", "application/java-archive"})
_OLE = frozenset({"application/x-ole-storage", "application/cdfv2", "application/vnd.ms-office", "application/x-cfb"})
_OLE_DOCUMENTS = frozenset(
    {
        *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
        "application/vnd.ms-outlook",
    }
)
_SYNONYMS = {
    "application/x-pdf": "application/pdf",
    "application/rtf": "text/rtf",
    "text/richtext": "text/rtf",
    "application/vnd.ms-word": "application/msword",
    "application/vnd.ms-word.document.macroenabled.12": f"{_OOXML}wordprocessingml.document",
    "application/vnd.ms-excel.sheet.macroenabled.12": f"{_OOXML}spreadsheetml.sheet",
    "application/msexcel": "application/vnd.ms-excel",
    "application/x-msexcel": "application/vnd.ms-excel",
    "application/mspowerpoint": "application/vnd.ms-powerpoint",
    "text/comma-separated-values": "text/csv",
    "application/csv": "text/csv",
    "application/ics": "text/calendar",
}


def kind_of(declared: str, sniffed: str | None, filename: str | None) -> Kind:
    """What content is taken for: by its declared type, what its first bytes show (None: nothing known), and its
    name."""
    declared = _SYNONYMS.get(declared, declared)
    sniffed = None if sniffed is None else _SYNONYMS.get(sniffed, sniffed)
    named = _EXTENSIONS.get(filename.rpartition(".")[2].strip().lower()) if filename and "." in filename else None
    if sniffed in _ZIP:
        said = next((said for said in (declared, named) if said in _DOCUMENTS and said not in _OLE_DOCUMENTS), None)
        if said is None or said in ("application/pdf", "text/rtf"):
            return Kind("application/zip", UNSUPPORTED, _NOT_UNPACKED)
        return Kind(said, DOCUMENT)
    if sniffed in _OLE:
        said = next((said for said in (declared, named) if said in _OLE_DOCUMENTS), None)
        if said is None:
            return Kind(str(sniffed), UNSUPPORTED, "an OLE file of a kind that is not known")
        return Kind(said, DOCUMENT)
    if sniffed in ("text/plain", "text/xml"):
        if named == "text/html" or declared in _HTML:
            return Kind("text/html", HTML)
        if declared in _MESSAGES or named in _MESSAGES:
            return Kind("message/rfc822", MESSAGE)
        for said in (declared, named):
            if said is not None and said.startswith("text/") and said != "text/rtf":
                return Kind(said, PLAIN)
        return Kind(declared if declared in _TEXT_LIKE else sniffed, PLAIN)
    return _by_type(sniffed or named or declared)


def _by_type(kind: str) -> Kind:
    if kind in _DOCUMENTS:
        return Kind(kind, DOCUMENT)
    if kind in _HTML:
        return Kind("text/html", HTML)
    if kind in _MESSAGES:
        return Kind("message/rfc822", MESSAGE)
    if kind in _ENCRYPTED:
        return Kind(kind, ENCRYPTED, "it is encrypted, or signed in a form that hides its text")
    if kind.startswith(_NO_TEXT_MAJOR) or kind in _NO_TEXT:
        return Kind(kind, NO_TEXT)
    if kind in _ARCHIVES:
        return Kind(kind, UNSUPPORTED, _NOT_UNPACKED)
    if kind.startswith("text/") or kind in _TEXT_LIKE:
        return Kind(kind, PLAIN)
    return Kind(kind, UNSUPPORTED, "no extractor for this kind of content")
