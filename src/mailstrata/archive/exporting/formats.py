"""The forms in which messages leave an archive: .eml files, a Maildir, an mbox.

A file has its name only when it is whole. A message whose bytes turn out to be damaged leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

from mailstrata.archive.exporting.outgoing import OutgoingMessage
from mailstrata.archive.folder.files import TEMPORARY_PREFIX, remove, write_new
from mailstrata.archive.restoring.checksums import MANIFEST, checksum_line
from mailstrata.errors import TargetError
from mailstrata.index.files import sync_directory
from mailstrata.sinks.filenames import clean_name
from mailstrata.sinks.target_errors import target_error
from mailstrata.sinks.target_tree import TargetFile, TargetTree, display_path
from mailstrata.transfer.mbox import MboxQuoter

ExportFormat = Literal["eml", "mbox", "maildir"]
FileNames = Literal["readable", "digest"]

_SUBJECT_BYTES = 100
_SEPARATORS = re.compile(r"[/\\:]")
_NO_FLAG = re.compile(r"[^A-Za-z]+")
_BUFFER_BYTES = 1 << 20
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class Exporter(Protocol):
    """Writes messages one after the other; use it in a `with` block, and call `finish` when all are written.

    Methods raise `TargetError`. `manifest` is the path of the list of digests.
    """

    manifest: bytes

    def __enter__(self) -> Exporter: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, message: OutgoingMessage) -> int:
        """Write a message; the bytes that it has. What its pieces raise passes through, and nothing of the message is
        left."""
        ...

    def finish(self) -> None:
        """Make it all durable, the list of digests last."""
        ...


def exporter(form: ExportFormat, target: bytes, names: FileNames) -> Exporter:
    """What writes that format. `target` is a new or empty folder or, of an mbox, a new file; `names` is for .eml files.

    Raises `TargetError` where something else lies there.
    """
    if form == "mbox":
        return MboxExporter(target)
    return EmlExporter(target, names) if form == "eml" else MaildirExporter(target)


class _TreeExporter:
    """What writes a file a message, and a list of their digests."""

    def __init__(self, target: bytes) -> None:
        self._tree = TargetTree(target)
        self._listed: TargetFile | None = None
        self.manifest = target.rstrip(b"/") + b"/" + MANIFEST
        try:
            self._listed = self._tree.create(MANIFEST)
        except BaseException:
            self._tree.close()
            raise

    def __enter__(self) -> _TreeExporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._listed is not None:
                self._listed.discard()
        finally:
            self._tree.close()

    def _name(self, message: OutgoingMessage) -> bytes:
        raise NotImplementedError

    def write(self, message: OutgoingMessage) -> int:
        with self._tree.create(self._name(message), mtime_ns=message.mtime_ns) as file:
            for piece in message.pieces:
                file.write(piece)
            place = file.place()
        assert self._listed is not None
        self._listed.write(checksum_line(message.sha256, place))
        return file.size

    def finish(self) -> None:
        assert self._listed is not None
        self._listed.place()
        self._tree.finish()


class EmlExporter(_TreeExporter):
    """One .eml file a message: `2025-11-10-Subject-0a1b2c3d.eml` (date, subject, beginning of the SHA-256), or with
    the names `digest` `0a/0a1b....eml`."""

    def __init__(self, target: bytes, names: FileNames) -> None:
        super().__init__(target)
        self._names = names

    def _name(self, message: OutgoingMessage) -> bytes:
        digest = message.sha256
        if self._names == "digest":
            return f"{digest[:2]}/{digest}.eml".encode("ascii")
        date = message.date
        day = "undated" if date is None else date.date().isoformat()
        subject = clean_name(_SEPARATORS.sub("-", message.subject), _SUBJECT_BYTES) or "no subject"
        return f"{day}-{subject}-{digest[:8]}.eml".encode()


class MaildirExporter(_TreeExporter):
    """A Maildir with all messages in `cur`, with the flags that they had."""

    def __init__(self, target: bytes) -> None:
        super().__init__(target)
        for folder in (b"cur", b"new", b"tmp"):
            self._tree.make_folder(folder)

    def _name(self, message: OutgoingMessage) -> bytes:
        flags = "".join(sorted(set(_NO_FLAG.sub("", message.flags))))
        seconds = (message.mtime_ns or 0) // 10**9
        return f"cur/{seconds}.{message.sha256}.mailstrata:2,{flags}".encode("ascii")


class MboxExporter:
    """One mbox in the variant mboxrd: a new `From ` line before each message, an empty line behind it. A message that
    does not end in a line break gets one. The list holds the digest of the mbox itself."""

    def __init__(self, target: bytes) -> None:
        self._path = Path(os.fsdecode(target))
        if not self._path.name:
            raise TargetError(f"{self._path} is a folder; name a new file for the mbox")
        self._manifest_path = self._path.with_name(self._path.name + ".sha256")
        self.manifest = os.fsencode(self._manifest_path)
        self._temporary = self._path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
        with self._writing():
            for path in (self._path, self._manifest_path):
                if os.path.lexists(path):
                    raise TargetError(f"{path} is there already; name a new file for the mbox")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._temporary.open("xb", buffering=_BUFFER_BYTES)
        self._digest = hashlib.sha256()
        self._size = 0

    def __enter__(self) -> MboxExporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            # Only a file that is about to be removed still has bytes to be written; they no longer matter.
            self._file.close()
        with self._writing():
            remove(self._temporary)

    def write(self, message: OutgoingMessage) -> int:
        start, digest = self._size, self._digest.copy()
        try:
            return self._write(message)
        except BaseException:
            with self._writing():
                self._file.seek(start)
                self._file.truncate()
            self._size, self._digest = start, digest
            raise

    def _write(self, message: OutgoingMessage) -> int:
        waiting = [message.from_line()]
        quoter = MboxQuoter("mboxrd")
        size = put = 0
        last = b""
        for piece in message.pieces:
            size += len(piece)
            last = piece[-1:] or last
            waiting.append(quoter.feed(piece))
            if size - put >= _BUFFER_BYTES:
                self._put(waiting)
                put = size
        waiting.append(quoter.flush())
        waiting.append(b"\n" if last == b"\n" else b"\n\n")
        self._put(waiting)
        return size

    def _put(self, waiting: list[bytes]) -> None:
        """Write all that is waiting."""
        data = b"".join(waiting)
        waiting.clear()
        self._digest.update(data)
        self._size += len(data)
        with self._writing():
            self._file.write(data)

    def finish(self) -> None:
        with self._writing():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._give_name()
            sync_directory(self._path.parent)
            write_new(self._manifest_path, checksum_line(self._digest.hexdigest(), os.fsencode(self._path.name)))

    def _give_name(self) -> None:
        try:
            self._path.hardlink_to(self._temporary)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # A file system without links: to look before is all that can be done.
            if os.path.lexists(self._path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._path)) from error
            self._temporary.rename(self._path)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise target_error(display_path(os.fsencode(self._path)), error) from error
