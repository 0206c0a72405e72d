"""Undoing gzip, bzip2, xz and zstd as a stream: bounded output a step, and no silent end.

All four may hold several members one after the other (`cat a.gz b.gz`, pigz, `xz` with several streams, zstd frames
with skippable ones between them); zero bytes behind a member, as tapes leave them, are passed over. Whatever the
data say, a step gives at most `_PIECE_BYTES`, so that a bomb streams in constant memory.

Where the data are cut off or corrupt, what came before is delivered and `DamagedSourceError` raised: all of it for
gzip, all but the block with the damage (at most 128 KiB) for zstd, all but the last step for bzip2 and xz.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Literal, Protocol

from mailstrata.errors import DamagedSourceError, SourceError
from mailstrata.sources.chunks import CHUNK_BYTES, ChunkReader

Compression = Literal["gzip", "bzip2", "xz", "zstd"]

_PIECE_BYTES = 1 << 16
_SLICE_BYTES = 1 << 16
MEMORY_LIMIT = 1 << 28
"""Bytes that decompressing may take. `xz -9` needs 65 MiB; the window of zstd may be half of it, as in zstd itself."""


class DamagedDataError(Exception):
    """What is wrong with compressed data, in a few words. Raised and caught within this package."""


class TruncatedDataError(DamagedDataError):
    """The data end before they should."""

    def __init__(self) -> None:
        super().__init__("cut off")


def decompress(chunks: Iterator[bytes], compression: Compression, label: str) -> Generator[bytes, None, None]:
    """The decompressed bytes of a stream of compressed ones, in chunks of about `CHUNK_BYTES`.

    Raises `DamagedSourceError` where the data are cut off or corrupt; errors of `chunks` pass through. Either is raised
    after everything before it was delivered, with `offset` counting decompressed bytes.
    """
    return gather(_DECODERS[compression](chunks), compression, label)


def gather(pieces: Iterator[bytes], form: str, label: str) -> Generator[bytes, None, None]:
    """Small pieces joined into chunks. What is wrong with the data (`DamagedDataError`), which are in the form named,
    is raised as `DamagedSourceError`; its `offset`, and that of a `SourceError`, counts what was delivered."""
    gathered: list[bytes] = []
    size = delivered = 0
    failure: SourceError | None = None
    more = True
    while more:
        try:
            piece = next(pieces, None)
        except DamagedDataError as error:
            failure = _damage(label, form, error, delivered + size)
            piece = None
        except SourceError as error:
            error.offset = delivered + size
            failure = error
            piece = None
        if piece is None:
            more = False
        else:
            gathered.append(piece)
            size += len(piece)
        if size >= CHUNK_BYTES or (size and not more):
            data = gathered[0] if len(gathered) == 1 else b"".join(gathered)
            gathered.clear()
            delivered += size
            size = 0
            yield data
    if failure is not None:
        raise failure


def _damage(label: str, form: str, error: DamagedDataError, offset: int) -> DamagedSourceError:
    if isinstance(error, TruncatedDataError):
        what = f"{label} ends too early: its {form} data are cut off"
    else:
        what = f"{label} is damaged: its {form} data are corrupt ({error})"
    return DamagedSourceError(
        f"{what}; the {offset} bytes before that, decompressed, were kept; get the file again", offset=offset
    )


def _slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces of input, because decoders copy what a bounded step leaves over."""
    for chunk in chunks:
        if len(chunk) <= _SLICE_BYTES:
            yield chunk
        else:
            for start in range(0, len(chunk), _SLICE_BYTES):
                yield chunk[start : start + _SLICE_BYTES]


# gzip and raw deflate ------------------------------------------------------------------------------------------

_GZIP_FORMAT = 16 + zlib.MAX_WBITS  # what zlib calls a window size and means: gzip headers and checksums


