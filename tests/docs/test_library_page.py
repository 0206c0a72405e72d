"""The examples of docs/library.md run as they stand."""

import asyncio
import re
from pathlib import Path

import mailstrata

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
MAILBOX = (
    b"From a@example.org Mon Jan  5 10:00:00 2004\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    b"Content-Disposition: attachment; filename=../a.txt\n\ncontent\n--b--\n"
)


def examples() -> list[str]:
    """The page's code blocks."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_pulling(tmp_path, monkeypatch, capsys):
    """The first example writes the attachment under a safe name."""
    monkeypatch.chdir(tmp_path)
    Path("inbox.mbox").write_bytes(MAILBOX)
    exec(examples()[0], {})
    assert capsys.readouterr().out == "x None\n"
    assert {path.name for path in tmp_path.iterdir()} == {"inbox.mbox", "a.txt"}
    assert Path("a.txt").read_bytes() == b"content"


def test_pushing():
    """The second gives events whose spans are the input."""
    seen = []
    exec(examples()[1], {"mailstrata": mailstrata, "chunks": [MAILBOX[:50], MAILBOX[50:]], "handle": seen.append})
    assert b"".join(event.data for event in seen if isinstance(event, mailstrata.Span)) == MAILBOX


def test_asyncio():
    """The third does the same in an event loop."""
    seen = []

    async def handle(event):
        seen.append(event)

    async def main():
        reader = asyncio.StreamReader()
        reader.feed_data(b"Subject: x\n\nbody")
        reader.feed_eof()
        names = {"asyncio": asyncio, "mailstrata": mailstrata, "handle": handle}
        exec(examples()[2], names)
        await names["structure"](reader)

    asyncio.run(main())
    assert b"".join(event.data for event in seen if isinstance(event, mailstrata.Span)) == b"Subject: x\n\nbody"


def test_stripping(tmp_path, monkeypatch, capsys):
    """The last takes the attachment out of a message, and puts it back."""
    monkeypatch.chdir(tmp_path)
    message = MAILBOX.partition(b"\n")[2].replace(b"content", b"content" * 3000)
    Path("message.eml").write_bytes(message)
    names = {}
    exec(examples()[-1], names)
    assert capsys.readouterr().out == "1 taken out, 0 kept\n"
    assert len(Path("skeleton.eml").read_bytes()) < 1000
    assert Path("again.eml").read_bytes() == message
    for blob in names["attachments"].values():
        blob.file.close()
