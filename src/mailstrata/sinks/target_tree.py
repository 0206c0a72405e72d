"""A tree of files written from names that strangers chose: members of a tar, the files of a mailbox kept in an archive.

    with TargetTree(path) as tree:
        tree.make_folder(b"Maildir/tmp")
        with tree.create(b"Maildir/cur/1.host:2,S", mode=0o600, mtime_ns=0) as file:
            file.write(data)
            file.place()                    # not called: nothing appears

A file is written under a temporary name in the folder that it goes to, synced, and appears under its name whole, with
its mode and time; it never replaces another. Nothing is written outside of the tree whatever a name says: folders are
opened one inside the other, and no symbolic link is followed. A name is changed only where it must be (`target_names`).

A tree that as a whole gets its name later needs no temporary names: with `is_staged`, a file has its own from the
beginning, which `place_name` tells, and is durable only when `finish` returns.

`on_renamed` is told of each file that did not get its own name. Memory: the names of the folders that were asked for by
`make_folder`.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from itertools import count
from types import TracebackType

from mailstrata.errors import TargetError
from mailstrata.sinks.background_sync import BackgroundSync
from mailstrata.sinks.target_errors import target_error
from mailstrata.sinks.target_names import accepted_piece, candidates, file_numbers, safe_pieces

PERMISSIONS = 0o777
"""What of a mode is set: neither setuid nor the like comes back from a stranger's tar."""

