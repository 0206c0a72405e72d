"""The forms in which mail lies on disk: how messages are put into mailboxes.

File times are set to fixed moments and compressed files carry none, so that a second run gives the same
bytes.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from samples.files import zip_file
from samples.letters import Letter
from samples.wire import crlf

MboxVariant = Literal["mboxo", "mboxrd", "mboxcl", "mboxcl2"]


def mbox(letters: Iterable[Letter]) -> bytes:
    """An mboxrd: every line that begins with any number of `>` and `From ` has one `>` more."""
    return b"".join(_from_line(item) + _quote(item.data) + b"\n" for item in letters)


def mbox_variant(letters: Iterable[Letter], variant: MboxVariant) -> tuple[bytes, list[Letter]]:
    """An mbox in one of its variants, and the letters as a reader gets them from it.

    mboxo quotes `From ` but not `>From `, so that undoing it takes one `>` too many away. The `cl` variants
    add a Content-Length field (the body as it stands in the mbox, in bytes); mboxcl2 quotes nothing and
    relies on it.
    """
    pieces, read_back = [], []
    for item in letters:
        head, blank, body = item.data.partition(b"\n\n")
        stored = {"mboxo": _FROM.sub(b">From ", body), "mboxcl2": body}.get(variant, _quote(body))
        if variant in ("mboxcl", "mboxcl2"):
            head += b"\nContent-Length: %d" % len(stored)
        pieces.append(_from_line(item) + head + blank + stored + b"\n")
        if variant == "mboxo":
            body = re.sub(rb"(?m)^>From ", b"From ", stored)
        read_back.append(item.with_data(head + blank + body))
    return b"".join(pieces), read_back


_FROM = re.compile(rb"(?m)^From ")


def _from_line(item: Letter) -> bytes:
    # The standard library's mailbox module reads only ASCII here.
    sender = item.sender if item.sender.isascii() else "MAILER-DAEMON"
    return f"From {sender} {_utc(item).ctime()}\n".encode()


def _quote(data: bytes) -> bytes:
    return re.sub(rb"(?m)^(>*From )", rb">\1", data)


def _utc(item: Letter) -> datetime:
    return item.when.astimezone(UTC)


def write(path: Path, data: bytes, when: float) -> None:
    """Write a file, with its folders, and give it a fixed time of modification (seconds since 1970)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (when, when))


def write_maildir(root: Path, folders: dict[str, list[tuple[Letter, str | None]]]) -> None:
    """A Maildir with Maildir++ folders. Each letter comes with its flags; None stands for new mail."""
    for folder, items in folders.items():
        base = root / folder if folder else root
        for name in ("cur", "new", "tmp"):
            (base / name).mkdir(parents=True, exist_ok=True)
        if folder:
            # The mark of a Maildir++ folder, as old as its first message.
            write(base / "maildirfolder", b"", items[0][0].when.timestamp())
        for number, (item, flags) in enumerate(items, start=1):
            when = item.when.timestamp()
            name = f"{when:.0f}.M{number:06}P4711.lantern,S={len(item.data)}"
            path = base / "new" / name if flags is None else base / "cur" / f"{name}:2,{flags}"
            write(path, item.data, when)


def write_tree(root: Path, letters: Iterable[tuple[str, Letter]]) -> None:
    """A tree of .eml files with CRLF, as exported or saved by hand: pairs of path and letter."""
    for name, item in letters:
        write(root / name, item.data if b"\r\n" in item.data else crlf(item.data), item.when.timestamp())


def gzipped(data: bytes) -> bytes:
    """The data as a gzip file without a time."""
    buffer = io.BytesIO()
    # gzip.compress() writes another header from Python 3.13 on.
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


def tar_gz(members: Iterable[tuple[str, bytes, float]]) -> bytes:
    """A gzip'ed tar of name, content and time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data, when in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mtime = int(when)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(data))
    return gzipped(buffer.getvalue())


def takeout(labelled: Iterable[tuple[Letter, str]]) -> tuple[bytes, list[Letter]]:
    """A zip in the shape of Google Takeout, and the letters as they are in it: one mbox of all mail with
    CRLF, the thread and the labels of each in header fields of its own."""
    pieces, read_back = [], []
    for number, (item, labels) in enumerate(labelled, start=1):
        thread = 1790000000000000000 + 1117 * number
        date = _utc(item)
        fields = f"X-GM-THRID: {thread}\nX-Gmail-Labels: {labels}\n".encode()
        data = crlf(fields + item.data.replace(b"\r\n", b"\n"))
        line = f"From {thread}@xxx {date.ctime()[:-5]} +0000 {date.year}\r\n".encode()
        pieces.append(line + _quote(data) + b"\r\n")
        read_back.append(item.with_data(data))
    index = b"<!DOCTYPE html><title>Takeout</title><p>Your archive holds: Mail.</p>\n"
    members = {
        "Takeout/archive_browser.html": index,
        "Takeout/Mail/All mail Including Spam and Trash.mbox": b"".join(pieces),
    }
    return zip_file(members, compress=True), read_back


_PLIST = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>date-received</key>
	<integer>{received}</integer>
	<key>flags</key>
	<integer>8590195713</integer>
</dict>
</plist>
"""


def emlx(item: Letter) -> bytes:
    """Apple Mail's form: a byte count, the message, a property list."""
    plist = _PLIST.format(received=int(item.when.timestamp()))
    return f"{len(item.data):<10}\n".encode() + item.data + plist.encode()