def _zlib_steps(decoder: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What `data` decompresses to, in bounded pieces. On an error in it, raises only after the last good byte."""
    while True:
        before = decoder.copy()
        try:
            piece = decoder.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            yield from _until_error(before, data)
            raise DamagedDataError(_zlib_reason(error)) from error
        if piece:
            yield piece
        if decoder.eof:
            return
        data = decoder.unconsumed_tail
        if not data and len(piece) < _PIECE_BYTES:
            return


def _until_error(decoder: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    # zlib gives nothing of a step that fails, so the last one, at most a slice, is repeated byte by byte.
    for position in range(len(data)):
        step = data[position : position + 1]
        while True:
            try:
                piece = decoder.decompress(step, _PIECE_BYTES)
            except zlib.error:
                return
            if piece:
                yield piece
            step = decoder.unconsumed_tail
            if not step and len(piece) < _PIECE_BYTES:
                break


def _zlib_reason(error: zlib.error) -> str:
    return str(error).rpartition(": ")[2]


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decoder: zlib._Decompress | None = None
    for piece in _slices(chunks):
        data = piece
        while data:
            if decoder is None:
                data = data.lstrip(b"\0")
                if not data:
                    break
                decoder = zlib.decompressobj(_GZIP_FORMAT)
            yield from _zlib_steps(decoder, data)
            data = b""
            if decoder.eof:
                data = decoder.unused_data
                decoder = None
    if decoder is not None:
        raise TruncatedDataError


def inflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Raw deflate data (RFC 1951), as a zip member holds them. Raises `DamagedDataError`."""
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    for data in _slices(chunks):
        yield from _zlib_steps(decoder, data)
        if decoder.eof:
            return
    if not decoder.eof:
        raise TruncatedDataError


# bzip2 and xz --------------------------------------------------------------------------------------------------


class StepDecoder(Protocol):
    """What the standard library's bzip2 and LZMA decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def decode_streams(
    chunks: Iterator[bytes], make: Callable[[], StepDecoder], *, single: bool = False
) -> Iterator[bytes]:
    """Decode streams that follow each other, or a `single` one. Raises `DamagedDataError`."""
    decoder: StepDecoder | None = make() if single else None
    for input_piece in _slices(chunks):
        data = input_piece
        while True:
            if decoder is None:
                data = data.lstrip(b"\0")
                if not data:
                    break
                decoder = make()
            try:
                piece = decoder.decompress(data, _PIECE_BYTES)
            except (OSError, lzma.LZMAError) as error:
                raise DamagedDataError(str(error)) from error
            if piece:
                yield piece
            if decoder.eof:
                if single:
                    return
                data = decoder.unused_data
                decoder = None
            else:
                data = b""
                if decoder.needs_input:
                    break
    if decoder is not None:
        raise TruncatedDataError


def _bunzip2(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return decode_streams(chunks, bz2.BZ2Decompressor)


def _unxz(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return decode_streams(chunks, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT))


# zstd ----------------------------------------------------------------------------------------------------------

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC = range(0x184D2A50, 0x184D2A60)


def unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Zstandard frames (RFC 8878, 3.1), fed to the decoder block by block. Raises `DamagedDataError`.

    The library's decoder bounds neither what a step gives (one block of three bytes is 128 KiB of output) nor, in its
    stream reader, tells a cut-off frame from a whole one. Walking over the block headers does both.
    """
    import zstandard  # noqa: PLC0415

    reader = ChunkReader(chunks)
    context = zstandard.ZstdDecompressor(max_window_size=MEMORY_LIMIT // 2)
    while magic := reader.read(4):
        if magic == _ZSTD_MAGIC:
            yield from _zstd_frame(reader, context.decompressobj(), zstandard.ZstdError)
        elif int.from_bytes(magic, "little") in _SKIPPABLE_MAGIC:
            size = int.from_bytes(_exactly(reader, 4), "little")
            if reader.skip(size) < size:
                raise TruncatedDataError
        elif not magic.strip(b"\0"):
            continue
        elif len(magic) < len(_ZSTD_MAGIC):
            raise TruncatedDataError
        else:
            raise DamagedDataError("no frame begins where one should")


class _FrameDecoder(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _zstd_frame(reader: ChunkReader, decoder: _FrameDecoder, error_class: type[Exception]) -> Iterator[bytes]:
    """One frame whose magic number has been read."""
    descriptor = _exactly(reader, 1)
    flags = descriptor[0]
    single_segment = flags & 0x20
    content_size_bytes = (1 if single_segment else 0, 2, 4, 8)[flags >> 6]
    dictionary_bytes = (0, 1, 2, 4)[flags & 3]
    rest = _exactly(reader, (0 if single_segment else 1) + dictionary_bytes + content_size_bytes)
    try:
        decoder.decompress(_ZSTD_MAGIC + descriptor + rest)
        last = False
        while not last:
            header = _exactly(reader, 3)
            fields = int.from_bytes(header, "little")
            last = bool(fields & 1)
            run_length = fields >> 1 & 3 == 1
            piece = decoder.decompress(header + _exactly(reader, 1 if run_length else fields >> 3))
            if piece:
                yield piece
        if flags & 4:
            decoder.decompress(_exactly(reader, 4))
    except error_class as error:
        raise DamagedDataError(str(error).rpartition(": ")[2]) from error
    if not decoder.eof:
        raise DamagedDataError("a frame does not end where its last block says")


def _exactly(reader: ChunkReader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        reader.raise_error()
        raise TruncatedDataError
    return data


_DECODERS: dict[Compression, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "bzip2": _bunzip2,
    "xz": _unxz,
    "zstd": unzstd,
}
