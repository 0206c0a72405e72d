"""What a power cut may leave on a disk, by the operations that were done before it.

A file has its bytes and those of them that were synced; a folder has its names and those that were synced. Nothing
else is taken for durable: neither that syncing a new file makes its name durable, nor that names come in the order in
which they were given, nor that a rename takes the old name away when it gives the new one. Real file systems promise
more.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.file_operations import Kind, Operation

Tree = dict[str, bytes | None]
"""A state of the disk: the content of each file by its path, None for a folder."""

SHUFFLED = 2
"""States in which some of the names that were not synced are there and others are not, after each operation."""


@dataclass(eq=False, slots=True)
class _File:
    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""

    def contents(self, tail: str) -> bytes:
        """The bytes after the cut; `tail` says what is left of those that were not synced."""
        if tail == "kept":
            return bytes(self.data)
        if tail == "zeros" and self.data[: len(self.synced)] == self.synced:
            return self.synced + bytes(len(self.data) - len(self.synced))
        return self.synced


@dataclass(eq=False, slots=True)
class _Folder:
    names: dict[str, _File | _Folder] = field(default_factory=dict)
    synced: dict[str, _File | _Folder] = field(default_factory=dict)


class Disk:
    """A folder on a disk, empty or as `tree` says, all of it synced, to which operations are applied."""

    def __init__(self, tree: Tree | None = None) -> None:
        self._root = _Folder()
        for path, data in sorted((tree or {}).items()):
            folder, name = self._place(path)
            entry = _Folder() if data is None else _File(bytearray(data), data)
            folder.names[name] = folder.synced[name] = entry

    def _place(self, path: str) -> tuple[_Folder, str]:
        *folders, name = path.split("/")
        found = self._root
        for each in folders:
            below = found.names[each]
            assert isinstance(below, _Folder)
            found = below
        return found, name

    def _file(self, path: str) -> _File:
        folder, name = self._place(path)
        file = folder.names[name]
        assert isinstance(file, _File)
        return file

    def apply(self, operation: Operation) -> None:
        """Do what the operation did."""
        kind, path = operation.kind, operation.path
        if kind is Kind.CREATE:
            folder, name = self._place(path)
            folder.names[name] = _File()
        elif kind is Kind.MAKE_FOLDER:
            folder, name = self._place(path)
            folder.names[name] = _Folder()
        elif kind is Kind.WRITE:
            data = self._file(path).data
            assert operation.offset <= len(data)
            data[operation.offset : operation.offset + len(operation.data)] = operation.data
        elif kind is Kind.TRUNCATE:
            del self._file(path).data[operation.offset :]
        elif kind is Kind.SYNC_FILE:
            file = self._file(path)
            file.synced = bytes(file.data)
        elif kind is Kind.SYNC_FOLDER:
            synced = self._root
            if path != ".":
                folder, name = self._place(path)
                entry = folder.names[name]
                assert isinstance(entry, _Folder)
                synced = entry
            synced.synced = dict(synced.names)
        elif kind in (Kind.LINK, Kind.RENAME):
            source, old = self._place(path)
            target, new = self._place(operation.target)
            target.names[new] = source.names[old]
            if kind is Kind.RENAME:
                del source.names[old]
        elif kind in (Kind.UNLINK, Kind.REMOVE_FOLDER):
            folder, name = self._place(path)
            # What a library made natively was never seen here.
            folder.names.pop(name, None)

    def undisturbed(self) -> Tree:
        """As it is without any cut; as it is, too, when only the process is killed."""
        return _tree(self._root, dict.fromkeys(self._pending(), True), "kept")

    def _pending(self) -> list[tuple[int, str]]:
        return [(id(folder), name) for folder in _folders(self._root) for name in _changed(folder)]

    def after_a_cut(self, seed: int) -> Iterator[Tree]:
        """The states that a power cut may leave; some of them may be equal."""
        nothing: dict[tuple[int, str], bool] = {}
        everything = dict.fromkeys(self._pending(), True)
        yield _tree(self._root, everything, "kept")
        yield _tree(self._root, everything, "gone")
        yield _tree(self._root, everything, "zeros")
        yield _tree(self._root, nothing, "gone")
        yield _tree(self._root, nothing, "kept")
        if len(everything) > 1:
            choose = random.Random(seed)
            for _ in range(SHUFFLED):
                some = {key: choose.random() < 0.5 for key in everything}
                yield _tree(self._root, some, choose.choice(["gone", "zeros", "kept"]))


def _changed(folder: _Folder) -> list[str]:
    """The names whose presence, or whose file, is not what was synced."""
    names = folder.names.keys() | folder.synced.keys()
    return sorted(name for name in names if folder.names.get(name) is not folder.synced.get(name))


def _folders(folder: _Folder) -> Iterator[_Folder]:
    yield folder
    entries = {id(entry): entry for entry in (*folder.names.values(), *folder.synced.values())}
    for entry in entries.values():
        if isinstance(entry, _Folder):
            yield from _folders(entry)


def _tree(root: _Folder, changes: dict[tuple[int, str], bool], tail: str) -> Tree:
    """The tree with those changes of names that are true, and not the others."""
    tree: Tree = {}
    waiting: list[tuple[str, _Folder]] = [("", root)]
    while waiting:
        above, folder = waiting.pop()
        entries = dict(folder.synced)
        for name in _changed(folder):
            if changes.get((id(folder), name)):
                entries.pop(name, None)
                if name in folder.names:
                    entries[name] = folder.names[name]
        for name, entry in entries.items():
            if isinstance(entry, _Folder):
                tree[above + name] = None
                waiting.append((above + name + "/", entry))
            else:
                tree[above + name] = entry.contents(tail)
    return tree


def fingerprint(tree: Tree) -> bytes:
    """What two equal states have in common, and no others."""
    digest = hashlib.sha256()
    for path, data in sorted(tree.items()):
        content = b"" if data is None else hashlib.sha256(data).digest()
        digest.update(b"%s\0%s\0" % (path.encode(), content))
    return digest.digest()


def read_tree(folder: Path, leave_out: frozenset[str] = frozenset()) -> Tree:
    """What lies in a folder, but for some paths."""
    tree: Tree = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in leave_out:
            tree[name] = None if path.is_dir() else path.read_bytes()
    return tree


def write_tree(folder: Path, tree: Tree) -> None:
    """Put it into a folder, which is made."""
    folder.mkdir()
    for path, data in sorted(tree.items()):
        if data is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(data)
