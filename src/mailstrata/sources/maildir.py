"""Maildir and Maildir++: one message a file, flags in the file's name, folders inside of folders.

A Maildir has the folders `cur` (seen by a mail program), `new` (not yet) and `tmp` (being delivered, and therefore
left alone). Its subfolders are Maildirs too, named `.Work.2024` (Maildir++) or nested as `Work/2024` (Dovecot's fs
layout). Nothing locks a Maildir: a mail program renames a file when its flags change, and moves it from `new`
to `cur`, while it is read.
"""

# ruff: noqa: PTH110 - paths are bytes, which pathlib does not take

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from functools import cache

from mailstrata.errors import SourceError, SourceNotFoundError
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceFile
from mailstrata.sources.content import DiskFile
from mailstrata.sources.files import FileReader, access_error, join_label
from mailstrata.sources.folder import FolderSource
from mailstrata.sources.folder_names import INBOX, maildir_folder
from mailstrata.sources.sniff import sniff
from mailstrata.sources.walk import folder_info, is_maildir, join, list_folder, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.sources.compression import Compression


@cache
def _flags() -> re.Pattern[bytes]:
    return re.compile(rb"[:!;]2,([A-Za-z]*)")


@cache
def _name_end() -> re.Pattern[bytes]:
    return re.compile(rb"[:!;]")


_PARTS = (b"cur/", b"new/", b"tmp/")
_MAGIC_BYTES = 16
_VANISHED = "moved or deleted while the Maildir was read; run the command again"
_RELIST_AFTER = 1000


# What mail servers keep beside the folders of a Maildir: indexes, and settings of the delivery.
@cache
def _server_files() -> re.Pattern[bytes]:
    return re.compile(rb"\..*|dovecot.*|courier.*|maildir(?:folder|size)|subscriptions|.*\.lock", re.DOTALL)


def flags_of(name: bytes) -> str:
    """The flags in a file's name, sorted: `FS` for `1.2.host:2,SF`. `!` and `;` stand for `:` where a file system
    does not allow it."""
    found = _flags().search(name)
    return "".join(sorted(set(found[1].decode("ascii")))) if found else ""


def unique_name(name: bytes) -> bytes:
    """What of a file's name stays the same whatever flags it gets."""
    return _name_end().split(name, maxsplit=1)[0]


