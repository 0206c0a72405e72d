"""Text of Office documents, PDF and the like, by kreuzberg. Runs in the worker process."""

from __future__ import annotations

from mailstrata.search.texts.rows import Extracted

_ENCRYPTED = ("password", "encrypt", "decrypt", "protected")
_UNSUPPORTED = ("unsupported", "not supported", "no extractor")


def document_text(content: bytes, content_type: str) -> Extracted:
    """The text of a document. What kreuzberg cannot read is a row that says why. Raises ImportError without
    kreuzberg."""
    import kreuzberg  # noqa: PLC0415 - of the extra `search`, and a third of a second

    name = f"kreuzberg {kreuzberg.__version__}"
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        ocr=None,
        images=None,
        chunking=None,
        language_detection=None,
        keywords=None,
        output_format="plain",
    )
    if content_type == "application/pdf" and b"/Encrypt" in content[-65536:]:
        is_locked = True
    else:
        is_locked = (
            content.startswith(b"\xd0\xcf\x11\xe0") and b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e" in content
        )
    try:
        result = kreuzberg.extract_bytes_sync(content, content_type, config)
    except kreuzberg.KreuzbergError as error:
        said = str(error)
        lower = said.lower()
        if is_locked or any(word in lower for word in _ENCRYPTED):
            return Extracted(None, "encrypted", "it cannot be opened without a password", name)
        if "security limit" in lower:
            return Extracted(None, "memory", f"it would unpack to more than is taken: {said}", name)
        if any(word in lower for word in _UNSUPPORTED):
            return Extracted(None, "unsupported", said, name)
        return Extracted(None, "damaged", said, name)
    return Extracted(result.content, "ok", None, name)
