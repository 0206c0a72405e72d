"""The pull form: messages, and their parts as they stream by.

One reader walks forward over the events of one stream after the other. A `Message` or a `Part` that is not read
is skipped; one that the reader has passed raises `StalePartError` when it is read, while its header fields stay
available.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from mailstrata.errors import SourceError, StalePartError, UsageError
from mailstrata.message.charsets import read_text
from mailstrata.message.decoding import PartDecoder
from mailstrata.message.flowed import unflow
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import Region
from mailstrata.message.quoting import EventStream
from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.parser.events import EntityBegin, EntityEnd, Event, Span, SpanKind
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser, Profile

if TYPE_CHECKING:
    from email.message import EmailMessage

    from mailstrata.message.origin import FileInfo, SourceFile, SourceInfo

DEFAULT_EMAIL_MESSAGE_BYTES = 32 << 20
"""Up to how many raw bytes `Part.as_email_message` builds an object that lies in memory whole."""

ReaderMode = Literal["full", "headers"]


class Part(PartInfo):
    """One part, to be read while it streams by.

    Iterating over a leaf gives its decoded content in chunks of bytes. A part is read at most once, in one of the ways
    `for chunk in part`, `raw()`, `text()` or `as_email_message()`, and before the next part is taken.
    """

    __slots__ = ("_reader", "_taken")

    def __init__(self, reader: Reader, span: EntityBegin, headers: Headers, parent: PartInfo | None) -> None:
        super().__init__(span.entity, headers, parent)
        self._reader = reader
        self._taken = False

    def __iter__(self) -> Iterator[bytes]:
        """The decoded content, in chunks. A container has none; its children come after it.

        Raises `StalePartError` when the reader has moved on. `size` and, with digests, `sha256` are set at the end.
        """
        self._take()
        return self._reader._decoded(self)

    def raw(self) -> Iterator[bytes]:
        """The body as it stands in the message, still encoded, in chunks; of a container, everything in it (its
        children then do not come any more). Raises `StalePartError` when the reader has moved on."""
        self._take()
        return self._reader._raw(self)

    def text(self) -> str:
        """The content as text: decoded from the declared charset, U+FFFD for what cannot be, format=flowed (RFC
        3676) undone. Holds the whole text. Where the charset had to be guessed, a defect
        says so. Raises `StalePartError` when the reader has moved on."""
        read = read_text(b"".join(self), self.charset)
        if read.is_guessed:
            self.decoder_defects.append(Defect(DefectCode.CHARSET_GUESSED, self.body_start, self.end))
        text = read.text
        parameters = self.type_parameters
        if self.content_type == "text/plain" and parameters.get("format", "").lower() == "flowed":
            text = unflow(text, parameters.get("delsp", "").lower() == "yes")
        return text

    def as_email_message(self, max_bytes: int = DEFAULT_EMAIL_MESSAGE_BYTES) -> EmailMessage:
        """The part as the standard library's object, for code that wants one.

        Raises `UsageError` where the part has more than `max_bytes` raw bytes, since the object holds all of them
        several times over, and `StalePartError` when the reader has moved on.
        """
        from email import message_from_bytes  # noqa: PLC0415 - slow to import, wanted by few
        from email.policy import default  # noqa: PLC0415

        pieces = [self.headers.block]
        size = len(pieces[0])
        for chunk in self.raw():
            size += len(chunk)
            if size > max_bytes:
                raise UsageError(
                    f"part {self.path} has more than {max_bytes} bytes; read it in chunks, or pass a larger max_bytes"
                )
            pieces.append(chunk)
        return message_from_bytes(b"".join(pieces), policy=default)

    def _take(self) -> None:
        if self._taken:
            raise StalePartError(f"part {self.path} has been read already; what has streamed by is gone")
        if self._reader._current_part is not self:
            raise StalePartError(
                f"part {self.path} has streamed by; read a part before taking the next one, or keep what you need"
            )
        self._taken = True


class Message(MessageInfo):
    """One message, to be read while it streams by. Its header fields are there at once and stay."""

    __slots__ = ("_ended", "_reader")

    def __init__(
        self, reader: Reader, source: SourceInfo, file: FileInfo, index: int, root: Part, separator: bytes
    ) -> None:
        super().__init__(source, file, index, root, separator)
        self._reader = reader
        # The parser may be ahead: that its entity has ended does not mean that the reader has come so far.
        self._ended = False

    def parts(self) -> Iterator[Part]:
        """The parts in document order, containers before their children, the root first, as they stream by.

        Raises `StalePartError` when the reader has moved on to another message, and `UsageError` in the mode
        `headers`. Taken a second time, it goes on where the first one stopped.
        """
        return self._reader._parts(self)

    def raw(self) -> Iterator[bytes]:
        """The whole message, header included, mbox quoting undone, in chunks. Instead of `parts`, not after it.

        Raises `StalePartError` when some of it has streamed by.
        """
        return self._reader._raw_message(self)


class Reader:
    """Iterates over the messages of files. See `mailstrata.open`, which makes one.

    With `digests`, a message's `sha256` is set when it has ended, and a part's when it has been read to its end.
    `close` lets go of the files; a reader is also a context manager, and closes itself at the end of the iteration.
    """

    def __init__(
        self,
        files: Iterable[tuple[SourceInfo, SourceFile]],
        *,
        mode: ReaderMode = "full",
        limits: Limits | None = None,
        profile: Profile = "default",
        offset: int = 0,
        digests: bool = True,
    ) -> None:
        if mode not in ("full", "headers"):
            raise UsageError(f"mode must be 'full' or 'headers', not {mode!r}")
        self._mode = mode
        self._limits = limits or Limits()
        self._profile: Profile = profile
        self._offset = offset
        self._digests = digests
        self._current: Message | None = None
        self._current_part: Part | None = None
        self._events: Iterator[Event] = iter(())
        self._stream: EventStream | None = None
        self._open_parts: list[Part] = []
        self._untaken: Part | None = None
        self._hash = hashlib.sha256()
        self._size = 0
        self._untouched = False
        self._indexes: dict[bytes, int] = {}
        self._resume_offset = offset
        self._messages = self._walk(files)

    # What users call -----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        self._finish_message()
        return next(self._messages)

    def close(self) -> None:
        """Let go of the file being read. Messages that were not read are not delivered any more."""
        self._current = None
        self._current_part = None
        self._messages.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # The walk ------------------------------------------------------------------------------------------------

    def _walk(self, files: Iterable[tuple[SourceInfo, SourceFile]]) -> Generator[Message, None, None]:
        source_path: bytes | None = None
        index = 0
        for source, file in files:
            if source.path != source_path:
                source_path = source.path
                index = 0
            with closing(_regions_from(file, self._offset)) as regions:
                offset = self._offset
                self._offset = 0
                for region in regions:
                    counted = _Counted(region.chunks, offset)
                    if region.kind != "gap":
                        for message in self._region(source, file, region, counted, index):
                            yield message
                            index += 1
                            self._finish_message()
                    for _ in counted:
                        pass
                    offset = counted.offset

    def _region(
        self, source: SourceInfo, file: SourceFile, region: Region, chunks: _Counted, index: int
    ) -> Iterator[Message]:
        is_mbox = region.kind == "mbox"
        limits = self._limits
        if self._mode == "headers":
            # A machine that enters nothing looks for nothing but the next `From ` line.
            limits = replace(limits, depth=1)
        parser = Parser(
            "mbox" if is_mbox else "message",
            limits=limits,
            profile=self._profile,
            offset=chunks.offset,
            length_check=file.length_check if is_mbox else None,
        )
        self._stream = EventStream(parser, file.info.quoting if is_mbox else None)
        self._events = self._resumable(self._stream.events(chunks))
        self._resume_offset = chunks.offset
        separator = b""
        for event in self._events:
            if type(event) is Span:
                if event.kind is SpanKind.SEPARATOR:
                    separator = event.data
            elif type(event) is EntityBegin:
                self._open_parts = []
                self._hash = hashlib.sha256()
                self._size = 0
                root = self._begin_part(event)
                self._untaken = root
                self._untouched = True
                self._current = Message(self, source, file.info, index, root, separator)
                separator = b""
                index += 1
                yield self._current
                self._resume_offset = root.end

    def _resumable(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; an error of the source says from which offset a later run may go on."""
        try:
            yield from events
        except SourceError as error:
            self._current = None
            self._current_part = None
            if error.offset is not None:
                error.offset = min(error.offset, self._resume_offset)
            raise

    def _next(self) -> Event:
        """The next event of the message under way; every byte of it is hashed on the way."""
        event = next(self._events)  # a message that has begun has an end
        if type(event) is Span and event.entity is not None:
            self._untouched = False
            self._size += len(event.data)
            if self._digests:
                self._hash.update(event.data)
        return event

    def _begin_part(self, begin: EntityBegin) -> Part:
        entity = begin.entity
        block = b""
        if entity.body_start > entity.start:
            event = next(self._events)
            assert type(event) is Span
            block = event.data
            self._size += len(block)
            if self._digests:
                self._hash.update(block)
        parts = self._open_parts
        del parts[entity.depth :]
        part = Part(self, begin, Headers(block, entity.start), parts[-1] if parts else None)
        parts.append(part)
        self._current_part = part
        return part

    def _parts(self, message: Message) -> Iterator[Part]:
        if self._mode == "headers":
            raise UsageError("in the mode 'headers' messages have no parts; open with mode='full'")
        self._check(message)
        return self._walk_parts(message)

    def _walk_parts(self, message: Message) -> Iterator[Part]:
        while True:
            if message._ended:
                return
            self._check(message)
            if self._untaken is not None:
                part = self._untaken
                self._untaken = None
                message.part_count += 1
                yield part
                continue
            event = self._next()
            if type(event) is EntityBegin:
                self._untaken = self._begin_part(event)
            elif type(event) is EntityEnd and event.entity is message.root.entity:
                self._end_message(message)
                return

    def _check(self, message: Message) -> None:
        if self._current is not message:
            raise StalePartError(
                f"message {message.index} has streamed by; use a message before taking the next one "
                "(a list of messages keeps their header fields only)"
            )

    def _end_message(self, message: Message) -> None:
        message._ended = True
        message.size = self._size
        if self._digests:
            message.sha256 = self._hash.hexdigest()
        assert self._stream is not None
        unquoter = self._stream.unquoter
        if unquoter is not None:
            message.unquoted_lines = unquoter.unquoted_lines
            message.quoting_end = unquoter.quoting_end
        self._current = None
        self._current_part = None

    def _finish_message(self) -> None:
        """Skip what is left of the message under way."""
        message = self._current
        if message is None:
            return
        self._current_part = None
        if self._untaken is not None:
            message.part_count += 1
            self._untaken = None
        root = message.root.entity
        while True:
            event = self._next()
            if type(event) is EntityBegin:
                message.part_count += 1
            elif type(event) is EntityEnd and event.entity is root:
                self._end_message(message)
                return

    # Reading one part ----------------------------------------------------------------------------------------

    def _decoded(self, part: Part) -> Iterator[bytes]:
        if part.is_container:
            return
        decoder = PartDecoder(part, self._limits.decoded_bytes)
        digest = hashlib.sha256() if self._digests else None
        for data in self._body(part):
            decoded = decoder.feed(data)
            if decoded:
                if digest is not None:
                    digest.update(decoded)
                yield decoded
        decoded = decoder.close()
        if decoded:
            if digest is not None:
                digest.update(decoded)
            yield decoded
        if digest is not None:
            part.sha256 = digest.hexdigest()

    def _raw(self, part: Part) -> Iterator[bytes]:
        return self._body(part)

    def _body(self, part: Part) -> Iterator[bytes]:
        """Everything up to the end of the part, its children's bytes included."""
        self._untaken = None
        entity = part.entity
        message = self._current
        assert message is not None
        while True:
            if self._current_part is not part:
                raise StalePartError(f"part {part.path} has streamed by while it was being read")
            event = self._next()
            if type(event) is Span:
                if event.data:
                    yield event.data
            elif type(event) is EntityBegin:
                message.part_count += 1
            elif type(event) is EntityEnd and event.entity is entity:
                if entity.parent is None:
                    self._end_message(message)
                return

    def _raw_message(self, message: Message) -> Iterator[bytes]:
        self._check(message)
        root = message.root
        assert isinstance(root, Part)
        if not self._untouched:
            raise StalePartError(f"message {message.index} has begun to stream by; call raw() before parts()")
        root._take()
        return self._whole(message, root)

    def _whole(self, message: Message, root: Part) -> Iterator[bytes]:
        message.part_count += 1
        if root.headers.block:
            yield root.headers.block
        yield from self._body(root)


class _Counted:
    """Chunks, and the offset up to which they have been taken."""

    def __init__(self, chunks: Iterator[bytes], offset: int) -> None:
        self._chunks = chunks
        self.offset = offset

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.offset += len(chunk)
            yield chunk


def _regions_from(file: SourceFile, start: int) -> Generator[Region, None, None]:
    """The regions of a file without its first `start` bytes."""
    passed_over = _PassedOver(start)
    with closing(file.regions()) as regions:
        for region in regions:
            yield Region(region.kind, passed_over.rest_of(region.chunks)) if passed_over.left else region


class _PassedOver:
    """Bytes at the beginning of what comes, `left` of which have not come yet."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def rest_of(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self.left >= len(chunk):
                self.left -= len(chunk)
            elif self.left:
                rest = chunk[self.left :]
                self.left = 0
                yield rest
            else:
                yield chunk
