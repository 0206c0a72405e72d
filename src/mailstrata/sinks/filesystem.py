"""The filesystem sink: every part of every message as a file (`mailstrata extract`).

Where files go, and what a run over an earlier one's folder does, is described in docs/sinks.md and, for the
folder of one source, in `source_folder.py`. Files are written as they stream by; they are not synced one by
one, so a power cut (not a kill) may take what the system had not written yet.
"""

# ruff: noqa: ARG002 - the methods have the parameters of `Sink`, whatever they use of them

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mailstrata.sinks.filenames import UniqueNames, clean_name, folded_name, safe_filename, safe_name
from mailstrata.sinks.protocol import Checkpoint, Sink, SourceOutcome, Wants
from mailstrata.sinks.source_folder import MESSAGES_PER_FOLDER, STAGING, SourceFolder, claim_folder
from mailstrata.sinks.target_errors import target_error

if TYPE_CHECKING:
    from mailstrata.errors import TargetError
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.message.origin import SourceInfo

FILES_PER_FOLDER = 1000
"""A message of more parts gets more folders, numbered; this bounds what is remembered of names."""

NAME_BYTES = 143
"""The longest file name. Encrypted folders (eCryptfs, and network storage built on it) hold no longer
ones."""

_SUBJECT_BYTES = 80
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_to_json = json.JSONEncoder(ensure_ascii=False).encode
_SEPARATORS = re.compile(r"[/\\:]")

# A filesystem with rules of its own (exFAT, a ZFS that wants assigned code points, a short limit) refuses a
# name.
_NAME_REFUSED = frozenset({errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG})