OWNER_MAY_ALL = 0o700
"""What it takes to write into a folder."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_NAME_REFUSED = frozenset({errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG})
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_WRITE_BYTES = 1 << 20


def _make_folders(path: bytes) -> None:
    """Make a folder and those above it where they are missing. A new one is durable when the one above it is synced."""
    missing = []
    above = os.path.abspath(path)  # noqa: PTH100 - bytes, which pathlib does not take
    while not os.path.isdir(above):  # noqa: PTH112
        above = os.path.dirname(above)  # noqa: PTH120
        missing.append(above)
    os.makedirs(path, exist_ok=True)  # noqa: PTH103
    for folder in missing:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class TargetTree:
    """A folder, new or empty when it is opened, that is filled with files under names of strangers.

    `path` is made, with the folders above it. Raises `TargetError` where that cannot be, or where something lies in
    it. `on_renamed` is called with the name that was asked for and the one that the file got, both below the tree,
    when it is placed. `is_staged` says that nobody takes what lies in the tree for whole before the caller says so.
    Use it in a `with` block, or call `close`; `finish` must be called when all is written.
    """

    __slots__ = ("_folder", "_folder_pieces", "_folders", "_on_renamed", "_root", "_sync", "is_staged", "path")

    def __init__(
        self, path: bytes, *, on_renamed: Callable[[bytes, bytes], None] | None = None, is_staged: bool = False
    ) -> None:
        self.path = path
        self.is_staged = is_staged
        self._on_renamed = on_renamed
        # The folders that were asked for, with the mode and time that each gets in the end.
        self._folders: dict[bytes, tuple[int | None, int | None]] = {}
        # The folder that was written to last, open: most files lie beside the one before.
        self._folder = -1
        self._folder_pieces: tuple[bytes, ...] = ()
        self._root = -1
        self._sync = BackgroundSync()
        try:
            _make_folders(path)
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with os.scandir(self._root) as entries:
                is_empty = next(entries, None) is None
        except OSError as error:
            self.close()
            raise target_error(display_path(path), error) from error
        if not is_empty:
            self.close()
            raise TargetError(f"{display_path(path)} is not empty; name a new or an empty folder")

    def __enter__(self) -> TargetTree:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def make_folder(self, name: bytes, *, mode: int | None = None, mtime_ns: int | None = None) -> None:
        """Make a folder, if it is not there, and those around it; the tree itself where `name` is empty. Mode and time
        are set by `finish`, since writing into the folder changes the one and may need the other; until then its owner
        may do everything in it, others no more than afterwards. Raises `TargetError`."""
        with self._writing(name):
            pieces = self._open(tuple(safe_pieces(name)) if name else ())
            if mode is not None:
                os.fchmod(self._folder, mode & PERMISSIONS | OWNER_MAY_ALL)
            self._folders[b"/".join(pieces)] = (mode, mtime_ns)

    def create(self, name: bytes, *, mode: int | None = None, mtime_ns: int | None = None) -> TargetFile:
        """A new file that gets that name, as far as it can be had, when it is placed. `mtime_ns` is the time of its
        last change in nanoseconds since 1970. Raises `TargetError`."""
        *folders, last = safe_pieces(name)
        with self._writing(name):
            pieces = self._open(tuple(folders))
            folder = os.dup(self._folder)
            try:
                return TargetFile(self, name, folder, pieces, last, mode, mtime_ns)
            except BaseException:
                os.close(folder)
                raise

    def finish(self) -> None:
        """All files are placed: set the folders' modes and times, and make their names durable. Raises
        `TargetError`."""
        # The deepest first: a folder whose mode forbids it cannot be entered any more.
        for name in sorted(self._folders, key=lambda name: name.count(b"/") + bool(name), reverse=True):
            mode, mtime_ns = self._folders[name]
            with self._writing(name):
                self._open(tuple(name.split(b"/")) if name else ())
                _set_time(self._folder, mtime_ns)
                if mode is not None:
                    os.fchmod(self._folder, mode & PERMISSIONS)
        with self._writing(b""):
            self._leave_folder()
            self._sync.wait()
            os.fsync(self._root)

    def close(self) -> None:
        """Let go of the folders. May be called again."""
        self._sync.close()
        folder, self._folder = self._folder, -1
        root, self._root = self._root, -1
        if folder >= 0:
            os.close(folder)
        if root >= 0:
            os.close(root)

    def _open(self, pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Open the folder that these pieces lead to as the current one, making what is not there. Returns the names
        that its pieces have got."""
        if self._folder >= 0 and pieces == self._folder_pieces:
            return pieces
        self._leave_folder()
        current = os.dup(self._root)
        found: list[bytes] = []
        try:
            for piece in pieces:
                below, name = _enter(current, piece)
                os.close(current)
                current = below
                found.append(name)
        except BaseException:
            os.close(current)
            raise
        self._folder = current
        self._folder_pieces = tuple(found)
        return self._folder_pieces

    def _leave_folder(self) -> None:
        """Make the names in the current folder durable, and close it."""
        folder, self._folder = self._folder, -1
        if folder >= 0:
            self._sync.sync(folder)

    def _note_place(self, wanted: bytes, got: bytes) -> None:
        if got != wanted and self._on_renamed is not None:
            self._on_renamed(wanted, got)

    @contextlib.contextmanager
    def _writing(self, name: bytes) -> Iterator[None]:
        """Turn an `OSError` of the block into a `TargetError` that says where."""
        try:
            yield
        except OSError as error:
            raise target_error(display_path(self.path + b"/" + name if name else self.path), error) from error


