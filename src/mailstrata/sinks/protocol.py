"""The sink protocol: how parts are handed to whoever wants to keep them.

A sink is a class with the methods of `Sink`; it may inherit from it, and then writes only what it needs. It
is found by name through the entry-point group `mailstrata.sinks`, and checked with the suite in
`mailstrata.testing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING, ClassVar, Protocol

from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, Source, SourceFile, SourceInfo

if TYPE_CHECKING:
    from hashlib import _Hash


class Wants(Flag):
    """What a sink asks for beforehand, so that nobody pays for what nobody asked for."""

    NOTHING = 0
    RAW = auto()
    """`raw` and `outside` are called: every byte of the source, once."""
    DECODED = auto()
    """`decoded` is called with the content of each leaf."""
    DIGESTS = auto()
    """`sha256` of messages and `size` and `sha256` of leaves are set when they end."""
    FILE_DIGESTS = auto()
    """`sha256` of files is set when they end, and that of what was read of one at checkpoints."""
    FOLDERS = auto()
    """`found_folder` is called with the folders of a source."""


class RawKind(StrEnum):
    """What a raw byte of a message is."""

    HEADER = "header"
    DELIMITER = "delimiter"
    BODY = "body"
    OTHER = "other"
    """Preamble and epilogue of a multipart."""


class OutsideKind(StrEnum):
    """What a byte of a source is that belongs to no message."""

    GAP = "gap"
    SEPARATOR = "separator"


@dataclass(slots=True)
class Checkpoint:
    """A point between two messages at which everything that came before may be made visible.

    `source` and `file` are those under way, None between sources; `offset` is the byte offset in that file up to
    which all has been delivered. `final` says that the run ends here.

    `sha256` is that of the file's (decompressed) bytes before `offset`, with `Wants.FILE_DIGESTS` and within a file;
    None also where the message ended so far back in the input (more than 2 MiB) that it is not known any more.
    """

    source: SourceInfo | None = None
    file: FileInfo | None = None
    offset: int = 0
    final: bool = False
    sha256: str | None = None


@dataclass(slots=True)
class FileOutcome:
    """How a file ended.

    `complete` says that it was read to its end without an error. `length` counts its (decompressed) bytes from the
    first one to the last one read, those before an offset at which reading began included. `sha256` is that of
    these bytes as they stand in the file, mbox quoting not undone; None without `Wants.FILE_DIGESTS`, and where
    reading began at an offset without the digest of what stands before it. `changed` says that the file changed
    while it was read, so that what was delivered may be a mixture of before and after; it is then not complete.
    """

    complete: bool = True
    length: int = 0
    sha256: str | None = None
    changed: bool = False


@dataclass(slots=True)
class SourceOutcome:
    """How a source ended: whether it was read whole and, if not, why (a line for people).

    `bytes_read` and `messages` count what was delivered in this run, after decompression.
    """

    complete: bool = True
    reasons: list[str] = field(default_factory=list)
    bytes_read: int = 0
    messages: int = 0


@dataclass(slots=True)
class Seen:
    """What is known of a file from an earlier run.

    Reading begins at `offset` (bytes, where a message or its `From ` line begins or the message before ended), before
    which the file has `messages` messages: message indexes go on from there. `digest` is the SHA-256 object fed
    with the bytes before `offset`, if it is known. With `unchanged`, nothing of the file is read and no sink is
    called for it; `messages` then counts all of its messages.
    """

    offset: int = 0
    messages: int = 0
    digest: _Hash | None = None
    unchanged: bool = False


class KnownFiles(Protocol):
    """What one sink has kept of earlier runs, so that the pipeline reads no more than it must.

    It is asked from `open` to the final checkpoint, always in the order of reading. All other sinks of the same
    pipeline see only what is read.
    """

    def source_unchanged(self, source: Source) -> bool:
        """Whether the source need not be read at all. Asked before `begin_source`; if so, no sink is called for it."""
        ...

    def look(self, source: SourceInfo, file: SourceFile) -> Seen | None:
        """What is known of the file; None where all of it is to be read. Asked before `begin_file`.

        An `offset` other than 0 may be told only of a file that `can_start`. A `SourceError` raised here is a failure
        of that file, of which nothing is then read.
        """
        ...


class Sink:
    """What a sink is called with, how often, and in which order.

    The order, where `*` is any number of times and brackets are what only some sinks ask for::

        open
        ( begin_source
            ( begin_file
                ( [outside]*
                  begin_message
                    ( begin_part [raw]* [decoded]* ... end_part )     nested as the parts are
                  end_message
                  [checkpoint commit]
                )*
                [outside]*
              end_file
            | skipped_file
            | [found_folder] )*
          end_source
          [checkpoint commit] )*
        checkpoint commit
        close

    - Calls come from one thread, never two at once.
    - A file is delivered from its first byte on, and messages count from 0 in their source. Where the pipeline was
      given `KnownFiles`, of a file that was seen before only what follows a known offset may come, without
      `begin_file` being told so, and message indexes then leave out those that are not delivered.
    - With `Wants.FOLDERS`, a Maildir, a tree, a tar and the like also tell of their folders, empty ones and the
      source's own included; on disk each before the files in it, in a container where it stands. A container may name
      a folder twice, or hold files in folders that it does not name. Folders come in every run, `KnownFiles` or not.
    - With `Wants.RAW`, the data of all `raw` calls of a message, joined, is the message as it was before an mbox
      quoted it, every byte once and in order; its SHA-256 is `message.sha256`. `part` is whose bytes they are;
      a delimiter belongs to the multipart. `outside` gets the bytes between messages as they stand. No call is made
      for no bytes.
    - With `Wants.DECODED`, the data of all `decoded` calls of a leaf, joined, is its content. Raw and decoded calls of
      a part interleave freely. Containers get none.
    - Data is `bytes`, at most about the size of a chunk read (1 MiB), and may be kept.
    - The same `message` and `part` objects are passed from begin to end. At `begin_part` all that the header says is
      there; `size`, `sha256`, `end` and `defects` are final at the end.
    - `checkpoint` is called between messages or sources, after so many bytes, and at the end of the run. A sink then
      stages what it has: written and synced, but not visible. `commit`, which follows at once unless a sink's
      `checkpoint` failed, makes it visible; our own sinks do so atomically. A sink that cannot stage may write
      at any time, and is then delivered to at least once: after a crash the same messages come again. One whose
      result is a single whole may leave all but the final checkpoint alone.
    - Whatever a method raises ends the run for all sinks: `abort` is then called, once, instead of anything
      else, and must leave what was committed as it is. A sink is also aborted, without having failed, when
      another one fails, or the user interrupts. `abort` and `close` release what `open` took; after either, the
      sink is not called again. If `open` raises, nothing more is called on that sink.
    - A sink raises `TargetError` (or lets `OSError` through, which the pipeline wraps) when it cannot write. It never
      raises because of what a message says.
    """

    name: ClassVar[str] = "sink"
    """What the sink is called in messages and as an entry point."""

    wants: Wants = Wants.NOTHING

    def open(self) -> None:
        """The run begins: take locks, make folders, refuse a target that cannot be used."""

    def begin_source(self, source: SourceInfo) -> None:
        """A source begins."""

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        """A file of the source begins; offsets count from its (decompressed) first byte."""

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Bytes of the file at offset `start` that belong to no message."""

    def begin_message(self, message: MessageInfo) -> None:
        """A message begins; its own header fields are known."""

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """A part begins, the root (`part.path == "1"`) included, containers before their children."""

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """The next bytes of the message."""

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """The next bytes of the decoded content of a leaf."""

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """The part has ended; its size, digest and defects are final."""

    def end_message(self, message: MessageInfo) -> None:
        """The message has ended; its size, digest and defects are final."""

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:
        """The file has ended, or could not be read further; `outcome` says which."""

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:
        """A file of the source was passed over."""

    def found_folder(self, source: SourceInfo, folder: FolderInfo) -> None:
        """A folder of the source, whether anything is in it or not."""

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        """The source has ended."""

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Stage everything delivered so far: durable, not yet visible."""

    def commit(self) -> None:
        """Make visible what the last checkpoint staged, in one step."""

    def abort(self) -> None:
        """The run ends early: drop what was not committed, keep what was, let go of everything."""

    def close(self) -> None:
        """The run has ended well, after the last commit: let go of everything."""
