from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.folders import files_below

import mailstrata
from mailstrata.archive.exporting import formats
from mailstrata.archive.exporting.formats import Exporter, ExportFormat, FileNames, exporter
from mailstrata.archive.exporting.outgoing import OutgoingMessage
from mailstrata.errors import ArchiveError, TargetError

HEADER = b"Subject: %s\nDate: Mon, 10 Nov 2025 11:00:00 +0100\nFrom: ada@example.org\n\n"
TIME = 1762768800


def outgoing(data: bytes, flags: str = "", piece: int = 7) -> OutgoingMessage:
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    return OutgoingMessage.begin(hashlib.sha256(data).hexdigest(), flags, pieces)


def write(form: ExportFormat, target: Path, *messages: bytes, names: FileNames = "readable", flags: str = "") -> int:
    with exporter(form, os.fsencode(target), names) as export:
        size = sum(export.write(outgoing(message, flags)) for message in messages)
        export.finish()
    return size


def read_back(path: Path) -> list[bytes]:
    """The messages of a mailbox, as our own reader finds them."""
    with mailstrata.open(path, mbox_variant="mboxrd") as messages:
        return [b"".join(message.raw()) for message in messages]


def check_manifest(found: dict[bytes, bytes], manifest: bytes) -> dict[bytes, bytes]:
    """The files besides the list of digests, which lists them."""
    listed = {line[66:]: line[:64].decode() for line in found.pop(manifest).splitlines()}
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    return found


def test_eml_files_have_readable_names(tmp_path: Path) -> None:
    """Day, subject and beginning of the digest; what is dangerous or missing is replaced; the time is the date's."""
    subjects = {
        b"Hello": "2025-11-10-Hello",
        b"Re: a/../b": "2025-11-10-Re- a-..-b",
        b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=": "2025-11-10-Gr\u00fc\u00dfe",
        b"": "2025-11-10-no subject",
        b"..": "2025-11-10-no subject",
        b"x" * 500: "2025-11-10-" + "x" * 100,
    }
    messages = [HEADER % subject for subject in subjects]
    assert write("eml", tmp_path / "to", *messages, b"") == sum(map(len, messages))
    found = check_manifest(files_below(tmp_path / "to"), b"SHA256SUMS")
    expected = {
        f"{start}-{hashlib.sha256(message).hexdigest()[:8]}.eml".encode(): message
        for start, message in zip(subjects.values(), messages, strict=True)
    }
    assert found == {**expected, b"undated-no subject-e3b0c442.eml": b""}
    assert {int((tmp_path / "to" / os.fsdecode(name)).stat().st_mtime) for name in expected} == {TIME}


def test_eml_files_named_by_digest(tmp_path: Path) -> None:
    """As in a pack: nothing of the message shows in the name."""
    message = HEADER % b"secret"
    write("eml", tmp_path / "to", message, names="digest")
    digest = hashlib.sha256(message).hexdigest()
    found = check_manifest(files_below(tmp_path / "to"), b"SHA256SUMS")
    assert found == {f"{digest[:2]}/{digest}.eml".encode(): message}


def test_a_maildir(tmp_path: Path) -> None:
    """Messages in cur with flags and time, no name twice, and the folders that a Maildir must have."""
    messages = [HEADER % b"1", HEADER % b"2", b"\n"]
    write("maildir", tmp_path / "to", *messages, flags="S/F2S")
    found = check_manifest(files_below(tmp_path / "to"), b"SHA256SUMS")
    assert sorted(found.values()) == sorted(messages)
    assert all(name.startswith(b"cur/") and name.endswith(b".mailstrata:2,FS") for name in found)
    assert sorted(path.name for path in (tmp_path / "to").iterdir() if path.is_dir()) == ["cur", "new", "tmp"]
    assert set(read_back(tmp_path / "to")) == set(messages)


bodies = st.lists(st.sampled_from([b"From x\n", b">From y\n", b"text\n", b"\n", b"From ", b"\r\n", b"a"]), max_size=6)


