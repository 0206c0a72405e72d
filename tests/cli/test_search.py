"""mailstrata search, and export --query: what people see, and what programs read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Call, mbox_of
from support.histories import digest_of

from mailstrata.cli import output
from mailstrata.cli.search_results import summary, write_table
from mailstrata.search.engine.hits import AttachmentHit, Hit, Snippet

CONTRACT = b"""\
From: "Ann Smith" <ann@example.org>
To: bob@example.org
Subject: The contract
Date: Mon, 10 Nov 2025 11:00:00 +0100
Message-ID: <contract@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Dear Bob, here is the signed contract. \x1b[31mRed\xe2\x80\xae alert
--b
Content-Type: text/csv
Content-Disposition: attachment; filename="prices \x1b]0;x.csv"

item,price
unicorn,12
--b--
"""
PLAIN = b"From: bob@example.org\nSubject: Re: The contract\nDate: Tue, 11 Nov 2025 11:00:00 +0100\n\nThank you.\n"
OTHER = b"From: eve@example.org\nSubject: Lunch\n\nToday?\n"


@pytest.fixture
def archive(call: Call, tmp_path: Path) -> Path:
    """An archive of three messages."""
    path = tmp_path / "inbox.mbox"
    path.write_bytes(mbox_of(CONTRACT, PLAIN, OTHER))
    assert call("archive", path, "--to", tmp_path / "archive", "--quiet").exit_code == 0
    return tmp_path / "archive"


def test_a_table_for_people(call: Call, archive: Path) -> None:
    """Digest, date, author and subject; the text with what was found in brackets; how many on standard error."""
    result = call("search", archive, "signed", "contract")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == [digest_of(CONTRACT)[:8], "2025-11-10", "Ann", "Smith", "The", "contract"]
    assert lines[1].startswith("          Dear Bob, here is the [signed] [contract].")
    assert result.stderr == "mailstrata: 1 message\n"


def test_nothing_from_mail_reaches_the_terminal_raw(call: Call, archive: Path) -> None:
    """Escapes and bidirectional controls of texts and names are shown, not sent; marks stay where they belong."""
    result = call("search", archive, "alert OR unicorn")
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "\\x1b[31mRed\\u202e [alert]" in result.stdout
    assert "prices \\x1b]0;x.csv: item,price [unicorn],12" in result.stdout


def test_json_for_programs(call: Call, archive: Path) -> None:
    """One object a line, with the keys that docs/search-engine.md names; marks are places in the text."""
    for words in (["--json"], ["--format", "json"]):
        result = call("search", archive, "unicorn", *words)
        (line,) = result.stdout.splitlines()
        hit = json.loads(line)
        assert hit["sha256"] == digest_of(CONTRACT)
        assert hit["message_id"] == "contract@example.org"
        assert hit["date"] == "2025-11-10T10:00:00+00:00"
        assert hit["from"] == '"Ann Smith" <ann@example.org>'
        assert (hit["to"], hit["subject"]) == ("bob@example.org", "The contract")
        assert (hit["size"], hit["has_attachment"]) == (len(CONTRACT), True)
        assert hit["score"] > 0
        (attachment,) = hit["attachments"]
        assert (attachment["path"], attachment["content_type"]) == ("1.2", "text/csv")
        assert attachment["filename"] == "prices \x1b]0;x.csv"
        snippet = attachment["snippet"]
        assert snippet["field"] == "content"
        assert [snippet["text"][start:end] for start, end in snippet["marks"]] == ["unicorn"]
        assert hit["snippet"] == snippet
        assert result.stderr == ""


def test_the_keys_are_those_of_the_page(call: Call, archive: Path) -> None:
    """The page has a row for each key, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "search-engine.md").read_text()
    table = page.partition("## JSON")[2].partition("\n## ")[0]
    documented = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    hit = json.loads(call("search", archive, "unicorn", "--json").stdout)
    keys = {*hit}
    keys |= {f"snippet.{key}" for key in hit["snippet"]}
    keys |= {f"attachments.{key}" for key in hit["attachments"][0]}
    assert keys == documented


def test_ids_for_export(call: Call, archive: Path, tmp_path: Path) -> None:
    """All of them, the newest first, unless told otherwise; `export --query` takes the same."""
    result = call("search", archive, "contract", "--format", "ids")
    assert result.stdout.split() == [digest_of(PLAIN), digest_of(CONTRACT)]
    assert call("search", archive, "contract", "--format", "ids", "--limit", "1").stdout.split() == [
        call("search", archive, "contract", "--json", "--limit", "1").stdout.split('"')[3]
    ]
    assert len(call("search", archive, "contract", "--format", "ids", "--sort", "relevance").stdout.split()) == 2
    exported = call(
        "export", archive, "--query", "contract -from:bob", "--to", tmp_path / "out.mbox", "--format", "mbox"
    )
    assert exported.exit_code == 0
    content = (tmp_path / "out.mbox").read_bytes()
    assert content.count(b"\nFrom: ") == 1
    assert b"<contract@example.org>" in content
    both = ("--query", "contract", "--where", "from_address = 'eve@example.org'", "--quiet")
    assert call("export", archive, *both, "--to", tmp_path / "none", "--format", "eml").exit_code == 0
    assert not list((tmp_path / "none").glob("*.eml"))