class MaildirSource(FolderSource):
    """A `Source` that is a Maildir with its subfolders. `top` is what its own folder is called."""

    __slots__ = ("_top",)

    def __init__(self, path: bytes, label: str, *, top: str = INBOX) -> None:
        super().__init__(path, label, "maildir")
        self._top = top

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The messages in the order of their names. Raises `SourceError` where the Maildir cannot be read."""
        yield from self._folder_info(b"")
        stack = [_Folder(self, b"")]
        while stack:
            folder = stack[-1]
            base = next(folder.names, None)
            if base is None:
                stack.pop()
                continue
            name = join(folder.name, base.rstrip(b"/"))
            if base in folder.skipped:
                yield SkippedFile(name, folder.skipped[base])
            elif not base.endswith(b"/"):
                if _server_files().fullmatch(base) is None:
                    yield SkippedFile(name, "beside the folders of a Maildir; name it to read it")
            elif folder.is_maildir and base in _PARTS:
                yield from self._folder_info(name)
                yield from self._messages(folder, base.rstrip(b"/"))
            elif is_maildir(join(self._path, name)) or _server_files().fullmatch(base) is None:
                yield from self._folder_info(name)
                try:
                    stack.append(_Folder(self, name))
                except SourceError as error:
                    yield unreadable(name, error, join_label(self.info.label, name))

    def folder_text(self, directories: bytes) -> str:
        """What the folder in these directories below the Maildir is called."""
        if not directories:
            return self._top
        text = maildir_folder(directories)
        return text if self._top == INBOX else f"{self._top}/{text}"

    def path_of(self, name: bytes) -> bytes:
        """The path of what lies at `name` below the Maildir."""
        return join(self._path, name)

    def _folder_info(self, name: bytes) -> Iterator[FolderInfo]:
        found = folder_info(self.path_of(name), name)
        if found is not None:
            yield found

    def _messages(self, folder: _Folder, part: bytes) -> Iterator[SourceFile | SkippedFile]:
        if part == b"cur":  # it comes before `new`
            yield from folder.list_messages()
        for base in folder.messages.pop(part, ()):
            yield self._file(folder, join(folder.name, join(part, base)))

    def _file(self, folder: _Folder, name: bytes) -> SourceFile | SkippedFile:
        folder.taken += 1
        try:
            return self._open(name, folder.text)
        except SourceNotFoundError:
            new_name = folder.find(unique_name(name.rpartition(b"/")[2]))
            if new_name is None:
                return SkippedFile(name, _VANISHED, is_error=True)
            try:
                return self._open(new_name, folder.text)
            except SourceNotFoundError:
                return SkippedFile(name, _VANISHED, is_error=True)
            except SourceError as error:
                return unreadable(new_name, error, join_label(self.info.label, new_name))
        except SourceError as error:
            return unreadable(name, error, join_label(self.info.label, name))

    def _open(self, name: bytes, folder: str) -> SourceFile:
        """Look at a file, which may be compressed (Dovecot's zlib plugin), and close it again."""
        path = join(self._path, name)
        label = join_label(self.info.label, name)
        with FileReader(path, label) as reader:
            status = reader.status
            info = FileInfo(
                name=name,
                folder=folder,
                flags=flags_of(name.rpartition(b"/")[2]),
                mode=stat.S_IMODE(status.st_mode),
                mtime_ns=status.st_mtime_ns,
                size=status.st_size,
                compression=_compression(reader.read_at(0, _MAGIC_BYTES)),
            )
        return DiskFile(path, label, "message", info)


def _compression(head: bytes) -> Compression | None:
    kind = sniff(head, b"").kind
    return kind if kind in ("gzip", "bzip2", "xz", "zstd") else None


def _list_messages(path: bytes) -> list[bytes]:
    """The files in `cur` or `new`, sorted; none where there is no such folder. Raises OSError."""
    try:
        listing = list_folder(path)
    except FileNotFoundError:
        return []
    return [
        name
        for name in listing.names
        if not name.endswith(b"/") and not name.startswith(b".") and name not in listing.skipped
    ]


class _Folder:
    """One folder of a Maildir while it is gone through. Raises `SourceError` where it cannot be listed.

    `name` are its directories below the Maildir. `messages` are the files in `cur` and `new`, once listed.
    """

    __slots__ = (
        "_last_listed",
        "_now",
        "_source",
        "is_maildir",
        "messages",
        "name",
        "names",
        "skipped",
        "taken",
        "text",
    )

    def __init__(self, source: MaildirSource, name: bytes) -> None:
        path = source.path_of(name)
        try:
            listing = list_folder(path)
        except (OSError, ValueError) as error:
            raise access_error(join_label(source.info.label, name), error) from error
        self._source = source
        self.name = name
        self.text = source.folder_text(name)
        self.is_maildir = is_maildir(path)
        self.messages: dict[bytes, list[bytes]] = {}
        self.skipped = listing.skipped
        names = listing.names
        if self.is_maildir:  # one of its parts may be missing, or a symbolic link
            self.skipped = {base: why for base, why in self.skipped.items() if base + b"/" not in _PARTS}
            names = sorted({*(base for base in names if base + b"/" not in _PARTS), *_PARTS})
        self.names = iter(names)
        self.taken = 0
        self._now: dict[bytes, bytes] | None = None
        self._last_listed = 0

    def list_messages(self) -> Iterator[SkippedFile]:
        """List `cur` and `new`; what cannot be listed comes as a `SkippedFile`."""
        # `new` comes first: a file that moves to `cur` meanwhile is then in both lists, not in neither.
        for part in (b"new", b"cur"):
            name = join(self.name, part)
            try:
                self.messages[part] = _list_messages(self._source.path_of(name))
            except OSError as error:
                yield unreadable(name, error)
        new = {unique_name(base) for base in self.messages.get(b"new", ())}
        if not new:
            return
        moved = {unique for base in self.messages.get(b"cur", ()) if (unique := unique_name(base)) in new}
        if moved:
            self.messages[b"new"] = [base for base in self.messages[b"new"] if unique_name(base) not in moved]

    def find(self, unique: bytes) -> bytes | None:
        """The name, below the Maildir, that the file with that unique name has now; None where it is gone.

        The folder is listed again only once in `_RELIST_AFTER` files: a mail program that renames a million of them
        must not make us list it a million times.
        """
        found = self._now.get(unique) if self._now is not None else None
        if found is not None and os.path.exists(self._source.path_of(found)):
            return found
        if self._now is None or self.taken - self._last_listed >= _RELIST_AFTER:
            self._now = {}
            self._last_listed = self.taken
            for part in (b"new", b"cur"):
                name = join(self.name, part)
                try:
                    bases = _list_messages(self._source.path_of(name))
                except OSError:  # the folder is gone: every file of it is then reported by itself
                    continue
                self._now.update((unique_name(base), join(name, base)) for base in bases)
            found = self._now.get(unique)
        return found
