"""The page in a real browser: whatever the mail, nothing is asked of a server and nothing runs."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.browser import needs_browser, opened, recorder

import mailstrata
from mailstrata.search.rendering.page import render

_spec = importlib.util.spec_from_file_location("tricks", Path(__file__).with_name("tricks.py"))
assert _spec is not None
assert _spec.loader is not None
_tricks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tricks)
TRICKS = _tricks.TRICKS

_BODY = '<div class="mailstrata-body">'
HEADER = "From: a@example.org\nSubject: the subject\nContent-Type: text/html; charset=utf-8\n\n"


def page_of(message: bytes) -> str:
    """The page of one message."""

    @contextmanager
    def open_message():
        with mailstrata.open(message) as reader:
            yield next(reader)

    return "".join(render(open_message))


def test_the_tricks_are_many():
    """Not fewer than were promised."""
    assert len(TRICKS) >= 50


@needs_browser
def test_the_server_sees_what_is_loaded(tmp_path: Path):
    """The proof is worth something: without the page around them, the same tricks do arrive and do run."""
    with recorder() as server:
        raw = "".join(
            TRICKS[name].format(server=server.address, host=server.address[7:])
            for name in ("img", "style url", "import", "iframe", "video", "onerror")
        )
        page = tmp_path / "page.html"
        page.write_text(f"<title>still</title>{raw}", encoding="utf-8")
        document = opened(page, tmp_path / "profile")
    assert {"/img", "/style", "/import", "/iframe", "/poster"} <= set(server.requests)
    assert "<title>ran</title>" in document


@needs_browser
@pytest.mark.parametrize("with_policy", [True, False], ids=["page", "page without its policy"])
def test_nothing_arrives_and_nothing_runs(tmp_path: Path, with_policy: bool):
    """Each trick is a message of its own, so that none swallows the next; their pages are put into one, for one
    start of the
    browser. Also without the Content-Security-Policy: sanitising alone must do."""
    with recorder() as server:
        pages = [
            page_of((HEADER + trick.format(server=server.address, host=server.address[7:])).encode())
            for trick in TRICKS.values()
        ]
        head = pages[0].partition(_BODY)[0]
        together = head + "".join(_BODY + page.partition(_BODY)[2].partition("</body>")[0] for page in pages)
        page = tmp_path / "page.html"
        page.write_text(
            together if with_policy else together.replace("Content-Security-Policy", "X-Nothing"), encoding="utf-8"
        )
        document = opened(page, tmp_path / "profile")
        assert server.requests == []
    assert document.count(_BODY) == len(TRICKS)
    assert "<title>the subject</title>" in document
