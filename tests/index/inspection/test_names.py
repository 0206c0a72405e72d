"""What a file name alone says, and what honest names do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.index.inspection.extensions import extension_of
from mailstrata.index.inspection.flags import DECEPTIVE_NAME, DOUBLE_EXTENSION
from mailstrata.index.inspection.names import flags_of_name

HONEST = [
    "report.pdf",
    "report.v2.final.pdf",
    "archive.tar.gz",
    "photo.jpg.zip",
    "www.example.com",
    "jquery.min.js",
    "page.html",
    "notes.txt.html.bak",
    "setup.exe",
    "a..b.pdf",
    "Screenshot 2024-05-01 at 3.45.12\u202fPM.png",
    "\u05d3\u05d5\u05d7\u200f.pdf",
    "\u200fReport.pdf",
    "\u202a\u05d3\u05d5\u05d7\u202c.pdf",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",
    "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.docx",
    "\uff11\uff0e\u898b\u7a4d\u66f8.xlsx",
    "\u8acb\u6c42\u66f8\uff0f\u9818\u53ce\u66f8.pdf",
    "\u043e\u0442\u0447\u0451\u0442.doc",
    "\u0434\u043e\u043a\u0443\u043c\u0435\u043d\u0442.\u0440\u0444",
    "two  spaces.pdf",
    "",
    ".",
    "...",
]
TWO_EXTENSIONS = ["invoice.pdf.exe", "photo.JPG.Scr", "scan.docx.html", "a.pdf .exe", "a.xls.js. ", "picture.png.svg"]
DECEPTIVE = [
    "invoice\u202efdp.exe",
    "a\u2067b.pdf",
    "in\u200bvoice.pdf",
    "invoice.p\u200bdf",
    "invoice.pdf\u200b",
    "invoice.pdf" + " " * 40 + ".exe",
    "invoice" + "\u00a0" * 5 + ".scr",
    "invoice\u2024pdf.exe",
    "invoice\uff0eexe",
    "example.com\u2215login.html",
    "invoice.\u0435xe",
    "invoice.ex\uff45",
    "../../.bashrc",
    "..\\evil.dll",
    "a.exe\0.pdf",
    "a\x1b[2J.pdf",
]


@pytest.mark.parametrize("name", HONEST)
def test_honest_names(name: str) -> None:
    """Names that people and systems give files, in many scripts, have no flag."""
    assert flags_of_name(name) == 0


@pytest.mark.parametrize("name", TWO_EXTENSIONS)
def test_two_extensions(name: str) -> None:
    """That of a document, and that of what runs."""
    assert flags_of_name(name) & DOUBLE_EXTENSION


@pytest.mark.parametrize("name", DECEPTIVE)
def test_deceptive_names(name: str) -> None:
    """Names that show something else than what they are."""
    assert flags_of_name(name) & DECEPTIVE_NAME


@given(st.text(max_size=200))
def test_any_name(name: str) -> None:
    """Nothing raises, and ASCII letters alone never deceive."""
    flags_of_name(name)
    assert flags_of_name("".join(letter for letter in name if letter.isascii() and letter.isalnum())) == 0


def test_extensions() -> None:
    """As a file system takes them."""
    names = {"a.PDF": "pdf", "a.pdf. .": "pdf", "a": "", "a.": "", ".x": "x", "a." + "x" * 20: ""}
    assert {name: extension_of(name) for name in names} == names
