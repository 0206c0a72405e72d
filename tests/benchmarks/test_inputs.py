"""The inputs of the benchmarks: the same for the same parameters, and what they say they are."""

from __future__ import annotations

import base64
import email
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.inputs import Facts, encode_base64, make
from benchmarks.peers.mbox import messages
from benchmarks.peers.program import Counts
from benchmarks.peers.stdlib_email import job


def counted(facts: Facts, folder: Path) -> Counts:
    """What the standard library finds in an input."""
    counts = Counts()
    folder.mkdir()
    job(facts.path, str(folder), counts)
    return counts


@pytest.mark.parametrize(("kind", "size"), [("small", 40), ("mixed", 1_500_000), ("huge", 400_000), ("blobs", 23)])
def test_inputs_are_made_the_same_every_time(kind: str, size: int, tmp_path: Path) -> None:
    """The same parameters give the same bytes and the same facts."""
    one, two = make(kind, size, tmp_path / "one"), make(kind, size, tmp_path / "two")
    assert Path(one.path).read_bytes() == Path(two.path).read_bytes()
    assert asdict(one) | {"path": ""} == asdict(two) | {"path": ""}


@pytest.mark.parametrize(("kind", "size"), [("small", 40), ("mixed", 1_500_000), ("huge", 400_000), ("blobs", 23)])
def test_facts_are_what_a_parser_finds(kind: str, size: int, tmp_path: Path) -> None:
    """The standard library counts the messages, attachments and bytes that the facts name."""
    facts = make(kind, size, tmp_path / "input")
    found = counted(facts, tmp_path / "out")
    assert facts.size == Path(facts.path).stat().st_size
    assert (found.messages, found.attachments) == (facts.messages, facts.attachments)
    assert found.attachment_bytes == facts.attachment_bytes


def test_an_input_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    """The second call reads the facts and leaves the file alone; nothing half made is left lying about."""
    first = make("small", 5, tmp_path)
    path = Path(first.path)
    path.write_bytes(b"kept")
    assert make("small", 5, tmp_path) == first
    assert path.read_bytes() == b"kept"
    assert [file.suffix for file in sorted(tmp_path.iterdir())] == [".json", ".mbox"]


def test_small_messages_have_their_size_and_header(tmp_path: Path) -> None:
    """About 6.5 KB and 25 header fields a message; texts and alternatives, no attachments."""
    facts = make("small", 300, tmp_path)
    assert 6_200 < facts.size / facts.messages < 6_900
    parsed = [email.message_from_bytes(data) for data in messages(Path(facts.path))]
    assert {len(message.keys()) for message in parsed} == {25}
    assert {message.get_content_type() for message in parsed} == {"text/plain", "multipart/alternative"}
    assert not any(message.defects for message in parsed)


def test_mixed_messages_have_their_share_of_attachments(tmp_path: Path) -> None:
    """40 % of the messages carry attachments of 20 to 400 KB, and a message has 104 KB on average."""
    facts = make("mixed", 40_000_000, tmp_path)
    assert 94_000 < facts.size / facts.messages < 114_000
    sizes, carriers = [], 0
    for data in messages(Path(facts.path)):
        attached = data.count(b"Content-Disposition: attachment")
        carriers += attached > 0
        assert attached <= 3
        sizes.append(len(data))
    assert 0.34 < carriers / len(sizes) < 0.46
    assert 20_000 < facts.attachment_bytes / facts.attachments < 400_000


def test_small_attachments_are_all_different(tmp_path: Path) -> None:
    """Ten to a message but for the last one, 1,000 bytes each, and as many as were asked for."""
    facts = make("blobs", 23, tmp_path)
    assert (facts.messages, facts.attachments, facts.attachment_bytes) == (3, 23, 23_000)
    parsed = [email.message_from_bytes(data) for data in messages(Path(facts.path))]
    found = [[part.get_payload(decode=True) for part in each.walk() if part.get_filename()] for each in parsed]
    assert [len(contents) for contents in found] == [10, 10, 3]
    assert len({content for contents in found for content in contents}) == 23
    assert {len(content) for contents in found for content in contents} == {1000}


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 57 * 3, 57 * 3 + 20])
def test_base64_is_in_lines_of_76(size: int) -> None:
    """Encoding by columns gives what the standard library gives line by line."""
    data = bytes(range(256))[:size]
    assert encode_base64(data) == base64.encodebytes(data)


@pytest.mark.parametrize("chunk", [7, 8, 9, 64, 1 << 20])
def test_the_mbox_is_split_the_same_in_any_chunks(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A separator across two reads is found, and all bytes but the `From ` lines and blank lines come back."""
    monkeypatch.setattr("benchmarks.peers.mbox._CHUNK", chunk)
    path = tmp_path / "box"
    path.write_bytes(b"From a\nA: 1\n\none\n\nFrom b\nB: 2\n\nFrom the body\n\n\nFrom c\nC: 3\n\nlast\n\n")
    assert list(messages(path, chunk + 1)) == list(messages(path))
    # The second body's own line would be quoted in a real mbox; the splitter takes it for a separator.
    assert list(messages(path)) == [b"A: 1\n\none\n", b"B: 2\n", b"\n", b"C: 3\n\nlast\n\n"]


def test_a_single_message_is_not_split(tmp_path: Path) -> None:
    """A file that does not begin with a `From ` line comes whole."""
    path = tmp_path / "one.eml"
    path.write_bytes(b"Subject: x\n\nhello\n\nFrom here on\n")
    assert list(messages(path)) == [path.read_bytes()]
