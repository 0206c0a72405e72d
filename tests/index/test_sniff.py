from __future__ import annotations

import io
import random
import sys
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import MailstrataError
from mailstrata.index import sniff
from mailstrata.index.sniff import HEAD_BYTES, sniff_type

RANDOM = random.Random(7).randbytes(HEAD_BYTES)
UMLAUTS = "Größe und Änderung der Straße, überall.\n"


def zip_of(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, f"<{name}/>" * 100)
    return file.getvalue()


TYPES = {
    "nothing": (b"", None),
    "ascii": (b"Hello,\nworld.\n", "text/plain"),
    "a tab and an escape": (b"\x1b[1mbold\x1b[0m\tplain\x0c", "text/plain"),
    "utf-8": (UMLAUTS.encode(), "text/plain"),
    "utf-8 cut inside a character": ("日本語日本語".encode()[:-1], "text/plain"),
    "latin-1": (UMLAUTS.encode("latin-1") * 5, "text/plain"),
    "latin-1, short": ("Größe".encode("latin-1"), "text/plain"),
    "shift_jis": (("これは日本語の文章です。" * 10).encode("shift_jis"), "text/plain"),
    "iso-2022-jp": ("これは日本語の文章です。".encode("iso-2022-jp"), "text/plain"),
    "utf-16": (UMLAUTS.encode("utf-16"), "text/plain"),
    "json": (b'{"a": [1, 2]}', "text/plain"),
    "html": (b"\n<!DOCTYPE  html><html>", "text/html"),
    "html after a comment": (b"<!-- <xml> --><HTML lang=de>", "text/html"),
    "html without a head": (b'<div dir="ltr">Hi</div>', "text/html"),
    "xhtml": (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html>', "text/html"),
    "xml": (b'<?xml version="1.0"?><!-- <html> --><a><html/></a>', "text/xml"),
    "xml with a p": (b'<?xml version="1.0"?><p>not HTML</p>', "text/xml"),
    "svg": (b'\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x"><svg xmlns="x">', "image/svg+xml"),
    "less than": (b"a < b, <pre>", "text/plain"),
    "vcard": (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "text/vcard"),
    "calendar": (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "text/calendar"),
    "message": (b"Received: from a by b; Mon, 1 Jan 2024\r\nFrom: a@b\r\n", "message/rfc822"),
    "quoted message": (b"From: a@b.example\nSent: Monday\n", "text/plain"),
    "rtf": (b"{\\rtf1\\ansi x}", "text/rtf"),
    "pgp signature": (b"-----BEGIN PGP SIGNATURE-----\n\niQ==\n", "application/pgp-signature"),
    "s/mime, signed": (bytes.fromhex("3080 06092a864886f70d010702 a080"), "application/pkcs7-mime"),
    "s/mime, encrypted": (bytes.fromhex("30820523 06092a864886f70d010703 a0820514"), "application/pkcs7-mime"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + RANDOM, "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + RANDOM, "image/png"),
    "gif": (b"GIF89a\x01\x00\x01\x00", "image/gif"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    "gzip": (b"\x1f\x8b\x08\x00" + RANDOM, "application/gzip"),
    "zip": (zip_of("a.txt"), "application/zip"),
    "word": (
        zip_of("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "ogg": (b"OggS\x00\x02" + bytes(22) + b"\x01vorbis" + RANDOM, "audio/ogg"),
    "noise": (RANDOM, None),
    "a NUL in a text": (b"Hello\x00, world\n" * 10, None),
}
ASKS_LIBMAGIC = ("zip", "word", "ogg", "noise", "a NUL in a text")


@pytest.mark.parametrize("name", TYPES)
def test_content_is_known_by_its_head(name):
    """What mail carries is recognised for what it is, and nothing is made up for the rest."""
    head, expected = TYPES[name]
    assert sniff_type(head) == expected


@pytest.mark.parametrize("name", [name for name in TYPES if name not in ASKS_LIBMAGIC])
def test_common_content_is_kept_away_from_libmagic(name, monkeypatch):
    """Text costs libmagic over half a millisecond: it must not be asked."""

    def refuse(head: bytes) -> None:
        raise AssertionError("libmagic was asked")

    monkeypatch.setattr(sniff, "_ask_libmagic", refuse)
    sniff_type(TYPES[name][0])


@given(head=st.binary(max_size=300))
def test_content_never_raises(head):
    """Any bytes have a media type or none."""
    answer = sniff_type(head)
    assert answer is None or answer.count("/") == 1


def test_only_the_head_counts():
    """What follows the head makes no difference, however much of it is passed."""
    head = (b"x" * 79 + b"\n") * (HEAD_BYTES // 80 + 1)
    assert sniff_type(head[:HEAD_BYTES] + b"\x00" * 100) == "text/plain"


def test_hostile_markup_is_linear():
    """A head of nothing but openings of comments or declarations is answered at once."""
    for piece in (b"<!--", b"<?xml ", b"<!doctype ", b"<!-- -->", b"<!doctype a>"):
        assert sniff_type(piece * (HEAD_BYTES // len(piece))) in ("text/plain", "text/xml")


def test_threads_have_their_own_libmagic():
    """Several threads at once get the answers that one gets."""
    heads = [TYPES["word"][0], TYPES["zip"][0], TYPES["ogg"][0], RANDOM]
    expected = [sniff_type(head) for head in heads]
    found: list[bool] = []

    def ask() -> None:
        found.append(all([sniff_type(head) for head in heads] == expected for _ in range(50)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_without_libmagic_the_remedy_is_named(monkeypatch):
    """Where neither the system nor a package has libmagic, one line says what to install."""
    monkeypatch.setitem(sys.modules, "magic", None)
    monkeypatch.setitem(sys.modules, "pylibmagic", None)
    monkeypatch.setattr(sniff, "_thread", threading.local())
    with pytest.raises(MailstrataError, match="pip install"):
        sniff_type(b"\x00\x01\x02 needs libmagic")
    assert sniff_type(b"needs none") == "text/plain"


def test_pylibmagic_is_used_where_the_system_has_none(monkeypatch):
    """The packaged libmagic is imported first, since it changes where python-magic looks."""
    imported: list[str] = []

    def fake_import(name: str) -> object:
        imported.append(name)
        if imported == ["magic"]:
            raise ImportError("failed to find libmagic")
        return sys.modules[__name__]

    monkeypatch.setattr(sniff, "import_module", fake_import)
    assert sniff._import_magic() is sys.modules[__name__]
    assert imported == ["magic", "pylibmagic", "magic"]
