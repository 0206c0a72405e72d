"""Stripping mailboxes: a mailbox of the same kind without its attachments, the attachments, and a manifest.

What is left for `unstrip` to trust is the manifest; what is left for people are the mailbox, which every mail program
opens, and the attachments. They appear in this order: attachments, manifest, mailbox; so whoever sees the mailbox can
have the original back.
"""

# ruff: noqa: ARG002 - the methods have the parameters of `Sink`, whatever they use of them

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mailstrata.sinks.protocol import (
    Checkpoint,
    FileOutcome,
    OutsideKind,
    RawKind,
    Sink,
    SourceOutcome,
    Wants,
)
from mailstrata.stripped.places import place_of_source
from mailstrata.stripped.sink_run import StripRun, StripTotals
from mailstrata.stripping import StripPolicy

if TYPE_CHECKING:
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo


class StripSink(Sink):
    """Writes the mailbox `target`, stripped, and what was taken out of it to the folder `attachments`.

    `source` is what the user named, an absolute path: the source is then written as `target` itself, and several
    sources below that folder as a tree like it. Without it, each source gets a place of its own in the folder
    `target`. `target` must not be there yet (an empty folder may be); nothing appears under its name before the
    last commit. `attachments` may be shared by any number of runs, also at the same time.

    `on_renamed` is told of each file that could not keep its name. `totals` are final after the last commit.

    Memory: a MiB or so of the attachment under way, the buffers of the output, and 64 Ki digests. Raises
    `TargetError` where it cannot write, `LockedError` where another process writes to the same target.
    """

    name: ClassVar[str] = "strip"
    wants = Wants.RAW | Wants.DECODED | Wants.DIGESTS | Wants.FILE_DIGESTS | Wants.FOLDERS

    def __init__(
        self,
        target: str | os.PathLike[str],
        attachments: str | os.PathLike[str],
        *,
        policy: StripPolicy | None = None,
        source: bytes | None = None,
        on_renamed: Callable[[bytes, bytes], None] | None = None,
    ) -> None:
        self._target_path = Path(target)
        self._attachments_path = Path(attachments)
        self._policy = policy or StripPolicy()
        self._root = source
        self._on_renamed = on_renamed
        self._run: StripRun | None = None
        self._is_staged = False
        self.totals = StripTotals()

    @property
    def _running(self) -> StripRun:
        assert self._run is not None, "the sink is not open"
        return self._run

    def open(self) -> None:
        """Refuse a target that is there already, and begin beside it."""
        self._run = StripRun(self._target_path, self._attachments_path, self._policy, self.totals, self._on_renamed)

    def begin_source(self, source: SourceInfo) -> None:
        """Note the source."""
        self._running.begin_source(source, place_of_source(source, self._root))

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        """Begin the file's stripped twin."""
        self._running.begin_file(source, file)

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        """Write bytes that belong to no message as they are."""
        self._running.outside(kind, start, data)

    def begin_message(self, message: MessageInfo) -> None:
        """Begin a skeleton."""
        self._running.begin_message(message)

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Begin an attachment, if it is one to be taken out."""
        self._running.stripper.begin_part(message, part)

    def raw(self, message: MessageInfo, part: PartInfo, kind: RawKind, data: bytes) -> None:
        """Write what stays."""
        self._running.stripper.raw(message, part, kind, data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """Keep what may be taken out."""
        self._running.stripper.decoded(message, part, data)

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        """Keep the attachment, or put it back."""
        self._running.end_part(message, part)

    def end_message(self, message: MessageInfo) -> None:
        """Note what became of the message."""
        self._running.end_message(message)

    def end_file(self, source: SourceInfo, file: FileInfo, outcome: FileOutcome) -> None:
        """The stripped twin is whole."""
        self._running.end_file(source, outcome)

    def skipped_file(self, source: SourceInfo, file: SkippedFile) -> None:
        """Note the file, which is not copied."""
        self._running.skipped_file(file)

    def found_folder(self, source: SourceInfo, folder: FolderInfo) -> None:
        """Make the folder."""
        self._running.found_folder(folder)

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        """Note how the source ended."""
        self._running.end_source(source, outcome)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """At the end, make everything durable. A mailbox is a single whole, so nothing is done before."""
        if checkpoint.final:
            self._running.stage()
            self._is_staged = True

    def commit(self) -> None:
        """At the end, show the mailbox."""
        if self._is_staged:
            self._running.publish()
            self._is_staged = False

    def abort(self) -> None:
        """Remove what was not shown. Attachments that were kept stay: the next run finds them."""
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        run, self._run = self._run, None
        if run is not None:
            run.close()
