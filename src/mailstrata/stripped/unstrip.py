"""Putting a stripped mailbox together again, and proving that it is the one that was stripped.

Nothing is believed but the manifest: it says of each stretch of a stripped file whether it is a message, whether
attachments were taken out of it and which, and what digest the whole must have.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mailstrata.errors import ArchiveError, MailstrataError, StrippedMailError
from mailstrata.stripped.attachment_reader import read_attachment
from mailstrata.stripped.choice import choose_block
from mailstrata.stripped.files import show
from mailstrata.stripped.lines import (
    FileEndLine,
    FileLine,
    FolderLine,
    Line,
    MessageLine,
    OutsideLine,
    SourceLine,
    parse_block,
)
from mailstrata.stripped.manifest import check_block
from mailstrata.stripped.sink_run import STRIPPED_QUOTING
from mailstrata.stripped.stripped_file import StrippedFile, StrippedFiles
from mailstrata.stripped.target import OutputFile, StagedTarget
from mailstrata.stripping import unstrip_message
from mailstrata.transfer.mbox import MboxQuoter, MboxUnquoter

_MOST_PROBLEMS = 10_000


@dataclass(slots=True)
class UnstripReport:
    """What `unstrip` came to. `failed` counts the files that did not come back, of which nothing was written;
    `problems` says of the first ten thousand what is wrong with each, `notes` what else is worth knowing."""

    files: int = 0
    messages: int = 0
    attachments: int = 0
    bytes_written: int = 0
    failed: int = 0
    problems: list[MailstrataError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def unstrip(
    stripped: Path,
    attachments: Path,
    target: Path,
    *,
    progress: Callable[[int, str], None] | None = None,
    on_renamed: Callable[[bytes, bytes], None] | None = None,
) -> UnstripReport:
    """Write to `target` the mailbox that `stripped` was made from, each of its files with its SHA-256, mode and time.

    `attachments` is the folder that `strip` wrote to. A file that does not come back byte for byte is not written,
    the others are; the report says which. `target` must not be there yet, and appears when all is done. `progress`
    is called after each message with the bytes written so far and the label of its source.

    Memory does not depend on the size of anything, but for the names in one folder of a Maildir.

    Raises `ArchiveError` where the manifest is missing, damaged, or not about this mailbox, `TargetError` where the
    target cannot be written, and `StrippedMailError` where not one file of those there were came back.
    """
    block = choose_block(attachments, stripped)
    check_block(attachments, block)
    files = StrippedFiles(stripped)
    with contextlib.closing(StagedTarget(target, on_renamed=on_renamed)) as output:
        run = _Run(files, attachments, output, progress)
        run.lines(parse_block(attachments, block))
        report = run.report
        if report.failed and not report.files:
            raise report.problems[0]
        if output.shape is None:
            output.make_folder(b"")
        output.finish()
        output.publish()
    return report


class _Run:
    def __init__(
        self,
        files: StrippedFiles,
        attachments: Path,
        output: StagedTarget,
        progress: Callable[[int, str], None] | None,
    ) -> None:
        self.report = UnstripReport()
        self._files = files
        self._attachments = attachments
        self._output = output
        self._progress = progress
        self._source = SourceLine("", b"", "")

    def lines(self, lines: Iterator[Line]) -> None:
        for line in lines:
            if isinstance(line, SourceLine):
                self._source = line
            elif isinstance(line, FolderLine):
                self._output.make_folder(line.place, mode=line.mode, mtime_ns=line.mtime_ns)
            elif isinstance(line, FileLine):
                self._file(line, lines)
            else:
                raise ArchiveError("the manifest has bytes outside of a file; it is not as strip writes it")

    def _file(self, file: FileLine, lines: Iterator[Line]) -> None:
        """Put one file together, from its line to its last one."""
        report = self.report
        label = show(file.stripped_name) or self._source.label
        rebuilt: _RebuiltFile | None = None
        problem: StrippedMailError | None = None
        with contextlib.ExitStack() as stack:
            try:
                stripped = self._files.open(file.stripped_name, in_maildir=self._source.kind == "maildir")
                stack.callback(stripped.close)
                output = self._output.create(file.place, mode=file.mode, mtime_ns=file.mtime_ns)
                stack.callback(output.discard)
                rebuilt = _RebuiltFile(file, label, stripped, output, self._attachments)
            except StrippedMailError as error:
                problem = error
            messages = attachments = 0
            for line in lines:
                if isinstance(line, FileEndLine):
                    break
                if not isinstance(line, (OutsideLine, MessageLine)):
                    raise ArchiveError("the manifest has a file that does not end; it is not as strip writes it")
                messages += isinstance(line, MessageLine)
                if rebuilt is None or problem is not None:
                    continue
                try:
                    if isinstance(line, OutsideLine):
                        rebuilt.outside(line)
                    else:
                        rebuilt.message(line, messages)
                        attachments += line.parts
                        self._tell(output.position)
                except StrippedMailError as error:
                    problem = error
            else:
                raise ArchiveError("the manifest has a file that does not end; it is not as strip writes it")
            if problem is None:
                assert rebuilt is not None
                try:
                    self._note(rebuilt.end(line))
                    report.files += 1
                    report.messages += messages
                    report.attachments += attachments
                    report.bytes_written += line.length
                except StrippedMailError as error:
                    problem = error
        if problem is not None:
            report.failed += 1
            if len(report.problems) < _MOST_PROBLEMS:
                report.problems.append(problem)

    def _note(self, notes: list[str]) -> None:
        if len(self.report.notes) < _MOST_PROBLEMS:
            self.report.notes.extend(notes)

    def _tell(self, in_file: int) -> None:
        if self._progress is not None:
            self._progress(self.report.bytes_written + in_file, self._source.label)


class _RebuiltFile:
    """One file while it is put together. Methods raise `StrippedMailError` where it does not come back."""

    def __init__(
        self, file: FileLine, label: str, stripped: StrippedFile, output: OutputFile, attachments: Path
    ) -> None:
        self._file = file
        self._label = label
        self._stripped = stripped
        self._output = output
        self._attachments = attachments

    def outside(self, line: OutsideLine) -> None:
        """Bytes that are as they were."""
        self._check_position(line.start)
        for data in self._stripped.read(line.size):
            self._output.write(data)

    def message(self, line: MessageLine, number: int) -> None:
        """The message `number` of the file, counted from 1."""
        self._check_position(line.start)
        if self._stripped.position != line.stripped_start or line.stripped_end < line.stripped_start:
            raise ArchiveError(f"{self._label}: the manifest leaves out bytes before message {number}")
        try:
            self._rebuild(line)
        except StrippedMailError as error:
            raise StrippedMailError(
                f"{self._label}: message {number}, at byte {line.stripped_start}, does not come back: {error}"
            ) from error

    def _rebuild(self, line: MessageLine) -> None:
        digest = hashlib.sha256()
        size = 0
        quoting = self._file.quoting
        quoter = MboxQuoter(quoting, line.unquoted_lines, line.quoting_end)
        pieces = self._stripped.read(line.stripped_end - line.stripped_start)
        if quoting is not None:
            pieces = _unquoted(pieces)
        if line.is_stripped:
            pieces = unstrip_message(pieces, lambda sha256: self._attachment(line, sha256))
        for data in pieces:
            digest.update(data)
            size += len(data)
            if size > line.size:
                break
            self._output.write(quoter.feed(data))
        self._output.write(quoter.flush())
        if size != line.size or digest.hexdigest() != line.sha256:
            raise StrippedMailError("the stripped message was changed after it was stripped")
        self._check_position(line.end)

    def _attachment(self, line: MessageLine, sha256: str) -> Iterable[bytes]:
        if sha256 not in line.attachments:
            raise StrippedMailError("it names an attachment that was not taken out of it; it was changed or damaged")
        return read_attachment(self._attachments, sha256)

    def end(self, line: FileEndLine) -> list[str]:
        """The file is whole, if its digest is what it was. Returns what else is worth knowing of it."""
        if self._output.position != line.length or self._output.sha256 != line.sha256:
            raise StrippedMailError(
                f"{self._label}: what stands between its messages was changed after it was stripped; the file does not "
                "come back"
            )
        self._output.place()
        notes = []
        if self._stripped.left:
            notes.append(
                f"{self._label}: {self._stripped.left:,} bytes were added after it was stripped; they are left out"
            )
        if not line.is_complete:
            notes.append(f"{self._label}: could not be read whole when it was stripped; what was read then is back")
        return notes

    def _check_position(self, expected: int) -> None:
        if self._output.position != expected:
            raise StrippedMailError(
                f"{self._label}: {self._output.position} bytes came back where there should be {expected}"
            )


def _unquoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    unquoter = MboxUnquoter(STRIPPED_QUOTING)
    for data in pieces:
        yield unquoter.feed(data)
    yield unquoter.flush()