@given(st.lists(bodies.map(b"".join), max_size=5))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_mbox_is_read_back(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    """Every message with its bytes, whatever lines it has; one without a last line break has got one."""
    target = tmp_path_factory.mktemp("mbox") / "out.mbox"
    messages = [HEADER % b"s" + content for content in contents]
    assert write("mbox", target, *messages) == sum(map(len, messages))
    expected = [message if message.endswith(b"\n") else message + b"\n" for message in messages]
    if messages:
        read = [
            message.sha256 for message in mailstrata.open(target, mbox_variant="mboxrd") if list(message.parts()) or 1
        ]
        assert read == [hashlib.sha256(message).hexdigest() for message in expected]
    else:
        assert target.read_bytes() == b""
    check_manifest(files_below(target.parent), b"out.mbox.sha256")


@pytest.mark.parametrize("form", ["eml", "mbox", "maildir"])
def test_a_message_that_breaks_off_leaves_nothing(tmp_path: Path, form: ExportFormat) -> None:
    """Those before and behind it are whole, and listed."""

    def pieces() -> Iterator[bytes]:
        yield HEADER % b"bad"
        yield b"x" * 3_000_000
        raise ArchiveError("damaged")

    good = [HEADER % b"one" + b"1\n", HEADER % b"two" + b"2\n"]
    with exporter(form, os.fsencode(tmp_path / "to"), "readable") as export:
        export.write(outgoing(good[0]))
        with pytest.raises(ArchiveError):
            export.write(OutgoingMessage.begin("ab" * 32, "", pieces()))
        export.write(outgoing(good[1]))
        export.finish()
    if form == "mbox":
        separator = b"From ada@example.org Mon Nov 10 10:00:00 2025\n"
        assert (tmp_path / "to").read_bytes() == b"".join(separator + message + b"\n" for message in good)
        check_manifest(files_below(tmp_path), b"to.sha256")
    else:
        assert sorted(check_manifest(files_below(tmp_path / "to"), b"SHA256SUMS").values()) == sorted(good)


@pytest.mark.parametrize("form", ["eml", "mbox", "maildir"])
def test_without_finish_no_list_and_no_mbox_appears(tmp_path: Path, form: ExportFormat) -> None:
    """As after an interrupt: what has its name is whole."""
    with pytest.raises(KeyboardInterrupt), exporter(form, os.fsencode(tmp_path / "to"), "readable") as export:
        export.write(outgoing(HEADER % b"1"))
        raise KeyboardInterrupt
    found = files_below(tmp_path)
    assert list(found.values()) == ([] if form == "mbox" else [HEADER % b"1"])


def make(form: ExportFormat, target: Path) -> Exporter:
    return exporter(form, os.fsencode(target), "readable")


def test_what_lies_there_is_left_alone(tmp_path: Path) -> None:
    """A folder with something in it, an mbox or a list of that name."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "listed.sha256").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for form in ("eml", "maildir"):
        with pytest.raises(TargetError, match="not empty"):
            make(form, tmp_path)  # type: ignore[arg-type]
        with pytest.raises(TargetError):
            make(form, tmp_path / "file")  # type: ignore[arg-type]
    for name in ("file", "listed", "link", "."):
        with pytest.raises(TargetError):
            make("mbox", tmp_path / name)
    with pytest.raises(TargetError, match="is a folder"):
        make("mbox", Path("/"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "listed.sha256"]


def test_an_mbox_that_another_process_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """Nor where the file system has no links."""
    for links in (True, False):
        with pytest.raises(TargetError, match="File exists"), make("mbox", tmp_path / "out") as export:
            export.write(outgoing(HEADER % b"1"))
            (tmp_path / "out").write_bytes(b"theirs")
            if not links:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(Path, "hardlink_to", _no_links)
                    export.finish()
            export.finish()
        assert files_below(tmp_path) == {b"out": b"theirs"}
        (tmp_path / "out").unlink()


def test_an_mbox_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT: it is renamed."""
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    write("mbox", tmp_path / "out", HEADER % b"1")
    assert sorted(files_below(tmp_path)) == [b"out", b"out.sha256"]


def _no_links(self: Path, target: Path) -> None:
    raise PermissionError(next(iter(formats._NO_LINKS)), "no links here")
