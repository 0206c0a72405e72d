"""Apple Mail's mailbox folders."""

import os
from collections.abc import Callable
from pathlib import Path

from mailstrata.sources.apple import AppleMailSource

Message = Callable[..., bytes]
UUID = "12345678-ABCD"


def emlx(message: bytes) -> bytes:
    return b"%-10d\n%s<?xml version='1.0'?><plist/>\n" % (len(message), message)


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_an_export(tmp_path: Path, read: Callable, mbox: Callable) -> None:
    """An exported mailbox is the file `mbox` in it."""
    root = tmp_path / "Old mail.mbox"
    write(root, {"mbox": mbox(2), "table_of_contents": b"\0\1", ".DS_Store": b"\0"})
    result = read(AppleMailSource(os.fsencode(root), "Old mail.mbox"))
    (found,) = result.files
    assert found.regions == [("mbox", mbox(2))]
    assert (found.info.name, found.info.folder, found.info.quoting) == (b"mbox", "Old mail", "mboxrd")
    assert [(s.name, s.is_error) for s in result.skipped] == [(b"table_of_contents", False)]


def test_folders(tmp_path: Path, read: Callable, message: Message) -> None:
    """Those of a mailbox, and of the mailboxes in it, come with it."""
    root = tmp_path / "Work.mbox"
    write(root, {"Messages/1.emlx": emlx(message()), "2024.mbox/Messages/2.emlx": emlx(message())})
    (root / "Attachments").mkdir()
    found = read(AppleMailSource(os.fsencode(root), "Work.mbox")).folders
    assert [folder.name for folder in found] == [b"", b"2024.mbox", b"2024.mbox/Messages", b"Attachments", b"Messages"]


def test_an_empty_export(tmp_path: Path, read: Callable) -> None:
    """An exported mailbox without messages is an empty mbox."""
    write(tmp_path / "x.mbox", {"mbox": b""})
    assert read(AppleMailSource(os.fsencode(tmp_path / "x.mbox"), "x")).files[0].regions == [("mbox", b"")]


def test_a_mailbox_in_use(tmp_path: Path, read: Callable, message: Message) -> None:
    """All .emlx files are found, in mailboxes inside the mailbox too, with the folders that people know."""
    root = tmp_path / "Archive.mbox"
    write(
        root,
        {
            "Info.plist": b"<?xml",
            "Messages/1.emlx": emlx(message(1)),
            f"{UUID}/Data/3/2/Messages/2.partial.emlx": emlx(message(2)),
            f"{UUID}/Data/3/2/Attachments/2/2/photo.eml": message(7),
            f"2024.mbox/{UUID}/Data/Messages/3.emlx": emlx(message(3)),
        },
    )
    result = read(AppleMailSource(os.fsencode(root), "Archive.mbox"))
    assert {f.info.name.rpartition(b"/")[2]: f.info.folder for f in result.files} == {
        b"1.emlx": "Archive",
        b"2.partial.emlx": "Archive",
        b"3.emlx": "Archive/2024",
    }
    for found in result.files:
        assert [kind for kind, _ in found.regions] == ["gap", "message", "gap"]
    assert sorted(found.regions[1][1] for found in result.files) == [message(1), message(2), message(3)]
    assert result.names == sorted(result.names)
    reasons = {s.name.rpartition(b"/")[2]: s.reason for s in result.skipped}
    assert reasons.keys() == {b"Info.plist", b"photo.eml"}
    assert "beside its message" in reasons[b"photo.eml"]
