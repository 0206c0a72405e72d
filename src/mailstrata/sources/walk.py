"""Walking through a folder: the files in it, and the folders that are mailboxes.

One directory's names are held at a time, and those of the directories around it; depth costs a stack entry, not
recursion. Symbolic links to folders are not followed, so that nothing is read twice and no loop is entered; one to a
file is. Files and folders with hidden names (`.DS_Store`, `.git`) are passed over without a word, but for Maildirs.
"""

# ruff: noqa: PTH112 - paths are bytes, which pathlib does not take

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from functools import cache

from mailstrata.errors import SourceError
from mailstrata.message.origin import FolderInfo, SkippedFile
from mailstrata.parser.value import Record, Value
from mailstrata.sources.files import access_error, reason_of, special_file_reason
from mailstrata.sources.sniff import has_suffix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

FoundKind: TypeAlias = "Literal['file', 'folder', 'maildir', 'apple-mail']"


@cache
def _maildir_name() -> re.Pattern[bytes]:
    return re.compile(rb"\d+\.[^/]+|.*[:!;]2,[A-Za-z]*\Z", re.DOTALL)


_NAMES_LOOKED_AT = 100


class Found(Value):
    """A regular file below the folder that is walked, or a folder (it may be the first one): a mailbox, or one that is
    walked through.

    `name` is the path below the first folder, `path` the whole one.
    """

    __slots__ = ("kind", "name", "path")
    kind: FoundKind
    name: bytes
    path: bytes

    def __init__(self, kind: FoundKind, name: bytes, path: bytes) -> None:
        self._set(kind=kind, name=name, path=path)


class Listing(Record):
    """What lies in one directory, by name: `names` are sorted as paths are (a folder's ends in `/`), `skipped` says of
    some why they are passed over."""

    __slots__ = ("names", "skipped")

    def __init__(self, names: list[bytes], skipped: dict[bytes, str]) -> None:
        self.names = names
        self.skipped = skipped


def list_folder(path: bytes) -> Listing:
    """What lies in a directory, hidden files included. Raises OSError."""
    listing = Listing([], {})
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                listing.names.append(entry.name + b"/")
                continue
            listing.names.append(entry.name)
            if not entry.is_file():
                listing.skipped[entry.name] = _why_not_a_file(entry)
    # A whole path sorts as the bytes it is made of: `a.mbox` before `a/b`.
    listing.names.sort()
    return listing


def _why_not_a_file(entry: os.DirEntry[bytes]) -> str:
    try:
        status = entry.stat()
    except OSError:
        return "a symbolic link that leads nowhere"
    if stat.S_ISDIR(status.st_mode):
        return "a symbolic link to a folder; name the folder itself to read it"
    return special_file_reason(status.st_mode)


def join(folder: bytes, name: bytes) -> bytes:
    """`folder/name`; `name` alone below the folder that has no name."""
    if not folder:
        return name
    return folder + name if folder.endswith(b"/") else folder + b"/" + name


def folder_info(path: bytes, name: bytes) -> FolderInfo | None:
    """The folder at `path`, which is `name` below its source; None where there is none any more, or it cannot be
    looked at (listing it then says why)."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    return FolderInfo(name, stat.S_IMODE(status.st_mode), status.st_mtime_ns)


def walk(root: bytes, label: str, *, enter_mailboxes: bool = False) -> Iterator[Found | SkippedFile]:
    """`root` and everything below it in the order of the names as bytes, each folder before what lies in it. Mailbox
    folders come as such and are not entered, unless `enter_mailboxes` says so.

    A folder below it that cannot be read comes as a `SkippedFile`. Raises `SourceError` if `root` itself cannot.
    """
    kind = None if enter_mailboxes else mailbox_kind(root)
    if kind is not None:
        yield Found(kind, b"", root)
        return
    try:
        listing = list_folder(root)
    except (OSError, ValueError) as error:
        raise access_error(label, error) from error
    yield Found("folder", b"", root)
    stack = [(b"", iter(listing.names), listing.skipped)]
    while stack:
        folder, names, skipped = stack[-1]
        base = next(names, None)
        if base is None:
            stack.pop()
            continue
        name = join(folder, base.rstrip(b"/"))
        path = join(root, name)
        hidden = base.startswith(b".")
        if not base.endswith(b"/"):
            if not hidden:
                yield SkippedFile(name, skipped[base]) if base in skipped else Found("file", name, path)
            continue
        kind = None if enter_mailboxes else mailbox_kind(path)
        if kind is not None:
            yield Found(kind, name, path)
        elif not hidden:
            yield Found("folder", name, path)
            try:
                listing = list_folder(path)
            except OSError as error:
                yield unreadable(name, error)
            else:
                stack.append((name, iter(listing.names), listing.skipped))


def unreadable(name: bytes, error: OSError | SourceError, label: str = "") -> SkippedFile:
    """A file or folder below a source that cannot be read. `label` is what a `SourceError` calls it."""
    if isinstance(error, OSError):
        error = access_error(label, error)
    return SkippedFile(name, reason_of(error, label), is_error=True)


def mailbox_kind(path: bytes) -> Literal["maildir", "apple-mail"] | None:
    """Whether a folder is a Maildir, or a mailbox folder of Apple Mail; None where it is neither, or cannot be read
    (listing it then says why)."""
    if is_maildir(path):
        return "maildir"
    if has_suffix(path.rstrip(b"/"), (b".mbox",)) and _is_apple_mailbox(path):
        return "apple-mail"
    return None


def is_maildir(path: bytes) -> bool:
    """Whether a folder is a Maildir: it has a folder `cur`, or a folder `new` that also has `tmp` beside it or names
    as deliveries have them in it (a word as common as `new` alone does not make a Maildir)."""
    if os.path.isdir(join(path, b"cur")):
        return True
    new = join(path, b"new")
    return os.path.isdir(new) and (os.path.isdir(join(path, b"tmp")) or _has_maildir_names(new))


def _has_maildir_names(path: bytes) -> bool:
    try:
        with os.scandir(path) as entries:
            return any(
                _maildir_name().fullmatch(entry.name)
                for entry, _ in zip(entries, range(_NAMES_LOOKED_AT), strict=False)
            )
    except OSError:
        return False


def _is_apple_mailbox(path: bytes) -> bool:
    """Whether a folder `NAME.mbox` is what Apple Mail exports (a file `mbox`) or keeps (`Messages`, or
    `UUID/Data/Messages` and `UUID/Data/3/2/Messages`, with .emlx files in them; other mailboxes)."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if (
                        entry.name == b"Messages"
                        or has_suffix(entry.name, (b".mbox",))
                        or os.path.isdir(join(entry.path, b"Data"))
                    ):
                        return True
                elif entry.name == b"mbox" or has_suffix(entry.name, (b".emlx",)):
                    return True
    except OSError:
        return False
    return False
