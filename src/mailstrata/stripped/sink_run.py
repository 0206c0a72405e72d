"""What the strip sink holds while a run is at work: the file under way, and the lines of the manifest so far."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailstrata.errors import StrippedMailError, UsageError
from mailstrata.sinks.protocol import (
    FileOutcome,
    OutsideKind,
    SourceOutcome,
)
from mailstrata.sinks.target_tree import OWNER_MAY_ALL
from mailstrata.stripped.attachments import Attachment, AttachmentFolder
from mailstrata.stripped.files import show
from mailstrata.stripped.manifest import Block, BlockWriter, bytes_to_json
from mailstrata.stripped.places import maildir_folder, place_of_file, place_of_folder
from mailstrata.stripped.target import OutputFile, StagedTarget
from mailstrata.stripping import StripCounts, StrippedMessage, StrippedPart, Stripper, StripPolicy
from mailstrata.transfer.mbox import MboxQuoter

if TYPE_CHECKING:
    from mailstrata.message.info import MessageInfo, PartInfo
    from mailstrata.message.origin import FileInfo, FolderInfo, SkippedFile, SourceInfo

STRIPPED_QUOTING = "mboxrd"
"""How a stripped mbox is quoted, whatever the source's way: the one way that always comes undone."""

PRIVATE = 0o700
"""The mode of a Maildir's folders where the source does not tell their own."""

_FOLDER_KINDS = frozenset({"eml-tree", "apple-mail", "tar", "zip"})

_SHOWN_CHARACTERS = 200


@dataclass(slots=True)
class StripTotals:
    """What a run came to. `source_bytes` are those of the sources, decompressed. `taken_out` counts parts, as often as
    they were found, with the bytes of their decoded content; `attachments_new` contents that were not in the folder
    yet, `attachments_repaired` those that lay there damaged."""

    messages: int = 0
    messages_stripped: int = 0
    source_bytes: int = 0
    stripped_bytes: int = 0
    taken_out: int = 0
    taken_out_bytes: int = 0
    attachments_new: int = 0
    attachment_bytes_new: int = 0
    attachments_repaired: int = 0
    counts: StripCounts = field(default_factory=StripCounts)


