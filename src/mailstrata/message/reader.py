"""The pull form: messages, and their parts as they stream by.

One reader walks forward over the events of one stream after the other. A `Message` or a `Part` that is not read
is skipped; one that the reader has passed raises `StalePartError` when it is read, while its header fields stay
available.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

from mailstrata.errors import SourceError, StalePartError, UsageError
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import Region
from mailstrata.message.quoting import EventStream
from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.parser.events import EntityBegin, EntityEnd, Event, Leaf, Span, SpanKind
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser, Profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from hashlib import _Hash
    from typing import Final, Literal, TypeAlias

    from mailstrata.message.origin import FileInfo, SourceFile, SourceInfo
    from mailstrata.parser.entity import Entity

_SEPARATOR: Final = SpanKind.SEPARATOR

DEFAULT_EMAIL_MESSAGE_BYTES = 32 << 20
"""Up to how many raw bytes `Part.as_email_message` builds an object that lies in memory whole."""

ReaderMode: TypeAlias = "Literal['full', 'headers']"


class Part(PartInfo):
    """One part, to be read while it streams by.

    Iterating over a leaf gives its decoded content in chunks of bytes. A part is read at most once, in one of the ways
    `for chunk in part`, `raw()`, `text()` or `as_email_message()`, and before the next part is taken.
    """

    __slots__ = ("_reader", "_taken")

    def __init__(self, reader: Reader, entity: Entity, headers: Headers, parent: PartInfo | None) -> None:
        super().__init__(entity, headers, parent)
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
        from mailstrata.message.charsets import read_text  # noqa: PLC0415 - for whoever reads texts

        read = read_text(b"".join(self), self.charset)
        if read.is_guessed:
            self.decoder_defects.append(Defect(DefectCode.CHARSET_GUESSED, self.body_start, self.end))
        text = read.text
        parameters = self.type_parameters
        if self.content_type == "text/plain" and parameters.get("format", "").lower() == "flowed":
            from mailstrata.message.flowed import unflow  # noqa: PLC0415

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
        if mode == "headers":
            # A machine that enters nothing looks for nothing but the next `From ` line.
            self._limits = self._limits.replace(depth=1)
        self._profile: Profile = profile
        self._offset = offset
        # What makes a digest; None where nothing is hashed.
        self._sha256: Callable[[], _Hash] | None = None
        self._hash: _Hash | None = None
        if digests:
            from hashlib import sha256  # noqa: PLC0415 - slow to import

            self._sha256 = sha256
        self._current: Message | None = None
        self._current_part: Part | None = None
        # The events of the region under way that are there already, from `_place` on, and where more come from.
        self._events: list[Event] = []
        self._place = 0
        self._batches: Iterator[list[Event]] = iter(())
        self._stream: EventStream | None = None
        # That of the current part, as long as its body has not been taken.
        self._leaf: Leaf | None = None
        self._open_parts: list[Part] = []
        self._untaken: Part | None = None
        self._size = 0
        self._untouched = False
        self._resume_offset = offset
        self._separator = b""
        self._region: _RegionInfo | None = None
        self._regions = self._walk(files)

    # What users call -----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        if self._current is not None:
            self._skip_to_end(self._current)
        while True:
            message = self._begin_message()
            if message is not None:
                return message
            self._region = next(self._regions)

    def close(self) -> None:
        """Let go of the file being read. Messages that were not read are not delivered any more."""
        self._current = None
        self._current_part = None
        self._leaf = None
        self._events = []
        self._place = 0
        self._batches = iter(())
        self._regions.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # The walk ------------------------------------------------------------------------------------------------

    def _walk(self, files: Iterable[tuple[SourceInfo, SourceFile]]) -> Generator[_RegionInfo, None, None]:
        """Begin one region after the other; what it holds has been taken when the next one is asked for."""
        source_path: bytes | None = None
        info = None
        for source, file in files:
            index = 0 if info is None or source.path != source_path else info.index
            source_path = source.path
            info = _RegionInfo(source, file.info, index)
            with closing(_regions_from(file, self._offset)) as regions:
                offset = self._offset
                self._offset = 0
                for region in regions:
                    chunks = _Counted(region.chunks, offset)
                    if region.kind != "gap":
                        self._begin_region(file, region, chunks)
                        yield info
                    for _ in chunks:
                        pass
                    offset = chunks.offset

    def _begin_region(self, file: SourceFile, region: Region, chunks: _Counted) -> None:
        is_mbox = region.kind == "mbox"
        parser = Parser(
            "mbox" if is_mbox else "message",
            limits=self._limits,
            profile=self._profile,
            offset=chunks.offset,
            length_check=file.length_check if is_mbox else None,
        )
        parser.join_leaves()
        self._stream = EventStream(parser, file.info.quoting if is_mbox else None)
        self._batches = self._stream.batches(chunks)
        self._resume_offset = chunks.offset
        self._separator = b""

    def _more(self) -> bool:
        """Get the next events of the region; False where it has ended. An error of the source says from which offset a
        later run may go on."""
        try:
            batch = next(self._batches, None)
        except SourceError as error:
            self._current = None
            self._current_part = None
            self._regions.close()
            if error.offset is not None:
                error.offset = min(error.offset, self._resume_offset)
            raise
        self._events = batch or []
        self._place = 0
        return batch is not None

    def _begin_message(self) -> Message | None:
        """The next message of the region; None where it has no more."""
        while True:
            events = self._events
            for place in range(self._place, len(events)):
                event = events[place]
                if type(event) is EntityBegin or type(event) is Leaf:
                    self._place = place + 1
                    self._open_parts = []
                    if self._sha256 is not None:
                        self._hash = self._sha256()
                    self._size = 0
                    root = self._begin_part(event)
                    self._untaken = root
                    self._untouched = True
                    region = self._region
                    assert region is not None
                    message = Message(self, region.source, region.file, region.index, root, self._separator)
                    region.index += 1
                    self._separator = b""
                    self._current = message
                    return message
                if type(event) is Span and event.kind is _SEPARATOR:
                    self._separator = event.data
            if not self._more():
                return None

    def _begin_part(self, begin: EntityBegin | Leaf) -> Part:
        """The part that has begun; takes its header, too."""
        entity = begin.entity
        assert entity is not None
        block = b""
        if type(begin) is Leaf:
            self._leaf = begin
            block = begin.header
        elif entity.body_start > entity.start:
            if self._place == len(self._events):
                self._more()
            span = self._events[self._place]
            self._place += 1
            assert type(span) is Span
            block = span.data
        self._size += len(block)
        if self._hash is not None:
            self._hash.update(block)
        parts = self._open_parts
        depth = entity.depth
        del parts[depth:]
        headers = Headers(block, entity.start)
        headers.note_first(entity.from_value, entity.subject_value)
        part = Part(self, entity, headers, parts[-1] if depth else None)
        parts.append(part)
        self._current_part = part
        return part

    def _next(self) -> Event:
        """The next event of the message under way; every byte of it is hashed on the way."""
        if self._place == len(self._events):
            self._more()  # a message that has begun has an end
        event = self._events[self._place]
        if type(event) is Leaf:
            self._events[self._place : self._place + 1] = event.events()
            event = self._events[self._place]
        self._place += 1
        if type(event) is Span and event.entity is not None:
            self._take(event)
        return event

    def _take(self, span: Span) -> None:
        self._untouched = False
        data = span.data
        self._size += len(data)
        if self._hash is not None:
            self._hash.update(data)

    def _parts(self, message: Message) -> Iterator[Part]:
        if self._mode == "headers":
            raise UsageError("in the mode 'headers' messages have no parts; open with mode='full'")
        self._check(message)
        return self._walk_parts(message)

    def _walk_parts(self, message: Message) -> Iterator[Part]:
        while not message._ended:
            if self._current is not message:
                self._check(message)
            part = self._untaken or self._next_part(message)
            if part is None:
                return
            self._untaken = None
            message.part_count += 1
            yield part

    def _next_part(self, message: Message) -> Part | None:
        """The next part that begins; None where the message has ended before one did."""
        root = message.root.entity
        leaf = self._leaf
        if leaf is not None:
            self._leaf = None
            self._take(leaf)
            if leaf.entity is root:
                self._end_message(message)
                return None
        digest = self._hash
        while True:
            events = self._events
            for place in range(self._place, len(events)):
                event = events[place]
                if type(event) is Span:
                    # As `_take`, in place: most of all spans come by here.
                    data = event.data
                    self._untouched = False
                    self._size += len(data)
                    if digest is not None:
                        digest.update(data)
                elif type(event) is EntityBegin or type(event) is Leaf:
                    self._place = place + 1
                    return self._begin_part(event)
                elif event.entity is root:
                    self._place = place + 1
                    self._end_message(message)
                    return None
            self._more()  # a message that has begun has an end

    def _check(self, message: Message) -> None:
        if self._current is not message:
            raise StalePartError(
                f"message {message.index} has streamed by; use a message before taking the next one "
                "(a list of messages keeps their header fields only)"
            )

    def _end_message(self, message: Message) -> None:
        message._ended = True
        message.size = self._size
        if self._hash is not None:
            message.sha256 = self._hash.hexdigest()
        assert self._stream is not None
        unquoter = self._stream.take_unquoter()
        if unquoter is not None:
            message.unquoted_lines = unquoter.unquoted_lines
            message.quoting_end = unquoter.quoting_end
        self._resume_offset = message.root.entity.end
        self._current = None
        self._current_part = None

    def _skip_to_end(self, message: Message) -> None:
        """Skip what is left of the message under way."""
        while not message._ended:
            if self._untaken is not None or self._next_part(message) is not None:
                message.part_count += 1
                self._untaken = None

    # Reading one part ----------------------------------------------------------------------------------------

    def _decoded(self, part: Part) -> Iterator[bytes]:
        if part.is_container:
            return
        from mailstrata.message.decoding import PartDecoder  # noqa: PLC0415 - for whoever reads contents

        decoder = PartDecoder(part, self._limits.decoded_bytes)
        digest = None if self._sha256 is None else self._sha256()
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
        if self._current_part is part and self._leaf is not None:
            # Where its body is read, what is left of it comes as it would have come.
            self._events[self._place : self._place] = self._leaf.events()[2:]
            self._leaf = None
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


class _RegionInfo:
    """Whose messages a region has; `index` is that of the next one in its source."""

    __slots__ = ("file", "index", "source")

    def __init__(self, source: SourceInfo, file: FileInfo, index: int) -> None:
        self.source = source
        self.file = file
        self.index = index


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
