"""Where a file of a source goes below the target: the mailbox that is written looks like the one that was read."""

from __future__ import annotations

from mailstrata.message.origin import FileInfo, FolderInfo, SourceInfo

_SUFFIXES = {
    "gzip": (b".gz", b".gzip", b".z"),
    "bzip2": (b".bz2", b".bzip2"),
    "xz": (b".xz", b".lzma"),
    "zstd": (b".zst", b".zstd"),
}
_MAILDIR_PARTS = (b"cur", b"new")


def place_of_source(source: SourceInfo, root: bytes | None) -> bytes:
    """The path of a source below the target; empty where the target is that source.

    `root` is what the user named: the source itself, or a folder that it lies in. Without it each source has a place
    of its own, named as it is.
    """
    path = source.path.rstrip(b"/")
    if root is None:
        return path.rpartition(b"/")[2].replace(b"-", b"stdin") if path == b"-" else path.rpartition(b"/")[2] or b"mail"
    root = root.rstrip(b"/")
    if path == root:
        return b""
    if path.startswith(root + b"/"):
        return path[len(root) + 1 :]
    return path.rpartition(b"/")[2] or b"mail"


def place_of_file(source_place: bytes, file: FileInfo) -> bytes:
    """The path of a file of that source below the target. It is written decompressed, and so without the suffix that
    says otherwise."""
    place = source_place + b"/" + file.name if source_place and file.name else source_place or file.name
    if file.compression is not None:
        for suffix in _SUFFIXES[file.compression]:
            stem = place[: -len(suffix)]
            if place.lower().endswith(suffix) and stem and not stem.endswith(b"/"):
                return stem
    return place


def place_of_folder(source_place: bytes, folder: FolderInfo) -> bytes:
    """The path of a folder of that source below the target; in a tar, `./` and `./a/` are the source and its `a`."""
    pieces = [piece for piece in folder.name.split(b"/") if piece not in (b"", b".")]
    return b"/".join([source_place, *pieces] if source_place else pieces)


def maildir_folder(source_place: bytes, file: FileInfo) -> bytes:
    """The folder below the target that has the `cur` or `new` in which a file of a Maildir lies."""
    part = file.name.rpartition(b"/")[0]
    folder, _, last = part.rpartition(b"/")
    if last not in _MAILDIR_PARTS:
        folder = part
    return source_place + b"/" + folder if source_place and folder else source_place or folder
