"""Content with the flags that it is to have."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile

import pytest
from support.attachments import (
    CLASS_FILE,
    PROGRAM,
    cabinet,
    compound_file,
    disk_image,
    excel_records,
    rar4,
    rar5,
    seven_zip,
    sheet_record,
    tar_of,
    word_main_stream,
    zip_of,
)

from mailstrata.index.inspection.flags import (
    ACTIVE_CONTENT,
    ENCRYPTED,
    EXECUTABLE,
    HOLDS_EXECUTABLE,
    MACROS,
)

LONG = "folder/" * 30

CONTENTS: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 0),
    "text": (b"Hello, world.\n" * 500, 0),
    "a text that begins like a program": (b"MZ is the country code of Mozambique.\n" * 200, 0),
    "a picture": (b"\xff\xd8\xff\xe0" + bytes(9000), 0),
    "bytes": (bytes(range(256)) * 200, 0),
    # Programs and scripts
    "a program": (PROGRAM, EXECUTABLE),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(100), EXECUTABLE),
    "java": (CLASS_FILE, EXECUTABLE),
    "mach-o": (b"\xcf\xfa\xed\xfe" + bytes(100), EXECUTABLE),
    "shell script": (b"#!/bin/sh\nrm -rf x\n", EXECUTABLE),
    "shell script, spaced": (b"#! /usr/bin/env python3\n", EXECUTABLE),
    "no shell script": (b"#!important: the rest\n", 0),
    "batch file": (b"@echo off\r\ndel x\r\n", EXECUTABLE),
    "php": (b"<?php echo 1;", EXECUTABLE),
    "xml": (b"<?xml version='1.0'?><a/>", 0),
    "encoded script": (b"#@~^DgAAAA==\\ko", EXECUTABLE),
    "shortcut": (b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(100), EXECUTABLE),
    "registry file": ("\ufeffWindows Registry Editor Version 5.00\r\n".encode("utf-16-le"), EXECUTABLE),
    "installer": (
        compound_file(class_id=bytes.fromhex("84100c0000000000c000000000000046")),
        EXECUTABLE,
    ),
    "java archive": (zip_of("META-INF/MANIFEST.MF", "org/example/Main.class"), EXECUTABLE),
    "android package": (zip_of("META-INF/MANIFEST.MF", "classes.dex"), EXECUTABLE),
    "classes without a manifest": (zip_of("build/Main.class"), 0),
    # Office
    "docx": (zip_of("[Content_Types].xml", "word/document.xml"), 0),
    "docm": (zip_of("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), MACROS),
    "xlsm with macro sheets": (zip_of("xl/workbook.xml", "xl/macrosheets/sheet1.xml"), MACROS),
    "odt": (zip_of("mimetype", "content.xml", "Basic/script-lc.xml", "Basic/Standard/script-lb.xml"), 0),
    "odt with macros": (zip_of("mimetype", "content.xml", "Basic/Standard/Module1.xml"), MACROS),
    "doc": (compound_file(("WordDocument", 2), main=word_main_stream(encrypted=False)), 0),
    "doc with macros": (compound_file(("Macros", 1), ("VBA", 1), ("_VBA_PROJECT", 2)), MACROS),
    "doc that talks of macros": (compound_file(main="see _VBA_PROJECT there".encode("utf-16-le")), 0),
    "doc, encrypted": (compound_file(main=word_main_stream(encrypted=True)), ENCRYPTED),
    "docx, encrypted": (compound_file(("EncryptionInfo", 2), ("EncryptedPackage", 2)), ENCRYPTED),
    "xls": (compound_file(main=excel_records(sheet_record("Sheet1", macros=False))), 0),
    "xls with a macro sheet": (compound_file(main=excel_records(sheet_record("Macro1", macros=True))), MACROS),
    "xls, encrypted": (compound_file(main=excel_records((0x2F, bytes(54)))), ENCRYPTED),
    "pdf": (b"%PDF-1.4\n" + b"x" * 70_000 + b"\ntrailer\n<</Root 1 0 R/Size 9>>", 0),
    "pdf, encrypted": (b"%PDF-1.4\n" + b"x" * 70_000 + b"\ntrailer\n<</Encrypt 8 0 R/Size 9>>", ENCRYPTED),
    "pdf that talks of encryption": (b"%PDF-1.4\n(/Encrypt this)/EncryptMetadata false", 0),
    # Archives
    "zip": (zip_of("a.txt", "b/readme.md", "lib/x.js", "www.example.com/index.html"), 0),
    "zip with a program": (zip_of("a.txt", "b/Invoice.EXE"), HOLDS_EXECUTABLE),
    "zip with a script": (zip_of("invoice.js"), HOLDS_EXECUTABLE),
    "zip with a program, name ends in a dot": (zip_of("invoice.exe. "), HOLDS_EXECUTABLE),
    "zip with two names": (zip_of("a.txt", "bbbbb.txt", central_names=("a.exe",)), HOLDS_EXECUTABLE),
    "zip, encrypted": (zip_of("a.txt", password=True), ENCRYPTED),
    "zip, encrypted, with a program": (zip_of("a.scr", password=True), ENCRYPTED | HOLDS_EXECUTABLE),
    "rar 4": (rar4("a.txt", "b.doc"), 0),
    "rar 4 with a program": (rar4("a.txt", "b.exe", "c.txt"), HOLDS_EXECUTABLE),
    "rar 4, encrypted": (rar4("a.txt", password=True), ENCRYPTED),
    "rar 4, names encrypted": (rar4(hides_names=True), ENCRYPTED),
    "rar 5": (rar5("a.txt", "b.doc"), 0),
    "rar 5 with a program": (rar5("a.txt", "b.exe", "c.txt"), HOLDS_EXECUTABLE),
    "rar 5, encrypted": (rar5("a.txt", password=True), ENCRYPTED),
    "rar 5, names encrypted": (rar5(hides_names=True), ENCRYPTED),
    "7z": (seven_zip("a.txt", "b.doc"), 0),
    "7z with a program": (seven_zip("a.txt", "Ünlü.exe"), HOLDS_EXECUTABLE),
    "7z with a plain header": (seven_zip("a.txt", "Ā.vbs", packs_header=False), HOLDS_EXECUTABLE),
    "7z, encrypted": (seven_zip("a.txt", password=True), ENCRYPTED),
    "7z, names encrypted": (seven_zip(hides_names=True), ENCRYPTED),
    "cab": (cabinet("a.txt"), 0),
    "cab with a program": (cabinet("a.txt", "b.exe"), HOLDS_EXECUTABLE),
    "disk image": (disk_image("a.txt", "exe.txt"), 0),
    "disk image with a program": (disk_image("a.exe"), HOLDS_EXECUTABLE),
    "disk image, joliet": (disk_image("Rechnung vom März.lnk", joliet=True), HOLDS_EXECUTABLE),
    "disk image, joliet, longer extension": (disk_image("a.exeter", joliet=True), 0),
    "tar": (tar_of("a.txt", "b/c.sh"), 0),
    "tar with a program": (tar_of("a.txt", "b/c.exe", "d.txt"), HOLDS_EXECUTABLE),
    "tar with a long name": (tar_of("a.txt", LONG + "c.exe"), HOLDS_EXECUTABLE),
    "tar with a long name, pax": (tar_of("a.txt", LONG + "ü.exe", form=tarfile.PAX_FORMAT), HOLDS_EXECUTABLE),
    "tar.gz": (tar_of("a.txt", mode="w:gz"), 0),
    "tar.gz with a program": (tar_of("a.txt", "b.exe", mode="w:gz"), HOLDS_EXECUTABLE),
    "tar.bz2 with a program": (tar_of("a.txt", "b.exe", mode="w:bz2"), HOLDS_EXECUTABLE),
    "tar.xz with a program": (tar_of("a.txt", "b.exe", mode="w:xz"), HOLDS_EXECUTABLE),
    "gzip": (gzip.compress(b"Hello" * 9999), 0),
    "gzip of a program": (gzip.compress(PROGRAM), HOLDS_EXECUTABLE),
    "bzip2 of a program": (bz2.compress(PROGRAM), HOLDS_EXECUTABLE),
    "xz of a program": (lzma.compress(PROGRAM), HOLDS_EXECUTABLE),
    "gzip that was cut off": (gzip.compress(PROGRAM + bytes(range(256)) * 99)[:-40], HOLDS_EXECUTABLE),
    # Markup
    "html": (b"<html><body><p>Once upon a time</p><img src=x.gif></body></html>" * 99, 0),
    "html with a script": (b"<!doctype html><body>" + b"<p>text</p>" * 9000 + b"<SCRIPT>x()</script>", ACTIVE_CONTENT),
    "html with a handler": (b"<html><body\nOnLoad = 'x()'>", ACTIVE_CONTENT),
    "html application": (b"<html><hta:application id=x>", ACTIVE_CONTENT | EXECUTABLE),
    "svg": (b"<?xml version='1.0'?><svg xmlns='x'><path d='M0 0'/></svg>", 0),
    "svg with a script": (b"<?xml version='1.0'?><svg><script>x()</script></svg>", ACTIVE_CONTENT),
    "html in utf-16": ("\ufeff<html><iframe src='x'>".encode("utf-16-le"), ACTIVE_CONTENT),
}


@pytest.fixture(params=CONTENTS, ids=str)
def named_content(request: pytest.FixtureRequest) -> tuple[bytes, int]:
    """Content and its flags."""
    return CONTENTS[request.param]


@pytest.fixture(scope="session")
def contents() -> list[bytes]:
    """All of them."""
    return [content for content, _ in CONTENTS.values()]
