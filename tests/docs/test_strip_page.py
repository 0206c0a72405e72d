"""docs/strip.md: its example runs as it stands, and its description of the manifest is enough to unstrip by."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_line import Call
from support.stripped import HEADER, base64_body, content, mbox_of, message_with

from mailstrata.cli.main import cli
from mailstrata.stripping import unstrip_message
from mailstrata.transfer.mbox import MboxQuoter

PAGE = (Path(__file__).parents[2] / "docs" / "strip.md").read_text("utf-8")


@pytest.fixture
def call() -> Call:
    """Run the command in this process."""
    from click.testing import CliRunner, Result  # noqa: PLC0415

    def run(*words: str | Path) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words])

    return run


def test_the_example_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strip a mailbox of its pictures, and put them back."""
    monkeypatch.chdir(tmp_path)
    message = message_with(base64_body(content(9000))).replace(b"application/octet-stream", b"image/png")
    Path("inbox.mbox").write_bytes(mbox_of(message, message_with(base64_body(content(9000, 2)))))
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, {})
    assert capsys.readouterr().out == "1 taken out\n2 messages are back\n"
    assert Path("again.mbox").read_bytes() == Path("inbox.mbox").read_bytes()
    assert Path("small.mbox").stat().st_size < Path("inbox.mbox").stat().st_size


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _unstrip_by_the_page(stripped: Path, attachments: Path) -> dict[bytes, bytes]:
    """All files of the last block, put together as the page says, by their places."""
    manifest = (attachments / "manifest.jsonl").read_bytes()
    blocks = []
    while manifest:
        first, _, manifest = manifest.partition(b"\n")
        block = json.loads(first)
        assert (block["type"], block["format"], block["version"]) == ("strip", "mailstrata-strip", 1)
        lines, manifest = manifest[: block["size"]], manifest[block["size"] :]
        assert hashlib.sha256(lines).hexdigest() == block["sha256"]
        blocks.append(lines)
    files = {}
    source, data, at, file = b"", b"", 0, {}

    def reader(parts: list[dict[str, str]]) -> Callable[[str], list[bytes]]:
        def read(sha256: str) -> list[bytes]:
            assert sha256 in {part["sha256"] for part in parts}
            return [(attachments / sha256[:2] / sha256).read_bytes()]

        return read

    for line in map(json.loads, blocks[-1].splitlines()):
        kind = line["type"]
        if kind == "file":
            file, source, at = line, b"", 0
            name = _bytes(line["stripped_name"])
            data = (stripped / os.fsdecode(name) if name else stripped).read_bytes()
        elif kind in ("gap", "separator"):
            source += data[at : at + line["size"]]
            at += line["size"]
        elif kind == "message":
            assert (len(source), at) == (line["start"], line["stripped_start"])
            message = data[at : line["stripped_end"]]
            at = line["stripped_end"]
            if file["stripped_quoting"] == "mboxrd":
                message = re.sub(rb"^>(>*From )", rb"\1", message, flags=re.MULTILINE)
            if line["stripped"]:
                message = b"".join(unstrip_message([message], reader(line["parts"])))
            assert len(message) == line["size"]
            assert hashlib.sha256(message).hexdigest() == line["sha256"]
            quoter = MboxQuoter(file["quoting"], line.get("unquoted_lines"), line.get("quoting_end"))
            source += quoter.feed(message) + quoter.flush()
        elif kind == "file-end":
            assert len(source) == line["length"]
            assert hashlib.sha256(source).hexdigest() == line["sha256"]
            files[_bytes(file["place"])] = source
    return files


@pytest.mark.parametrize("variant", ["mboxo", "mboxrd", "mboxcl2"])
def test_the_manifest_is_described(call: Call, tmp_path: Path, variant: str) -> None:
    """Whoever follows the page gets the files back."""
    folder = tmp_path / "mail"
    folder.mkdir()
    body = base64_body(content(9000))
    quoted = HEADER + b"\n>From here\n>>From there\n\nFrom where?\n"
    (folder / "in.mbox").write_bytes(b"junk\n" + mbox_of(message_with(body), quoted, message_with(body)))
    (folder / "a.eml").write_bytes(message_with(body))
    for name in ("one", "two"):
        result = call(
            "strip", folder, "--to", tmp_path / name, "--attachments", tmp_path / "att", "--mbox-variant", variant
        )
        assert result.exit_code == 0
    assert _unstrip_by_the_page(tmp_path / "two", tmp_path / "att") == {
        os.fsencode(path.name): path.read_bytes() for path in folder.iterdir()
    }


def test_every_key_of_the_summary_is_on_the_page(call: Call, tmp_path: Path) -> None:
    """No number is written that the page does not explain."""
    (tmp_path / "in").write_bytes(mbox_of(message_with(base64_body(content(9000)))))
    paths = ("--attachments", tmp_path / "a", "--json")
    found = json.loads(call("strip", tmp_path / "in", "--to", tmp_path / "s", *paths).stdout)
    of_extract = json.loads(call("extract", tmp_path / "in", "--to", tmp_path / "e", "--json").stdout)
    back = json.loads(call("unstrip", tmp_path / "s", "--to", tmp_path / "u", *paths).stdout)
    assert [key for key in [*(set(found) - set(of_extract)), *back] if f"`{key}`" not in PAGE] == []
