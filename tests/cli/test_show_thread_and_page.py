"""`mailstrata show --thread` and `--html`, and the flags of parts."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import WITH_ATTACHMENT, Call, mbox_of

from mailstrata.search.rendering import page, sanitising
from mailstrata.search.threads import conversation

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(64)


def mail(name: str, *references: str, day: int, subject: str = "Plan", head: str = "", text: str = "x") -> bytes:
    """A message."""
    named = "".join(f"<{each}@example.org> " for each in references)
    refs = f"References: {named}\n" if named else ""
    return (
        f"From: {name}@example.org\nTo: all@example.org\nSubject: {subject}\nMessage-ID: <{name}@example.org>\n"
        f"Date: {day:02} Nov 2025 10:00:00 +0000\n{refs}{head}\n{text}\n"
    ).encode()


@pytest.fixture
def archived(call: Call, tmp_path: Path) -> Callable[..., Path]:
    """Archive messages; the archive's folder."""

    def archive(*messages: bytes) -> Path:
        source = tmp_path / "source.mbox"
        source.write_bytes(mbox_of(*messages))
        assert call("archive", source, "--to", tmp_path / "archive", "--quiet").exit_code == 0
        return tmp_path / "archive"

    return archive


CONVERSATION = (
    mail("a", day=1),
    mail("b", "a", day=2, subject="Re: Plan"),
    mail("c", "a", "b", day=3, subject="Another \x1b[2J matter"),
    # Its first reference is one that nobody has: only a look at all references leads to it.
    mail("d", "gone", "b", day=4, subject="Re: Plan"),
    mail("e", day=2, subject="Plan"),
)


@pytest.mark.parametrize("asked", ["a", "b", "c", "d"])
def test_a_conversation_is_found_from_each_of_its_messages(
    call: Call, archived: Callable[..., Path], asked: str
) -> None:
    """As JSON and as a tree; the asked one is marked, subjects stand where they change, others are not in it."""
    archive = archived(*CONVERSATION)
    result = call("show", archive, f"{asked}@example.org", "--thread", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["depth"], each["message_id"][0]) for each in found] == [(0, "a"), (1, "b"), (2, "c"), (2, "d")]
    assert [each["message_id"][0] for each in found if each["is_asked"]] == [asked]
    assert found[1]["parent"] == found[0]["sha256"]
    lines = call("show", archive, f"{asked}@example.org", "--thread").stdout.splitlines()
    assert [line[0] == "*" for line in lines] == [each["is_asked"] for each in found]
    assert ["Plan" in line for line in lines] == [True, False, False, False]
    assert "Another \\x1b[2J matter" in lines[2]


def test_a_conversation_that_was_cut_says_so(
    call: Call, archived: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error."""
    monkeypatch.setattr(conversation.conversation, "__kwdefaults__", {"most_messages": 2})
    result = call("show", archived(*CONVERSATION), "a@example.org", "--thread")
    assert result.stderr == "mailstrata: the conversation may have more messages: only 2 messages were looked at\n"
    assert len(result.stdout.splitlines()) == 2


HTML_MAIL = (
    b"From: a@example.org\nSubject: <b>The\xe2\x80\xae page</b>\nMessage-ID: <h@example.org>\n"
    b"Content-Type: multipart/related; boundary=b\n\n"
    b"--b\nContent-Type: text/html; charset=utf-8\n\n"
    b'<p style="color:red;position:fixed">Gr\xc3\xbc\xc3\x9fe <a href="https://example.org/?a=1&amp;b=2">here</a>'
    b'<img src="cid:pixel@example.org"><img src="cid:none@example.org"><img src="http://example.org/spy.gif"></p>\n'
    b"--b\nContent-Type: image/png; name=x.png\nContent-ID: <pixel@example.org>\nContent-Transfer-Encoding: base64\n\n"
    + b64encode(PIXEL)
    + b"\n--b--\n"
)


def test_a_page_has_header_attachments_text_and_pictures_and_nothing_from_elsewhere(
    call: Call, archived: Callable[..., Path], tmp_path: Path
) -> None:
    """In a new file that only its owner reads; the same on standard output."""
    archive = archived(HTML_MAIL)
    target = tmp_path / "page.html"
    assert call("show", archive, "h@example.org", "--html", target).exit_code == 0
    text = target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o077 == 0
    assert call("show", archive, "h@example.org", "--html", "-").stdout_bytes == target.read_bytes()
    assert "&lt;b&gt;The\\u202e page&lt;/b&gt;" in text
    assert (
        '<p style="color: red">Grüße <a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer nofollow">'
        in text
    )
    assert f'<img src="data:image/png;base64,{b64encode(PIXEL).decode()}">' in text
    assert "spy.gif" not in text
    assert "Not loaded: 1 pictures from elsewhere." in text
    assert "x.png (image/png, 72 bytes, part 1.2)" in text


def test_a_file_that_is_there_stays_as_it_is(call: Call, archived: Callable[..., Path], tmp_path: Path) -> None:
    """Neither it, nor anything in the archive, is written over."""
    archive = archived(HTML_MAIL)
    (tmp_path / "page.html").write_text("mine")
    result = call("show", archive, "h@example.org", "--html", tmp_path / "page.html")
    assert result.exit_code == 4
    assert "is there already" in result.stderr
    assert (tmp_path / "page.html").read_text() == "mine"
    assert call("show", archive, "h@example.org", "--html", archive / "page.html").exit_code == 2


def test_without_nh3_one_line_says_what_to_install(
    call: Call, archived: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no file is left."""
    monkeypatch.setattr(sanitising.importlib.util, "find_spec", lambda name: None)
    result = call("show", archived(HTML_MAIL), "h@example.org", "--html", tmp_path / "page.html")
    assert result.exit_code == 2
    assert "pip install 'mailstrata[search]'" in result.stderr
    assert not (tmp_path / "page.html").exists()


def test_html_that_would_end_the_process_is_shown_as_its_source(call: Call, archived: Callable[..., Path]) -> None:
    """A million open elements, on which html5ever takes quadratic time: the limits of its process end it."""
    bomb = mail("bomb", day=1, head="Content-Type: text/html\n", text="<div>" * 700_000)
    page.sanitise.__kwdefaults__["seconds"] = 1
    try:
        result = call("show", archived(bomb), "bomb@example.org", "--html", "-")
    finally:
        page.sanitise.__kwdefaults__["seconds"] = sanitising.PROCESSOR_SECONDS
    assert result.exit_code == 0
    assert "takes too much time or memory" in result.stdout
    assert "&lt;div&gt;&lt;div&gt;" in result.stdout


def test_flags_stand_beside_their_part(call: Call, archived: Callable[..., Path]) -> None:
    """As the committed tables have them."""
    archive = archived(WITH_ATTACHMENT)
    assert "{" not in call("show", archive, "two@example.org").stdout
    for path in (archive / "index" / "parts").glob("*.parquet"):
        table = pq.read_table(path)
        wanted = [value == "1.2" for value in table["path"].to_pylist()]
        column = table.schema.get_field_index("flag_double_extension")
        pq.write_table(table.set_column(column, "flag_double_extension", pa.array(wanted)), path)
    assert '"data.bin"  {double-extension}' in call("show", archive, "two@example.org").stdout


@pytest.mark.parametrize("words", [["--html", "-", "--thread"], ["--raw", "--thread"], ["--json"]])
def test_what_does_not_go_together(call: Call, archived: Callable[..., Path], words: list[str]) -> None:
    """One line, exit code 2."""
    result = call("show", archived(WITH_ATTACHMENT), "two@example.org", *words)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
