"""What content is by its first bytes, whatever its header field says.

Text, and the signatures that mail is full of, are told by tests of our own; only the rest goes to libmagic,
which takes from 10 us for a known picture to over 600 us for a plain text. The answers for text are then also
the same with every version of libmagic.
"""

from __future__ import annotations

import codecs
import os
import re
import threading
from importlib import import_module
from typing import Any

from mailstrata.errors import MailstrataError

HEAD_BYTES = 4096
"""How much of the content is looked at: enough to tell one kind of Office document from another."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"%!PS", "application/postscript"),
    (b"{\\rtf", "text/rtf"),
    (b"-----BEGIN PGP SIGNATURE-----", "application/pgp-signature"),
    (b"-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted"),
    (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", "application/pgp-keys"),
    (b"\xfe\xff", "text/plain"),
    (b"\xff\xfe", "text/plain"),
)
_SIGNATURE = re.compile(
    b"|".join(b"(%s)" % re.escape(signature) for signature, _ in _SIGNATURES)
    # S/MIME: a DER sequence that begins with the object identifier of signed or enveloped data (RFC 5652, 5
    # and 6). libmagic does not know it, and says so only after a search through its whole database.
    + rb"|(0(?:\x80|\x81.|\x82..|\x83...|\x84....)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x02\x03])",
    re.DOTALL,
)
_SIGNATURE_TYPES = (*(kind for _, kind in _SIGNATURES), "application/pkcs7-mime")

# What makes content no text: the control characters, but for those that libmagic too allows in a text (bell,
# backspace, tab, line feed, form feed, carriage return, escape).
_NOT_IN_TEXT = bytes({*range(0x20), 0x7F} - set(b"\a\b\t\n\f\r\x1b"))
_PRINTABLE = bytes(range(0x20, 0x7F))
# How many bytes without one of these make text of content that is no UTF-8. Of random bytes, one head in a
# thousand gets that far.
_LEAST_8BIT_TEXT = 64

# Comments and a document type may stand before the first element that tells what it is.
_MARKUP = re.compile(
    rb"(?>(?:\xef\xbb\xbf)?)\s*+(?:"
    rb"(?P<vcard>BEGIN:VCARD\s)|(?P<calendar>BEGIN:VCALENDAR\s)"
    rb"|(?P<message>(?:Return-Path|Received|Delivered-To|MIME-Version|Message-ID):[ \t])"
    rb"|(?>(?:(?P<xml><\?xml\s[^>]*+>)\s*+)?)(?>(?:<!--.*?-->\s*+|<!doctype\s++(?!html)[^>]*+>\s*+)*)"
    rb"(?:(?P<html><!doctype\s++html\b|<html[\s>])|(?P<svg><svg[\s>])"
    rb"|(?P<fragment>(?(xml)(?!))<(?:head|body|meta|title|style|script|div|span|table|center|font|p|br|a)[\s/>]))"
    rb")",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"(?>(?:\xef\xbb\xbf)?)<\?xml\s")
_MARKUP_TYPES = {
    "vcard": "text/vcard",
    "calendar": "text/calendar",
    "message": "message/rfc822",
    "html": "text/html",
    "svg": "image/svg+xml",
    "fragment": "text/html",
}

# Flags of libmagic (magic.h) that leave out the tests whose answers are made here, or need more than a head.
_NO_CHECK_COMPRESS = 0x0001000
_NO_CHECK_APPTYPE = 0x0008000
_NO_CHECK_TEXT = 0x0020000
_NO_CHECK_CSV = 0x0080000
_NO_CHECK_TOKENS = 0x0100000
_NO_CHECK_ENCODING = 0x0200000
_NO_CHECK_JSON = 0x0400000
_MIME_TYPE = 0x0000010
_FLAGS = (
    _MIME_TYPE
    | _NO_CHECK_COMPRESS
    | _NO_CHECK_APPTYPE
    | _NO_CHECK_TEXT
    | _NO_CHECK_CSV
    | _NO_CHECK_TOKENS
    | _NO_CHECK_ENCODING
    | _NO_CHECK_JSON
)
_MEDIA_TYPE = re.compile(r"[!-.0-~]+/[!-.0-~]+")
_NOTHING_RECOGNISED = frozenset({"application/octet-stream", "application/x-empty", "inode/x-empty"})


def sniff_type(head: bytes) -> str | None:
    """The media type of content that begins with `head`: `type/subtype` in lower case, None where nothing is
    recognised.

    Only the first `HEAD_BYTES` bytes count. Never raises on content; raises `MailstrataError` where libmagic
    cannot be loaded. May be called from several threads.
    """
    if not head:
        return None
    head = head[:HEAD_BYTES]
    signature = _SIGNATURE.match(head)
    if signature is not None:
        assert signature.lastindex is not None  # every alternative is a group
        return _SIGNATURE_TYPES[signature.lastindex - 1]
    if _is_text(head):
        markup = _MARKUP.match(head)
        if markup is not None:
            assert markup.lastgroup is not None  # every alternative is a group
            return _MARKUP_TYPES[markup.lastgroup]
        return "text/plain" if _XML.match(head) is None else "text/xml"
    return _ask_libmagic(head)


def _is_text(head: bytes) -> bool:
    if len(head.translate(None, _NOT_IN_TEXT)) != len(head):
        return False
    if head.isascii():
        return True
    try:
        # Not final: the head may end inside a character.
        codecs.utf_8_decode(head, "strict", False)
    except UnicodeDecodeError:
        if len(head) >= _LEAST_8BIT_TEXT:
            return True
        return len(head.translate(None, _PRINTABLE)) * 2 <= len(head)
    return True


_thread = threading.local()
_loading = threading.Lock()


def _ask_libmagic(head: bytes) -> str | None:
    libmagic: _Libmagic | None = getattr(_thread, "libmagic", None)
    if libmagic is None:
        libmagic = _thread.libmagic = _Libmagic()
    return libmagic.media_type(head)


class _Libmagic:
    """A libmagic of one thread's own: two threads must not use one of its cookies at a time."""

    def __init__(self) -> None:
        with _loading:
            magic = _import_magic()
        self._error = magic.MagicException
        try:
            self._cookie = magic.Magic(mime=True)
            magic.magic_setflags(self._cookie.cookie, _FLAGS)
        except self._error as error:
            place = os.environ.get("MAGIC", "the system's own place")
            raise MailstrataError(
                f"cannot load the database of libmagic from {place}: {error}; reinstall libmagic, or unset MAGIC"
            ) from error

    def media_type(self, head: bytes) -> str | None:
        try:
            answer = self._cookie.from_buffer(head)
        except self._error:
            # Content can exceed its internal limits; the type is then simply not known.
            return None
        if _MEDIA_TYPE.fullmatch(answer) is None or answer in _NOTHING_RECOGNISED:
            return None
        return str(answer).lower()


def _import_magic() -> Any:
    try:
        return import_module("magic")
    except ImportError:
        try:
            # Brings libmagic where the system has none: it changes where ctypes looks, so it comes first.
            import_module("pylibmagic")
            return import_module("magic")
        except (ImportError, OSError) as error:
            raise MailstrataError(
                f"cannot load libmagic, which tells the types of attachments: {error}; "
                "run: pip install --force-reinstall python-magic pylibmagic"
            ) from error
