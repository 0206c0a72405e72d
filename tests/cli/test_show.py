"""`mailstrata show`: one message, readable, raw, or one part of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_line import ATTACHED, PLAIN, WITH_ATTACHMENT, Call, mbox_of

from mailstrata.cli import output, show_message

HEADER = b"From: a@example.org\nDate: Mon, 10 Nov 2025 11:00:00 +0100\nMessage-ID: <x@example.org>\n"


@pytest.fixture
def archived(call: Call, tmp_path: Path) -> Callable[..., Path]:
    """Archive messages; the archive's folder."""

    def archive(*messages: bytes) -> Path:
        source = tmp_path / "source.mbox"
        source.write_bytes(mbox_of(*messages))
        result = call("archive", source, "--to", tmp_path / "archive", "--quiet")
        assert result.exit_code == 0, result.output
        return tmp_path / "archive"

    return archive


def test_a_message_is_its_header_its_parts_and_its_text(call: Call, archived: Callable[..., Path]) -> None:
    """By Message-ID, with and without brackets, and by the beginning of its digest."""
    archive = archived(PLAIN, WITH_ATTACHMENT)
    digest = hashlib.sha256(WITH_ATTACHMENT).hexdigest()
    shown = {call("show", archive, name).stdout for name in ("<two@example.org>", "two@example.org", digest[:8])}
    assert len(shown) == 1
    text = shown.pop()
    assert digest in text
    assert "subject     The picture" in text
    assert '  1.2  application/octet-stream  512 B  "data.bin"' in text
    assert text.endswith("\nHere it is.\n")


def test_raw_and_part_are_exact_bytes(call: Call, archived: Callable[..., Path]) -> None:
    """In a pipe nothing is changed; of a container the body comes as it stands."""
    archive = archived(WITH_ATTACHMENT)
    assert call("show", archive, "two@example.org", "--raw").stdout_bytes == WITH_ATTACHMENT
    assert call("show", archive, "two@example.org", "--part", "1.2").stdout_bytes == ATTACHED
    body = WITH_ATTACHMENT.partition(b"\n\n")[2]
    assert call("show", archive, "two@example.org", "--part", "1").stdout_bytes == body


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["nobody@example.org"], "Message-ID"),
        (["two@example.org", "--part", "1.9"], "1, 1.1, 1.2"),
        (["two@example.org", "--part", "1", "--raw"], "exclude each other"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    call: Call, archived: Callable[..., Path], words: list[str], hint: str
) -> None:
    """One line, exit code 2."""
    result = call("show", archived(WITH_ATTACHMENT), *words)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_two_messages_of_one_id_are_named(call: Call, archived: Callable[..., Path]) -> None:
    """An identifier that stands for two messages leads to their digests."""
    twins = (HEADER + b"\none\n", HEADER + b"\ntwo\n")
    result = call("show", archived(*twins), "x@example.org")
    assert result.exit_code == 2
    assert "stands for 2 messages" in result.stderr
    assert all(hashlib.sha256(twin).hexdigest() in result.stderr for twin in twins)


def test_a_message_that_begins_like_an_mbox_is_one_message(call: Call, tmp_path: Path) -> None:
    """What an archive has under one digest is never split again."""
    source = tmp_path / "odd.mbox"
    odd = HEADER + b"\nFrom here on\n\n>From x@example.org Mon Nov 10 10:00:00 2025\nSubject: inside\n\nend\n"
    source.write_bytes(mbox_of(odd))
    assert call("archive", source, "--to", tmp_path / "a", "--mbox-variant", "mboxrd").exit_code == 0
    raw = call("show", tmp_path / "a", "x@example.org", "--raw").stdout_bytes
    assert raw == odd.replace(b"\n>From ", b"\nFrom ")
    assert call("show", tmp_path / "a", "x@example.org").stdout.endswith("\nSubject: inside\n\nend\n")


def test_text_in_its_charset_with_flowed_lines_joined(call: Call, archived: Callable[..., Path]) -> None:
    """One reads paragraphs, not their transport."""
    message = HEADER + (
        b"Content-Type: text/plain; charset=iso-8859-1; format=flowed; delsp=yes\n"
        b"Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DF =\n\ngott\n"
    )
    assert call("show", archived(message), "x@example.org").stdout.endswith("\n\nGrüßgott\n")


def test_html_alone_is_shown_as_text(call: Call, archived: Callable[..., Path]) -> None:
    """Without tags; where there is plain text as well, that is shown."""
    html = HEADER + b"Content-Type: text/html; charset=utf-8\n\n<p>Hello <b>you</b></p><script>no()</script>\n"
    assert call("show", archived(html), "x@example.org").stdout.endswith("\n\nHello you\n")


def test_plain_text_goes_before_html(call: Call, archived: Callable[..., Path]) -> None:
    """Whatever their order."""
    message = HEADER + (
        b"Content-Type: multipart/alternative; boundary=b\n\n"
        b"--b\nContent-Type: text/html\n\n<p>from html</p>\n--b\nContent-Type: text/plain\n\nfrom plain\n--b--\n"
    )
    text = call("show", archived(message), "x@example.org").stdout
    assert "from plain" in text
    assert "from html" not in text


def test_a_body_cannot_act_on_the_terminal(
    call: Call, archived: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the text, nor --raw and --part on a terminal, whose output no pipe gets."""
    message = HEADER + b"Content-Type: text/plain; charset=utf-8\n\nclear \x1b[2J \xc2\x9b \xe2\x80\xae over\rwrite\r\n"
    archive = archived(message)
    assert call("show", archive, "x@example.org", "--part", "1").stdout_bytes == message.partition(b"\n\n")[2]
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    for words in ([], ["--raw"], ["--part", "1"]):
        shown = call("show", archive, "x@example.org", *words).stdout_bytes.decode()
        assert r"clear \x1b[2J \x9b \u202e over\x0dwrite" in shown
        assert not any(control in shown for control in "\x1b\x9b\u202e\r")


def test_a_long_text_is_cut_with_a_note(
    call: Call, archived: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded; the note says how to get the rest."""
    monkeypatch.setattr(show_message, "MOST_TEXT_BYTES", 10)
    result = call("show", archived(HEADER + b"\n" + b"0123456789 and more\n"), "x@example.org")
    assert result.stdout.endswith("\n\n0123456789\n")
    assert result.stderr == "mailstrata: shown are the first 10 B of the text; --part 1 writes all of it\n"


def test_on_a_terminal_chunks_make_no_difference(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line break or a character in two chunks is still one; a CR at the end stands alone."""
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    content = "a\r\nb é\r日\x1b\r".encode() + b"\xff\r"
    show_message.write_content([content])
    whole = capsys.readouterr().out
    assert whole == "a\nb é\\x0d日\\x1b\\x0d\\xff\\x0d"
    show_message.write_content(content[at : at + 1] for at in range(len(content)))
    assert capsys.readouterr().out == whole