def test_order_and_limit(call: Call, archive: Path) -> None:
    """By date the newest first; what is not shown is counted."""
    result = call("search", archive, "*", "--sort", "date", "--limit", "2")
    assert [line.split()[1] for line in result.stdout.splitlines() if not line.startswith(" ")] == [
        "2025-11-11",
        "2025-11-10",
    ]
    assert result.stderr == "mailstrata: 2 of 3 messages; --limit shows more\n"
    assert call("search", archive, "nothinglikeit").stderr == "mailstrata: no message was found\n"
    assert call("search", archive, "nothinglikeit").exit_code == 0


def test_a_query_that_cannot_be_read(call: Call, archive: Path) -> None:
    """Before anything is indexed: what is wrong, where, and the nearest operator; in export too."""
    for words in (("search", archive, "form:ann"), ("search", archive, "form:ann", "--no-update")):
        result = call(*words)
        assert result.exit_code == 2
        assert "from:" in result.stderr
        assert "^" in result.stderr
    assert not (archive / "search").exists()
    result = call("export", archive, "--query", "form:ann", "--to", archive.parent / "out", "--format", "eml")
    assert result.exit_code == 2
    assert not (archive.parent / "out").exists()


def test_without_an_update(call: Call, archive: Path) -> None:
    """--no-update makes nothing; where there is no index it says how to make one."""
    result = call("search", archive, "contract", "--no-update")
    assert result.exit_code == 2
    assert "has no search index yet" in result.stderr
    assert not (archive / "search").exists()
    assert call("search", archive, "contract", "--no-update", "--rebuild").exit_code == 2
    assert call("search", archive, "contract").exit_code == 0
    (archive.parent / "more.eml").write_bytes(OTHER.replace(b"Lunch", b"More of the contract"))
    assert call("archive", archive.parent / "more.eml", "--to", archive, "-q", "--no-search").exit_code == 0
    result = call("search", archive, "contract", "--no-update", "--format", "ids")
    assert len(result.stdout.split()) == 2
    assert "does not cover all of the archive" in result.stderr
    assert len(call("search", archive, "contract", "--format", "ids").stdout.split()) == 3


def test_errors_are_one_line(call: Call, archive: Path, tmp_path: Path) -> None:
    """No archive, and a folder of tables that `mailstrata index` wrote."""
    result = call("search", tmp_path / "nowhere", "x")
    assert result.exit_code == 6
    assert len(result.stderr.splitlines()) == 1
    (archive / "search").write_bytes(b"in the way")
    result = call("search", archive, "x")
    assert result.exit_code == 4
    assert len(result.stderr.splitlines()) == 1


class Terminal:
    """A hit, shown on a terminal of a width."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        monkeypatch.setattr(output, "is_terminal", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", "24")
        monkeypatch.delenv("NO_COLOR", raising=False)


def test_on_a_terminal_it_is_bold_and_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines fit, wide characters included; with NO_COLOR there are brackets."""
    Terminal(monkeypatch, 80)
    snippet = Snippet("body", "before the contract " + "契約" * 60, ((11, 19), (20, 22)))
    attachment = AttachmentHit("1.2", None, "application/pdf", 1, None, snippet)
    hit = Hit("ab" * 32, None, None, "Ann <a@b>", None, "S" * 200, 1, False, 1.0, snippet, [attachment] * 5)
    write_table([hit])
    shown = capsys.readouterr().out
    assert "\x1b[1mcontract\x1b[0m \x1b[1m契約\x1b[0m" in shown
    lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in shown.splitlines()]
    widths = [len(line) + sum("\u4e00" < each < "\u9fff" for each in line) for line in lines]
    assert max(widths) <= 80
    # The snippet of an attachment stands with the attachment only.
    assert lines[1].startswith("          part 1.2 (application/pdf): before the contract 契約契")
    assert lines[1].count("…") == 1
    assert lines[1].endswith("…")
    assert lines[-1].strip() == "and 2 more attachments"
    monkeypatch.setenv("NO_COLOR", "1")
    write_table([hit])
    assert "[contract]" in capsys.readouterr().out


def test_summaries() -> None:
    """One, several, and more than are shown."""
    assert summary(1, 1) == "1 message"
    assert summary(2, 2) == "2 messages"
    assert summary(20, 1234) == "20 of 1,234 messages; --limit shows more"