class FilesystemSink(Sink):
    """Writes each leaf of each message to a file below `directory`, under a safe and recognisable name.

    With `attachments_only`, text without a file name is left out. With `digests`, the manifests carry
    SHA-256s. A message's files appear together once it has ended. Nothing that is there already is
    overwritten: what an earlier run wrote from the same source stays where it is equal, and gets a numbered
    neighbour where it differs. Memory: the names of one message's files, at most `FILES_PER_FOLDER`, and
    those of the folders in `directory`.

    Raises `TargetError` where it cannot write, `LockedError` where another process is at work on the same
    source.
    """

    name: ClassVar[str] = "filesystem"

    def __init__(self, directory: str | Path, *, attachments_only: bool = False, digests: bool = False) -> None:
        self.wants = Wants.DECODED | Wants.DIGESTS if digests else Wants.DECODED
        self._directory = Path(directory)
        self._attachments_only = attachments_only
        self._root = -1
        self._folders: dict[str, str] = {}
        self._source: SourceFolder | None = None
        self._file = -1
        self._file_name = ""
        self._file_size = 0
        self._names: UniqueNames | None = None
        self._lines: list[tuple[str, str]] = []
        self._folders_of_message = 0

    def open(self) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._root = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise target_error(str(self._directory), error) from error
        try:
            if not os.access(self._directory, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            self._folders = {folded_name(entry.name): entry.name for entry in self._directory.iterdir()}
        except OSError as error:
            self._release()
            raise target_error(str(self._directory), error) from error

    def begin_source(self, source: SourceInfo) -> None:
        options = {"attachments_only": self._attachments_only}
        try:
            self._source = claim_folder(self._root, str(self._directory), source, options, self._folders)
        except OSError as error:
            raise target_error(str(self._directory), error) from error

    def begin_message(self, message: MessageInfo) -> None:
        self._folders_of_message = 0

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        if part.is_container or (self._attachments_only and not part.is_attachment):
            return
        if len(self._lines) >= FILES_PER_FOLDER:
            self._place(message)
        try:
            self._create(part)
        except OSError as error:
            raise self._failure(error) from error
        self._file_size = 0

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        if self._file < 0:
            return
        size = len(data)
        try:
            written = os.write(self._file, data)
            while written < size:
                written += os.write(self._file, memoryview(data)[written:])
        except OSError as error:
            raise self._failure(error) from error
        self._file_size += size

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        if self._file < 0:
            return
        file, self._file = self._file, -1
        try:
            os.close(file)
        except OSError as error:
            raise self._failure(error) from error
        self._lines.append((self._file_name, self._manifest_entry(message, part)))

    def end_message(self, message: MessageInfo) -> None:
        if self._lines:
            self._place(message)

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        if self._source is None:
            return
        try:
            self._source.flush()
            # The manifest of a source that was not read to its end keeps the name that says so.
            if outcome.complete:
                self._source.finish()
            self._source.close()
        except OSError as error:
            raise self._failure(error) from error
        self._source = None

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        if self._source is not None:
            try:
                self._source.flush()
            except OSError as error:
                raise self._failure(error) from error

    def abort(self) -> None:
        # The user is told of what went wrong first, not of what then went wrong in tidying up after it.
        with contextlib.suppress(OSError):
            self._release()

    def close(self) -> None:
        try:
            self._release()
        except OSError as error:
            raise self._failure(error) from error

    def _create(self, part: PartInfo) -> None:
        """Make the file for a part, as the one being written, in the folder of the message under way."""
        assert self._source is not None
        if self._names is None:
            os.mkdir(STAGING, dir_fd=self._source.fd)
            self._names = UniqueNames(max_bytes=NAME_BYTES)
        wanted = safe_name(part, max_bytes=NAME_BYTES)
        plain = safe_filename(None, content_type=part.content_type)
        while True:
            name = self._names.take(wanted)
            try:
                # UTF-8 whatever the locale: a name must not depend on it.
                path = STAGING + b"/" + name.encode()
                self._file = os.open(path, _NEW_FILE, 0o666, dir_fd=self._source.fd)
            except FileExistsError:
                # The filesystem takes more names for one than we do.
                continue
            except OSError as error:
                if error.errno not in _NAME_REFUSED or wanted == plain:
                    raise
                wanted = plain
                continue
            self._file_name = name
            return

    def _place(self, message: MessageInfo) -> None:
        """Give the files written so far their place, and list them."""
        assert self._source is not None
        self._folders_of_message += 1
        shard = "" if message.source.kind == "eml" else f"{message.index // MESSAGES_PER_FOLDER:03}"
        subject = clean_name(_SEPARATORS.sub("-", message.subject or ""), _SUBJECT_BYTES)
        name = f"{message.index:06} {subject}".rstrip(" ")
        try:
            folder = self._source.place(shard, name, self._folders_of_message)
            for file, entry in self._lines:
                saved_as = _to_json(f"{folder}/{file}")
                self._source.list_file(f'{{"saved_as": {saved_as}, {entry}\n'.encode("utf-8", "replace"))
        except OSError as error:
            raise self._failure(error) from error
        self._lines.clear()
        self._names = None

    def _manifest_entry(self, message: MessageInfo, part: PartInfo) -> str:
        """What the manifest says of the file just written, but for its place; the keys are those of
        `parse`."""
        entry = {
            "file": message.file.name.decode("utf-8", "replace") or None,
            "folder": message.file.folder or None,
            "index": message.index,
            "message_id": message.message_id,
            "path": part.path,
            "content_type": part.content_type,
            "charset": part.charset,
            "disposition": part.disposition,
            "filename": part.filename,
            "content_id": part.content_id,
            "size": self._file_size,
            "sha256": part.sha256,
            "defects": [
                {"code": defect.code.value, "start": defect.start, "end": defect.end} for defect in part.defects
            ],
        }
        return _to_json(entry)[1:]

    def _failure(self, error: OSError) -> TargetError:
        return target_error(str(self._directory) if self._source is None else self._source.path, error)

    def _release(self) -> None:
        """Close whatever is open; each, even if closing the one before it fails."""
        with contextlib.ExitStack() as stack:
            if self._root >= 0:
                stack.callback(os.close, self._root)
            if self._source is not None:
                stack.callback(self._source.close)
            if self._file >= 0:
                stack.callback(os.close, self._file)
            self._root = self._file = -1
            self._source = None