class TargetFile:
    """A file of a `TargetTree` that is being written; in a `with` block, what was not placed is removed.

    `name` is what it was to be called, `place_name` the path below the tree that it has got: empty until it is placed,
    but for a staged tree. `size` are the bytes written so far. Methods raise `TargetError`.
    """

    __slots__ = (
        "_fd",
        "_folder",
        "_last",
        "_mode",
        "_mtime_ns",
        "_pieces",
        "_tree",
        "_written_as",
        "name",
        "place_name",
        "size",
    )

    def __init__(
        self,
        tree: TargetTree,
        name: bytes,
        folder: int,
        pieces: tuple[bytes, ...],
        last: bytes,
        mode: int | None,
        mtime_ns: int | None,
    ) -> None:
        self.name = name
        self.place_name = b""
        self.size = 0
        self._tree = tree
        self._folder = folder
        self._pieces = pieces
        self._last = last
        self._mode = mode
        self._mtime_ns = mtime_ns
        self._fd = -1
        self._written_as = b""
        if tree.is_staged:
            self._take_name(self._open)
            self.place_name = b"/".join((*pieces, self._written_as))
        else:
            self._open(b".mailstrata-" + os.urandom(8).hex().encode() + b".part")

    def __enter__(self) -> TargetFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def write(self, data: bytes) -> None:
        """Append."""
        view = memoryview(data)
        self.size += len(view)
        with self._tree._writing(self.name):
            while view:
                view = view[os.write(self._fd, view[:_WRITE_BYTES]) :]

    def set_metadata(self, mode: int | None, mtime_ns: int | None) -> None:
        """Mode and time that it gets when it is placed, instead of those given before."""
        self._mode, self._mtime_ns = mode, mtime_ns

    def place(self) -> bytes:
        """The file is whole: make it durable and give it its name, mode and time. Returns `place_name`."""
        with self._tree._writing(self.name):
            if self._mode is not None:
                os.fchmod(self._fd, self._mode & PERMISSIONS)
            _set_time(self._fd, self._mtime_ns)
            if not self._tree.is_staged:
                os.fsync(self._fd)
                self.place_name = b"/".join((*self._pieces, self._take_name(self._give_name)))
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._written_as, dir_fd=self._folder)
            fd, self._fd = self._fd, -1
            os.close(self._folder)
            if self._tree.is_staged:
                self._tree._sync.sync(fd)
            else:
                os.close(fd)
        self._tree._note_place(self.name, self.place_name)
        return self.place_name

    def discard(self) -> None:
        """Remove it, unless it was placed. May be called again."""
        if self._fd >= 0:
            try:
                with self._tree._writing(self.name):
                    os.unlink(self._written_as, dir_fd=self._folder)
            finally:
                fd, self._fd = self._fd, -1
                os.close(self._folder)
                os.close(fd)

    def _take_name(self, take: Callable[[bytes], None]) -> bytes:
        """Call `take` with names that the file may have until one is free; returns it."""
        try:
            return _first_free(candidates(self._last, file_numbers()), take)
        except OSError as error:
            if error.errno not in _NAME_REFUSED:
                raise
            return _first_free(candidates(accepted_piece(self._last), file_numbers()), take)

    def _open(self, name: bytes) -> None:
        # Until it has its own mode nobody else reads it.
        mode = 0o666 if self._mode is None else 0o600
        self._fd = os.open(name, _NEW_FILE, mode, dir_fd=self._folder)
        self._written_as = name

    def _give_name(self, name: bytes) -> None:
        """Give the file that name. Raises `FileExistsError` if there is one."""
        folder = self._folder
        try:
            os.link(self._written_as, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # A file system without links: nobody else writes into this folder, so to look is enough.
            with contextlib.suppress(FileNotFoundError):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
            os.rename(self._written_as, name, src_dir_fd=folder, dst_dir_fd=folder)


def _first_free(names: Iterator[bytes], take: Callable[[bytes], None]) -> bytes:
    for name in names:
        try:
            take(name)
        except FileExistsError:
            continue
        return name
    raise AssertionError("counting does not end")


def display_path(path: bytes) -> str:
    """A path as text for people: U+FFFD for what is no UTF-8."""
    return path.decode("utf-8", "replace")


def _enter(folder: int, piece: bytes) -> tuple[int, bytes]:
    """Open the folder `piece` in `folder`, made if it is not there, and the name that it has: another one where the
    file system refuses that, or something else has it."""
    try:
        return _enter_numbered(folder, piece)
    except OSError as error:
        if error.errno not in _NAME_REFUSED:
            raise
        return _enter_numbered(folder, accepted_piece(piece))


def _enter_numbered(folder: int, piece: bytes) -> tuple[int, bytes]:
    # The same name must lead to the same folder each time. Files take few numbers, so there is one soon.
    for name in candidates(piece, count(2)):
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
            os.fsync(folder)
        try:
            return os.open(name, _FOLDER, dir_fd=folder), name
        except OSError as error:
            # A file has the name, or a link, which may lead anywhere.
            if error.errno not in _NO_FOLDER:
                raise
    raise AssertionError("counting does not end")


def _set_time(fd: int, mtime_ns: int | None) -> None:
    if mtime_ns is not None:
        try:
            os.utime(fd, ns=(mtime_ns, mtime_ns))
        except OverflowError:
            # A tar may name a year that the system cannot; the content matters more than its time.
            return
