"""Getting mail back with tar, zstd and the standard library, by docs/archive-format.md and docs/stripping.md alone.

The reader below imports nothing of mailstrata. It holds messages in memory and loops over characters: it is there to
show that the two pages suffice, not to be fast.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from support.archives import needs_tar_and_zstd

from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.sources.discover import find_sources

MARKER = b"Content-Type: message/external-body; access-type=x-mailstrata;"
WORDS = b"access-type=x-mailstrata"
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SEPARATORS = {"": b"", "n": b"\n", "rn": b"\r\n"}
REST = re.compile(r"(\d+)(-?)(\+?)('.*|rn|n|)")
LINES = re.compile(r"(\d+)\*(\d+)('.*|rn|n|)")


class Unpacked:
    """An archive whose packs tar and zstd have unpacked into a folder."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.archive = archive
        self.folder = folder
        folder.mkdir()
        for pack in (archive / "packs").glob("*.tar.zst"):
            subprocess.run(["tar", "--zstd", "-xf", pack, "-C", folder], check=True)

    def message(self, digest: str) -> bytes:
        path = f"{digest[:2]}/{digest}.eml"
        whole = self.folder / "messages" / path
        data = (
            whole.read_bytes() if whole.exists() else self.unstripped((self.folder / "skeletons" / path).read_bytes())
        )
        assert hashlib.sha256(data).hexdigest() == digest
        return data

    def blob(self, digest: str) -> bytes:
        return (self.folder / "blobs" / digest[:2] / digest).read_bytes()

    def unstripped(self, skeleton: bytes) -> bytes:
        out, at = [], 0
        while True:
            found = skeleton.find(MARKER, at)
            if found < 0:
                return b"".join(out) + skeleton[at:].replace(WORDS + b"-", WORDS)
            out.append(skeleton[at:found].replace(WORDS + b"-", WORDS))
            outer = re.compile(rb".*?\n\r?\n", re.DOTALL).match(skeleton, found)
            assert outer is not None
            field = re.split(rb"\r?\n(?! )", outer[0], maxsplit=1)[0].replace(b"\r", b"").replace(b"\n", b"").decode()
            said = dict(re.findall(r'; (\w+)=(?:"?)([^";]*)', field.partition("x-mailstrata")[2]))
            recipe = re.search(r'recipe="([^"]*)"', field)
            assert recipe is not None
            start = outer.end() + int(said.get("added", 0))
            at = start + int(said["header"])
            out += [skeleton[start:at], encoded(recipe[1], self.blob(said["sha256"]))]

    def lines(self, segments: list[str]) -> Iterator[dict[str, Any]]:
        for name in segments:
            for line in (self.folder / name).read_text("ascii").splitlines():
                yield json.loads(line)

    def files(self) -> dict[str, bytes]:
        """The files of all sources, by the labels of the sources and their names."""
        files: dict[str, bytearray] = {}
        for record in sorted((self.archive / "commits").iterdir()):
            for source in json.loads(record.read_bytes())["sources"]:
                name, quoting = "", None
                for line in self.lines([segment["name"] for segment in source["segments"]]):
                    if line["type"] == "file":
                        name, quoting = f"{source['label']} {line['name']}", line["quoting"]
                        files[name] = bytearray()
                    elif line["type"] in ("gap", "separator"):
                        files[name] += line["data"].encode("latin-1") if "data" in line else self.blob(line["sha256"])
                    elif line["type"] == "message":
                        files[name] += quoted(self.message(line["sha256"]), quoting, line)
                    elif line["type"] == "file-end":
                        assert len(files[name]) == line["length"]
                        assert hashlib.sha256(files[name]).hexdigest() == line["sha256"]
        return {name: bytes(data) for name, data in files.items()}


def quoted(message: bytes, quoting: str | None, line: dict[str, Any]) -> bytes:
    if quoting not in ("mboxo", "mboxrd", "mboxcl"):
        return message
    quotable = re.compile(rb"From " if quoting == "mboxo" else rb">*From ")
    out, offset = [], 0
    for text in message.split(b"\n"):
        is_from = quotable.match(text) and not (text.startswith(b"From ") and offset in line.get("unquoted_lines", []))
        out.append(b">" + text if is_from and offset < line.get("quoting_end", len(message)) else text)
        offset += len(text) + 1
    return b"\n".join(out)


def separator_of(word: str) -> bytes:
    return unquote_to_bytes(word[1:]) if word.startswith("'") else SEPARATORS[word]


def encoded(recipe: str, content: bytes) -> bytes:
    encoding, *words = recipe.split(" ")
    if encoding == "identity":
        return content
    assert encoding == "base64"
    out = b""
    steps: list[str] = []
    size = len(content)
    for word in [*words, "@end"]:
        if not word.startswith("@"):
            steps.append(word)
            continue
        if steps:
            out += segment(steps, content[:size])
            content = content[size:]
            steps = []
        size = int(word[1:]) if word[1:].isdigit() else len(content)
    return out


def segment(steps: list[str], content: bytes) -> bytes:
    plain = base64.b64encode(content)
    characters, padding = plain.rstrip(b"="), plain[len(plain.rstrip(b"=")) :]
    out = b""
    for step in steps:
        if step.startswith(":"):
            text = unquote_to_bytes(step[1:])
            out += text
            characters = characters[sum(byte in ALPHABET for byte in text) :]
        elif found := LINES.fullmatch(step):
            for _ in range(int(found[1])):
                out += characters[: int(found[2])] + separator_of(found[3])
                characters = characters[int(found[2]) :]
        else:
            found = REST.fullmatch(step)
            assert found is not None
            width, separator = int(found[1]) or len(characters) or 1, separator_of(found[4])
            out += separator.join(characters[at : at + width] for at in range(0, len(characters), width))
            out += (b"" if found[2] else padding) + (separator if found[3] else b"")
            characters = b""
    assert not characters
    return out


@needs_tar_and_zstd
def test_messages_and_sources_come_back_without_us(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Every message of the samples and every mailbox they lie in, whatever it is: only the two pages are needed."""
    samples = pytestconfig.rootpath / "samples" / "mail"
    Pipeline([ArchiveSink(tmp_path / "archive")]).run(find_sources([str(samples)]))
    unpacked = Unpacked(tmp_path / "archive", tmp_path / "unpacked")
    assert len(list((tmp_path / "unpacked" / "skeletons").rglob("*.eml"))) > 20
    files = unpacked.files()
    inbox = next(data for name, data in files.items() if name.rstrip().endswith("inbox.mbox"))
    assert inbox == (samples / "inbox.mbox").read_bytes()
    contents = {hashlib.sha256(path.read_bytes()).digest() for path in samples.rglob("*") if path.is_file()}
    found = sum(hashlib.sha256(data).digest() in contents for data in files.values())
    assert found >= 20