class StripRun:
    """What a sink holds from `open` to `close`. Methods named as those of `Sink` are called as those are."""

    def __init__(
        self,
        target: Path,
        attachments: Path,
        policy: StripPolicy,
        totals: StripTotals,
        on_renamed: Callable[[bytes, bytes], None] | None,
    ) -> None:
        self.totals = totals
        self.stripper: Stripper[Attachment] = Stripper(policy, self._write, self._new_attachment)
        _refuse_nested(target, attachments)
        self._target = StagedTarget(target, on_renamed=on_renamed)
        self._block: BlockWriter | None = None
        self._file: OutputFile | None = None
        self._folder: AttachmentFolder | None = None
        try:
            self._folder = AttachmentFolder(attachments)
            self._block = BlockWriter(self._folder.working)
        except BaseException:
            self.close()
            raise
        self._source_place = b""
        self._has_folders = False
        self._maildir: bytes | None = None
        self._last_file: tuple[int, str] = (0, "")
        self._quoter: MboxQuoter | None = None
        self._quoted = False
        self._parts: list[dict[str, Any]] = []
        self._stripped_start = 0
        self._outside: tuple[OutsideKind, int, int] | None = None
        self._position = 0

    # Files -------------------------------------------------------------------------------------------------------

    def begin_source(self, source: SourceInfo, place: bytes) -> None:
        self._source_place = place
        self._has_folders = False
        self._maildir = None
        self._add({"type": "source", "label": source.label, "path": bytes_to_json(source.path), "kind": source.kind})

    def found_folder(self, folder: FolderInfo) -> None:
        self._has_folders = True
        self._make_folder(place_of_folder(self._source_place, folder), folder.mode, folder.mtime_ns)

    def _make_untold_folders(self, source: SourceInfo, place: bytes) -> None:
        """Make the folders that a source must have, if it tells of none; `place` is that of a Maildir."""
        if self._has_folders:
            return
        if source.kind == "maildir":
            self._make_maildir(place)
        elif source.kind in _FOLDER_KINDS:
            self._has_folders = True
            self._make_folder(self._source_place, None)

    def _make_maildir(self, place: bytes) -> None:
        if place != self._maildir:
            self._maildir = place
            for folder in (place, *(place + b"/" + part if place else part for part in (b"cur", b"new", b"tmp"))):
                self._make_folder(folder, PRIVATE)

    def _make_folder(self, place: bytes, mode: int | None, mtime_ns: int | None = None) -> None:
        # Who strips a mailbox goes on using it, and must be able to read it for `unstrip`.
        usable = None if mode is None else mode | OWNER_MAY_ALL
        self._target.make_folder(place, mode=usable, mtime_ns=mtime_ns)
        self._add({"type": "folder", "place": bytes_to_json(place), "mode": mode, "mtime_ns": mtime_ns})

    def begin_file(self, source: SourceInfo, file: FileInfo) -> None:
        self._make_untold_folders(source, maildir_folder(self._source_place, file))
        place = place_of_file(self._source_place, file)
        output = self._target.create(place, mode=file.mode, mtime_ns=file.mtime_ns)
        self._file = output
        self._quoted = file.quoting is not None
        self._position = 0
        self._add(
            {
                "type": "file",
                "name": bytes_to_json(file.name),
                "folder": file.folder,
                "flags": file.flags,
                "mode": file.mode,
                "mtime_ns": file.mtime_ns,
                "size": file.size,
                "compression": file.compression,
                "quoting": file.quoting,
                "place": bytes_to_json(place),
                "stripped_name": bytes_to_json(output.place_name),
                "stripped_quoting": STRIPPED_QUOTING if self._quoted else None,
            }
        )

    def end_file(self, source: SourceInfo, outcome: FileOutcome) -> None:
        self._end_outside()
        output, self._file = self._file, None
        assert output is not None
        if outcome.length != self._position:
            output.discard()
            raise StrippedMailError(
                f"{source.label}: {outcome.length} bytes were read, {self._position} delivered; this is a bug of "
                "mailstrata, nothing was written"
            )
        output.place()
        self._last_file = (output.position, output.sha256)
        self.totals.source_bytes += outcome.length
        self.totals.stripped_bytes += output.position
        self._add(
            {
                "type": "file-end",
                "length": outcome.length,
                "sha256": outcome.sha256,
                "complete": outcome.complete,
                "changed": outcome.changed,
                "stripped_length": output.position,
                "stripped_sha256": output.sha256,
            }
        )

    def skipped_file(self, file: SkippedFile) -> None:
        self._add(
            {
                "type": "skipped",
                "name": bytes_to_json(file.name),
                "reason": file.reason,
                "error": file.is_error,
            }
        )

    def end_source(self, source: SourceInfo, outcome: SourceOutcome) -> None:
        if self._maildir is None:
            self._make_untold_folders(source, self._source_place)
        self._add({"type": "source-end", "complete": outcome.complete, "reasons": outcome.reasons})

    # Their bytes -------------------------------------------------------------------------------------------------

    def outside(self, kind: OutsideKind, start: int, data: bytes) -> None:
        assert self._file is not None
        if self._outside is None or self._outside[0] is not kind:
            self._end_outside()
            self._outside = (kind, start, 0)
        kind, first, size = self._outside
        self._outside = (kind, first, size + len(data))
        self._file.write(data)

    def _end_outside(self) -> None:
        if self._outside is not None:
            kind, start, size = self._outside
            self._outside = None
            self._add({"type": kind.value, "start": start, "size": size})
            self._position = start + size

    def begin_message(self, message: MessageInfo) -> None:
        assert self._file is not None
        self._end_outside()
        self._stripped_start = self._file.position
        self._quoter = MboxQuoter(STRIPPED_QUOTING) if self._quoted else None
        self._parts = []
        self.stripper.begin_message(message)

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        if self._quoter is not None:
            data = self._quoter.feed(data)
        self._file.write(data)

    def _new_attachment(self) -> Attachment:
        assert self._folder is not None
        return self._folder.new()

    def end_part(self, message: MessageInfo, part: PartInfo) -> None:
        stripped: StrippedPart[Attachment] | None = self.stripper.end_part(message, part)
        if stripped is None:
            return
        assert self._folder is not None
        totals = self.totals
        totals.taken_out += 1
        totals.taken_out_bytes += stripped.size
        if self._folder.keep(stripped.blob, stripped.sha256):
            totals.attachments_new += 1
            totals.attachment_bytes_new += stripped.size
        filename = part.filename
        self._parts.append(
            {
                "path": part.path,
                "filename": None if filename is None else _shown(filename),
                "content_type": _shown(part.content_type),
                "sha256": stripped.sha256,
                "size": stripped.size,
                "encoding": stripped.encoding,
                "encoded_size": stripped.encoded_size,
            }
        )

    def end_message(self, message: MessageInfo) -> None:
        assert self._file is not None
        outcome: StrippedMessage = self.stripper.end_message()
        if self._quoter is not None:
            self._file.write(self._quoter.flush())
        totals = self.totals
        totals.messages += 1
        totals.messages_stripped += outcome.stripped > 0
        totals.counts.add(outcome.counts)
        line: dict[str, Any] = {
            "type": "message",
            "start": message.start,
            "end": message.end,
            "stripped_start": self._stripped_start,
            "stripped_end": self._file.position,
            "size": message.size,
            "sha256": message.sha256,
            "stripped": outcome.is_changed,
        }
        if message.unquoted_lines:
            line["unquoted_lines"] = message.unquoted_lines
        if message.quoting_end is not None:
            line["quoting_end"] = message.quoting_end
        if self._parts:
            line["parts"] = self._parts
        self._add(line)
        self._position = message.end

    # The end -----------------------------------------------------------------------------------------------------

    def _add(self, line: dict[str, Any]) -> None:
        assert self._block is not None
        self._block.add(line)

    def stage(self) -> None:
        """Make everything durable but the manifest."""
        assert self._folder is not None
        self._folder.sync()
        if self._target.shape is not None:
            self._target.finish()

    def publish(self) -> None:
        """Append to the manifest, then give the mailbox its name. Nothing appears where nothing was read."""
        assert self._folder is not None
        assert self._block is not None
        if self._target.shape is None:
            return
        is_file = self._target.shape == "file"
        size, sha256 = self._last_file if is_file else (0, "")
        block = Block(
            id=secrets.token_hex(16),
            target=os.fsencode(self._target.path),
            shape="file" if is_file else "folder",
            stripped_size=size,
            stripped_sha256=sha256,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            written_by=f"mailstrata {import_module('mailstrata').__version__}",
            size=self._block.size,
            sha256=self._block.sha256,
        )
        self.totals.attachments_repaired = self._folder.repaired
        self._block.append_to(self._folder.path, block)
        self._target.publish()

    def close(self) -> None:
        """Let go of everything; each, even if one before it fails."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._target.close)
            if self._folder is not None:
                stack.callback(self._folder.close)
            if self._block is not None:
                stack.callback(self._block.close)
            if self._file is not None:
                stack.callback(self._file.discard)
            stack.callback(self.stripper.discard)


def _refuse_nested(target: Path, attachments: Path) -> None:
    places = [Path(os.path.realpath(path)) for path in (target, attachments)]
    for inner, outer in (places, places[::-1]):
        if inner == outer or outer in inner.parents:
            raise UsageError(
                f"the mailbox {show(target)} and the attachments {show(attachments)} must not lie inside one another; "
                "choose another place for one of them"
            )


def _shown(text: str) -> str:
    """Text that is there for people only, cut to what they read."""
    return text[:_SHOWN_CHARACTERS]
