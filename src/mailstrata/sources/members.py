"""Members of archives (tar, zip): which of them are mail, and how they are read while they stream by.

A member's name is data from a stranger: it is shown and kept, and tells what the member may be, but nothing is
ever opened by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from mailstrata.errors import SourceError
from mailstrata.message.origin import FileInfo, MboxVariant, SkippedFile, SourceFile
from mailstrata.sources.chunks import ChunkReader
from mailstrata.sources.content import Content, StreamedFile
from mailstrata.sources.files import display, reason_of
from mailstrata.sources.folder_names import INBOX, maildir_folder
from mailstrata.sources.maildir import flags_of
from mailstrata.sources.mbox import mailbox_folder
from mailstrata.sources.probe import Identified, identify, identify_compressed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.sources.compression import Compression


@cache
def _in_maildir() -> re.Pattern[bytes]:
    return re.compile(rb"(?:(?P<folder>.*)/)?(?P<part>cur|new|tmp)/(?P<base>[^/]+)", re.DOTALL)


@cache
def _delivery_name() -> re.Pattern[bytes]:
    return re.compile(rb"\d+\.[^/]+")


_MAILDIR_NAMES = (b"maildir", b".maildir", b"mdir", b"inbox")


@dataclass(frozen=True, slots=True)
class Member:
    """What an archive says of a member. `size` is that of its data in the archive, in bytes."""

    name: bytes
    size: int | None = None
    mode: int | None = None
    mtime_ns: int | None = None


def open_member(
    member: Member, chunks: Iterator[bytes], label: str, *, variant: MboxVariant | None = None
) -> SourceFile | SkippedFile:
    """A member as a file to be read, or why it is passed over. `chunks` are its bytes; `label` names it in errors.

    Takes at most a sample of `chunks`. Where they fail before it can be told what they are, the member comes as a
    `SkippedFile` with that error.
    """
    name = member.name
    base = name.rpartition(b"/")[2]
    delivery = _in_maildir().fullmatch(name)
    if base.startswith(b"."):
        return SkippedFile(name, "a hidden file")
    if delivery and delivery["part"] == b"tmp" and _delivery_name().fullmatch(base):
        return SkippedFile(name, "in a Maildir's tmp: not delivered yet")
    in_maildir = delivery is not None and delivery["part"] != b"tmp"
    stream = ChunkReader(chunks)
    found = identify(stream.peek, base, in_maildir=in_maildir, variant=variant)
    compression: Compression | None = found.compression
    if compression is not None:
        from mailstrata.sources.compression import decompress  # noqa: PLC0415 - for what is compressed

        stream = ChunkReader(decompress(stream.rest(), compression, label))
        try:
            found = identify_compressed(stream, base, found.sniffed, in_maildir=in_maildir, variant=variant)
        except SourceError as error:
            return SkippedFile(name, reason_of(error, label), is_error=True)
    content = found.content
    if stream.failed is not None and (content is None or not stream.peek(1)):
        return SkippedFile(name, reason_of(stream.failed, label), is_error=True)
    if content is None:
        return SkippedFile(name, _reason(found))
    info = FileInfo(
        name=name,
        folder=_folder(name, content, delivery["folder"] or b"" if delivery and in_maildir else None),
        flags=flags_of(base) if in_maildir else "",
        mode=member.mode,
        mtime_ns=member.mtime_ns,
        size=member.size,
        compression=compression,
        quoting=found.quoting,
    )
    return StreamedFile(content, stream.rest(), info)


def _reason(found: Identified) -> str:
    if found.kind in ("tar", "zip"):
        return f"{found.sniffed.description} inside an archive; unpack it to read it"
    return found.sniffed.description


def _folder(name: bytes, content: Content, maildir: bytes | None) -> str:
    if maildir is not None:
        directory = maildir.rpartition(b"/")[2]
        if directory.startswith(b".") and directory.lower() not in _MAILDIR_NAMES:
            return maildir_folder(directory)
        if not directory or directory.lower() in _MAILDIR_NAMES:
            return INBOX
        return maildir_folder(maildir)
    if content == "mbox":
        return mailbox_folder(name)
    return display(name.removeprefix(b"./").rpartition(b"/")[0])
