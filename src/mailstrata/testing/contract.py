"""The contract of `mailstrata.sinks.protocol.Sink`, as assertions about every call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo
from mailstrata.sinks.protocol import Checkpoint, FileOutcome, OutsideKind, RawKind, Sink, SourceOutcome, Wants

if TYPE_CHECKING:
    from hashlib import _Hash

MAX_DATA_BYTES = 2 << 20
"""`raw` and `decoded` get about a chunk (1 MiB) at most; a few header blocks and lines held back may come
with it."""

# What may follow what. A state is named after the call that led there.
_NEXT = {
    "new": {"open"},
    "open": {"begin_source", "checkpoint", "close"},
    "begin_source": {"begin_file", "skipped_file", "found_folder", "end_source"},
    "begin_file": {"outside", "begin_message", "end_file"},
    "outside": {"outside", "begin_message", "end_file"},
    "begin_message": {"begin_part"},
    "begin_part": {"begin_part", "raw", "decoded", "end_part"},
    "raw": {"begin_part", "raw", "decoded", "end_part"},
    "decoded": {"begin_part", "raw", "decoded", "end_part"},
    "end_part": {"begin_part", "raw", "end_part", "end_message"},
    "end_message": {"outside", "begin_message", "end_file", "checkpoint"},
    "end_file": {"begin_file", "skipped_file", "found_folder", "end_source"},
    "skipped_file": {"begin_file", "skipped_file", "found_folder", "end_source"},
    "found_folder": {"begin_file", "skipped_file", "found_folder", "end_source"},
    "end_source": {"begin_source", "checkpoint"},
    "checkpoint": {"commit"},
    "commit": {"begin_source", "checkpoint", "outside", "begin_message", "end_file", "close"},
    "failed": {"abort"},
    "not opened": set[str](),
    "abort": set[str](),
    "close": set[str](),
}
_NO_ABORT = {"new", "not opened", "abort", "close"}


class ContractChecker(Sink):
    """Asserts that whoever drives it keeps the contract, and passes every call on to `sink` if there is one.

    Checked are the order of calls, that the same objects come back, that parts nest, that every byte of a
    file is delivered once and in order (with `RAW`), and that sizes and digests are those of the data. It
    asks for what `sink` asks for, or else for everything. After a call of `sink` has raised, only `abort` may
    follow. `calls` counts the calls, `messages` the messages that have ended.

    `incremental` says that whoever drives it was given `KnownFiles`: files may then begin at any offset, and message
    indexes be left out.
    """

    name = "contract-checker"

    def __init__(self, sink: Sink | None = None, *, incremental: bool = False) -> None:
        self._sink = Sink() if sink is None else sink
        self._incremental = incremental
        self.wants = ~Wants.NOTHING if sink is None else sink.wants
        self.calls = 0
        self.messages = 0
        self.state = "new"
        self._source: SourceInfo | None = None
        self._file: FileInfo | None = None
        self._message: MessageInfo | None = None
        self._parts: list[_OpenPart] = []
        self._index = 0
        self._source_messages = 0
        self._file_begins = False
        self._file_hash: _Hash | None = None
        self._position = 0
        self._message_hash = hashlib.sha256()
        self._message_size = 0

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        """A call of that name: allowed now, passed on by the block, and known to have failed if that
        raises."""
        allowed = self.state not in _NO_ABORT if name == "abort" else name in _NEXT[self.state]
        assert allowed, f"{name} was called when the last call was {self.state}"
        self.calls += 1
        try:
            yield
        except BaseException:
            self.state = "not opened" if name == "open" else "failed"
            raise
        self.state = name

    def open(self) -> None:
        """First of all calls."""
        with self._call("open"):
            self._sink.open()

    def begin_source(self, source: SourceInfo) -> None:
        """Between sources."""
        with self._call("begin_source"):
            assert self._source is None, "a source begins within another"
            self._source = source
            self._index = 0
            self._source_messages = 0
            self._sink.begin_source(source)

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        """Between files."""
        with self._call("begin_file"):
            assert source is self._source
            assert self._file is None, "a file begins within another"
            self._file = file
            self._position = 0
            self._file_begins = True
            is_as_delivered = Wants.RAW in self.wants and file.quoting in (None, "mboxcl2")
            self._file_hash = hashlib.sha256() if is_as_delivered else None
            self._sink.begin_file(source, file)

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Only between messages; goes on where the file was left."""
        with self._call("outside"):
            assert Wants.RAW in self.wants, "outside was called though RAW was not asked for"
            self._check_data(data)
            assert isinstance(kind, OutsideKind)
            self._begin_at(start)
            assert start == self._position, f"bytes at {start} follow those up to {self._position}"
            self._position += len(data)
            if self._file_hash is not None:
                self._file_hash.update(data)
            self._sink.outside(kind, start, data)

    def begin_message(self, message: MessageInfo) -> None:
        """Messages count from 0 in their source, and begin where the file was left."""
        with self._call("begin_message"):
            assert message.source is self._source
            assert message.file is self._file
            if self._incremental:
                self._index = max(self._index, message.index)
            assert message.index == self._index, f"message {message.index} comes where {self._index} should"
            self._index += 1
            self._source_messages += 1
            self._begin_at(message.start)
            if Wants.RAW in self.wants:
                assert message.start == self._position, f"{message!r} does not begin at {self._position}"
            self._message = message
            self._message_hash = hashlib.sha256()
            self._message_size = 0
            self._sink.begin_message(message)

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """The root first, then children of the innermost open part, in their order."""
        with self._call("begin_part"):
            assert message is self._message
            if self._parts:
                parent = self._parts[-1]
                parent.children += 1
                assert part.parent is parent.part, f"{part!r} begins within {parent.part!r}"
                assert parent.part.is_container, f"{part!r} begins within a leaf"
                assert part.path == f"{parent.part.path}.{parent.children}"
            else:
                assert part is message.root, "a part begins after the root has ended"
                assert part.path == "1"
            assert part.depth == len(self._parts)
            self._parts.append(_OpenPart(part))
            self._sink.begin_part(message, part)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """Only with `RAW`, of the innermost open part."""
        with self._call("raw"):
            assert Wants.RAW in self.wants, "raw was called though it was not asked for"
            assert message is self._message
            assert part is self._parts[-1].part, f"raw bytes of {part!r} within {self._parts[-1].part!r}"
            assert isinstance(kind, RawKind)
            self._check_data(data)
            self._message_hash.update(data)
            self._message_size += len(data)
            if self._file_hash is not None:
                self._file_hash.update(data)
            self._sink.raw(message, part, kind, data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """Only with `DECODED`, of the innermost open part, which is a leaf."""
        with self._call("decoded"):
            assert Wants.DECODED in self.wants, "decoded was called though it was not asked for"
            assert message is self._message
            current = self._parts[-1]
            assert part is current.part, f"decoded bytes of {part!r} within {current.part!r}"
            assert not part.is_container, f"decoded bytes of the container {part!r}"
            self._check_data(data)
            current.hash.update(data)
            current.size += len(data)
            self._sink.decoded(message, part, data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """The innermost open part; what is known of it is what was delivered."""
        with self._call("end_part"):
            assert message is self._message
            current = self._parts.pop()
            assert part is current.part, f"{part!r} ends within {current.part!r}"
            assert part.start <= part.body_start <= part.end
            if part.is_container:
                assert part.size is None
                assert part.sha256 is None
            elif Wants.DIGESTS in self.wants:
                assert part.size is not None
                assert part.sha256 is not None
                if Wants.DECODED in self.wants:
                    assert part.size == current.size, f"{part!r} has another size than what was delivered"
                    assert part.sha256 == current.hash.hexdigest(), f"{part!r} has another digest"
            self._sink.end_part(message, part)

    def end_message(self, message: MessageInfo) -> None:
        """After its root has ended; what is known of it is what was delivered."""
        with self._call("end_message"):
            assert message is self._message
            assert not self._parts, f"{message!r} ends before {self._parts[-1].part!r}"
            assert message.start <= message.end
            if Wants.RAW in self.wants:
                assert message.size == self._message_size, f"{message!r} has another size than what was delivered"
            if Wants.DIGESTS in self.wants:
                assert message.sha256 is not None
                if Wants.RAW in self.wants:
                    assert message.sha256 == self._message_hash.hexdigest(), f"{message!r} has another digest"
            self._message = None
            self._position = message.end
            self.messages += 1
            self._sink.end_message(message)

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:
        """The file that began, as long as what was delivered of it."""
        with self._call("end_file"):
            assert source is self._source
            assert file is self._file, "another file ends than the one that began"
            self._begin_at(outcome.length)
            if Wants.RAW in self.wants:
                assert outcome.length == self._position, f"a file of {outcome.length} bytes ends at {self._position}"
            assert not (outcome.complete and outcome.changed)
            if Wants.FILE_DIGESTS in self.wants and not self._incremental:
                assert outcome.sha256 is not None or not outcome.complete, "a whole file without its digest"
            self._check_digest(outcome.sha256)
            self._file = None
            self._sink.end_file(source, file, outcome)

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:
        """Between files."""
        with self._call("skipped_file"):
            assert source is self._source
            assert self._file is None, "a file is skipped within another"
            self._sink.skipped_file(source, file)

    def found_folder(self, source: SourceInfo, folder: FolderInfo) -> None:
        """Between files."""
        with self._call("found_folder"):
            assert Wants.FOLDERS in self.wants, "found_folder was called though FOLDERS was not asked for"
            assert source is self._source
            assert not folder.name.endswith(b"/"), "the name of a folder ends with a slash"
            self._sink.found_folder(source, folder)

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        """The source that began, with the messages that were delivered."""
        with self._call("end_source"):
            assert source is self._source, "another source ends than the one that began"
            assert outcome.messages == self._source_messages
            assert outcome.complete == (not outcome.reasons)
            self._source = None
            self._sink.end_source(source, outcome)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Between messages; says where."""
        with self._call("checkpoint"):
            assert checkpoint.source is self._source
            assert checkpoint.file is self._file
            if self._file is not None:
                assert checkpoint.offset == self._position or Wants.RAW not in self.wants
                self._check_digest(checkpoint.sha256)
            else:
                assert checkpoint.sha256 is None, "a digest where no file is under way"
            self._sink.checkpoint(checkpoint)

    def commit(self) -> None:
        """At once after a checkpoint."""
        with self._call("commit"):
            self._sink.commit()

    def abort(self) -> None:
        """Once, at any time between `open` and `close`; the last call."""
        with self._call("abort"):
            self._sink.abort()

    def close(self) -> None:
        """After the last commit, outside of any source; the last call."""
        with self._call("close"):
            assert self._source is None
            self._sink.close()

    def _begin_at(self, offset: int) -> None:
        """What comes first in a file that was seen before may stand anywhere in it."""
        if self._file_begins and self._incremental and offset:
            self._position = offset
            self._file_hash = None
        self._file_begins = False

    def _check_digest(self, sha256: str | None) -> None:
        """The digest of the file so far, which is known here where no quoting was undone."""
        if sha256 is not None and self._file_hash is not None:
            assert sha256 == self._file_hash.hexdigest(), "a file has another digest than what was delivered"

    @staticmethod
    def _check_data(data: bytes) -> None:
        assert type(data) is bytes, f"data is {type(data).__name__}, which may change later"
        assert data, "a call for no bytes"
        assert len(data) <= MAX_DATA_BYTES, f"{len(data)} bytes in one call"


class _OpenPart:
    __slots__ = ("children", "hash", "part", "size")

    def __init__(self, part: PartInfo) -> None:
        self.part = part
        self.children = 0
        self.size = 0
        self.hash = hashlib.sha256()
