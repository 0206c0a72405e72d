"""Looking into a file, before it is read: what it holds, how it is compressed, which variant of mbox it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import closing

from mailstrata.errors import NotAMailboxError
from mailstrata.message.origin import FileInfo, MboxVariant
from mailstrata.parser.value import Value
from mailstrata.sources.chunks import ChunkReader
from mailstrata.sources.content import Content, leads_to_message
from mailstrata.sources.files import FileReader
from mailstrata.sources.mbox_variant import (
    SAMPLE_BYTES,
    detect_variant,
    has_content_length,
    holds_one_message,
    separators,
)
from mailstrata.sources.sniff import (
    HEAD_BYTES,
    Kind,
    Sniffed,
    is_named_as_mailbox,
    is_named_as_message,
    sniff,
    without_compression_suffix,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.sources.compression import Compression

_ADVICE = "name an mbox, a Maildir, .eml or .emlx files, or a tar or zip of them"


class Identified(Value):
    """What a stream of (decompressed) bytes is.

    `quoting` is set for an mbox. `single` says that it is an mbox seen to its end that holds one message and is not
    named as a mailbox: a message that was saved with its `From ` line. `has_lengths` says that Content-Length fields
    may tell where its messages end.
    """

    __slots__ = ("sniffed", "quoting", "single", "has_lengths")  # noqa: RUF023 - in the order in which they are shown
    sniffed: Sniffed
    quoting: MboxVariant | None
    single: bool
    has_lengths: bool

    def __init__(
        self, sniffed: Sniffed, quoting: MboxVariant | None = None, single: bool = False, has_lengths: bool = False
    ) -> None:
        self._set(sniffed=sniffed, quoting=quoting, single=single, has_lengths=has_lengths)

    @property
    def kind(self) -> Kind:
        return self.sniffed.kind

    @property
    def content(self) -> Content | None:
        """How to read it as mail; None where it holds none, or is an archive."""
        kind = self.kind
        return kind if kind in ("mbox", "message", "emlx") else None

    @property
    def compression(self) -> Compression | None:
        """How to decompress it; None where it is not compressed."""
        kind = self.kind
        return kind if kind in ("gzip", "bzip2", "xz", "zstd") else None


def identify(
    peek: Callable[[int], bytes],
    name: bytes,
    *,
    explicit: bool = False,
    in_maildir: bool = False,
    variant: MboxVariant | None = None,
    length_leads: Callable[[int], bool] | None = None,
) -> Identified:
    """What the bytes are that `peek(size)` shows the first `size` of. `name`, `explicit` and `in_maildir` are those
    of `sniff`.

    `variant` is what the user says an mbox is. `length_leads` is asked about Content-Length fields that lead beyond
    the sample.
    """
    sniffed = sniff(peek(HEAD_BYTES), name, explicit=explicit, in_maildir=in_maildir)
    named_as_mailbox = is_named_as_mailbox(name) and not in_maildir
    if sniffed.kind == "mbox":
        sample = peek(SAMPLE_BYTES)
    elif _may_be_headless_mbox(sniffed, name, named_as_mailbox=named_as_mailbox, explicit=explicit):
        sample = peek(SAMPLE_BYTES)
        if next(separators(sample), None) is None:
            return Identified(sniffed)
        sniffed = Sniffed("mbox", "an mbox")
    else:
        return Identified(sniffed)
    complete = len(sample) < SAMPLE_BYTES
    has_lengths = variant in ("mboxcl", "mboxcl2") or (variant is None and has_content_length(sample))
    return Identified(
        sniffed,
        quoting=variant or detect_variant(sample, complete=complete, length_leads=length_leads),
        single=complete and bool(sample) and not named_as_mailbox and holds_one_message(sample),
        has_lengths=has_lengths,
    )


def _may_be_headless_mbox(sniffed: Sniffed, name: bytes, *, named_as_mailbox: bool, explicit: bool) -> bool:
    """Whether to look for `From ` lines behind something else: an mbox whose beginning was lost."""
    if sniffed.kind == "message":
        return named_as_mailbox
    return sniffed.kind == "other" and (named_as_mailbox or (explicit and not is_named_as_message(name)))


class Probe(Value):
    """What a file of the file system is, decompressed, and what the system says of it."""

    __slots__ = ("identified", "compression", "status")  # noqa: RUF023
    identified: Identified
    compression: Compression | None
    status: os.stat_result

    def __init__(self, identified: Identified, compression: Compression | None, status: os.stat_result) -> None:
        self._set(identified=identified, compression=compression, status=status)

    def file_info(self, name: bytes = b"", folder: str = "", flags: str = "") -> FileInfo:
        """The `FileInfo` of the file."""
        return FileInfo(
            name=name,
            folder=folder,
            flags=flags,
            mode=stat.S_IMODE(self.status.st_mode),
            mtime_ns=self.status.st_mtime_ns,
            size=self.status.st_size,
            compression=self.compression,
            quoting=self.identified.quoting,
        )


def probe_file(path: bytes, label: str, *, explicit: bool = False, variant: MboxVariant | None = None) -> Probe:
    """Look into a file. Raises `SourceError` where it cannot be opened, or its compressed data are damaged so early
    that what they hold cannot be told."""
    name = path.rpartition(b"/")[2]
    with FileReader(path, label) as reader:
        found = identify(
            lambda size: reader.read_at(0, size),
            name,
            explicit=explicit,
            variant=variant,
            length_leads=lambda offset: leads_to_message(reader, offset),
        )
        compression = found.compression
        if compression is not None:
            from mailstrata.sources.compression import decompress  # noqa: PLC0415 - for what is compressed

            with closing(decompress(reader.chunks(), compression, label)) as chunks:
                stream = ChunkReader(chunks)
                found = identify_compressed(stream, name, found.sniffed, explicit=explicit, variant=variant)
        return Probe(found, compression, reader.status)


def identify_compressed(
    stream: ChunkReader,
    name: bytes,
    outer: Sniffed,
    *,
    explicit: bool = False,
    in_maildir: bool = False,
    variant: MboxVariant | None = None,
) -> Identified:
    """What the decompressed `stream` of a file is that is itself `outer`. Nothing is taken from the stream.

    Raises its error where it fails before it can be told.
    """
    inner = without_compression_suffix(name)
    found = identify(stream.peek, inner, explicit=explicit, in_maildir=in_maildir, variant=variant)
    undecided = not stream.peek(1) or (found.content is None and found.kind != "tar")
    if undecided and stream.failed is not None:
        raise stream.failed
    if found.compression is not None or found.kind == "zip":
        sniffed = Sniffed("other", f"{found.sniffed.description} inside {outer.description}", "decompress it first")
    elif found.content is None and found.kind != "tar":
        sniffed = Sniffed(
            "other" if found.kind == "empty" else found.kind,
            f"{found.sniffed.description} inside {outer.description}",
            found.sniffed.advice,
        )
    else:
        return found
    return Identified(sniffed)


def not_a_mailbox(label: str, sniffed: Sniffed) -> NotAMailboxError:
    """What to raise for a file that was named as mail and holds none that can be read."""
    return NotAMailboxError(f"{label} is {sniffed.description}, not a mailbox; {sniffed.advice or _ADVICE}")
